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
  // The point, or a lower one at the same w; was there one?
  bool lower_elsewhere(HeldPoint* point);
  void follow_back(const HeldPoint& left, const HeldPoint& lower, std::vector<HeldPoint>* points);
  std::vector<HeldPoint> crossing(HeldPoint inner, HeldPoint inner_other, HeldPoint outer_other,
                                  HeldPoint outer);

  class Root;

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
    profile_.least = std::min(profile_.least, point.value);
    return point;
  }

  HeldParameter& parameter_;
  const HeldPoint& fitted_;
  double step_;  // of w by zeta, at the fit
  int sign_;
  double bound_;
  Profile& profile_;
};

bool Side::lower_elsewhere(HeldPoint* point) {
  check_interrupt();
  const double value = point->value;
  *point = parameter_.look_elsewhere(*point);
  profile_.evaluations += point->evaluations;
  profile_.least = std::min(profile_.least, point->value);
  return point->value < value;
}

// Points about `step` of zeta apart, up to the first one beyond `farthest` or the bound. At every
// second one, and the last, other minima are looked for.
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
    const HeldPoint left = next;
    const bool is_last = beyond(w) || zeta(next) >= farthest;
    if ((k % 2 == 1 || is_last) && lower_elsewhere(&next)) follow_back(left, next, &points);
    const double moved = zeta(next) - zeta(last);
    const double speed = rate(next);
    // twice as far at most: where the criterion is flat the next step tells
    length *= 2;
    if (speed > 0 && zeta(next) > 0) length = std::min(length, step / speed);
    if (moved > 2 * step) length = std::min(length, step / moved * std::abs(w - last.w));
    last = next;
    points.push_back(std::move(next));
  }
  return points;
}

// A minimum lower than that which was followed: it is, back to where the two are as high. `left`:
// the end of the one that was followed, at the same w.
void Side::follow_back(const HeldPoint& left, const HeldPoint& lower,
                       std::vector<HeldPoint>* points) {
  HeldPoint outer = lower;
  HeldPoint outer_other = left;
  for (std::size_t i = points->size(); i-- > 0;) {
    HeldPoint& known = (*points)[i];
    HeldPoint point = minimize(known.w, outer);
    if (!(point.value < known.value)) {
      const std::vector<HeldPoint> between = crossing(known, point, outer_other, outer);
      points->insert(points->begin() + i + 1, between.begin(), between.end());
      return;
    }
    outer_other = known;
    outer = known = std::move(point);
  }
  const HeldPoint point = minimize(fitted_.w, outer);
  const std::vector<HeldPoint> between = crossing(fitted_, point, outer_other, outer);
  points->insert(points->begin(), between.begin(), between.end());
}

// Points on both sides of where two minima are as high, close to each other: the inner one is lower
// at the inner end, the outer one at the outer end. None where they end at the same.
std::vector<HeldPoint> Side::crossing(HeldPoint inner, HeldPoint inner_other, HeldPoint outer_other,
                                      HeldPoint outer) {
  constexpr int kSteps = 12;
  constexpr double kClose = 1e-3;  // of the distance
  if (!(inner_other.value > inner.value + 1e-6) || !(outer_other.value > outer.value)) return {};
  const double distance = std::abs(outer.w - inner.w);
  for (int k = 0; k < kSteps && std::abs(outer.w - inner.w) > kClose * distance; ++k) {
    const double rise = inner_other.value - inner.value;
    const double fall = outer_other.value - outer.value;
    // between by the secant, not too near to an end
    const double part = std::min(std::max(rise / (rise + fall), 0.05), 0.95);
    const double w = inner.w + part * (outer.w - inner.w);
    HeldPoint first = minimize(w, inner);
    HeldPoint second = minimize(w, outer);
    if (first.value <= second.value) {
      inner = std::move(first);
      inner_other = std::move(second);
    } else {
      outer = std::move(second);
      outer_other = std::move(first);
    }
  }
  return {inner, outer};
}

// Where zeta is the cutoff, by Newton's method within a bracket.
class Side::Root {
 public:
  Root(const Side& side, double cutoff)
      : side_(side), cutoff_(cutoff), inner_(side.fitted_), next_(w_after(cutoff)) {}

  double w() const { return next_; }
  const HeldPoint& inner() const { return inner_; }
  bool found() const { return found_; }
  bool none() const { return none_; }

  // There is no criterion there: it is infinite.
  void take_infinite() {
    outer_ = next_;
    bracketed_ = true;
    next_ = 0.5 * (inner_.w + outer_);
  }
  void take(const HeldPoint& point);
  // Nothing that lies further out is known of the minimum that is followed now.
  void forget_outer() { bracketed_ = false; }

 private:
  double w_after(double zeta) const { return side_.fitted_.w + side_.sign_ * zeta * side_.step_; }

  const Side& side_;
  double cutoff_;
  HeldPoint inner_;
  double outer_ = 0;
  bool bracketed_ = false;
  bool found_ = false;
  bool none_ = false;
  double next_;
};

void Side::Root::take(const HeldPoint& point) {
  constexpr double kFarthest = 1e8;  // in units of the first step
  const double w = point.w;
  const double off = cutoff_ - side_.zeta(point);
  const double speed = side_.rate(point);
  next_ = speed > 0 ? w + side_.sign_ * off / speed : kNan;
  found_ = std::abs(off) < 1e-9 * cutoff_;
  if (off > 0) {
    inner_ = point;
  } else {
    outer_ = w;
    bracketed_ = true;
  }
  if (bracketed_) {
    const double low = std::min(inner_.w, outer_);
    const double high = std::max(inner_.w, outer_);
    if (!(next_ > low && next_ < high)) next_ = 0.5 * (low + high);
    if (high - low <= 1e-12 * std::max(std::abs(low), std::abs(high))) found_ = true;
  } else {
    const double center = side_.fitted_.w;
    const double farthest = center + 4 * (w - center);
    if (!(side_.sign_ * (next_ - w) > 0) || side_.sign_ * (next_ - farthest) > 0) next_ = farthest;
    none_ = std::abs(next_ - center) > kFarthest * cutoff_ * side_.step_;
  }
  if (std::abs(next_ - w) <= 1e-12 * std::abs(next_ - side_.fitted_.w)) found_ = true;
}

// Where the way along one minimum ends, others are looked for: if one is lower, it goes on along
// that.
ProfileLimit Side::limit(double cutoff) {
  constexpr int kMost = 60;
  if (beyond(fitted_.w)) return {parameter_.parameter(bound_), LimitStatus::kBound};
  Root root(*this, cutoff);
  double w = fitted_.w;
  bool certain = true;
  for (int k = 0; k < kMost; ++k) {
    w = beyond(root.w()) ? bound_ : root.w();
    HeldPoint point = minimize(w, root.inner());
    if (!std::isfinite(point.value)) {
      root.take_infinite();
      continue;
    }
    if (w == bound_ && zeta(point) < cutoff) {
      return {parameter_.parameter(bound_), LimitStatus::kBound};
    }
    root.take(point);
    if (root.found() && lower_elsewhere(&point)) {
      root.forget_outer();
      root.take(point);
    }
    certain = point.certain;
    if (root.none()) return {kNan, LimitStatus::kNone};
    if (root.found()) break;
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
                          const std::vector<TermStructures>& structures, const ProfiledFit& fit,
                          const ProfileParameter& parameter, const ProfileOptions& options) {
  const std::unique_ptr<HeldParameter> held =
      hold_parameter(objective, structures, fit, parameter, options);
  Profile profile;
  const HeldPoint fitted = held->fitted();
  double curvature = held->curvature();
  if (!(curvature > 0) || !std::isfinite(curvature)) curvature = 1;
  profile.evaluations = fitted.evaluations;
  profile.estimate = held->parameter(fitted.w);
  profile.lowest = profile.least = fitted.value;
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
