#include "search/factor_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "algebra/eigen_decompositions.h"
#include "algebra/symmetric.h"

namespace henderson {

namespace {

constexpr double kFloor = 1e-7;            // |Lambda_cc| while iterating: zero is always stationary
constexpr double kSnap = 1e-3;             // candidates for an exact zero afterwards
constexpr double kScoreTolerance = -1e-6;  // of S_t per level: smaller means a way down
constexpr int kMaxRestarts = 12;

// Eigenvalues and directions of S_t per level, for structures whose Gamma_t is (nearly) singular.
struct BoundaryScore {
  CovarianceStructure structure;
  int term = 0;
  double value = 0;
  Vector direction;
};

std::vector<BoundaryScore> boundary_scores(const GaussianObjective& deviance, const Vector& x) {
  std::vector<BoundaryScore> found;
  const std::vector<Matrix> lambda = deviance.unpack(x);
  const std::vector<TermSums>& terms = deviance.moments().terms;
  for (std::size_t t = 0; t < terms.size(); ++t) {
    const double levels = terms[t].n_levels;
    for (const CovarianceStructure& structure : terms[t].structures) {
      const int a = structure.first_column;
      const int w = structure.n_columns;
      const Matrix own = deviance.score()[t].block(a, a, w, w);
      const Vector pivots = lambda[t].block(a, a, w, w).diagonal().cwiseAbs();
      const int term = static_cast<int>(t);
      if (structure.kind == StructureKind::kDiagonal) {
        for (int c = 0; c < w; ++c) {
          if (pivots[c] <= kSnap) {
            found.push_back({structure, term, own(c, c) / levels, Vector::Unit(w, c)});
          }
        }
      } else if (pivots.minCoeff() <= kSnap) {
        const Eigen::SelfAdjointEigenSolver<Matrix> eigen(own);
        found.push_back(
            {structure, term, eigen.eigenvalues()[0] / levels, eigen.eigenvectors().col(0)});
      }
    }
  }
  return found;
}

}  // namespace

Vector FactorSearch::keep_off_zero(const Vector& x) const {
  return deviance_.keep_off_zero(x, kFloor);
}

bool FactorSearch::near_boundary(const Vector& x) const {
  for (int i = 0; i < deviance_.n_parameters(); ++i) {
    if (deviance_.is_diagonal(i) && std::abs(x[i]) <= kSnap) return true;
  }
  return false;
}

bool FactorSearch::try_direction(const CovarianceStructure& structure, int term,
                                 const Vector& direction, SearchResult* current) {
  const int a = structure.first_column;
  const int w = structure.n_columns;
  std::vector<Matrix> lambda = deviance_.unpack(current->x);
  const Matrix own = lambda[term].block(a, a, w, w);
  double size = 0.5;
  for (int attempt = 0; attempt < 8; ++attempt, size *= 0.3) {
    const Matrix gamma = own * own.transpose() + size * size * direction * direction.transpose();
    lambda[term].block(a, a, w, w) = structure.kind == StructureKind::kDiagonal
                                         ? Matrix(gamma.diagonal().cwiseSqrt().asDiagonal())
                                         : semidefinite_cholesky(gamma);
    const Vector x = keep_off_zero(deviance_.pack(lambda));
    const double value = deviance_.value(x);
    ++current->evaluations;
    if (value < current->value - std::max(1e-8, 50 * deviance_.noise())) {
      current->x = x;
      current->value = value;
      return true;
    }
  }
  return false;
}

// At a singular Gamma_t the stationary point is a minimum over Gamma only if S_t is positive
// semidefinite; a negative direction e says that Gamma + c ee' lowers the deviance.
bool FactorSearch::escape(SearchResult* current) {
  for (const BoundaryScore& score : boundary_scores(deviance_, current->x)) {
    if (score.value < kScoreTolerance &&
        try_direction(score.structure, score.term, score.direction, current)) {
      return true;
    }
  }
  return false;
}

// Exact zeros where they do not worsen the criterion: first all candidates, then one by one.
void FactorSearch::snap(SearchResult* current) {
  std::vector<int> candidates;
  for (int i = 0; i < deviance_.n_parameters(); ++i) {
    if (deviance_.is_diagonal(i) && std::abs(current->x[i]) <= kSnap) candidates.push_back(i);
  }
  const auto empty_columns = [&](const std::vector<int>& which) {
    Vector x = current->x;
    for (int i : which) {
      const LambdaEntry& pivot = deviance_.entries()[i];
      for (int k = 0; k < deviance_.n_parameters(); ++k) {
        const LambdaEntry& entry = deviance_.entries()[k];
        if (entry.term == pivot.term && entry.column == pivot.column && std::abs(x[k]) <= kSnap) {
          x[k] = 0;
        }
      }
    }
    return deviance_.canonical(x);
  };
  const auto accept = [&](const Vector& x) {
    const double value = deviance_.value(x);
    ++current->evaluations;
    if (!(value <= current->value + std::max(1e-9, 20 * deviance_.noise()))) return false;
    current->x = x;
    current->value = value;
    return true;
  };
  if (accept(empty_columns(candidates)) || candidates.size() < 2) return;
  for (int i : candidates) accept(empty_columns({i}));
}

// Minimises over what is left once some columns are zero: the emptied columns stay (at the floor,
// where derivatives are defined) while the others settle.
void FactorSearch::polish(SearchResult* current) {
  TrustRegionOptions options = trust_region_options(current->evaluations);
  options.fixed.assign(deviance_.n_parameters(), false);
  for (int i = 0; i < deviance_.n_parameters(); ++i) {
    if (!deviance_.is_diagonal(i) || current->x[i] != 0) continue;
    for (int k = 0; k < deviance_.n_parameters(); ++k) {
      const LambdaEntry& entry = deviance_.entries()[k];
      const LambdaEntry& pivot = deviance_.entries()[i];
      if (entry.term == pivot.term && entry.column == pivot.column && current->x[k] == 0) {
        options.fixed[k] = true;
      }
    }
  }
  SearchResult settled = minimize(&function_, keep_off_zero(current->x), options);
  settled.iterations += current->iterations;
  settled.trace.insert(settled.trace.begin(), current->trace.begin(), current->trace.end());
  for (int i = 0; i < deviance_.n_parameters(); ++i) {
    if (options.fixed[i]) settled.x[i] = 0;
  }
  settled.value = deviance_.value(settled.x);
  ++settled.evaluations;
  if (settled.value <= current->value + 20 * deviance_.noise()) *current = std::move(settled);
}

TrustRegionOptions FactorSearch::trust_region_options(int used) const {
  TrustRegionOptions options;
  options.used = used;
  options.max_evaluations = std::max(options_.max_evaluations, used + 1);
  options.tolerance = options_.tolerance;
  options.floors = Vector::Zero(deviance_.n_parameters());
  for (int i = 0; i < deviance_.n_parameters(); ++i) {
    if (deviance_.is_diagonal(i)) options.floors[i] = kFloor;
  }
  return options;
}

SearchResult FactorSearch::run(const Vector& start, int used) {
  SearchResult total = minimize(&function_, keep_off_zero(start), trust_region_options(used));
  for (int restart = 0; restart < kMaxRestarts; ++restart) {
    if (total.status == SearchStatus::kUndefined || !near_boundary(total.x)) break;
    if (!escape(&total)) break;
    SearchResult next = minimize(&function_, total.x, trust_region_options(total.evaluations));
    next.iterations += total.iterations;
    next.trace.insert(next.trace.begin(), total.trace.begin(), total.trace.end());
    total = std::move(next);
  }
  if (total.status != SearchStatus::kUndefined && near_boundary(total.x)) {
    snap(&total);
    polish(&total);
  }
  total.x = deviance_.canonical(total.x);
  return total;
}

}  // namespace henderson
