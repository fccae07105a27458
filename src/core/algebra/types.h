// Aliases and small types shared by the whole core. The core knows Eigen and the standard library
// only; R never enters here.
//
// Notation (Bates et al. 2015, arXiv 1406.5823; all symbols: design/notation.md):
//   y = X beta + Z b + e,  b = Lambda u,  u ~ N(0, sigma^2 I),  e ~ N(0, sigma^2 W^-1)
//   A = [Z X y]' W [Z X y],  M = Lambda' Z'WZ Lambda + I,  P = p + 1 columns of [X y].
#ifndef HENDERSON_ALGEBRA_TYPES_H_
#define HENDERSON_ALGEBRA_TYPES_H_

#include <cstddef>
#include <vector>

#include "algebra/eigen.h"

namespace henderson {

using Eigen::Index;
using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;
using ConstMatrixRef = Eigen::Ref<const Matrix>;
using ConstVectorRef = Eigen::Ref<const Vector>;
using MatrixMap = Eigen::Map<Matrix>;
using ConstMatrixMap = Eigen::Map<const Matrix>;

}  // namespace henderson

#endif  // HENDERSON_ALGEBRA_TYPES_H_
