#include "fit/profile.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "algebra/interrupt.h"
#include "fit/held_parameter.h"

namespace henderson {

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// One side of a profile.
class Side {
 public:
  Side(HeldParameter* parameter, const HeldPoint& fitted, double curvature, int sign,
       Profile* profile)
      : parameter_(*parameter),
        fitted_(fitted),
        step_(std::sqrt(2 / curvature)),
        sign_(sign),
        bound_(sign < 0 ? parameter->lower() : parameter->upper()),
        profile_(*profile) {}

  std::vector<HeldPoint> trace(double farthest, double step);
  ProfileLimit limit(double cutoff);

 private:
  double zeta(const HeldPoint& point) const {
    return std::sqrt(std::max(point.value - fitted_.value, 0.0));
  }
  // dzeta / d(sign w), not positive where the criterion does not rise.
  double rate(const HeldPoint& point) const {
    return sign_ * point.slope / (2 * std::max(zeta(point), 1e-8));
  }
  bool beyond(double w) const { return sign_ * (w - bound_) >= 0; }
  HeldPoint minimize(double w, const HeldPoint& from) {
    check_interrupt();
    HeldPoint point = parameter_.minimize(w, from);
    profile_.evaluations += point.evaluations;
    return point;
  }

  HeldParameter& parameter_;
  const HeldPoint& fitted_;
  double step_;  // of w by zeta, at the fit
  int sign_;
  double bound_;
  Profile& profile_;
};

// Points about `step` of zeta apart, up to the first one beyond `farthest` or the bound.
std::vector<HeldPoint> Side::trace(double farthest, double step) {
  constexpr int kMost = 100;
  std::vector<HeldPoint> points;
  HeldPoint last = fitted_;
  double length = step * step_;
  for (int k = 0; k < kMost && !beyond(last.w) && zeta(last) < farthest; ++k) {
    double w = last.w + sign_ * length;
    if (beyond(w)) w = bound_;
    HeldPoint next = minimize(w, last);
    if (!std::isfinite(next.value)) break;
    const double moved = zeta(next) - zeta(last);
    const double speed = rate(next);
    // twice as far at most: where the criterion is flat the next step tells
    length *= 2;
    if (speed > 0) length = std::min(length, step / speed);
    if (moved > 2 * step) length = std::min(length, step / moved * std::abs(w - last.w));
    last = next;
    points.push_back(std::move(next));
  }
  return points;
}

// Where zeta is the cutoff, by Newton's method within a bracket.
ProfileLimit Side::limit(double cutoff) {
  constexpr int kMost = 60;
  constexpr double kFarthest = 1e8;  // in units of the first step
  if (beyond(fitted_.w)) return {parameter_.parameter(bound_), LimitStatus::kBound};
  HeldPoint inner = fitted_;
  HeldPoint outer;
  bool bracketed = false;
  double w = fitted_.w + sign_ * cutoff * step_;
  bool certain = true;
  for (int k = 0; k < kMost; ++k) {
    if (beyond(w)) w = bound_;
    const HeldPoint point = minimize(w, inner);
    if (!std::isfinite(point.value)) {
      // no criterion there: it is infinite
      outer = point;
      outer.w = w;
      bracketed = true;
      w = 0.5 * (inner.w + w);
      continue;
    }
    certain = point.certain;
    const double off = cutoff - zeta(point);
    if (off > 0 && w == bound_) return {parameter_.parameter(bound_), LimitStatus::kBound};
    if (std::abs(off) < 1e-9 * cutoff) break;
    (off > 0 ? inner : outer) = point;
    bracketed = bracketed || off <= 0;
    const double speed = rate(point);
    double next = speed > 0 ? w + sign_ * off / speed : kNan;
    if (bracketed) {
      const double low = std::min(inner.w, outer.w);
      const double high = std::max(inner.w, outer.w);
      if (!(next > low && next < high)) next = 0.5 * (low + high);
      if (high - low <= 1e-12 * std::max(std::abs(low), std::abs(high))) break;
    } else {
      const double farthest = fitted_.w + 4 * (w - fitted_.w);
      if (!(sign_ * (next - w) > 0) || sign_ * (next - farthest) > 0) next = farthest;
      if (std::abs(next - fitted_.w) > kFarthest * cutoff * step_) {
        return {kNan, LimitStatus::kNone};
      }
    }
    if (std::abs(next - w) <= 1e-12 * std::abs(next - fitted_.w)) {
      w = next;
      break;
    }
    w = next;
  }
  return {parameter_.parameter(w), certain ? LimitStatus::kFound : LimitStatus::kUncertain};
}

ProfilePoint finish(HeldParameter* parameter, const HeldPoint& point) {
  ProfilePoint result = parameter->describe(point);
  result.parameter = parameter->parameter(point.w);
  result.value = point.value;
  const double rate = parameter->rate(point.w);
  result.slope = std::abs(rate) > 1e-12 ? point.slope / rate : kNan;
  result.certain = point.certain;
  return result;
}

}  // namespace

Profile profile_parameter(GaussianObjective* objective,
                          const std::vector<TermStructures>& structures, const Vector& x,
                          const ProfileParameter& parameter, const ProfileOptions& options) {
  const std::unique_ptr<HeldParameter> held =
      hold_parameter(objective, structures, x, parameter, options);
  Profile profile;
  const HeldPoint fitted = held->fitted();
  double curvature = held->curvature();
  if (!(curvature > 0) || !std::isfinite(curvature)) curvature = 1;
  profile.evaluations = fitted.evaluations;
  profile.estimate = held->parameter(fitted.w);
  profile.lowest = fitted.value;
  const double rate = held->rate(fitted.w);
  profile.curvature = curvature / (rate * rate);
  Side below(held.get(), fitted, curvature, -1, &profile);
  Side above(held.get(), fitted, curvature, 1, &profile);
  for (const double cutoff : options.cutoffs) {
    profile.limits.push_back(below.limit(cutoff));
    profile.limits.push_back(above.limit(cutoff));
  }
  if (!(options.farthest > 0)) return profile;
  std::vector<HeldPoint> points = below.trace(options.farthest, options.step);
  std::reverse(points.begin(), points.end());
  points.push_back(fitted);
  for (HeldPoint& point : above.trace(options.farthest, options.step)) {
    points.push_back(std::move(point));
  }
  for (const HeldPoint& point : points) profile.points.push_back(finish(held.get(), point));
  return profile;
}

}  // namespace henderson
