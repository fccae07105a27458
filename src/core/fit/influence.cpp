#include "fit/influence.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "algebra/eigen_decompositions.h"
#include "algebra/interrupt.h"
#include "algebra/symmetric.h"
#include "data/accumulate.h"
#include "data/gram.h"
#include "fit/nearby_minimum.h"
#include "fit/report.h"
#include "inference/undetermined.h"

namespace henderson {

namespace {

// Derivatives in the chart of factors vanish where a column of a factor is empty: it stays so.
Vector newton_step(GaussianObjective* objective, const Vector& x) {
  const bool exact = objective->trace_cost() == TraceCost::kLittle;
  const Evaluation here =
      objective->evaluate(x, exact ? Order::kTraces : Order::kAverage, Chart::kFactor);
  if (!std::isfinite(here.value)) return x;
  std::vector<int> moving;
  for (Index i = 0; i < x.size(); ++i) {
    if (x[i] != 0 && here.hessian(i, i) > 0) moving.push_back(static_cast<int>(i));
  }
  if (moving.empty()) return x;
  const Matrix hessian = positive_definite(submatrix(here.hessian, moving));
  const Vector step = hessian.llt().solve(subvector(here.gradient, moving));
  Vector next = x;
  for (Index a = 0; a < step.size(); ++a) next[moving[a]] -= step[a];
  const bool lower = objective->value_at(next) <= here.value + here.rounding;
  return lower ? next : x;
}

struct Found {
  Vector x;
  DeletionStatus status = DeletionStatus::kFitted;
};

bool all_determined(GaussianObjective* objective, const Vector& x, const Certificate& certificate) {
  if (!certificate.undetermined.empty()) return false;
  // as of a fit: it is about entries of factors, of levels that are independent
  const bool related = objective->system().layout->any_precision();
  if (!objective->random().has_entries() || related) return true;
  return find_undetermined(objective, x, certificate, certificate.holds()).empty();
}

Found reestimate(GaussianObjective* objective, const Vector& start, Reestimate how) {
  if (how == Reestimate::kHeld || start.size() == 0) return {start, DeletionStatus::kFitted};
  if (how == Reestimate::kOneStep) {
    return {newton_step(objective, start), DeletionStatus::kFitted};
  }
  const NearbyMinimum minimum = search_nearby(
      objective, start_for_other_data(objective->coordinates(), start), SearchOptions());
  const SearchResult& found = minimum.found;
  const Certificate& certificate = minimum.certificate;
  if (found.status == SearchStatus::kUndefined) return {start, DeletionStatus::kUndefined};
  DeletionStatus status =
      certificate.holds() ? DeletionStatus::kFitted : DeletionStatus::kUncertain;
  if (!all_determined(objective, found.x, certificate)) status = DeletionStatus::kUndetermined;
  return {found.x, status};
}

// beta, sigma and the criterion at the parameters that are found.
Deletion estimate(GaussianObjective* objective, const Vector& start, Reestimate how) {
  Deletion result;
  const Found found = reestimate(objective, start, how);
  result.status = found.status;
  const bool known =
      found.status == DeletionStatus::kFitted || found.status == DeletionStatus::kUncertain;
  if (!known) return result;
  result.criterion = objective->value_at(found.x);
  if (!std::isfinite(result.criterion)) {
    result.status = DeletionStatus::kUndefined;
    return result;
  }
  result.sigma = residual_deviation(*objective);
  const FixedReport fixed = report_fixed(*objective);
  result.beta = fixed.beta;
  result.vcov = result.sigma * result.sigma * fixed.unscaled_vcov;
  result.theta = objective->random().to_natural(found.x);
  result.singular = objective->coordinates().singular(found.x);
  return result;
}

}  // namespace

RowDeletion::RowDeletion(const CrossProducts& moments, std::vector<TermStructures> structures,
                         const DataRows& rows, const Vector& theta, bool reml, Reestimate how)
    : all_(moments),
      structures_(std::move(structures)),
      rows_(rows),
      theta_(theta),
      reml_(reml),
      how_(how),
      left_(moments),
      objective_(left_, structures_, reml),
      whole_(all_, structures_, reml),
      start_(objective_.random().to_standard(theta)) {
  fitted_value_ = whole_.value_at(start_);
  related_ = level_precisions(structures_);
  for (const BlockTermRows& term : rows_.terms) {
    std::vector<int> counts(term.n_levels, 0);
    for (Index i = 0; i < rows_.n; ++i) {
      if (weight_of(rows_, i) > 0) ++counts[term.level[i] - 1];
    }
    used_.push_back(static_cast<int>(
        std::count_if(counts.begin(), counts.end(), [](int count) { return count > 0; })));
    counts_.push_back(std::move(counts));
  }
}

// Are there rows and levels enough?
DeletionStatus RowDeletion::countable(const std::vector<Index>& which) {
  if (left_.n <= left_.p()) return DeletionStatus::kFewRows;
  for (std::size_t t = 0; t < counts_.size(); ++t) {
    std::vector<int>& counts = counts_[t];
    const int* level = rows_.terms[t].level;
    int gone = 0;
    for (const Index i : which) {
      if (weight_of(rows_, i) > 0 && --counts[level[i] - 1] == 0) ++gone;
    }
    for (const Index i : which) {
      if (weight_of(rows_, i) > 0) ++counts[level[i] - 1];
    }
    // what is known of one level tells of those related to it
    const bool related = !related_.empty() && !related_[t].empty();
    if (gone > 0 && used_[t] - gone < 2 && !related) return DeletionStatus::kLevels;
  }
  return DeletionStatus::kFitted;
}

// Of a column of [X y], independent of those before it, is so little left that the difference has
// few digits?
bool RowDeletion::loses_digits() const {
  constexpr double kLittle = 1e-6;
  const Index size = left_.xy.rows();
  Matrix rest = left_.xy;
  for (Index c = 0; c < size; ++c) {
    if (!(rest(c, c) > kLittle * all_.xy(c, c))) return true;
    const Vector column = rest.col(c).tail(size - c - 1);
    rest.bottomRightCorner(size - c - 1, size - c - 1).noalias() -=
        column * column.transpose() / rest(c, c);
  }
  return false;
}

Deletion RowDeletion::without(const std::vector<Index>& which) {
  check_interrupt();
  left_ = all_;
  add_rows(rows_, which, -1, &left_);
  Deletion result;
  result.status = countable(which);
  if (result.status != DeletionStatus::kFitted) return result;
  if (loses_digits()) {
    result = from_rows(which);
  } else {
    objective_.refill();
    result = estimate(&objective_, start_, how_);
  }
  if (result.theta.size() == theta_.size() && result.beta.size() > 0) displace(&result);
  return result;
}

// From the rows that are left, about shifts of their own.
Deletion RowDeletion::from_rows(const std::vector<Index>& which) const {
  std::vector<double> weights(rows_.n);
  for (Index i = 0; i < rows_.n; ++i) weights[i] = weight_of(rows_, i);
  for (const Index i : which) weights[i] = 0;
  DataRows rows = rows_;
  rows.weights = weights.data();
  const GramResult gram = dense_gram(rows);
  Deletion result;
  // a Gram matrix resolves no more
  if (!(gram.smallest_pivot > 1e-12)) {
    result.status = DeletionStatus::kRank;
    return result;
  }
  const CrossProducts moments = accumulate(rows, gram);
  GaussianObjective objective(moments, structures_, reml_);
  return estimate(&objective, objective.random().to_standard(theta_), how_);
}

// -2 log L of all rows is log determinants + m log(2 pi sigma^2) + (r^2 + quadratic form of beta) /
// sigma^2, against that at the fit.
void RowDeletion::displace(Deletion* result) {
  const Vector x = whole_.random().to_standard(result->theta);
  const double value = whole_.value_at(x);
  if (!std::isfinite(value)) return;
  result->theta_displacement = value - fitted_value_;
  const double m = whole_.degrees();
  const double residual = residual_sum(whole_);
  const double sigma2 = result->sigma * result->sigma;
  const FixedReport fixed = report_fixed(whole_);
  const Vector change = result->beta - fixed.beta;
  const double form = change.dot(fixed.unscaled_vcov.llt().solve(change));
  result->joint_displacement = result->theta_displacement + m * std::log(sigma2 * m / residual) +
                               (residual + form) / sigma2 - m;
}

}  // namespace henderson
