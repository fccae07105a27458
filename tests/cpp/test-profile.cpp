// The criterion with sigma^2 as a coordinate and one coordinate held, the parametrizations in which
// a standard deviation or a correlation is one, and profiles made of them.
#include <catch.h>

#include <Eigen/Dense>
#include <cmath>

#include "covariance/pivoted.h"
#include "data/constrain.h"
#include "fit/fit_lmm.h"
#include "fit/held_fixed.h"
#include "fit/held_parameter.h"
#include "fit/held_share.h"
#include "fit/parameter_coordinates.h"
#include "fit/profile.h"
#include "likelihood/absolute.h"
#include "random-model.h"
#include "search/held_coordinate.h"

using namespace henderson;
using namespace testing_models;

namespace {

Matrix random_factor(int v, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  Matrix factor(v, v);
  for (Index i = 0; i < factor.size(); ++i) factor.data()[i] = normal(generator);
  return factor;
}

// One term of a matrix as wide as v, beside a scalar one.
Model wide_model(int v, unsigned seed) {
  return random_model(seed, 90, 2, {{14, {v}, {kUs}}, {6, {1}, {kUs}}}, true);
}

RandomPart pivoted_model(const GaussianObjective& objective, const Model& model,
                         const Matrix& basis, Index pivots) {
  std::vector<TermStructures> structures = model.structures;
  structures[0][0].structure = make_pivoted(basis, pivots);
  std::vector<Matrix> bases = objective.basis().z_map;
  bases[0].setIdentity();
  std::vector<Matrix> inverses = objective.basis().z_inverse;
  inverses[0].setIdentity();
  return RandomPart(structures, model.n_levels, bases, inverses);
}

}  // namespace

TEST_CASE("Pivoted parameters are a standard deviation or a correlation") {
  for (int v = 1; v <= 4; ++v) {
    const Matrix gamma_factor = random_factor(v, 7 + v);
    const Matrix gamma = gamma_factor * gamma_factor.transpose();
    for (Index pivots = 1; pivots <= std::min(v, 2); ++pivots) {
      const Matrix effects = random_factor(v, 70 + v).leftCols(pivots);
      const Matrix basis = pivoted_basis(effects);
      const Vector x = pivoted_parameters(basis, pivots, gamma_factor);
      const auto structure = make_pivoted(basis, pivots);
      REQUIRE(x.size() == v * (v + 1) / 2);
      const Matrix lambda = structure->factor(x);
      CHECK((lambda * lambda.transpose() - gamma).norm() < 1e-12 * gamma.norm());
      const Matrix own = effects.transpose() * gamma * effects;
      const double length = effects.col(0).norm();
      CHECK(x[0] * length == Approx(std::sqrt(own(0, 0))).epsilon(1e-12));
      if (pivots == 2) {
        const double correlation = own(1, 0) / std::sqrt(own(0, 0) * own(1, 1));
        CHECK(std::sin(x[pivoted_held(pivots)]) == Approx(correlation).epsilon(1e-12));
      }
      for (int i = 0; i < x.size(); ++i) {
        const bool in_square = pivots == 2 && i < 2;  // by the square of a standard deviation
        const bool in_cone = i >= (pivots == 1 ? 1 : 3) + pivots * (v - pivots);
        if (in_cone) continue;
        const double step = 1e-6;
        Vector up = x, down = x;
        up[i] += step;
        down[i] -= step;
        const Matrix above = structure->factor(up);
        const Matrix below = structure->factor(down);
        Matrix slope = (above * above.transpose() - below * below.transpose()) / (2 * step);
        if (in_square) slope /= 2 * x[i];
        CHECK((structure->derivative(x, i) - slope).norm() < 1e-7 * (1 + gamma.norm()));
      }
    }
  }
}

TEST_CASE("The criterion of theta and sigma is the profiled one plus what sigma is off by") {
  for (const bool reml : {true, false}) {
    const Model model = wide_model(3, 5);
    const CrossProducts moments = moments_of(model);
    GaussianObjective objective(moments, model.structures, reml);
    const Vector x = 0.8 * objective.random().start();
    AbsoluteObjective held(&objective, objective.random(), x);
    const double profiled = model.dense_criterion(objective.random().to_natural(x), reml);
    const double m = objective.degrees();
    for (const double tau : {-0.7, 0.0, 0.4}) {
      Vector all(x.size() + 1);
      all << std::exp(0.5 * tau) * x, tau;
      const double value = held.evaluate(all, Order::kValue, Chart::kFactor).value;
      CHECK(value == Approx(profiled + m * (tau + std::exp(-tau) - 1)).epsilon(1e-11));
    }
  }
}

TEST_CASE("Derivatives of the held criterion are those of differences") {
  for (const bool reml : {true, false}) {
    for (int v = 1; v <= 3; ++v) {
      for (Index pivots = 1; pivots <= std::min(v, 2); ++pivots) {
        const Model model = wide_model(v, 20 + v);
        const CrossProducts moments = moments_of(model);
        GaussianObjective objective(moments, model.structures, reml);
        const Matrix basis = pivoted_basis(random_factor(v, 3).leftCols(pivots));
        const RandomPart random = pivoted_model(objective, model, basis, pivots);
        AbsoluteObjective held(&objective, random, objective.random().start());
        Vector all = Vector::Zero(random.n_parameters() + 1);
        const Index own = v * (v + 1) / 2;
        all.head(own) = pivoted_parameters(basis, pivots, random_factor(v, 9));
        all[own] = 0.7;
        all[own + 1] = 0.3;
        const Evaluation here = held.evaluate(all, Order::kTraces, Chart::kFactor);
        const Evaluation cheap = held.evaluate(all, Order::kGradient, Chart::kFactor);
        REQUIRE(here.exact);
        CHECK((here.gradient - cheap.gradient).norm() < 1e-8 * (1 + here.gradient.norm()));
        for (Index i = 0; i < all.size(); ++i) {
          const double step = 1e-5;
          Vector up = all, down = all;
          up[i] += step;
          down[i] -= step;
          const Evaluation above = held.evaluate(up, Order::kTraces, Chart::kFactor);
          const Evaluation below = held.evaluate(down, Order::kTraces, Chart::kFactor);
          // differences of values of order 1e2 with errors of 1e-13 of it, over 2e-5
          CHECK((above.value - below.value) / (2 * step) ==
                Approx(here.gradient[i]).epsilon(1e-6).margin(1e-5));
          const Vector slope = (above.gradient - below.gradient) / (2 * step);
          CHECK((slope - here.hessian.col(i)).norm() < 1e-6 * (1 + here.hessian.norm()));
        }
      }
    }
  }
}

TEST_CASE("A held coordinate leaves the others as they are") {
  const Model model = wide_model(2, 31);
  const CrossProducts moments = moments_of(model);
  GaussianObjective objective(moments, model.structures, true);
  const Vector start = objective.random().start();
  AbsoluteObjective whole(&objective, objective.random(), start);
  Vector all(start.size() + 1);
  all << 0.9 * start, 0.1;
  const Evaluation there = whole.evaluate(all, Order::kTraces, Chart::kFactor);
  const int last = static_cast<int>(all.size()) - 1;
  for (const int held : {3, last}) {
    HeldCoordinate part(&whole, held);
    part.hold(all[held]);
    const Vector x = part.reduce(all);
    REQUIRE(part.complete(x) == all);
    REQUIRE(part.coordinates().size == x.size());
    const Evaluation here = part.evaluate(x, Order::kTraces, Chart::kFactor);
    CHECK(here.value == there.value);
    CHECK(here.gradient == part.reduce(there.gradient));
    CHECK(here.hessian(0, x.size() - 1) == there.hessian(0, held == last ? last - 1 : last));
  }
}

TEST_CASE("A known fixed effect is one that is subtracted") {
  for (const Index column : {Index(0), Index(1)}) {
    Model model = wide_model(2, 44);
    const CrossProducts moments = moments_of(model);
    const double value = 0.6;
    const CrossProducts known = constrain(moments, Vector::Unit(2, column), value);
    Model reduced = model;
    reduced.y = model.y - value * model.x.col(column);
    reduced.x = model.x.col(1 - column);
    GaussianObjective objective(known, model.structures, false);
    const Vector x = 0.7 * objective.random().start();
    const double dense = reduced.dense_criterion(objective.random().to_natural(x), false);
    CHECK(objective.value(x) == Approx(dense).epsilon(1e-11));
  }
}

TEST_CASE("At limits the criterion is higher by the square of the cutoff") {
  for (const bool reml : {true, false}) {
    const Model model = wide_model(2, 52);
    const CrossProducts moments = moments_of(model);
    FitOptions options;
    options.reml = reml;
    const FitResult fit = fit_lmm(moments, model.structures, options);
    GaussianObjective objective(moments, model.structures, reml);
    const Vector x = objective.random().to_standard(fit.theta);
    ProfileOptions wanted;
    wanted.cutoffs = {1.5};
    wanted.farthest = 2;
    for (const auto kind : {ProfileParameter::Kind::kResidual, ProfileParameter::Kind::kDeviation,
                            ProfileParameter::Kind::kCorrelation, ProfileParameter::Kind::kFixed}) {
      ProfileParameter parameter;
      parameter.kind = kind;
      parameter.row = 1;
      parameter.column = kind == ProfileParameter::Kind::kCorrelation ? 0 : 1;
      parameter.contrast = Vector::Unit(2, 1);
      const Profile profile =
          profile_parameter(&objective, model.structures, {x}, parameter, wanted);
      const auto held = hold_parameter(&objective, model.structures, {x}, parameter, wanted);
      const HeldPoint fitted = held->fitted();
      REQUIRE(profile.limits.size() == 2);
      for (const ProfileLimit& limit : profile.limits) {
        if (limit.status == LimitStatus::kBound) continue;
        CHECK(limit.status == LimitStatus::kFound);
        const double psi = limit.parameter;
        double w = psi;  // of a fixed effect
        if (kind == ProfileParameter::Kind::kResidual) w = 2 * std::log(psi / fit.sigma);
        if (kind == ProfileParameter::Kind::kDeviation) w = psi / held->rate(0);
        if (kind == ProfileParameter::Kind::kCorrelation) w = std::asin(psi);
        CHECK(held->parameter(w) == Approx(psi).epsilon(1e-12));
        // from the fit, not from the search's own last point
        const double rise = held->minimize(w, fitted).value - fitted.value;
        CHECK(rise == Approx(1.5 * 1.5).epsilon(1e-7));
      }
      REQUIRE(profile.points.size() > 4);
      for (std::size_t i = 1; i < profile.points.size(); ++i) {
        CHECK(profile.points[i - 1].parameter < profile.points[i].parameter);
        CHECK(profile.points[i].certain);
      }
      // slopes by the envelope theorem are those of differences of neighbours
      for (const ProfilePoint& point : profile.points) {
        if (point.parameter == profile.estimate) continue;
        CHECK(point.slope * (point.parameter - profile.estimate) >= 0);
      }
    }
  }
}

TEST_CASE("Where a share is held the variance is that share of the sum, and so are derivatives") {
  for (int v = 1; v <= 3; ++v) {
    const Model model = wide_model(v, 61 + v);
    const CrossProducts moments = moments_of(model);
    GaussianObjective objective(moments, model.structures, true);
    const int held = v * (v + 1) / 2;
    VarianceSum sum;
    sum.residual = 0.7;
    sum.weights = Vector::LinSpaced(held + 1, 0.4, 1.5);
    SharedObjective shared(&objective, held, sum);
    shared.hold(0.3);
    Vector x = shared.reduce(objective.random().start());
    for (Index i = 0; i < x.size(); ++i) x[i] += 0.1 * static_cast<double>(i);
    const Vector all = shared.complete(x);
    const Vector gamma = objective.random().coordinates().covariances(all);
    const double part = sum.weights[held] * all[held] * all[held];
    CHECK(part / (sum.residual + sum.weights.dot(gamma)) == Approx(0.3).epsilon(1e-12));
    CHECK(shared.share_at(all) == Approx(0.3).epsilon(1e-12));
    const Evaluation here = shared.evaluate(x, Order::kTraces, Chart::kFactor);
    REQUIRE(here.exact);
    for (Index i = 0; i < x.size(); ++i) {
      const double step = 1e-5;
      Vector up = x, down = x;
      up[i] += step;
      down[i] -= step;
      const Evaluation above = shared.evaluate(up, Order::kTraces, Chart::kFactor);
      const Evaluation below = shared.evaluate(down, Order::kTraces, Chart::kFactor);
      CHECK((above.value - below.value) / (2 * step) ==
            Approx(here.gradient[i]).epsilon(1e-6).margin(1e-5));
      const Vector slope = (above.gradient - below.gradient) / (2 * step);
      CHECK((slope - here.hessian.col(i)).norm() < 1e-6 * (1 + here.hessian.norm()));
    }
  }
}

TEST_CASE("Profiles of shares rise by the square of the cutoff, and keep the share") {
  for (int v = 1; v <= 2; ++v) {
    const Model model = wide_model(v, 70 + v);
    const CrossProducts moments = moments_of(model);
    const FitResult fit = fit_lmm(moments, model.structures, FitOptions());
    GaussianObjective objective(moments, model.structures, true);
    const Vector x = objective.random().to_standard(fit.theta);
    const int held = v * (v + 1) / 2;
    ProfileOptions wanted;
    wanted.cutoffs = {1.2};
    wanted.farthest = 2;
    ProfileParameter parameter;
    parameter.kind = ProfileParameter::Kind::kShare;
    parameter.theta = held;
    // an observation with a second column of 0.5
    parameter.sum = Vector::Ones(held + 2);
    if (v == 2) parameter.sum << 1, 1, 0.25, 1, 1;
    const auto share = [&](const Vector& theta) {
      double rest = 1 + theta[0] * theta[0];
      if (v == 2) rest += theta[0] * theta[1] + 0.25 * theta.segment(1, 2).squaredNorm();
      const double own = theta[held] * theta[held];
      return own / (own + rest);
    };
    const Profile profile = profile_parameter(&objective, model.structures, {x}, parameter, wanted);
    CHECK(profile.estimate == Approx(share(fit.theta)).epsilon(1e-10));
    REQUIRE(profile.points.size() > 4);
    for (const ProfilePoint& point : profile.points) {
      CHECK(share(point.theta) == Approx(point.parameter).epsilon(1e-9).margin(1e-11));
      CHECK(model.dense_criterion(point.theta, true) == Approx(point.value).epsilon(1e-9));
      CHECK(point.value > fit.criterion - 1e-8);
    }
    // the curvature is that of the neighbours
    const auto own = hold_parameter(&objective, model.structures, {x}, parameter, wanted);
    const HeldPoint fitted = own->fitted();
    for (const ProfileLimit& limit : profile.limits) {
      if (limit.status != LimitStatus::kFound) continue;
      const double rise = own->minimize(limit.parameter, fitted).value - fitted.value;
      CHECK(rise == Approx(1.44).epsilon(1e-7));
    }
    if (fitted.w > 0.01) {
      const double step = 1e-3 * fitted.w;
      const double rise = own->minimize(fitted.w + step, fitted).value +
                          own->minimize(fitted.w - step, fitted).value - 2 * fitted.value;
      CHECK(rise / (step * step) == Approx(own->curvature()).epsilon(1e-3));
    }
  }
}
