#include "search/factor_search.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "algebra/eigen_decompositions.h"
#include "algebra/symmetric.h"

namespace henderson {

namespace {

constexpr double kSnap = 1e-3;             // candidates for an exact zero afterwards
constexpr double kScoreTolerance = -1e-6;  // of S per level: smaller means a way down
constexpr int kMaxRestarts = 12;

}  // namespace

bool FactorSearch::near_boundary(const Vector& x) const {
  for (const Cone& cone : coordinates_.cones) {
    if (cone_factor(cone, x).diagonal().cwiseAbs().minCoeff() <= kSnap) return true;
  }
  return false;
}

Evaluation FactorSearch::evaluate(const Vector& x, SearchResult* current) {
  ++current->evaluations;
  return objective_.evaluate(x, Order::kValue, Chart::kFactor);
}

bool FactorSearch::try_direction(const Cone& cone, const Vector& direction, SearchResult* current) {
  const Matrix own = cone_factor(cone, current->x);
  double size = 0.5;
  for (int attempt = 0; attempt < 8; ++attempt, size *= 0.3) {
    const Matrix gamma = own * own.transpose() + size * size * direction * direction.transpose();
    Vector x = current->x;
    set_cone_matrix(cone, semidefinite_cholesky(gamma), &x);
    x = coordinates_.keep_off_zero(x);
    const Evaluation there = evaluate(x, current);
    if (there.value < current->value - std::max(1e-8, 50 * there.rounding)) {
      current->x = x;
      current->value = there.value;
      return true;
    }
  }
  return false;
}

// At a singular Gamma the stationary point is a minimum over Gamma only if S is positive
// semidefinite; a negative direction e says that Gamma + c ee' lowers the deviance.
bool FactorSearch::escape(SearchResult* current) {
  const Vector gradient =
      objective_.evaluate(current->x, Order::kGradient, Chart::kCovariance).gradient;
  for (const Cone& cone : coordinates_.cones) {
    const Vector pivots = cone_factor(cone, current->x).diagonal().cwiseAbs();
    if (!(pivots.minCoeff() <= kSnap)) continue;
    const Eigen::SelfAdjointEigenSolver<Matrix> eigen(cone_gradient(cone, gradient));
    if (eigen.eigenvalues()[0] / cone.levels < kScoreTolerance &&
        try_direction(cone, eigen.eigenvectors().col(0), current)) {
      return true;
    }
  }
  return false;
}

// Exact zeros where they do not worsen the criterion: first all candidates, then one by one.
void FactorSearch::snap(SearchResult* current) {
  struct Column {
    int pivot;
    int length;
  };
  std::vector<Column> candidates;
  for (const Cone& cone : coordinates_.cones) {
    for (int c = 0; c < cone.size; ++c) {
      const int pivot = cone.pivot(c);
      if (std::abs(current->x[pivot]) <= kSnap) candidates.push_back({pivot, cone.size - c});
    }
  }
  const auto empty_columns = [&](const std::vector<Column>& which) {
    Vector x = current->x;
    for (const Column& column : which) {
      for (int i = column.pivot; i < column.pivot + column.length; ++i) {
        if (std::abs(x[i]) <= kSnap) x[i] = 0;
      }
    }
    return coordinates_.canonical(x);
  };
  const auto accept = [&](const Vector& x) {
    const Evaluation there = evaluate(x, current);
    if (!(there.value <= current->value + std::max(1e-9, 20 * there.rounding))) return false;
    current->x = x;
    current->value = there.value;
    return true;
  };
  if (accept(empty_columns(candidates)) || candidates.size() < 2) return;
  for (const Column& column : candidates) accept(empty_columns({column}));
}

// Minimises over what is left once some columns are zero: the emptied columns stay (at the floor,
// where derivatives are defined) while the others settle.
void FactorSearch::polish(SearchResult* current) {
  TrustRegionOptions options = trust_region_options(current->evaluations);
  options.fixed.assign(coordinates_.size, false);
  for (const Cone& cone : coordinates_.cones) {
    for (int c = 0; c < cone.size; ++c) {
      const int pivot = cone.pivot(c);
      if (current->x[pivot] != 0) continue;
      for (int i = pivot; i < pivot + cone.size - c; ++i) options.fixed[i] = current->x[i] == 0;
    }
  }
  SearchResult settled = descend(coordinates_.keep_off_zero(current->x), options);
  continue_trace(*current, &settled);
  for (int i = 0; i < coordinates_.size; ++i) {
    if (options.fixed[i]) settled.x[i] = 0;
  }
  const Evaluation there = evaluate(settled.x, &settled);
  settled.value = there.value;
  if (settled.value <= current->value + 20 * there.rounding) *current = std::move(settled);
}

SearchResult FactorSearch::descend(const Vector& start, TrustRegionOptions options) {
  options.exact = exact_;
  return minimize(&objective_, start, options, &exact_);
}

TrustRegionOptions FactorSearch::trust_region_options(int used) const {
  TrustRegionOptions options;
  options.used = used;
  options.max_evaluations = std::max(options_.max_evaluations, used + 1);
  options.tolerance = options_.tolerance;
  options.floors = Vector::Zero(coordinates_.size);
  for (const Cone& cone : coordinates_.cones) {
    for (int c = 0; c < cone.size; ++c) options.floors[cone.pivot(c)] = kOffZero;
  }
  return options;
}

SearchResult FactorSearch::run(const Vector& start, int used) {
  SearchResult total = descend(coordinates_.keep_off_zero(start), trust_region_options(used));
  for (int restart = 0; restart < kMaxRestarts; ++restart) {
    if (total.status == SearchStatus::kUndefined || !near_boundary(total.x)) break;
    if (!escape(&total)) break;
    SearchResult next = descend(total.x, trust_region_options(total.evaluations));
    continue_trace(total, &next);
    total = std::move(next);
  }
  if (total.status != SearchStatus::kUndefined && near_boundary(total.x)) {
    snap(&total);
    polish(&total);
  }
  total.x = coordinates_.canonical(total.x);
  return total;
}

}  // namespace henderson
