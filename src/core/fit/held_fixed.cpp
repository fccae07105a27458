#include "fit/held_fixed.h"

#include <cmath>
#include <utility>

#include "data/constrain.h"
#include "fit/nearby_minimum.h"
#include "fit/report.h"
#include "fit/starts.h"

namespace henderson {

namespace {

// The criterion of the model in which l'beta is known, minimized over the variances: by x of the
// profiled objective, or with constraints by x and sigma.
class HeldFixed : public HeldParameter {
 public:
  HeldFixed(GaussianObjective* objective, const std::vector<TermStructures>& structures,
            const ProfiledFit& fit, const Vector& contrast, const SearchOptions& options)
      : objective_(*objective), fit_(fit), contrast_(contrast), options_(options) {
    objective_.value_at(fit.x);
    const FixedReport here = report_fixed(objective_);
    estimate_ = contrast_.dot(here.beta);
    moments_ = constrain(objective_.moments(), contrast_, estimate_);
    reduced_ = std::make_unique<GaussianObjective>(moments_, structures, objective_.reml());
    const double variance = fit.constraints != nullptr
                                ? fit.sigma * fit.sigma
                                : residual_sum(objective_) / reduced_->degrees();
    curvature_ = 2 / (contrast_.dot(here.unscaled_vcov * contrast_) * variance);
  }

  // By REML the variances at the smallest criterion are not quite those of the fit.
  HeldPoint fitted() override {
    HeldPoint point;
    point.others = fit_.x;
    if (fit_.constraints != nullptr) point.others = join(fit_.x, fit_.sigma);
    point.w = estimate_;
    point = minimize(estimate_, point);
    if (!objective_.reml()) return point;
    constexpr int kMost = 5;  // minima
    int evaluations = 0;
    for (int k = 0; k < kMost; ++k) {
      point = descend(point, &evaluations);
      const HeldPoint other = look_elsewhere(point);
      evaluations += other.evaluations;
      if (!(other.value < point.value)) break;
      point = other;
    }
    return with_evaluations(point, evaluations);
  }
  double curvature() override { return curvature_; }

  HeldPoint minimize(double w, const HeldPoint& from) override {
    hold(w);
    HeldPoint point;
    point.w = w;
    if (fit_.constraints == nullptr) {
      take(search_nearby(reduced_.get(), from.others, options_), nullptr, &point);
    } else {
      ConstrainedFit own(reduced_.get(), *fit_.constraints);
      const Vector start = coordinates(own, from.others);
      take(search_nearby(&own.objective(), start, options_), &own, &point);
    }
    return point;
  }

  HeldPoint look_elsewhere(const HeldPoint& known) override {
    hold(known.w);
    HeldPoint point;
    point.w = known.w;
    SearchResult found;
    found.value = known.value;
    if (fit_.constraints == nullptr) {
      found.x = known.others;
      const std::vector<Vector> starts = other_starts(reduced_->coordinates(), found.x);
      take(search_elsewhere(reduced_.get(), starts, found, options_), nullptr, &point);
    } else {
      ConstrainedFit own(reduced_.get(), *fit_.constraints);
      found.x = coordinates(own, known.others);
      take(search_elsewhere(&own.objective(), own.other_starts(found.x), found, options_), &own,
           &point);
    }
    return std::isfinite(point.value) ? point : with_evaluations(known, point.evaluations);
  }

  double parameter(double w) const override { return w; }
  double rate(double) const override { return 1; }

  // beta given l'beta = w: the generalized least-squares estimate moved along its covariance.
  ProfilePoint describe(const HeldPoint& point) override {
    ProfilePoint result;
    const Vector x = standardized(point.others);
    result.theta = objective_.random().to_natural(x);
    if (!std::isfinite(objective_.value_at(x))) return result;
    const FixedReport here = report_fixed(objective_);
    const Vector along = here.unscaled_vcov * contrast_;
    const double change = (point.w - contrast_.dot(here.beta)) / contrast_.dot(along);
    result.beta = here.beta + change * along;
    result.sigma = std::sqrt(variance(point.others, change * change * contrast_.dot(along)));
    return result;
  }

 private:
  static Vector join(const Vector& x, double sigma) {
    Vector both(x.size() + 1);
    both << x, sigma;
    return both;
  }
  Vector standardized(const Vector& others) const { return others.head(objective_.n_parameters()); }
  // Where the objective was evaluated last; rise: of r^2 by what is held.
  double variance(const Vector& others, double rise) const {
    if (fit_.constraints != nullptr) return std::pow(others[others.size() - 1], 2);
    return (residual_sum(objective_) + rise) / reduced_->degrees();
  }
  void hold(double w) {
    moments_ = constrain(objective_.moments(), contrast_, w);
    reduced_->refill();
  }
  // To the smallest criterion, by secants of the slope; steps that do not lower it are halved.
  HeldPoint descend(HeldPoint point, int* evaluations) {
    *evaluations += point.evaluations;
    double curvature = curvature_;
    double part = 1;
    for (int k = 0; k < 60 && part > 1e-6; ++k) {
      if (0.5 * point.slope * point.slope / curvature < 1e-13) break;
      HeldPoint next = minimize(point.w - part * point.slope / curvature, point);
      *evaluations += next.evaluations;
      if (!(next.value < point.value)) {
        part *= 0.5;
        continue;
      }
      const double secant = (next.slope - point.slope) / (next.w - point.w);
      if (secant > 0.1 * curvature_ && secant < 10 * curvature_) curvature = secant;
      part = 1;
      point = std::move(next);
    }
    return point;
  }
  Vector coordinates(const ConstrainedFit& own, const Vector& others) const {
    const Vector theta = objective_.random().to_natural(standardized(others));
    return own.from_natural(theta, others[others.size() - 1]);
  }

  // The end of a search, if there is one.
  void take(const NearbyMinimum& minimum, const ConstrainedFit* own, HeldPoint* point) {
    point->evaluations = minimum.found.evaluations;
    point->certain = false;
    if (minimum.found.status == SearchStatus::kUndefined) return;
    point->value = minimum.found.value;
    point->certain = minimum.certificate.holds();
    point->others = minimum.found.x;
    if (own != nullptr) {
      point->others = join(own->standardized(minimum.found.x), own->sigma(minimum.found.x));
    }
    if (!std::isfinite(point->value)) return;
    if (!std::isfinite(objective_.value_at(standardized(point->others)))) return;
    const FixedReport here = report_fixed(objective_);
    const double change = point->w - contrast_.dot(here.beta);
    const double size = contrast_.dot(here.unscaled_vcov * contrast_);
    point->slope = 2 * change / (size * variance(point->others, change * change / size));
  }

  GaussianObjective& objective_;
  ProfiledFit fit_;
  Vector contrast_;
  SearchOptions options_;
  double estimate_ = 0;
  double curvature_ = 0;
  CrossProducts moments_;
  std::unique_ptr<GaussianObjective> reduced_;
};

}  // namespace

std::unique_ptr<HeldParameter> hold_fixed(GaussianObjective* objective,
                                          const std::vector<TermStructures>& structures,
                                          const ProfiledFit& fit, const Vector& contrast,
                                          const SearchOptions& options) {
  return std::make_unique<HeldFixed>(objective, structures, fit, contrast, options);
}

}  // namespace henderson
