// Bases of the columns of X, y and Z, chosen so that the optimizer sees a model of order one
// whatever the units, and the maps back. Columns of an unstructured term are made orthogonal over
// all rows, so that nearly collinear slopes are as easy as any; a diagonal term allows scaling
// only. Z = Z~ K per block term, hence b~ = K b and Lambda~ Lambda~' = K Lambda Lambda' K'.
#ifndef HENDERSON_EQUATIONS_STANDARDIZATION_H_
#define HENDERSON_EQUATIONS_STANDARDIZATION_H_

#include <vector>

#include "algebra/types.h"
#include "covariance/random_part.h"
#include "data/cross_products.h"

namespace henderson {

struct Standardization {
  Vector x_scale;                 // centred x = x_scale * x~
  double y_scale = 1;             // residual y = y_scale * y~
  std::vector<Matrix> z_basis;    // S: Z~ = centred Z * S
  std::vector<Matrix> z_map;      // K
  std::vector<Matrix> z_inverse;  // K^-1
};

// structures: of each term.
Standardization standardize(const CrossProducts& moments,
                            const std::vector<TermStructures>& structures);

// V: centred Z * V has the columns that the structures allow. A column stays about its shift where
// its structure is unstructured and has a column of ones, which holds the difference; other columns
// are those of the data again.
Matrix structure_columns(const CrossProducts& moments, std::size_t t,
                         const TermStructures& structures);
// V'Z'WZV over all levels.
Matrix pooled_products(const TermSums& term, const Matrix& map);

}  // namespace henderson

#endif  // HENDERSON_EQUATIONS_STANDARDIZATION_H_
