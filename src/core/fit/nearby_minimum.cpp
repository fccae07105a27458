#include "fit/nearby_minimum.h"

#include <cmath>
#include <utility>

#include "search/covariance_search.h"
#include "search/factor_search.h"

namespace henderson {

NearbyMinimum search_nearby(Objective* objective, const Vector& start,
                            const SearchOptions& options) {
  NearbyMinimum result;
  if (start.size() == 0) {
    result.found.value = objective->value(start);
    result.found.evaluations = 1;
    if (!std::isfinite(result.found.value)) result.found.status = SearchStatus::kUndefined;
    return result;
  }
  result.found = CovarianceSearch(objective, options).run(start, 0);
  if (result.found.status == SearchStatus::kUndefined) return result;
  result.certificate = certify(objective, options, &result.found);
  if (result.certificate.holds()) return result;
  SearchResult other =
      FactorSearch(objective, options).run(result.found.x, result.found.evaluations);
  result.found.evaluations = other.evaluations;
  if (other.value <= result.found.value + 1e-8) {
    result.certificate = certify(objective, options, &other);
    result.found = std::move(other);
  }
  return result;
}

NearbyMinimum search_elsewhere(Objective* objective, const std::vector<Vector>& starts,
                               const SearchResult& known, const SearchOptions& options) {
  constexpr double kLower = 1e-6;  // of the criterion: less is the same minimum
  SearchResult lowest = known;
  int evaluations = 0;
  for (const Vector& start : starts) {
    if (start.size() == 0) continue;
    SearchResult other = CovarianceSearch(objective, options).run(start, 0, Wider::kNo, &lowest);
    evaluations += other.evaluations;
    if (other.value < lowest.value - kLower) lowest = std::move(other);
  }
  NearbyMinimum result;
  result.found.status = SearchStatus::kUndefined;
  if (lowest.value < known.value) result = search_nearby(objective, lowest.x, options);
  result.found.evaluations += evaluations;
  return result;
}

void take_better(NearbyMinimum other, NearbyMinimum* best) {
  const int evaluations = best->found.evaluations + other.found.evaluations;
  const bool better = best->found.status == SearchStatus::kUndefined ||
                      other.found.value < best->found.value - 1e-8 ||
                      (other.certificate.holds() && !best->certificate.holds() &&
                       other.found.value < best->found.value + 1e-8);
  if (other.found.status != SearchStatus::kUndefined && better) *best = std::move(other);
  best->found.evaluations = evaluations;
}

Vector start_for_other_data(const Coordinates& coordinates, const Vector& x) {
  return coordinates.keep_off_zero(x, 0.05);
}

}  // namespace henderson
