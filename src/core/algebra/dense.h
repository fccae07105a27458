// Dense kernels on raw column-major storage: the only place where the cubic work of a fit is done,
// so a faster kernel has one file to replace. All matrices are lower triangular factors or general
// blocks with a leading dimension.
#ifndef HENDERSON_ALGEBRA_DENSE_H_
#define HENDERSON_ALGEBRA_DENSE_H_

#include "algebra/types.h"

namespace henderson {

// C (m x n) += alpha * A (m x k) * B' (B is n x k).
void gemm_nt(Index m, Index n, Index k, double alpha, const double* a, Index lda, const double* b,
             Index ldb, double* c, Index ldc);
// C (m x n) += alpha * A (m x k) * B (k x n).
void gemm_nn(Index m, Index n, Index k, double alpha, const double* a, Index lda, const double* b,
             Index ldb, double* c, Index ldc);
// C (m x n) += alpha * A' (A is k x m) * B (k x n).
void gemm_tn(Index m, Index n, Index k, double alpha, const double* a, Index lda, const double* b,
             Index ldb, double* c, Index ldc);
// Lower triangle of C (n x n) += alpha * A A' (A is n x k).
void syrk_lower(Index n, Index k, double alpha, const double* a, Index lda, double* c, Index ldc);
// Lower triangle of C (n x n) += alpha * A' A (A is k x n).
void syrk_lower_transposed(Index n, Index k, double alpha, const double* a, Index lda, double* c,
                           Index ldc);
// A = L L' in place (lower triangle); false when a pivot is not positive.
bool cholesky_lower(Index n, double* a, Index lda);
// B (m x n) := B L^-T and B := B L^-1 with L n x n lower triangular.
void solve_right_transposed(Index m, Index n, const double* l, Index ldl, double* b, Index ldb);
void solve_right(Index m, Index n, const double* l, Index ldl, double* b, Index ldb);
// inverse (full symmetric, n x n) = (L L')^-1, by the blocked recursion of Takahashi et al. (1973).
void inverse_from_cholesky(Index n, const double* l, Index ldl, double* inverse, Index ldi);

}  // namespace henderson

#endif  // HENDERSON_ALGEBRA_DENSE_H_
