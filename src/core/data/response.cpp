// Another response in cross-products of the same rows (accumulate.h).
#include <algorithm>

#include "algebra/interrupt.h"
#include "data/accumulate.h"

namespace henderson {

namespace {

constexpr Index kRowBlock = 512;  // rows of [X y] that stay in cache

// Adds z'Wy of a block of rows to the last row of a term's sums with [X y]; wy: weight times
// response.
void add_response(const BlockTermRows& term, const Vector& wy, Index first, Index count,
                  const Vector& z_shift, TermSums* sums) {
  const Index stride = sums->xy.rows();
  const int* level = term.level + first;
  for (int c = 0; c < sums->v; ++c) {
    double* last = sums->xy.data() + (c + 1) * stride - 1;
    const double* z = term.columns[c];
    const double shift = z_shift[c];
    const Index step = stride * sums->v;
    for (Index k = 0; k < count; ++k) {
      last[(level[k] - 1) * step] += z == nullptr ? wy[k] : wy[k] * (z[first + k] - shift);
    }
  }
}

}  // namespace

void replace_response(const DataRows& rows, CrossProducts* sums) {
  const int p = rows.p;
  const auto check = [&](Index first) {
    if ((first / kRowBlock) % 256 == 0) check_interrupt();
  };
  Matrix gram = sums->xy;
  gram.col(p).setZero();
  Vector wy(kRowBlock);
  for (Index first = 0; first < rows.n; first += kRowBlock) {
    check(first);
    const Index count = std::min(kRowBlock, rows.n - first);
    // rows of weight zero may hold anything finite
    for (Index i = 0; i < count; ++i) wy[i] = weight_of(rows, first + i) * rows.y[first + i];
    for (int c = 0; c < p; ++c) {
      const Eigen::Map<const Eigen::ArrayXd> x(rows.x + static_cast<Index>(c) * rows.n + first,
                                               count);
      gram(c, p) += ((x - sums->shifts.x[c]) * wy.head(count).array()).sum();
    }
  }
  sums->shifts.y = least_squares(gram, p);
  for (TermSums& term : sums->terms) term.xy.row(p).setZero();
  Vector last_column = Vector::Zero(p + 1);
  Matrix columns(kRowBlock, p + 1);
  for (Index first = 0; first < rows.n; first += kRowBlock) {
    check(first);
    const Index count = std::min(kRowBlock, rows.n - first);
    auto residual = columns.col(p).head(count);
    residual = Eigen::Map<const Vector>(rows.y + first, count);
    for (int c = 0; c < p; ++c) {
      const Eigen::Map<const Vector> x(rows.x + static_cast<Index>(c) * rows.n + first, count);
      columns.col(c).head(count) = x.array() - sums->shifts.x[c];
      residual -= sums->shifts.y[c] * columns.col(c).head(count);
    }
    for (Index k = 0; k < count; ++k) wy[k] = weight_of(rows, first + k) * residual[k];
    last_column += columns.topRows(count).transpose() * wy.head(count);
    for (std::size_t t = 0; t < rows.terms.size(); ++t) {
      add_response(rows.terms[t], wy, first, count, sums->shifts.z[t], &sums->terms[t]);
    }
  }
  sums->xy.col(p) = last_column;
  sums->xy.row(p) = last_column.transpose();
}

}  // namespace henderson
