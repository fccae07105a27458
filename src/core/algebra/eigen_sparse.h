// Eigen's sparse matrices and their Cholesky factors.
#ifndef HENDERSON_ALGEBRA_EIGEN_SPARSE_H_
#define HENDERSON_ALGEBRA_EIGEN_SPARSE_H_

#if defined(__GNUC__)
#pragma GCC system_header
#endif

#include <Eigen/SparseCholesky>
#include <Eigen/SparseCore>

#include "algebra/eigen.h"

#endif  // HENDERSON_ALGEBRA_EIGEN_SPARSE_H_
