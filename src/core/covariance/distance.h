// Correlations that fall with the distance of the columns' positions.
#ifndef HENDERSON_COVARIANCE_DISTANCE_H_
#define HENDERSON_COVARIANCE_DISTANCE_H_

#include "algebra/types.h"

namespace henderson {

// Euclidean distances of v positions, v x v. Throws std::invalid_argument for other than v
// positions and for two at one place.
Matrix position_distances(int v, const Matrix& positions);

// The smallest distance of two different positions; 1 where there is one position.
double smallest_distance(const Matrix& distances);

}  // namespace henderson

#endif  // HENDERSON_COVARIANCE_DISTANCE_H_
