// Positive definite stand-ins for Hessians.
#ifndef HENDERSON_NEWTON_MATRIX_H_
#define HENDERSON_NEWTON_MATRIX_H_

#include "types.h"

namespace henderson {

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

#endif  // HENDERSON_NEWTON_MATRIX_H_
