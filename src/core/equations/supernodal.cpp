#include "equations/supernodal.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "algebra/dense.h"
#include "algebra/interrupt.h"

namespace henderson {

SupernodalCholesky::SupernodalCholesky(Supernodes symbolic)
    : symbolic_(std::move(symbolic)), values_(symbolic_.n_values()) {}

void SupernodalCholesky::subtract_descendant(int descendant, int s, double* values,
                                             const int* local) {
  const int first = symbolic_.first_column[s];
  const int last = symbolic_.first_column[s + 1];
  const Index rows_s = n_rows(s);
  const Index rows_d = n_rows(descendant);
  const int width_d = width(descendant);
  const Index begin = next_row_[descendant];
  const int* row = rows(descendant) + begin;
  const Index m = rows_d - begin;
  Index n = 0;
  while (n < m && row[n] < last) ++n;
  const double* l = values_.data() + symbolic_.value_start[descendant] + begin;
  if (static_cast<double>(m) * n * width_d < 2000) {
    for (int k = 0; k < width_d; ++k) {
      const double* column = l + k * rows_d;
      for (Index c = 0; c < n; ++c) {
        const double factor = column[c];
        double* target = values + (row[c] - first) * rows_s;
        for (Index r = c; r < m; ++r) target[local[row[r]]] -= factor * column[r];
      }
    }
  } else {
    work_.assign(m * n, 0.0);
    gemm_nt(m, n, width_d, -1.0, l, rows_d, l, rows_d, work_.data(), m);
    for (Index c = 0; c < n; ++c) {
      double* target = values + (row[c] - first) * rows_s;
      const double* update = work_.data() + c * m;
      for (Index r = c; r < m; ++r) target[local[row[r]]] += update[r];
    }
  }
  next_row_[descendant] = begin + n;
}

bool SupernodalCholesky::factorize(const SupernodeAssembler& assemble) {
  const int count = symbolic_.count();
  std::fill(values_.begin(), values_.end(), 0.0);
  std::vector<int> local(size(), 0);
  // Linked lists of the descendants whose next row block lies in each supernode.
  std::vector<int> head(count, -1);
  std::vector<int> next(count, -1);
  next_row_.assign(count, 0);
  const auto enqueue = [&](int d) {
    if (next_row_[d] >= n_rows(d)) return;
    const int target = symbolic_.supernode_of[rows(d)[next_row_[d]]];
    next[d] = head[target];
    head[target] = d;
  };
  for (int s = 0; s < count; ++s) {
    if (s % 1024 == 1023) check_interrupt();
    double* values = values_.data() + symbolic_.value_start[s];
    const Index m = n_rows(s);
    const int w = width(s);
    const int* row = rows(s);
    for (Index i = 0; i < m; ++i) local[row[i]] = static_cast<int>(i);
    assemble(s, values, local.data());
    for (int d = head[s]; d >= 0;) {
      const int following = next[d];
      subtract_descendant(d, s, values, local.data());
      enqueue(d);
      d = following;
    }
    if (!cholesky_lower(w, values, m)) return false;
    solve_right_transposed(m - w, w, values, m, values + w, m);
    next_row_[s] = w;
    enqueue(s);
  }
  return true;
}

double SupernodalCholesky::pivot(int row) const {
  const int s = symbolic_.supernode_of[row];
  const Index at = row - symbolic_.first_column[s];
  return values_[symbolic_.value_start[s] + at * n_rows(s) + at];
}

double SupernodalCholesky::log_determinant() const {
  double sum = 0;
  for (int s = 0; s < symbolic_.count(); ++s) {
    const double* values = values_.data() + symbolic_.value_start[s];
    const Index stride = n_rows(s) + 1;
    for (int c = 0; c < width(s); ++c) sum += std::log(values[c * stride]);
  }
  return 2 * sum;
}

void SupernodalCholesky::solve_forward(Matrix* rhs) const {
  const Index n_rhs = rhs->rows();
  Matrix update;
  for (int s = 0; s < symbolic_.count(); ++s) {
    const double* l = values_.data() + symbolic_.value_start[s];
    const Index m = n_rows(s);
    const int w = width(s);
    const int* row = rows(s);
    double* own = rhs->data() + static_cast<Index>(symbolic_.first_column[s]) * n_rhs;
    if (w == 1) {
      for (Index z = 0; z < n_rhs; ++z) own[z] /= l[0];
      for (Index i = 1; i < m; ++i) {
        double* target = rhs->data() + row[i] * n_rhs;
        for (Index z = 0; z < n_rhs; ++z) target[z] -= l[i] * own[z];
      }
      continue;
    }
    solve_right_transposed(n_rhs, w, l, m, own, n_rhs);
    if (m == w) continue;
    update.setZero(n_rhs, m - w);
    gemm_nt(n_rhs, m - w, w, 1.0, own, n_rhs, l + w, m, update.data(), n_rhs);
    for (Index i = w; i < m; ++i) rhs->col(row[i]) -= update.col(i - w);
  }
}

void SupernodalCholesky::solve_backward(Matrix* rhs) const {
  const Index n_rhs = rhs->rows();
  Matrix gathered;
  for (int s = symbolic_.count() - 1; s >= 0; --s) {
    const double* l = values_.data() + symbolic_.value_start[s];
    const Index m = n_rows(s);
    const int w = width(s);
    const int* row = rows(s);
    double* own = rhs->data() + static_cast<Index>(symbolic_.first_column[s]) * n_rhs;
    if (w == 1) {
      for (Index i = 1; i < m; ++i) {
        const double* source = rhs->data() + row[i] * n_rhs;
        for (Index z = 0; z < n_rhs; ++z) own[z] -= l[i] * source[z];
      }
      for (Index z = 0; z < n_rhs; ++z) own[z] /= l[0];
      continue;
    }
    if (m > w) {
      gathered.resize(n_rhs, m - w);
      for (Index i = w; i < m; ++i) gathered.col(i - w) = rhs->col(row[i]);
      gemm_nn(n_rhs, w, m - w, -1.0, gathered.data(), n_rhs, l + w, m, own, n_rhs);
    }
    solve_right(n_rhs, w, l, m, own, n_rhs);
  }
}

}  // namespace henderson
