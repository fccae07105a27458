#include "dense_kernels.h"

#include <algorithm>
#include <cmath>

namespace henderson {

namespace {

using Stride = Eigen::OuterStride<>;
using Block = Eigen::Map<Matrix, 0, Stride>;
using ConstBlock = Eigen::Map<const Matrix, 0, Stride>;

}  // namespace

void gemm_nt(Index m, Index n, Index k, double alpha, const double* a, Index lda, const double* b,
             Index ldb, double* c, Index ldc) {
  if (m <= 0 || n <= 0 || k <= 0) return;
  Block(c, m, n, Stride(ldc)).noalias() += alpha * ConstBlock(a, m, k, Stride(lda)) *
                                           ConstBlock(b, n, k, Stride(ldb)).transpose();
}

void gemm_nn(Index m, Index n, Index k, double alpha, const double* a, Index lda, const double* b,
             Index ldb, double* c, Index ldc) {
  if (m <= 0 || n <= 0 || k <= 0) return;
  Block(c, m, n, Stride(ldc)).noalias() +=
      alpha * ConstBlock(a, m, k, Stride(lda)) * ConstBlock(b, k, n, Stride(ldb));
}

void gemm_tn(Index m, Index n, Index k, double alpha, const double* a, Index lda, const double* b,
             Index ldb, double* c, Index ldc) {
  if (m <= 0 || n <= 0 || k <= 0) return;
  Block(c, m, n, Stride(ldc)).noalias() +=
      alpha * ConstBlock(a, k, m, Stride(lda)).transpose() * ConstBlock(b, k, n, Stride(ldb));
}

void syrk_lower(Index n, Index k, double alpha, const double* a, Index lda, double* c, Index ldc) {
  if (n <= 0 || k <= 0) return;
  Block target(c, n, n, Stride(ldc));
  target.selfadjointView<Eigen::Lower>().rankUpdate(ConstBlock(a, n, k, Stride(lda)), alpha);
}

bool cholesky_lower(Index n, double* a, Index lda) {
  if (n <= 0) return true;
  // Small blocks: a plain loop beats the set-up of the blocked algorithm.
  if (n <= 16) {
    for (Index j = 0; j < n; ++j) {
      double* column = a + j * lda;
      for (Index k = 0; k < j; ++k) {
        const double* previous = a + k * lda;
        const double factor = previous[j];
        for (Index i = j; i < n; ++i) column[i] -= factor * previous[i];
      }
      if (!(column[j] > 0)) return false;
      const double pivot = std::sqrt(column[j]);
      column[j] = pivot;
      for (Index i = j + 1; i < n; ++i) column[i] /= pivot;
    }
    return true;
  }
  // Halves until small: the work is in the triangular solve and the symmetric update.
  const Index first = n <= 32 ? 16 : ((n / 2 + 15) / 16) * 16;
  if (!cholesky_lower(first, a, lda)) return false;
  solve_right_transposed(n - first, first, a, lda, a + first, lda);
  double* rest = a + first * (lda + 1);
  syrk_lower(n - first, first, -1.0, a + first, lda, rest, lda);
  return cholesky_lower(n - first, rest, lda);
}

void solve_right_transposed(Index m, Index n, const double* l, Index ldl, double* b, Index ldb) {
  if (m <= 0 || n <= 0) return;
  Block target(b, m, n, Stride(ldb));
  ConstBlock(l, n, n, Stride(ldl))
      .transpose()
      .triangularView<Eigen::Upper>()
      .solveInPlace<Eigen::OnTheRight>(target);
}

void solve_right(Index m, Index n, const double* l, Index ldl, double* b, Index ldb) {
  if (m <= 0 || n <= 0) return;
  Block target(b, m, n, Stride(ldb));
  ConstBlock(l, n, n, Stride(ldl))
      .triangularView<Eigen::Lower>()
      .solveInPlace<Eigen::OnTheRight>(target);
}

void inverse_from_cholesky(Index n, const double* l, Index ldl, double* inverse, Index ldi) {
  const Index block = 64;
  if (n <= 0) return;
  Matrix scaled;
  for (Index start = ((n - 1) / block) * block; start >= 0; start -= block) {
    const Index width = std::min(block, n - start);
    const Index below = n - start - width;
    // L11^-1, then (L L')^-1 block by block from the last column block to the first.
    Matrix diagonal_inverse = Matrix::Identity(width, width);
    solve_right(width, width, l + start + start * ldl, ldl, diagonal_inverse.data(), width);
    Block diagonal(inverse + start + start * ldi, width, width, Stride(ldi));
    diagonal.noalias() = diagonal_inverse.transpose() * diagonal_inverse;
    if (below == 0) continue;
    scaled.noalias() = ConstBlock(l + start + width + start * ldl, below, width, Stride(ldl)) *
                       diagonal_inverse;
    Block off(inverse + start + width + start * ldi, below, width, Stride(ldi));
    off.noalias() = -(ConstBlock(inverse + (start + width) * (ldi + 1), below, below, Stride(ldi)) *
                      scaled);
    diagonal.noalias() -= scaled.transpose() * off;
    Block(inverse + start + (start + width) * ldi, width, below, Stride(ldi)) = off.transpose();
  }
}

}  // namespace henderson
