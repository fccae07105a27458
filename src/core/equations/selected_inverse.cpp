// The inverse of the remainder on the factor's pattern (supernodal.h).
#include <algorithm>

#include "algebra/dense.h"
#include "algebra/interrupt.h"
#include "equations/supernodal.h"

namespace henderson {

// The inverse among the given rows; every pair of them lies in the factor's pattern.
void SupernodalCholesky::gather_inverse(const int* rows_wanted, Index count,
                                        MatrixMap* full) const {
  std::vector<Index> at(count);
  for (Index a = 0; a < count;) {
    const int t = symbolic_.supernode_of[rows_wanted[a]];
    const Index m = n_rows(t);
    const int* row = rows(t);
    const double* inverse = inverse_values(t);
    Index q = 0;
    for (Index i = a; i < count; ++i) {
      while (row[q] != rows_wanted[i]) ++q;
      at[i] = q;
    }
    Index b = a;
    for (; b < count && rows_wanted[b] < symbolic_.first_column[t + 1]; ++b) {
      const double* column = inverse + (rows_wanted[b] - symbolic_.first_column[t]) * m;
      for (Index i = b; i < count; ++i) {
        (*full)(i, b) = column[at[i]];
        (*full)(b, i) = column[at[i]];
      }
    }
    a = b;
  }
}

void SupernodalCholesky::compute_selected_inverse() {
  inverse_.resize(values_.size());
  Matrix scaled;
  for (int s = symbolic_.count() - 1; s >= 0; --s) {
    if (s % 256 == 255) check_interrupt();
    const double* l = values_.data() + symbolic_.value_start[s];
    double* inverse = inverse_.data() + symbolic_.value_start[s];
    const Index m = n_rows(s);
    const int w = width(s);
    const Index n_below = m - w;
    if (n_below == 0) {
      inverse_from_cholesky(w, l, m, inverse, m);
      continue;
    }
    work_.resize(n_below * n_below);
    MatrixMap below(work_.data(), n_below, n_below);
    gather_inverse(rows(s) + w, n_below, &below);
    if (w == 1) {
      const double pivot_inverse = 1.0 / l[0];
      Eigen::Map<Vector> off(inverse + 1, n_below);
      const Vector step = Eigen::Map<const Vector>(l + 1, n_below) * pivot_inverse;
      off.noalias() = -(below * step);
      inverse[0] = pivot_inverse * pivot_inverse - step.dot(off);
      continue;
    }
    Matrix diagonal_inverse = Matrix::Identity(w, w);
    solve_right(w, w, l, m, diagonal_inverse.data(), w);
    scaled.setZero(n_below, w);
    gemm_nn(n_below, w, w, 1.0, l + w, m, diagonal_inverse.data(), w, scaled.data(), n_below);
    for (int c = 0; c < w; ++c) std::fill(inverse + c * m, inverse + (c + 1) * m, 0.0);
    gemm_nn(n_below, w, n_below, -1.0, below.data(), n_below, scaled.data(), n_below, inverse + w,
            m);
    gemm_tn(w, w, w, 1.0, diagonal_inverse.data(), w, diagonal_inverse.data(), w, inverse, m);
    gemm_tn(w, w, n_below, -1.0, scaled.data(), n_below, inverse + w, m, inverse, m);
  }
}

}  // namespace henderson
