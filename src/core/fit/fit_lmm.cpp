#include "fit/fit_lmm.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "algebra/eigen_decompositions.h"
#include "fit/rival_terms.h"
#include "fit/starts.h"
#include "search/covariance_search.h"
#include "search/factor_search.h"

namespace henderson {

namespace {

// One fit's searches: over covariances from several starts, then over factors, and the best end so
// far with its evidence.
class Searches {
 public:
  Searches(GaussianObjective* objective, const FitOptions& options)
      : objective_(*objective), options_(options), search_(objective, options) {}

  const SearchResult& optimum() const { return optimum_; }
  const Certificate& certificate() const { return certificate_; }

  void find_minimum();
  // Without what certifies it.
  void find_end();
  // From where another search ended; false where there is no criterion.
  bool go_on(const SearchResult& from);

 private:
  // Another search counts from here and may last for `evaluations` at least.
  bool affordable(int evaluations = 3) const {
    return optimum_.evaluations + evaluations < options_.max_evaluations;
  }
  bool certified(const SearchResult& result, const Certificate& certificate) const {
    return result.status != SearchStatus::kMaxEvaluations && certificate.holds();
  }
  void take(SearchResult* other);
  void search_from(const Vector& start);
  void search_structures();
  void search_nested();
  void search_drawn();
  void release_zeros();
  void search_lowest(const std::vector<Vector>& points, std::size_t searched);
  void look_further();
  void look_at(const std::vector<Vector>& starts, double higher);
  void start_again();
  void search_factors();

  GaussianObjective& objective_;
  const FitOptions& options_;
  CovarianceSearch search_;
  bool nested_ = false;  // in another model, which is searched in more ways
  SearchResult optimum_;
  Certificate certificate_;
};

// In place of the best end so far.
void Searches::take(SearchResult* other) {
  continue_trace(optimum_, other);
  optimum_ = std::move(*other);
}

// From another start; the better of both ends.
void Searches::search_from(const Vector& start) {
  SearchResult other =
      search_.run(start, optimum_.evaluations, wider_from(objective_, start), &optimum_);
  optimum_.evaluations = other.evaluations;
  if (other.value < optimum_.value) take(&other);
}

// Correlations with bounds, beside standard deviations that can be zero, make several minima the
// rule (design/decisions.md, "fit/"): from correlations of both signs, where levels are not so many
// that they tell minima apart also from the minima of simpler structures, and from points at
// random.
void Searches::search_structures() {
  const std::vector<Vector> others = objective_.random().other_starts();
  if (others.empty()) return;
  for (const Vector& start : others) {
    if (affordable()) search_from(start);
  }
  constexpr int kManyLevels = 100;
  for (const TermSums& term : objective_.moments().terms) {
    if (term.n_levels > kManyLevels) return;
  }
  search_nested();
  if (nested_) return;
  search_drawn();
  release_zeros();
}

void Searches::search_nested() {
  FitOptions options = options_;
  for (const NestedModel& model : nested_models(objective_.random())) {
    if (!affordable()) return;
    GaussianObjective simple(objective_.moments(), model.structures, options_.reml);
    options.max_evaluations = options_.max_evaluations - optimum_.evaluations;
    Searches searches(&simple, options);
    searches.nested_ = true;
    searches.find_end();
    const SearchResult& end = searches.optimum();
    optimum_.evaluations += end.evaluations;
    if (end.status == SearchStatus::kUndefined) continue;
    const Vector theta = model.lift(simple.random().to_natural(end.x));
    search_from(objective_.random().to_standard(theta));
  }
}

void Searches::search_drawn() {
  constexpr int kMostTried = 40;
  const int n = objective_.n_parameters();
  const int tried = std::min(8 * n, kMostTried);
  const std::size_t searched = n > 3 ? 4 : 2;
  if (!affordable(2 * tried)) return;
  RandomStream stream(1, 1);
  std::vector<Vector> points;
  for (int i = 0; i < tried; ++i) points.push_back(drawn_start(objective_, &stream));
  search_lowest(points, searched);
}

// A zero is an end also where it could grow with other correlations.
void Searches::release_zeros() {
  for (int again = 0; again < 3; ++again) {
    const std::vector<Vector> points = released_starts(objective_, optimum_.x);
    const double before = optimum_.value;
    if (points.empty() || !affordable(2 * static_cast<int>(points.size()))) return;
    search_lowest(points, points.size());
    if (!(optimum_.value < before - 1e-6)) return;
  }
}

// From those of the points where the criterion is lowest.
void Searches::search_lowest(const std::vector<Vector>& points, std::size_t searched) {
  std::vector<std::pair<double, Vector>> valued;
  for (const Vector& x : points) {
    valued.emplace_back(objective_.value(x), x);
    ++optimum_.evaluations;
  }
  std::sort(valued.begin(), valued.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t i = 0; i < searched && i < valued.size(); ++i) {
    if (std::isfinite(valued[i].first) && affordable()) search_from(valued[i].second);
  }
}

// The criterion can have several minima, with few levels above all: two terms, or two directions
// of one, compete for a variance. What gives that away is a long search: of 5,154 singular searches
// of simulated models with up to 8 evaluations 0.2 % missed a lower minimum, of those with 13 to 16
// evaluations a tenth. Correlated effects that are not singular have an evaluation less of it
// (design/decisions.md, "fit/").
void Searches::look_further() {
  constexpr int kShort = 8;
  constexpr int kShortCorrelated = 7;  // where it ends at no zeros
  constexpr double kHardlyHigher = 1;  // by the criterion
  constexpr double kHigher = 10;
  constexpr int kMostEvaluations = 18;  // before; so that a singular fit stays within about 25
  if (optimum_.status != SearchStatus::kConverged) {
    // where zeros hide what lies beyond them, a search of structures may end anywhere
    if (optimum_.status != SearchStatus::kUndefined && options_.start.size() == 0) {
      search_structures();
    }
    return;
  }
  const bool singular = objective_.coordinates().singular(optimum_.x);
  if (options_.start.size() > 0) {
    // The user's start may have led to a zero: is the default start better than that?
    if (!singular || !affordable(2)) return;
    const Vector start = objective_.random().start();
    ++optimum_.evaluations;
    if (objective_.value(start) < optimum_.value) search_from(start);
    return;
  }
  const int evaluations = optimum_.evaluations + (singular ? 1 : 0);  // with that at exact zeros
  const bool correlated = !singular && correlated_effects_few_levels(objective_);
  if (evaluations > kShort && evaluations <= kMostEvaluations &&
      many_parameters_few_levels(objective_)) {
    search_from(complement(objective_.coordinates(), optimum_.x));
  }
  if (correlated && evaluations > kShortCorrelated && optimum_.evaluations <= kMostEvaluations) {
    // beside a minimum with moderate correlations there can be a lower one with collinear effects
    look_at(collinear_starts(objective_.coordinates(), optimum_.x), kHardlyHigher);
  }
  if (optimum_.evaluations <= kMostEvaluations) {
    look_at(rival_starts(&objective_, optimum_.x), kHigher);
  }
  search_structures();
  const Vector cancelling = cancelling_start(objective_, optimum_.x);
  if (cancelling != optimum_.x) search_from(cancelling);
}

// From where the criterion is less than `higher` above the minimum.
void Searches::look_at(const std::vector<Vector>& starts, double higher) {
  for (const Vector& start : starts) {
    if (!affordable(2)) return;
    ++optimum_.evaluations;
    if (objective_.value(start) < optimum_.value + higher) search_from(start);
  }
}

// A user's start may lead nowhere, or to where rounding hides the way on (standard deviations of
// 1e5 residual ones and more). The default one then has its turn.
void Searches::start_again() {
  const bool sure = certified(optimum_, certificate_) && certificate_.rounding < 1e-6;
  if (options_.start.size() == 0 || sure || !affordable()) return;
  const Vector start = objective_.random().start();
  SearchResult other = search_.run(start, optimum_.evaluations, wider_from(objective_, start));
  optimum_.evaluations = other.evaluations;
  if (other.status == SearchStatus::kUndefined) return;
  const Certificate evidence = certify(&objective_, options_, &other);
  if (!(other.value < optimum_.value + (certified(other, evidence) ? 1e-8 : 0))) return;
  take(&other);
  certificate_ = evidence;
}

// The search over covariances ends short of a minimum where variances differ in size by 1e6 and
// more. The search over their factors then goes on from there, and from the default start if that
// is no minimum either.
void Searches::search_factors() {
  FactorSearch factors(&objective_, options_);
  for (const bool again : {false, true}) {
    if (certified(optimum_, certificate_) || !affordable()) return;
    const Vector from = again ? objective_.random().start() : optimum_.x;
    SearchResult other = factors.run(from, optimum_.evaluations);
    optimum_.evaluations = other.evaluations;
    const bool better = other.value < optimum_.value || (other.status == SearchStatus::kConverged &&
                                                         other.value < optimum_.value + 1e-8);
    if (other.status == SearchStatus::kUndefined || !better) continue;
    take(&other);
    certificate_ = certify(&objective_, options_, &optimum_);
  }
}

void Searches::find_end() {
  const Vector start = choose_start(objective_, options_.start);
  optimum_ = search_.run(start, 0, wider_from(objective_, start));
  look_further();
}

void Searches::find_minimum() {
  find_end();
  if (optimum_.status == SearchStatus::kUndefined) return;
  certificate_ = certify(&objective_, options_, &optimum_);
  start_again();
  search_factors();
  ask_criterion(&objective_, optimum_, &certificate_);
}

bool Searches::go_on(const SearchResult& from) {
  optimum_ = search_.run(from.x, from.evaluations, wider_from(objective_, from.x));
  if (optimum_.status == SearchStatus::kUndefined) return false;
  if (optimum_.status == SearchStatus::kMaxEvaluations &&
      optimum_.evaluations < options_.max_evaluations) {
    // the search's own patience; the certificate tells
    optimum_.status = SearchStatus::kConverged;
  }
  continue_trace(from, &optimum_);
  certificate_ = certify(&objective_, options_, &optimum_);
  ask_criterion(&objective_, optimum_, &certificate_);
  return true;
}

// Random effects thousands of times the residuals leave the cross-products few digits. Taken about
// these effects they have all of them, and the search goes on from where rounding ended it.
void sharpen(const RowSource* rows, GaussianObjective* objective, const FitOptions& options,
             SearchResult* optimum, Certificate* certificate) {
  if (rows == nullptr || optimum->status == SearchStatus::kMaxEvaluations) return;
  if (!std::isfinite(objective->value_at(optimum->x)) || !objective->centring_helps()) return;
  if (!objective->centre_levels(*rows, optimum->x)) return;
  Searches searches(objective, options);
  if (!searches.go_on(*optimum)) {
    optimum->evaluations = searches.optimum().evaluations;
    objective->uncentre_levels();
    return;
  }
  *optimum = searches.optimum();
  *certificate = searches.certificate();
  // Beside variances of exactly zero the effects must be in the range of the others: those at the
  // end itself are, those of where the search began only nearly.
  if (std::isfinite(objective->value_at(optimum->x))) return;
  objective->uncentre_levels();
  objective->centre_levels(*rows, optimum->x);
  optimum->value = objective->value_at(optimum->x);
}

// Of a point that another optimizer found.
Certificate certify_point(GaussianObjective* objective, const FitOptions& options,
                          const Vector& x) {
  SearchResult given;
  given.x = objective->coordinates().canonical(x);
  if (!std::isfinite(objective->value(given.x))) return Certificate();
  return certify(objective, options, &given);
}

}  // namespace

FitResult fit_lmm(const CrossProducts& moments, const std::vector<TermStructures>& structures,
                  const FitOptions& options, const RowSource* rows) {
  GaussianObjective deviance(moments, structures, options.reml);
  const bool started = options.start.size() > 0 || !options.optimize;
  if (started && (options.start.size() != deviance.n_parameters() || !options.start.allFinite())) {
    throw std::invalid_argument("start must be one finite number for each parameter");
  }
  FitResult result;
  Vector x;
  if (options.optimize) {
    Searches searches(&deviance, options);
    searches.find_minimum();
    SearchResult optimum = searches.optimum();
    result.certificate = searches.certificate();
    sharpen(rows, &deviance, options, &optimum, &result.certificate);
    x = optimum.x;
    result.evaluations = optimum.evaluations;
    result.iterations = optimum.iterations;
    result.status = optimum.status;
    result.trace = std::move(optimum.trace);
    result.theta = deviance.random().to_natural(x);
  } else {
    x = options.start;
    if (GaussianObjective::usable(x)) x = deviance.random().to_standard(x);
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
  // it is about covariances whose terms move V along Z Gamma Z'
  const bool related = deviance.system().layout->any_precision();
  if (!deviance.random().has_entries() || related) return result;
  result.undetermined = find_undetermined(
      &deviance, x, result.certificate,
      judged && result.status != SearchStatus::kMaxEvaluations && result.certificate.holds());
  return result;
}

}  // namespace henderson
