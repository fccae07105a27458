#include "fit/fit_constrained.h"

#include <cmath>
#include <utility>

#include "fit/nearby_minimum.h"
#include "fit/report.h"
#include "fit/starts.h"
#include "search/factor_search.h"

namespace henderson {

namespace {

// With priors there are no second derivatives by covariances, nor zeros to be found.
NearbyMinimum search_from(ConstrainedFit* fit, double wider, bool priors,
                          const SearchOptions& options) {
  if (!priors) return search_nearby(&fit->objective(), fit->start(wider), options);
  NearbyMinimum result;
  result.found = FactorSearch(&fit->objective(), options).run(fit->start(wider), 0);
  if (result.found.status == SearchStatus::kUndefined) return result;
  result.certificate = certify(&fit->objective(), options, &result.found);
  return result;
}

// From the default start and from a wider one, and where correlated effects have few levels also
// from where other minima often are: of several minima the lowest.
NearbyMinimum find_minimum(ConstrainedFit* fit, bool priors, bool few_levels,
                           const SearchOptions& options) {
  NearbyMinimum best = search_from(fit, 1, priors, options);
  SearchOptions rest = options;
  rest.max_evaluations -= best.found.evaluations;
  if (rest.max_evaluations < 3) return best;
  take_better(search_from(fit, 4, priors, rest), &best);
  rest.max_evaluations = options.max_evaluations - best.found.evaluations;
  if (priors || !few_levels || rest.max_evaluations < 3) return best;
  take_better(
      search_elsewhere(&fit->objective(), fit->other_starts(best.found.x), best.found, rest),
      &best);
  return best;
}

// What depends on sigma^2, which is not r^2 / m.
void take_sigma(const GaussianObjective& deviance, double value, double sigma, FitResult* result) {
  const double m = deviance.degrees();
  const double own = result->sigma * result->sigma;
  const double variance = sigma * sigma;
  result->criterion = value + m * (std::log(variance / own) + own / variance - 1);
  for (Matrix& one : result->conditional_variance) one *= variance / own;
  result->sigma = sigma;
  result->sigma_apart = true;
  result->gradient = Vector();
}

}  // namespace

FitResult fit_constrained(const CrossProducts& moments,
                          const std::vector<TermStructures>& structures, const FitOptions& options,
                          const Constraints& constraints) {
  GaussianObjective deviance(moments, structures, options.reml);
  ConstrainedFit fit(&deviance, constraints);
  FitResult result;
  NearbyMinimum minimum;
  if (fit.objective().coordinates().size > 0) {
    minimum = find_minimum(&fit, !constraints.priors.empty(),
                           correlated_effects_few_levels(deviance), options);
  } else {
    minimum.found.value = fit.objective().value(minimum.found.x);
    minimum.found.evaluations = 1;
    minimum.certificate.exact_hessian = true;
  }
  result.status = minimum.found.status;
  result.evaluations = minimum.found.evaluations;
  result.iterations = minimum.found.iterations;
  result.trace = std::move(minimum.found.trace);
  if (result.status == SearchStatus::kUndefined || !std::isfinite(minimum.found.value)) {
    result.status = SearchStatus::kUndefined;
    return result;
  }
  result.certificate = std::move(minimum.certificate);
  // by coordinates that nothing else knows
  result.certificate.hessian = Matrix();
  result.certificate.undetermined.clear();
  const double sigma = fit.sigma(minimum.found.x);
  result.standardized = fit.standardized(minimum.found.x);
  result.theta = deviance.random().to_natural(result.standardized);
  const double value = deviance.value_at(result.standardized);
  report_point(&deviance, result.standardized, true, &result);
  take_sigma(deviance, value, sigma, &result);
  return result;
}

}  // namespace henderson
