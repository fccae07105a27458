// Bases of the columns of X, y and Z, chosen so that the optimizer sees a model of order one
// whatever the units, and the maps back. Columns of an unstructured term are made orthogonal over
// all rows, so that nearly collinear slopes are as easy as any; a diagonal term allows scaling
// only. Z = Z~ K per block term, hence b~ = K b and Lambda~ Lambda~' = K Lambda Lambda' K'.
#ifndef HENDERSON_EQUATIONS_STANDARDIZATION_H_
#define HENDERSON_EQUATIONS_STANDARDIZATION_H_

#include <vector>

#include "algebra/types.h"
#include "data/cross_products.h"

namespace henderson {

struct Standardization {
  Vector x_scale;                 // centred x = x_scale * x~
  double y_scale = 1;             // residual y = y_scale * y~
  std::vector<Matrix> z_basis;    // S, upper triangular: Z~ = centred Z * S
  std::vector<Matrix> z_map;      // K
  std::vector<Matrix> z_inverse;  // K^-1
};

Standardization standardize(const CrossProducts& moments);

}  // namespace henderson

#endif  // HENDERSON_EQUATIONS_STANDARDIZATION_H_
