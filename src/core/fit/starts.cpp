#include "fit/starts.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace henderson {

Vector choose_start(const GaussianObjective& deviance, const Vector& natural) {
  return natural.size() > 0 ? deviance.to_standard(natural) : deviance.standard_start();
}

bool many_parameters_few_levels(const GaussianObjective& deviance) {
  constexpr int kFewLevels = 10;
  if (deviance.n_parameters() < 2) return false;
  for (const TermSums& term : deviance.moments().terms) {
    if (term.n_levels <= kFewLevels) return true;
  }
  return false;
}

Vector cancelling_start(const GaussianObjective& deviance, const Vector& x) {
  constexpr double kFar = 8;  // up to 10 nothing was missed without (design/decisions.md)
  constexpr double kFarthest = 1e5;
  Vector start = x;
  for (const TermSums& term : deviance.moments().terms) {
    std::vector<std::pair<int, int>> own;  // column and parameter
    for (const CovarianceStructure& s : term.structures) {
      if (s.kind == StructureKind::kUnstructured && s.n_columns > 1) continue;
      for (int c = 0; c < s.n_columns; ++c)
        own.push_back({s.first_column + c, s.first_parameter + c});
    }
    const Vector pooled = term.diagonal.rowwise().sum();
    for (const auto& a : own) {
      double largest = 0;
      for (const auto& b : own) {
        if (a.first == b.first) continue;
        const double cross = pooled[a.first + b.first * term.v];
        const double cosine2 =
            cross * cross / pooled[a.first * (term.v + 1)] / pooled[b.first * (term.v + 1)];
        largest = std::max(largest, std::sqrt(cosine2 / std::max(1 - cosine2, 0.0)));
      }
      if (largest > kFar) start[a.second] = std::min(largest, kFarthest);
    }
  }
  return start;
}

}  // namespace henderson
