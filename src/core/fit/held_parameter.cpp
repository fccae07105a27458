#include "fit/held_parameter.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "algebra/eigen_decompositions.h"
#include "algebra/symmetric.h"
#include "fit/held_fixed.h"
#include "fit/held_share.h"
#include "fit/nearby_minimum.h"
#include "fit/parameter_coordinates.h"
#include "fit/report.h"
#include "search/held_coordinate.h"

namespace henderson {

namespace {

using Kind = ProfileParameter::Kind;

constexpr double kHalfPi = 1.57079632679489661923;

class HeldVariance : public HeldParameter {
 public:
  HeldVariance(GaussianObjective* objective, Kind kind,
               std::unique_ptr<ParameterCoordinates> coordinates, const SearchOptions& options)
      : profiled_(*objective),
        kind_(kind),
        coordinates_(std::move(coordinates)),
        options_(options),
        held_(&coordinates_->objective(), coordinates_->held) {}

  HeldPoint fitted() override {
    HeldPoint point;
    point.w = coordinates_->start[coordinates_->held];
    held_.hold(point.w);
    point.others = held_.reduce(coordinates_->start);
    point.value = coordinates_->objective().value(coordinates_->start);
    point.evaluations = 1;
    return point;
  }

  double curvature() override;

  HeldPoint minimize(double w, const HeldPoint& from) override {
    held_.hold(off_bound(w));
    HeldPoint point;
    point.w = w;
    point.others = from.others;
    take(search_nearby(&held_, from.others, options_), &point);
    return point;
  }

  HeldPoint look_elsewhere(const HeldPoint& known) override {
    held_.hold(off_bound(known.w));
    std::vector<Vector> starts;
    for (const Vector& all : coordinates_->other_starts(held_.complete(known.others))) {
      starts.push_back(held_.reduce(all));
    }
    SearchResult found;
    found.x = known.others;
    found.value = known.value;
    HeldPoint point;
    point.w = known.w;
    take(search_elsewhere(&held_, starts, found, options_), &point);
    return std::isfinite(point.value) ? point : with_evaluations(known, point.evaluations);
  }

  double lower() const override {
    if (kind_ == Kind::kDeviation) return 0;
    return kind_ == Kind::kCorrelation ? -kHalfPi : HeldParameter::lower();
  }
  double upper() const override {
    return kind_ == Kind::kCorrelation ? kHalfPi : HeldParameter::upper();
  }
  double parameter(double w) const override {
    const double lowest = coordinates_->lowest;
    if (kind_ == Kind::kDeviation) return coordinates_->unit * w;
    if (kind_ == Kind::kResidual) return coordinates_->unit * std::exp(0.5 * w);
    return 0.5 * (lowest + 1) + 0.5 * (1 - lowest) * std::sin(w);
  }
  double rate(double w) const override {
    if (kind_ == Kind::kDeviation) return coordinates_->unit;
    if (kind_ == Kind::kResidual) return 0.5 * coordinates_->unit * std::exp(0.5 * w);
    return 0.5 * (1 - coordinates_->lowest) * std::cos(w);
  }

  ProfilePoint describe(const HeldPoint& point) override {
    held_.hold(point.w);
    const Vector all = held_.complete(point.others);
    const Vector x = coordinates_->standardized(all);
    ProfilePoint result;
    result.theta = profiled_.random().to_natural(x);
    result.sigma = coordinates_->sigma(all);
    if (std::isfinite(profiled_.value_at(x))) result.beta = report_fixed(profiled_).beta;
    return result;
  }

 private:
  // Derivatives exist beside a zero variance and a correlation of one, as everywhere in the search.
  double off_bound(double w) const {
    if (kind_ == Kind::kDeviation) return std::max(w, kOffZero);
    if (kind_ != Kind::kCorrelation) return w;
    return std::min(std::max(w, kOffZero - kHalfPi), kHalfPi - kOffZero);
  }

  // The end of a search, if there is one.
  void take(const NearbyMinimum& minimum, HeldPoint* point) {
    point->evaluations = minimum.found.evaluations;
    point->certain = false;
    if (minimum.found.status == SearchStatus::kUndefined) return;
    point->value = minimum.found.value;
    point->others = minimum.found.x;
    point->certain = minimum.certificate.holds();
    if (!std::isfinite(point->value)) return;
    const Vector all = held_.complete(held_.coordinates().keep_off_zero(point->others));
    const Evaluation there =
        coordinates_->objective().evaluate(all, Order::kGradient, Chart::kFactor);
    if (there.gradient.size() > 0) point->slope = there.gradient[coordinates_->held];
  }

  GaussianObjective& profiled_;
  Kind kind_;
  std::unique_ptr<ParameterCoordinates> coordinates_;
  SearchOptions options_;
  HeldCoordinate held_;
};

// The Hessian without what the others give way to. Coordinates of empty columns stay empty.
double HeldVariance::curvature() {
  Objective& objective = coordinates_->objective();
  const Vector& start = coordinates_->start;
  const int held = coordinates_->held;
  const Vector all = objective.coordinates().keep_off_zero(start);
  const Order order =
      objective.trace_cost() == TraceCost::kTooMuch ? Order::kAverage : Order::kTraces;
  const Matrix hessian = objective.evaluate(all, order, Chart::kFactor).hessian;
  if (hessian.size() == 0) return 0;
  std::vector<char> in_cone(start.size(), 1);
  for (const int i : objective.coordinates().free()) in_cone[i] = 0;
  std::vector<int> moving;
  for (Index i = 0; i < start.size(); ++i) {
    const bool empty = in_cone[i] != 0 && start[i] == 0;
    if (i != held && hessian(i, i) > 0 && !empty) moving.push_back(static_cast<int>(i));
  }
  const double alone = hessian(held, held);
  if (moving.empty()) return std::abs(alone);
  const Vector cross = subvector(hessian.col(held), moving);
  const Matrix own = positive_definite(submatrix(hessian, moving));
  const double left = alone - cross.dot(own.llt().solve(cross));
  return left > 1e-6 * std::abs(alone) ? left : std::abs(alone);
}

}  // namespace

HeldPoint with_evaluations(HeldPoint point, int evaluations) {
  point.evaluations = evaluations;
  return point;
}

std::unique_ptr<HeldParameter> hold_parameter(GaussianObjective* objective,
                                              const std::vector<TermStructures>& structures,
                                              const ProfiledFit& fit,
                                              const ProfileParameter& parameter,
                                              const SearchOptions& options) {
  if (parameter.kind == Kind::kFixed) {
    return hold_fixed(objective, structures, fit, parameter.contrast, options);
  }
  if (parameter.kind == Kind::kShare) {
    return hold_share(objective, fit, parameter.theta, parameter.sum, options);
  }
  return std::make_unique<HeldVariance>(
      objective, parameter.kind,
      fit.constraints == nullptr ? free_coordinates(objective, structures, fit.x, parameter)
                                 : constrained_coordinates(objective, fit, parameter),
      options);
}

}  // namespace henderson
