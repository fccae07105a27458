#include "data/fitted_values.h"

#include <algorithm>

#include "data/level_values.h"

namespace henderson {

namespace {

constexpr Index kRowBlock = 512;  // rows whose fitted values stay in cache

// Adds Z b of one term to a block of rows.
void add_modes(const DataRows& rows, const BlockTermRows& term, const Vector& shift,
               const Matrix& modes, Index first, Index count, double* fitted) {
  const Index v = shift.size();
  const bool far = modes.size() > kCacheDoubles;
  const bool ones_only = is_ones(term);
  for (Index i = first; i < first + count; ++i) {
    if (far && i + kAhead < rows.n) {
      __builtin_prefetch(modes.data() + (term.level[i + kAhead] - 1) * v);
    }
    if (ones_only) {
      fitted[i] += modes(0, term.level[i] - 1);
      continue;
    }
    const double* mode = modes.data() + (term.level[i] - 1) * v;
    for (int c = 0; c < v; ++c) fitted[i] += z_value(term, shift, c, i) * mode[c];
  }
}

}  // namespace

double fit_rows(const DataRows& rows, const CrossProducts& sums, const Vector& beta,
                const std::vector<Matrix>& modes, double* fitted) {
  using Column = Eigen::Map<const Eigen::ArrayXd>;
  const Vector coefficients = sums.shifts.y + beta;
  double total = 0;
  for (Index first = 0; first < rows.n; first += kRowBlock) {
    const Index count = std::min(kRowBlock, rows.n - first);
    Eigen::Map<Eigen::ArrayXd> block(fitted + first, count);
    block.setZero();
    for (int c = 0; c < rows.p; ++c) {
      const Column x(rows.x + static_cast<Index>(c) * rows.n + first, count);
      block += coefficients[c] * (x - sums.shifts.x[c]);
    }
    for (std::size_t t = 0; t < rows.terms.size(); ++t) {
      add_modes(rows, rows.terms[t], sums.shifts.z[t], modes[t], first, count, fitted);
    }
    for (Index i = first; i < first + count; ++i) {
      const double residual = rows.y[i] - fitted[i];
      const double w = weight_of(rows, i);
      if (w > 0) total += w * residual * residual;
    }
  }
  return total;
}

}  // namespace henderson
