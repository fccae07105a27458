#include "likelihood/penalized_mode.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "algebra/interrupt.h"
#include "equations/products.h"

namespace henderson {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int kSteps = 200;
constexpr int kHalvings = 40;
constexpr double kLast = 1e-10;  // decrease predicted of the step after which there is no other
constexpr double kNear = 0.1;    // and from which the observed W is tried where it is negative

}  // namespace

FamilyRows GeneralizedResponse::block(Index first, Index count, const double* eta) const {
  const auto from = [&](const double* all) { return all == nullptr ? nullptr : all + first; };
  return {count, y + first, from(weight), from(trials), eta};
}

double inner(const Coefficients& a, const Coefficients& b) {
  return a.leaf.cwiseProduct(b.leaf).sum() + a.remainder.cwiseProduct(b.remainder).sum();
}

Coefficients multiply_precision(const Layout& layout, const Coefficients& u) {
  Coefficients out = u;
  if (!layout.any_precision()) return out;
  out.remainder = u.remainder * layout.precision_diagonal.asDiagonal();
  for (const PrecisionBlock& block : layout.precision_blocks) {
    for (int c = 0; c < layout.term_size[block.term]; ++c) {
      out.remainder.col(block.row + c) += block.value * u.remainder.col(block.column + c);
      out.remainder.col(block.column + c) += block.value * u.remainder.col(block.row + c);
    }
  }
  return out;
}

PenalizedMode::PenalizedMode(const IndexedRows& data, const GeneralizedResponse& response,
                             const Family& family, const CrossProducts& numbers,
                             Standardization basis, const std::vector<LevelPrecision>& precisions)
    : data_(data),
      response_(response),
      family_(family),
      numbers_(numbers),
      equations_(std::make_shared<const Layout>(*numbers.incidence, precisions), std::move(basis),
                 numbers),
      factor_(equations_.layout),
      eta_(data.rows.n),
      s_(data.rows.n),
      w_(data.rows.n) {
  u_ = zero();
}

Coefficients PenalizedMode::zero() const {
  Coefficients u;
  u.resize(1, equations_.layout->leaf_columns(), equations_.layout->remainder_size());
  u.set_zero();
  return u;
}

std::vector<Matrix> PenalizedMode::by_level(Index r) const {
  std::vector<Matrix> sums;
  for (const TermSums& term : numbers_.terms) {
    sums.push_back(Matrix::Zero(r, static_cast<Index>(term.v) * term.n_levels));
  }
  return sums;
}

std::vector<Matrix> PenalizedMode::effects(const std::vector<Matrix>& lambda,
                                           const Coefficients& u) const {
  const Layout& layout = *equations_.layout;
  std::vector<Matrix> b;
  for (int t = 0; t < layout.n_terms(); ++t) {
    const Index v = layout.term_size[t];
    const Matrix map = equations_.basis.z_basis[t] * lambda[t];
    const double* own = u.part(layout.is_leaf(t)).data();
    Matrix effects(v, layout.term_levels[t]);
    for (int l = 0; l < layout.term_levels[t]; ++l) {
      const Eigen::Map<const Vector> level(own + layout.at(t, l), v);
      if (v == 1) {
        effects(0, l) = map(0, 0) * level[0];
      } else {
        effects.col(l).noalias() = map.lazyProduct(level);
      }
    }
    b.push_back(std::move(effects));
  }
  return b;
}

Coefficients PenalizedMode::standardized(const std::vector<Matrix>& by_level, Index r) const {
  const Layout& layout = *equations_.layout;
  Coefficients out;
  out.resize(r, layout.leaf_columns(), layout.remainder_size());
  for (int t = 0; t < layout.n_terms(); ++t) {
    const Index v = layout.term_size[t];
    const Matrix& basis = equations_.basis.z_basis[t];
    Matrix& part = out.part(layout.is_leaf(t));
    for (int l = 0; l < layout.term_levels[t]; ++l) {
      const auto own = by_level[t].middleCols(l * v, v);
      if (v == 1) {
        part.col(layout.at(t, l)) = basis(0, 0) * own;
      } else {
        part.middleCols(layout.at(t, l), v).noalias() = own.lazyProduct(basis);
      }
    }
  }
  return out;
}

double PenalizedMode::penalty(const Coefficients& u) const {
  return inner(u, multiply_precision(*equations_.layout, u));
}

double PenalizedMode::look(const std::vector<Matrix>& lambda, const Vector& base, double log_phi,
                           const Coefficients& u, bool fisher) {
  check_interrupt();
  const std::vector<Matrix> b = effects(lambda, u);
  for (TermSums& term : numbers_.terms) term.diagonal.setZero();
  for (std::vector<double>& pair : numbers_.pairs) std::fill(pair.begin(), pair.end(), 0.0);
  std::vector<Matrix> zs = by_level(1);
  const bool new_constant = !constant_known_ || constant_phi_ != log_phi;
  double constant = 0;
  double sum = 0;
  any_negative_ = false;
  Vector log_density(kRowBlock);
  Vector expected(kRowBlock);
  for (Index first = 0; first < data_.rows.n; first += kRowBlock) {
    const Index count = std::min(kRowBlock, data_.rows.n - first);
    double* eta = eta_.data() + first;
    double* w = w_.data() + first;
    std::copy_n(base.data() + first, count, eta);
    add_random(data_, b, first, count, eta);
    const FamilyRows rows = response_.block(first, count, eta);
    family_.evaluate(rows, log_phi, {log_density.data(), s_.data() + first, w, expected.data()});
    double block = 0;
    for (Index i = 0; i < count; ++i) {
      block += log_density[i];
      if (w[i] < 0) {
        any_negative_ = true;
        if (fisher) w[i] = expected[i];
      }
    }
    if (!std::isfinite(block)) return kInfinity;
    sum += block;
    for (Index i = 0; new_constant && i < count; ++i) {
      constant += family_.constant(rows, i, log_phi);
    }
    add_squares(data_, first, count, w, &numbers_);
    add_values(data_, first, count, s_.data() + first, &zs);
  }
  if (new_constant) {
    constant_ = constant;
    constant_phi_ = log_phi;
    constant_known_ = true;
  }
  zs_ = standardized(zs, 1);
  const double value = -2 * (sum + constant_) + penalty(u);
  return std::isfinite(value) ? value : kInfinity;
}

bool PenalizedMode::factorize(const std::vector<Matrix>& lambda) {
  equations_.fill(numbers_);
  return factor_.factorize(equations_, lambda);
}

Coefficients PenalizedMode::slope() const {
  Coefficients slope = zs_;
  apply_lambda(equations_, factor_.lambda(), &slope, true);
  slope += multiply_precision(*equations_.layout, u_);
  return slope;
}

// u along the step, halved until d falls; near the mode rounding may hide that it does.
bool PenalizedMode::advance(const std::vector<Matrix>& lambda, const Vector& base, double log_phi,
                            const Coefficients& step, double decrement) {
  constexpr double kRounding = 1e-12;
  const double unseen = kRounding * (1 + std::abs(deviance_));
  const double allowed = decrement <= kLast ? kInfinity : decrement < 1e4 * unseen ? unseen : 0;
  double factor = 1;
  for (int k = 0; k < kHalvings; ++k, factor *= 0.5) {
    Coefficients moved;
    moved.leaf = u_.leaf + factor * step.leaf;
    moved.remainder = u_.remainder + factor * step.remainder;
    const double value = look(lambda, base, log_phi, moved, true);
    if (std::isfinite(value) && value <= deviance_ + allowed) {
      u_ = std::move(moved);
      deviance_ = value;
      return true;
    }
  }
  return false;
}

// False where W, the observed one in all rows if `observed`, gives no positive definite M.
bool PenalizedMode::factorize_at(const std::vector<Matrix>& lambda, const Vector& base,
                                 double log_phi, bool observed) {
  if (any_negative_ && observed) look(lambda, base, log_phi, u_, false);
  return factorize(lambda);
}

bool PenalizedMode::descend(const std::vector<Matrix>& lambda, const Vector& base, double log_phi) {
  bool observed = false;  // Fisher's W until the mode is near
  bool ended = false;
  for (int k = 0; k < kSteps; ++k) {
    if (!factorize_at(lambda, base, log_phi, observed)) {
      // with no positive definite M where steps have ended there is no minimum
      if (!observed || ended) return false;
      observed = false;
      look(lambda, base, log_phi, u_, true);
      if (!factorize(lambda)) return false;
    }
    Coefficients step = slope();
    factor_.solve_forward(&step);
    const double decrement = inner(step, step);
    factor_.solve_backward(&step);
    step.leaf *= -1;
    step.remainder *= -1;
    if (!std::isfinite(decrement)) return false;
    // a step by Fisher's W leaves an error of first order
    const bool last = decrement <= kLast && (observed || !any_negative_);
    if (!advance(lambda, base, log_phi, step, decrement)) return false;
    if (last) return factorize_at(lambda, base, log_phi, true);
    observed = decrement <= kNear;
    ended = decrement <= kLast;
  }
  return false;
}

bool PenalizedMode::find(const std::vector<Matrix>& lambda, const Vector& base, double log_phi) {
  deviance_ = look(lambda, base, log_phi, u_, true);
  if (!std::isfinite(deviance_)) {
    u_ = zero();
    deviance_ = look(lambda, base, log_phi, u_, true);
  }
  if (std::isfinite(deviance_) && descend(lambda, base, log_phi)) return true;
  u_ = zero();
  return false;
}

}  // namespace henderson
