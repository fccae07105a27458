#include "algebra/dense.h"

#include <algorithm>
#include <cmath>

#include "algebra/gemm.h"
#include "algebra/interrupt.h"
#include "algebra/small.h"

namespace henderson {

namespace {

using Stride = Eigen::OuterStride<>;
using Block = Eigen::Map<Matrix, 0, Stride>;
using ConstBlock = Eigen::Map<const Matrix, 0, Stride>;

constexpr Index kLong = 128;  // width from which one call may take long enough to ask

constexpr Index kFewRows =
    4;  // up to so many rows on both sides a product is a set of dot products

// C (M x N) += alpha A B' for long rows. By pieces, so that rounding errors do not add up along k.
template <int M, int N>
void add_dot_products(Index k, double alpha, const double* a, Index lda, const double* b, Index ldb,
                      double* c, Index ldc) {
  constexpr Index kPiece = 256;
  for (Index first = 0; first < k; first += kPiece) {
    double sum[M * N] = {};
    for (Index step = first; step < std::min(k, first + kPiece); ++step) {
      for (int j = 0; j < N; ++j) {
        for (int i = 0; i < M; ++i) sum[i + j * M] += a[i + step * lda] * b[j + step * ldb];
      }
    }
    for (int j = 0; j < N; ++j) {
      for (int i = 0; i < M; ++i) c[i + j * ldc] += alpha * sum[i + j * M];
    }
  }
}

// False: not done, too many rows.
bool thin_nt(Index m, Index n, Index k, double alpha, const double* a, Index lda, const double* b,
             Index ldb, double* c, Index ldc) {
  if (m > kFewRows || n > kFewRows) return false;
  with_width(m, [&](auto rows) {
    with_width(n, [&](auto columns) {
      if constexpr (rows != Eigen::Dynamic && columns != Eigen::Dynamic) {
        add_dot_products<rows, columns>(k, alpha, a, lda, b, ldb, c, ldc);
      }
    });
  });
  return true;
}

}  // namespace

void gemm_nt(Index m, Index n, Index k, double alpha, const double* a, Index lda, const double* b,
             Index ldb, double* c, Index ldc) {
  if (m <= 0 || n <= 0 || k <= 0) return;
  if (thin_nt(m, n, k, alpha, a, lda, b, ldb, c, ldc)) return;
  if (packed_gemm(m, n, k, alpha, {a, 1, lda}, {b, ldb, 1}, c, ldc, false)) return;
  Block(c, m, n, Stride(ldc)).noalias() +=
      alpha * ConstBlock(a, m, k, Stride(lda)) * ConstBlock(b, n, k, Stride(ldb)).transpose();
}

void gemm_nn(Index m, Index n, Index k, double alpha, const double* a, Index lda, const double* b,
             Index ldb, double* c, Index ldc) {
  if (m <= 0 || n <= 0 || k <= 0) return;
  if (packed_gemm(m, n, k, alpha, {a, 1, lda}, {b, 1, ldb}, c, ldc, false)) return;
  Block(c, m, n, Stride(ldc)).noalias() +=
      alpha * ConstBlock(a, m, k, Stride(lda)) * ConstBlock(b, k, n, Stride(ldb));
}

void gemm_tn(Index m, Index n, Index k, double alpha, const double* a, Index lda, const double* b,
             Index ldb, double* c, Index ldc) {
  if (m <= 0 || n <= 0 || k <= 0) return;
  if (packed_gemm(m, n, k, alpha, {a, lda, 1}, {b, 1, ldb}, c, ldc, false)) return;
  Block(c, m, n, Stride(ldc)).noalias() +=
      alpha * ConstBlock(a, k, m, Stride(lda)).transpose() * ConstBlock(b, k, n, Stride(ldb));
}

void syrk_lower(Index n, Index k, double alpha, const double* a, Index lda, double* c, Index ldc) {
  if (n <= 0 || k <= 0) return;
  double thin[kFewRows * kFewRows] = {};
  if (thin_nt(n, n, k, alpha, a, lda, a, lda, thin, n)) {
    for (Index j = 0; j < n; ++j) {
      for (Index i = j; i < n; ++i) c[i + j * ldc] += thin[i + j * n];
    }
    return;
  }
  if (packed_gemm(n, n, k, alpha, {a, 1, lda}, {a, lda, 1}, c, ldc, true)) return;
  Block target(c, n, n, Stride(ldc));
  target.selfadjointView<Eigen::Lower>().rankUpdate(ConstBlock(a, n, k, Stride(lda)), alpha);
}

void syrk_lower_transposed(Index n, Index k, double alpha, const double* a, Index lda, double* c,
                           Index ldc) {
  if (n <= 0 || k <= 0) return;
  if (packed_gemm(n, n, k, alpha, {a, lda, 1}, {a, 1, lda}, c, ldc, true)) return;
  Block target(c, n, n, Stride(ldc));
  target.selfadjointView<Eigen::Lower>().rankUpdate(ConstBlock(a, k, n, Stride(lda)).transpose(),
                                                    alpha);
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
  if (n >= kLong) check_interrupt();
  const Index first = n <= 32 ? 16 : ((n / 2 + 15) / 16) * 16;
  if (!cholesky_lower(first, a, lda)) return false;
  solve_right_transposed(n - first, first, a, lda, a + first, lda);
  double* rest = a + first * (lda + 1);
  syrk_lower(n - first, first, -1.0, a + first, lda, rest, lda);
  return cholesky_lower(n - first, rest, lda);
}

namespace {

constexpr Index kTriangle = 64;  // width up to which a triangular solve is one product

// inverse := L^-1, n x n, whose upper triangle is zero before.
void invert_lower(Index n, const double* l, Index ldl, double* inverse, Index ldi) {
  if (n <= 16) {
    for (Index c = 0; c < n; ++c) {
      double* column = inverse + c * ldi;
      column[c] = 1;
      for (Index k = c; k < n; ++k) {
        const double* below = l + k * ldl;
        const double value = column[k] / below[k];
        column[k] = value;
        for (Index r = k + 1; r < n; ++r) column[r] -= value * below[r];
      }
    }
    return;
  }
  // [A, 0; B, C]^-1 = [A^-1, 0; -C^-1 B A^-1, C^-1]
  const Index first = ((n / 2 + 7) / 8) * 8;
  const Index rest = n - first;
  double* corner = inverse + first * (ldi + 1);
  invert_lower(first, l, ldl, inverse, ldi);
  invert_lower(rest, l + first * (ldl + 1), ldl, corner, ldi);
  Matrix product = Matrix::Zero(rest, first);
  gemm_nn(rest, first, first, 1.0, l + first, ldl, inverse, ldi, product.data(), rest);
  gemm_nn(rest, first, rest, -1.0, corner, ldi, product.data(), rest, inverse + first, ldi);
}

// L^-1 of a small lower triangle.
Matrix triangle_inverse(Index n, const double* l, Index ldl) {
  Matrix inverse = Matrix::Zero(n, n);
  invert_lower(n, l, ldl, inverse.data(), n);
  return inverse;
}

// With few right-hand sides Eigen's solve is faster than inverting diagonal blocks.
bool few(Index m, Index n) { return m < 32 || n < 8; }

// B := B inverse(L)' or B inverse(L) for a triangle of at most kTriangle columns.
void solve_small(Index m, Index n, const double* l, Index ldl, double* b, Index ldb,
                 bool transposed) {
  Block target(b, m, n, Stride(ldb));
  const ConstBlock triangle(l, n, n, Stride(ldl));
  if (few(m, n)) {
    if (transposed) {
      triangle.transpose().triangularView<Eigen::Upper>().solveInPlace<Eigen::OnTheRight>(target);
    } else {
      triangle.triangularView<Eigen::Lower>().solveInPlace<Eigen::OnTheRight>(target);
    }
    return;
  }
  const Matrix inverse = triangle_inverse(n, l, ldl);
  const Matrix copy = target;
  target.setZero();
  const auto multiply = transposed ? gemm_nt : gemm_nn;
  multiply(m, n, n, 1.0, copy.data(), m, inverse.data(), n, b, ldb);
}

// Where a wide triangle is divided.
Index first_part(Index n) {
  if (n >= kLong) check_interrupt();
  return ((n / 2 + kTriangle - 1) / kTriangle) * kTriangle;
}

}  // namespace

void solve_right_transposed(Index m, Index n, const double* l, Index ldl, double* b, Index ldb) {
  if (m <= 0 || n <= 0) return;
  if (n <= kTriangle || few(m, n)) return solve_small(m, n, l, ldl, b, ldb, true);
  const Index first = first_part(n);
  double* rest = b + first * ldb;
  solve_right_transposed(m, first, l, ldl, b, ldb);
  gemm_nt(m, n - first, first, -1.0, b, ldb, l + first, ldl, rest, ldb);
  solve_right_transposed(m, n - first, l + first * (ldl + 1), ldl, rest, ldb);
}

void solve_right(Index m, Index n, const double* l, Index ldl, double* b, Index ldb) {
  if (m <= 0 || n <= 0) return;
  if (n <= kTriangle || few(m, n)) return solve_small(m, n, l, ldl, b, ldb, false);
  const Index first = first_part(n);
  double* rest = b + first * ldb;
  solve_right(m, n - first, l + first * (ldl + 1), ldl, rest, ldb);
  gemm_nn(m, first, n - first, -1.0, rest, ldb, l + first, ldl, b, ldb);
  solve_right(m, first, l, ldl, b, ldb);
}

void inverse_from_cholesky(Index n, const double* l, Index ldl, double* inverse, Index ldi) {
  // Every block of columns packs what is right of it once more: few of them where that is much.
  const Index block = n < 1024 ? 64 : 128;
  if (n <= 0) return;
  Matrix scaled;
  for (Index start = ((n - 1) / block) * block; start >= 0; start -= block) {
    if (n >= kLong) check_interrupt();
    const Index width = std::min(block, n - start);
    const Index below = n - start - width;
    // L11^-1, then (L L')^-1 block by block from the last column block to the first.
    const Matrix own = triangle_inverse(width, l + start * (ldl + 1), ldl);
    double* diagonal = inverse + start * (ldi + 1);
    Block(diagonal, width, width, Stride(ldi)).setZero();
    gemm_tn(width, width, width, 1.0, own.data(), width, own.data(), width, diagonal, ldi);
    if (below == 0) continue;
    scaled.setZero(below, width);
    gemm_nn(below, width, width, 1.0, l + start + width + start * ldl, ldl, own.data(), width,
            scaled.data(), below);
    double* off = inverse + start + width + start * ldi;
    Block(off, below, width, Stride(ldi)).setZero();
    gemm_nn(below, width, below, -1.0, inverse + (start + width) * (ldi + 1), ldi, scaled.data(),
            below, off, ldi);
    gemm_tn(width, width, below, -1.0, scaled.data(), below, off, ldi, diagonal, ldi);
    Block(inverse + start + (start + width) * ldi, width, below, Stride(ldi)) =
        Block(off, below, width, Stride(ldi)).transpose();
  }
}

}  // namespace henderson
