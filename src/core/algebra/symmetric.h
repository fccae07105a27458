// Symmetric matrices: factors of semidefinite ones, positive definite stand-ins for Hessians.
#ifndef HENDERSON_ALGEBRA_SYMMETRIC_H_
#define HENDERSON_ALGEBRA_SYMMETRIC_H_

#include <vector>

#include "algebra/types.h"

namespace henderson {

// Canonical Cholesky factor of a positive semidefinite matrix: diagonal >= 0, and a column of zeros
// below (and on) a pivot that is zero relative to its diagonal entry.
Matrix semidefinite_cholesky(const ConstMatrixRef& gamma);

// Lower triangular L with non-negative diagonal and L L' = F F', by Householder QR of F': exact
// where F F' would square the condition number. Also the orthogonal Q with F = L Q'.
Matrix triangular_factor(const ConstMatrixRef& factor, Matrix* rotation);

// The same, but as semidefinite_cholesky() when F is singular or nearly so.
Matrix canonical_factor(const ConstMatrixRef& factor, Matrix* rotation);

// Rows and columns of a symmetric matrix, and entries of a vector, by their positions.
Matrix submatrix(const ConstMatrixRef& matrix, const std::vector<int>& positions);
Vector subvector(const ConstVectorRef& vector, const std::vector<int>& positions);

// A symmetric matrix with the eigenvalues of its unit-diagonal form raised to 1e-8.
Matrix positive_definite(const ConstMatrixRef& matrix);

struct DampedHessian {
  Matrix matrix;
  bool convex = true;  // the Hessian was positive definite itself
};

// The Hessian plus damping times the metric (both symmetric, the metric positive definite), after
// eigenvalues relative to the metric that are not positive have been replaced: by `floor`, or with
// floor = 0 by their absolute values, held between 0.01 and 1.
DampedHessian damp(const ConstMatrixRef& hessian, const ConstMatrixRef& metric, double floor,
                   double damping);

}  // namespace henderson

#endif  // HENDERSON_ALGEBRA_SYMMETRIC_H_
