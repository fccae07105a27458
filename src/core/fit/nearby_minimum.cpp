#include "fit/nearby_minimum.h"

#include <utility>

#include "search/covariance_search.h"
#include "search/factor_search.h"

namespace henderson {

NearbyMinimum search_nearby(Objective* objective, const Vector& start,
                            const SearchOptions& options) {
  NearbyMinimum result;
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

Vector start_for_other_data(const Coordinates& coordinates, const Vector& x) {
  return coordinates.keep_off_zero(x, 0.05);
}

}  // namespace henderson
