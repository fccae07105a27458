#include "fit/fit_residual.h"

#include <cmath>
#include <limits>
#include <utility>

#include "fit/nearby_minimum.h"

namespace henderson {

namespace {

// From the start, and with random effects, which compete with correlations for what is common to
// the rows of a group, from one at which these are small as well: of several minima the lower.
NearbyMinimum find_minimum(ResidualObjective* objective, const FitOptions& options) {
  constexpr double kSmaller = 0.2;
  const Index n = objective->n_theta();
  Vector start = objective->start();
  if (options.start.size() == n) {
    start.head(n) = objective->gaussian().random().to_standard(options.start);
  } else if (options.start.size() > 0) {
    start << objective->gaussian().random().to_standard(options.start.head(n)),
        options.start.tail(objective->n_phi());
  }
  NearbyMinimum best = search_nearby(objective, start, options);
  if (options.start.size() > 0 || n == 0) return best;
  SearchOptions rest = options;
  rest.max_evaluations -= best.found.evaluations;
  if (rest.max_evaluations < 3) return best;
  for (const Cone& cone : objective->coordinates().cones) {
    start.segment(cone.first, cone.n_coordinates()) *= kSmaller;
  }
  take_better(search_nearby(objective, start, rest), &best);
  return best;
}

}  // namespace

ResidualFit fit_residual(ResidualObjective* objective, const FitOptions& options) {
  const Index n = objective->n_theta();
  const Index k = objective->n_phi();
  const Index given = options.start.size();
  if (given > 0 &&
      ((given != n + k && (given != n || !options.optimize)) || !options.start.allFinite())) {
    throw std::invalid_argument("start must be one finite number for each parameter");
  }
  ResidualFit result;
  FitResult& fit = result.fit;
  Vector point = options.start;
  if (n + k == 0) {
    fit.evaluations = 1;
  } else if (options.optimize) {
    NearbyMinimum minimum = find_minimum(objective, options);
    fit.certificate = std::move(minimum.certificate);
    fit.evaluations = minimum.found.evaluations;
    fit.iterations = minimum.found.iterations;
    fit.status = minimum.found.status;
    fit.trace = std::move(minimum.found.trace);
    point = std::move(minimum.found.x);
    fit.theta = objective->gaussian().random().to_natural(point.head(n));
  } else {
    fit.theta = options.start.head(n);
    point.head(n) = objective->gaussian().random().to_standard(fit.theta);
    fit.evaluations = 1;
  }
  // by coordinates that nothing else knows
  fit.certificate.hessian = Matrix();
  fit.certificate.undetermined.clear();
  result.phi = point.tail(k);
  fit.standardized = point.head(n);
  fit.criterion =
      point.allFinite() ? objective->value(point) : std::numeric_limits<double>::infinity();
  if (!std::isfinite(fit.criterion)) {
    fit.status = SearchStatus::kUndefined;
    return result;
  }
  report_point(&objective->gaussian(), fit.standardized, options.optimize, &fit);
  result.moments = objective->moments();
  return result;
}

}  // namespace henderson
