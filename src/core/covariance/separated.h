// Any covariance matrix (as us), by the standard deviations and correlations of the effects, some
// of which a constraint holds:
//   Gamma_M = M S R S M',  S = diag(s),  R = C C', C lower triangular with rows of length one,
// M what the effects are to columns of another basis. Row r of C by angles, which are free:
//   (sin a_1, cos a_1 sin a_2, ..., cos a_1 ... cos a_{r-1}),
// so that sin a_1 is the correlation with the first effect, and any angles give a correlation
// matrix. Parameters: s, each a cone of its own, then the angles by rows.
// Source: Pinheiro and Bates (1996), Statistics and Computing 6, 289-296, section 2.3.
#ifndef HENDERSON_COVARIANCE_SEPARATED_H_
#define HENDERSON_COVARIANCE_SEPARATED_H_

#include <memory>

#include "covariance/structure.h"

namespace henderson {

// Where the angle of C's row r and column c < r is among the parameters.
int separated_angle(int v, int row, int column);

// The parameters of a covariance matrix S R S of the effects themselves.
Vector separated_parameters(const ConstMatrixRef& gamma);

std::shared_ptr<const CovarianceStructure> make_separated(const Matrix& map);

}  // namespace henderson

#endif  // HENDERSON_COVARIANCE_SEPARATED_H_
