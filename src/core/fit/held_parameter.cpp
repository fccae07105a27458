#include "fit/held_parameter.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>
#include <vector>

#include "algebra/eigen_decompositions.h"
#include "algebra/symmetric.h"
#include "covariance/pivoted.h"
#include "data/constrain.h"
#include "fit/nearby_minimum.h"
#include "fit/report.h"
#include "likelihood/held.h"

namespace henderson {

namespace {

using Kind = ProfileParameter::Kind;

constexpr double kHalfPi = 1.57079632679489661923;

HeldPoint search(Objective* objective, const Vector& start, const SearchOptions& options) {
  const NearbyMinimum minimum = search_nearby(objective, start, options);
  HeldPoint point;
  point.evaluations = minimum.found.evaluations;
  point.others = start;
  point.certain = false;
  if (minimum.found.status == SearchStatus::kUndefined) return point;
  point.value = minimum.found.value;
  point.others = minimum.found.x;
  point.certain = minimum.certificate.holds();
  return point;
}

// ---- variance parameters ------------------------------------------------------------------------

// Which coordinate of which parametrization a parameter is.
struct Place {
  RandomPart random;
  int held = 0;
  double unit = 1;  // of a standard deviation: psi = unit * w
  // Of an unstructured matrix, which covariance/pivoted.h replaces: where it is, and T.
  const PlacedStructure* pivoted = nullptr;
  std::size_t term = 0;
  Matrix basis;
};

// Of standardized columns: bases of unstructured terms that were replaced are those already.
RandomPart pivoted_part(const GaussianObjective& objective,
                        const std::vector<TermStructures>& structures, std::size_t term,
                        const PlacedStructure& own,
                        std::shared_ptr<const CovarianceStructure> pivoted) {
  std::vector<TermStructures> replaced = structures;
  for (PlacedStructure& placed : replaced[term]) {
    if (placed.first_parameter == own.first_parameter) placed.structure = pivoted;
  }
  std::vector<int> levels;
  for (const TermSums& sums : objective.moments().terms) levels.push_back(sums.n_levels);
  std::vector<Matrix> bases = objective.basis().z_map;
  std::vector<Matrix> inverses = objective.basis().z_inverse;
  for (std::vector<Matrix>* one : {&bases, &inverses}) {
    (*one)[term]
        .block(own.first_column, own.first_column, own.n_columns(), own.n_columns())
        .setIdentity();
  }
  return RandomPart(std::move(replaced), levels, std::move(bases), std::move(inverses));
}

Place find_place(const GaussianObjective& objective, const std::vector<TermStructures>& structures,
                 const ProfileParameter& parameter) {
  const RandomPart& random = objective.random();
  if (parameter.kind == Kind::kResidual) {
    return {random, random.n_parameters(), 1, nullptr, 0, Matrix()};
  }
  for (std::size_t t = 0; t < structures.size(); ++t) {
    for (const PlacedStructure& own : structures[t]) {
      const int last = own.first_parameter + own.n_parameters();
      if (parameter.theta < own.first_parameter || parameter.theta >= last) continue;
      const bool wide = own.structure->basis() == Basis::kAny && own.n_columns() > 1;
      if (!wide) {
        Vector theta = random.to_natural(random.start());
        theta[parameter.theta] = 1;
        const double unit = 1 / random.to_standard(theta)[parameter.theta];
        return {random, parameter.theta, unit, nullptr, t, Matrix()};
      }
      const bool single = parameter.kind == Kind::kDeviation;
      const Matrix inverse = objective.basis().z_inverse[t].block(
          own.first_column, own.first_column, own.n_columns(), own.n_columns());
      Matrix effects(own.n_columns(), single ? 1 : 2);
      effects.col(0) = inverse.row(parameter.row).transpose();
      if (!single) effects.col(1) = inverse.row(parameter.column).transpose();
      const Matrix basis = pivoted_basis(effects);
      return {pivoted_part(objective, structures, t, own, make_pivoted(basis, effects.cols())),
              own.first_parameter + pivoted_held(effects.cols()),
              effects.col(0).norm(),
              &own,
              t,
              basis};
    }
  }
  throw std::logic_error("a profile of a parameter that does not exist");
}

class HeldVariance : public HeldParameter {
 public:
  HeldVariance(GaussianObjective* objective, const std::vector<TermStructures>& structures,
               const Vector& x, const ProfileParameter& parameter, const SearchOptions& options)
      : objective_(*objective),
        kind_(parameter.kind),
        x_(x),
        options_(options),
        place_(find_place(*objective, structures, parameter)),
        held_(objective, place_.random, place_.held, x),
        sigma_(held_.sigma(Vector::Zero(x.size() + 1))) {
    if (kind_ == Kind::kCorrelation && place_.pivoted == nullptr) {
      lowest_ = own_correlation(-kHalfPi);
    }
    start_ = Vector::Zero(x.size() + 1);
    start_.head(x.size()) = x;
    if (place_.pivoted != nullptr) {
      const PlacedStructure& own = *place_.pivoted;
      const Matrix lambda = objective_.random().factors(x)[place_.term].block(
          own.first_column, own.first_column, own.n_columns(), own.n_columns());
      const Index pivots = kind_ == Kind::kDeviation ? 1 : 2;
      start_.segment(own.first_parameter, own.n_parameters()) =
          pivoted_parameters(place_.basis, pivots, lambda);
    }
  }

  HeldPoint fitted() override {
    HeldPoint point;
    point.w = start_[place_.held];
    held_.hold(point.w);
    point.others = held_.reduce(start_);
    point.value = held_.evaluate_all(start_, Order::kValue, Chart::kFactor).value;
    point.evaluations = 1;
    return point;
  }

  double curvature() override;

  HeldPoint minimize(double w, const HeldPoint& from) override {
    held_.hold(off_bound(w));
    HeldPoint point = search(&held_, from.others, options_);
    point.w = w;
    if (!std::isfinite(point.value)) return point;
    const Vector all = held_.complete(held_.coordinates().keep_off_zero(point.others));
    const Evaluation there = held_.evaluate_all(all, Order::kGradient, Chart::kFactor);
    if (there.gradient.size() > 0) point.slope = there.gradient[place_.held];
    return point;
  }

  double lower() const override {
    if (kind_ == Kind::kDeviation) return 0;
    return kind_ == Kind::kCorrelation ? -kHalfPi : HeldParameter::lower();
  }
  double upper() const override {
    return kind_ == Kind::kCorrelation ? kHalfPi : HeldParameter::upper();
  }
  double parameter(double w) const override {
    if (kind_ == Kind::kDeviation) return sigma_ * place_.unit * w;
    if (kind_ == Kind::kResidual) return sigma_ * std::exp(0.5 * w);
    return 0.5 * (lowest_ + 1) + 0.5 * (1 - lowest_) * std::sin(w);
  }
  double rate(double w) const override {
    if (kind_ == Kind::kDeviation) return sigma_ * place_.unit;
    if (kind_ == Kind::kResidual) return 0.5 * sigma_ * std::exp(0.5 * w);
    return 0.5 * (1 - lowest_) * std::cos(w);
  }

  ProfilePoint describe(const HeldPoint& point) override {
    held_.hold(point.w);
    const Vector all = held_.complete(point.others);
    const Index k = x_.size();
    Vector x = all.head(k);
    const double shrink = std::exp(-0.5 * all[k]);
    for (const Cone& cone : place_.random.coordinates().cones) {
      x.segment(cone.first, cone.n_coordinates()) *= shrink;
    }
    if (place_.pivoted != nullptr) {
      const PlacedStructure& own = *place_.pivoted;
      Cone cone;
      cone.first = own.first_parameter;
      cone.size = own.n_columns();
      const Matrix lambda = held_.relative_factors(all)[place_.term];
      set_cone_matrix(cone, lambda.block(own.first_column, own.first_column, cone.size, cone.size),
                      &x);
    }
    ProfilePoint result;
    result.theta = objective_.random().to_natural(x);
    result.sigma = held_.sigma(all);
    if (std::isfinite(objective_.value_at(x))) result.beta = report_fixed(objective_).beta;
    return result;
  }

 private:
  // Derivatives exist beside a zero variance and a correlation of one, as everywhere in the search.
  double off_bound(double w) const {
    if (kind_ == Kind::kDeviation) return std::max(w, kOffZero);
    if (kind_ != Kind::kCorrelation) return w;
    return std::min(std::max(w, kOffZero - kHalfPi), kHalfPi - kOffZero);
  }
  // A structure's correlation at an angle.
  double own_correlation(double angle) const {
    Vector x = place_.random.start();
    x[place_.held] = angle;
    return objective_.random().to_natural(x)[place_.held];
  }
  GaussianObjective& objective_;
  Kind kind_;
  Vector x_;
  SearchOptions options_;
  Place place_;
  HeldObjective held_;
  double sigma_;  // of the fit, in units of y
  double lowest_ = -1;
  Vector start_;
};

// The Hessian without what the others give way to. Coordinates of empty columns stay empty.
double HeldVariance::curvature() {
  const Vector all = place_.random.coordinates().keep_off_zero(start_);
  const Order order = held_.trace_cost() == TraceCost::kTooMuch ? Order::kAverage : Order::kTraces;
  const Matrix hessian = held_.evaluate_all(all, order, Chart::kFactor).hessian;
  if (hessian.size() == 0) return 0;
  std::vector<int> moving;
  for (Index i = 0; i < start_.size(); ++i) {
    const bool empty = i < x_.size() && start_[i] == 0;
    if (i != place_.held && hessian(i, i) > 0 && !empty) moving.push_back(static_cast<int>(i));
  }
  const Index n = static_cast<Index>(moving.size());
  Matrix own(n, n);
  Vector cross(n);
  for (Index a = 0; a < n; ++a) {
    cross[a] = hessian(moving[a], place_.held);
    for (Index b = 0; b < n; ++b) own(a, b) = hessian(moving[a], moving[b]);
  }
  const double alone = hessian(place_.held, place_.held);
  if (n == 0) return std::abs(alone);
  const double left = alone - cross.dot(positive_definite(own).llt().solve(cross));
  return left > 1e-6 * std::abs(alone) ? left : std::abs(alone);
}

// ---- fixed effects ------------------------------------------------------------------------------

class HeldFixed : public HeldParameter {
 public:
  HeldFixed(GaussianObjective* objective, const std::vector<TermStructures>& structures,
            const Vector& x, const Vector& contrast, const SearchOptions& options)
      : objective_(*objective), x_(x), contrast_(contrast), options_(options) {
    objective_.value_at(x);
    const FixedReport here = report_fixed(objective_);
    estimate_ = contrast_.dot(here.beta);
    constrained_ = constrain(objective_.moments(), contrast_, estimate_);
    reduced_ = std::make_unique<GaussianObjective>(constrained_, structures, objective_.reml());
    curvature_ = 2 * reduced_->degrees() / (contrast_.dot(here.unscaled_vcov * contrast_)) /
                 residual_sum(objective_);
  }

  // By REML the variances at the smallest criterion are not quite those of the fit.
  HeldPoint fitted() override {
    HeldPoint point;
    point.others = x_;
    double w = estimate_;
    int evaluations = 0;
    for (int k = 0; k < 20; ++k) {
      HeldPoint next = minimize(w, point);
      evaluations += next.evaluations;
      if (!(next.value < point.value)) break;
      point = next;
      if (0.5 * point.slope * point.slope / curvature_ < 1e-13) break;
      w = point.w - point.slope / curvature_;
    }
    point.evaluations = evaluations;
    return point;
  }
  double curvature() override { return curvature_; }

  HeldPoint minimize(double w, const HeldPoint& from) override {
    constrained_ = constrain(objective_.moments(), contrast_, w);
    reduced_->refill();
    HeldPoint point = search(reduced_.get(), from.others, options_);
    point.w = w;
    if (!std::isfinite(point.value) || !std::isfinite(objective_.value_at(point.others))) {
      return point;
    }
    const FixedReport here = report_fixed(objective_);
    const double change = w - contrast_.dot(here.beta);
    const double variance = contrast_.dot(here.unscaled_vcov * contrast_);
    point.slope =
        2 * reduced_->degrees() * change / (variance * residual_sum(objective_) + change * change);
    return point;
  }

  double parameter(double w) const override { return w; }
  double rate(double) const override { return 1; }

  // beta given l'beta = w: the generalized least-squares estimate moved along its covariance.
  ProfilePoint describe(const HeldPoint& point) override {
    ProfilePoint result;
    result.theta = objective_.random().to_natural(point.others);
    if (!std::isfinite(objective_.value_at(point.others))) return result;
    const FixedReport here = report_fixed(objective_);
    const Vector along = here.unscaled_vcov * contrast_;
    const double change = (point.w - contrast_.dot(here.beta)) / contrast_.dot(along);
    result.beta = here.beta + change * along;
    const double sum = residual_sum(objective_) + change * change * contrast_.dot(along);
    result.sigma = std::sqrt(sum / reduced_->degrees());
    return result;
  }

 private:
  GaussianObjective& objective_;
  Vector x_;
  Vector contrast_;
  SearchOptions options_;
  double estimate_ = 0;
  double curvature_ = 0;
  CrossProducts constrained_;
  std::unique_ptr<GaussianObjective> reduced_;
};

}  // namespace

std::unique_ptr<HeldParameter> hold_parameter(GaussianObjective* objective,
                                              const std::vector<TermStructures>& structures,
                                              const Vector& x, const ProfileParameter& parameter,
                                              const SearchOptions& options) {
  if (parameter.kind == Kind::kFixed) {
    return std::make_unique<HeldFixed>(objective, structures, x, parameter.contrast, options);
  }
  return std::make_unique<HeldVariance>(objective, structures, x, parameter, options);
}

}  // namespace henderson
