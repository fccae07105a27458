// Scales of the columns of X, y and Z, chosen so that the optimizer sees a model of order one
// whatever the units, and the maps back. Z = Z~ K per block term, hence b~ = K b and
// Lambda~ Lambda~' = K Lambda Lambda' K'.
#ifndef HENDERSON_STANDARDIZATION_H_
#define HENDERSON_STANDARDIZATION_H_

#include <vector>

#include "cross_products.h"
#include "types.h"

namespace henderson {

struct Standardization {
  Vector x_scale;                // centred x = x_scale * x~
  double y_scale = 1;            // residual y = y_scale * y~
  std::vector<Vector> z_scale;   // centred z = z_scale * z~
  std::vector<Matrix> z_map;     // K
  std::vector<Matrix> z_inverse;  // K^-1
};

Standardization standardize(const CrossProducts& moments);

}  // namespace henderson

#endif  // HENDERSON_STANDARDIZATION_H_
