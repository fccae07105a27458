#include "fit/fit_lmm.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "algebra/eigen_decompositions.h"
#include "fit/starts.h"
#include "search/covariance_search.h"
#include "search/factor_search.h"

namespace henderson {

namespace {

// A search that went before: its steps are part of the story.
void continue_trace(const SearchResult& before, SearchResult* after) {
  after->iterations += before.iterations;
  after->trace.insert(after->trace.begin(), before.trace.begin(), before.trace.end());
}

// From another start; the better of both ends.
void search_from(const Vector& start, CovarianceSearch* search, SearchResult* optimum) {
  SearchResult other = search->run(start, optimum->evaluations, optimum);
  optimum->evaluations = other.evaluations;
  if (!(other.value < optimum->value)) return;
  continue_trace(*optimum, &other);
  *optimum = std::move(other);
}

// The criterion can have several minima, with few levels above all: two terms, or two directions
// of one, compete for a variance. What gives that away is a long search.
void look_further(GaussianObjective* deviance, CovarianceSearch* search, const FitOptions& options,
                  SearchResult* optimum) {
  constexpr int kShort = 8;
  constexpr int kMostEvaluations = 18;  // before; so that a singular fit stays within about 25
  if (optimum->status != SearchStatus::kConverged) return;
  const bool singular = search->singular(*optimum);
  if (options.start.size() > 0) {
    // The user's start may have led to a zero: is one of the default starts better than that?
    if (!singular || optimum->evaluations + 3 > options.max_evaluations) return;
    const Vector start = deviance->standard_start();
    ++optimum->evaluations;
    if (deviance->value(start) < optimum->value) search_from(start, search, optimum);
    return;
  }
  const int evaluations = optimum->evaluations + (singular ? 1 : 0);  // with that at exact zeros
  if (evaluations > kShort && evaluations <= kMostEvaluations &&
      many_parameters_few_levels(*deviance)) {
    search_from(search->complement(*optimum), search, optimum);
  }
  const Vector cancelling = cancelling_start(*deviance, optimum->x);
  if (cancelling != optimum->x) search_from(cancelling, search, optimum);
}

bool certified(const SearchResult& optimum, const Certificate& certificate) {
  return optimum.status != SearchStatus::kMaxEvaluations && certificate.holds();
}

// A user's start may lead nowhere, or to where rounding hides the way on (standard deviations of
// 1e5 residual ones and more). The default ones then have their turn.
void start_again(GaussianObjective* deviance, CovarianceSearch* search, const FitOptions& options,
                 SearchResult* optimum, Certificate* certificate) {
  const bool sure = certified(*optimum, *certificate) && certificate->rounding < 1e-6;
  const bool affordable = optimum->evaluations + 3 < options.max_evaluations;
  if (options.start.size() == 0 || sure || !affordable) return;
  SearchResult other = search->run(deviance->standard_start(), optimum->evaluations);
  optimum->evaluations = other.evaluations;
  if (other.status == SearchStatus::kUndefined) return;
  const Certificate evidence = search->certify(&other);
  if (!(other.value < optimum->value + (certified(other, evidence) ? 1e-8 : 0))) return;
  continue_trace(*optimum, &other);
  *optimum = std::move(other);
  *certificate = evidence;
}

// The search over covariances ends short of a minimum where variances differ in size by 1e6 and
// more. The search over their factors then goes on from there, and from the default start if that
// is no minimum either.
void search_factors(GaussianObjective* deviance, CovarianceSearch* search,
                    const FitOptions& options, SearchResult* optimum, Certificate* certificate) {
  FactorSearch factors(deviance, options);
  for (const bool again : {false, true}) {
    if (certified(*optimum, *certificate) || optimum->evaluations + 3 >= options.max_evaluations) {
      return;
    }
    const Vector from = again ? deviance->standard_start() : optimum->x;
    SearchResult other = factors.run(from, optimum->evaluations);
    optimum->evaluations = other.evaluations;
    const bool better = other.value < optimum->value || (other.status == SearchStatus::kConverged &&
                                                         other.value < optimum->value + 1e-8);
    if (other.status == SearchStatus::kUndefined || !better) continue;
    continue_trace(*optimum, &other);
    *optimum = std::move(other);
    *certificate = search->certify(optimum);
  }
}

SearchResult find_minimum(GaussianObjective* deviance, const FitOptions& options,
                          Certificate* certificate) {
  CovarianceSearch search(deviance, options);
  SearchResult optimum = search.run(choose_start(*deviance, options.start), 0);
  look_further(deviance, &search, options, &optimum);
  if (optimum.status == SearchStatus::kUndefined) return optimum;
  *certificate = search.certify(&optimum);
  start_again(deviance, &search, options, &optimum, certificate);
  search_factors(deviance, &search, options, &optimum, certificate);
  search.ask_criterion(optimum, certificate);
  return optimum;
}

// Random effects thousands of times the residuals leave the cross-products few digits. Taken about
// these effects they have all of them, and the search goes on from where rounding ended it.
void sharpen(const RowSource* rows, GaussianObjective* deviance, const FitOptions& options,
             SearchResult* optimum, Certificate* certificate) {
  if (rows == nullptr || optimum->status == SearchStatus::kMaxEvaluations) return;
  if (!std::isfinite(deviance->value_at(optimum->x)) || !deviance->centring_helps()) return;
  if (!deviance->centre_levels(*rows, optimum->x)) return;
  CovarianceSearch search(deviance, options);
  SearchResult other = search.run(optimum->x, optimum->evaluations);
  optimum->evaluations = other.evaluations;
  if (other.status == SearchStatus::kUndefined) {
    deviance->uncentre_levels();
    return;
  }
  if (other.status == SearchStatus::kMaxEvaluations &&
      other.evaluations < options.max_evaluations) {
    other.status = SearchStatus::kConverged;  // the search's own patience; the certificate tells
  }
  continue_trace(*optimum, &other);
  *optimum = std::move(other);
  *certificate = search.certify(optimum);
  search.ask_criterion(*optimum, certificate);
}

// Of a point that another optimizer found.
Certificate certify_point(GaussianObjective* deviance, const FitOptions& options, const Vector& x) {
  SearchResult given;
  given.x = deviance->canonical(x);
  if (!std::isfinite(deviance->value(given.x))) return Certificate();
  return CovarianceSearch(deviance, options).certify(&given);
}

}  // namespace

FitResult fit_lmm(const CrossProducts& moments, const FitOptions& options, const RowSource* rows) {
  GaussianObjective deviance(moments, options.reml);
  const bool started = options.start.size() > 0 || !options.optimize;
  if (started && (options.start.size() != deviance.n_parameters() || !options.start.allFinite())) {
    throw std::invalid_argument("start must be one finite number for each parameter");
  }
  FitResult result;
  Vector x;
  if (options.optimize) {
    SearchResult optimum = find_minimum(&deviance, options, &result.certificate);
    sharpen(rows, &deviance, options, &optimum, &result.certificate);
    x = optimum.x;
    result.evaluations = optimum.evaluations;
    result.iterations = optimum.iterations;
    result.status = optimum.status;
    result.trace = std::move(optimum.trace);
    result.theta = deviance.to_natural(x);
  } else {
    x = options.start;
    if (GaussianObjective::usable(x)) x = deviance.to_standard(x);
    result.theta = options.start;
    result.evaluations = 1;
    if (options.certify) result.certificate = certify_point(&deviance, options, x);
  }
  result.standardized = x;
  result.criterion = GaussianObjective::usable(result.theta)
                         ? deviance.value_at(x)
                         : std::numeric_limits<double>::infinity();
  if (!std::isfinite(result.criterion)) {
    result.status = SearchStatus::kUndefined;
    return result;
  }
  report_point(&deviance, x, options.optimize, &result);
  const bool judged = options.optimize || options.certify;
  result.undetermined = find_undetermined(
      &deviance, x, result.certificate,
      judged && result.status != SearchStatus::kMaxEvaluations && result.certificate.holds());
  return result;
}

}  // namespace henderson
