// Eigen's decompositions of dense matrices, for the files that use them; see algebra/eigen.h for
// what such a header is good for. An expression is decomposed as Matrix(expression): what is
// compiled once is the decomposition of a Matrix.
#ifndef HENDERSON_ALGEBRA_EIGEN_DECOMPOSITIONS_H_
#define HENDERSON_ALGEBRA_EIGEN_DECOMPOSITIONS_H_

#ifdef __GNUC__
#pragma GCC system_header
#endif

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <Eigen/QR>
#include <Eigen/SVD>

#include "algebra/eigen.h"

namespace Eigen {

#define HENDERSON_EIGEN_DECOMPOSITIONS(storage)                                                 \
  storage template LLT<MatrixXd>& LLT<MatrixXd>::compute(const EigenBase<MatrixXd>&);           \
  storage template LDLT<MatrixXd>& LDLT<MatrixXd>::compute(const EigenBase<MatrixXd>&);         \
  storage template void LDLT<MatrixXd>::_solve_impl(const VectorXd&, VectorXd&) const;          \
  storage template SelfAdjointEigenSolver<MatrixXd>& SelfAdjointEigenSolver<MatrixXd>::compute( \
      const EigenBase<MatrixXd>&, int);

HENDERSON_EIGEN_DECOMPOSITIONS(extern)

}  // namespace Eigen

#endif  // HENDERSON_ALGEBRA_EIGEN_DECOMPOSITIONS_H_
