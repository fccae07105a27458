// Standard deviations and correlations as coordinates, the criterion where some are held or equal,
// and fits with constraints.
#include <catch.h>

#include <Eigen/Dense>
#include <cmath>

#include "covariance/separated.h"
#include "fit/constraints.h"
#include "fit/fit_constrained.h"
#include "likelihood/constrained.h"
#include "likelihood/prior.h"
#include "random-model.h"

using namespace henderson;
using namespace testing_models;

namespace {

Matrix random_covariance(int v, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  Matrix factor(v, v);
  for (Index i = 0; i < factor.size(); ++i) factor.data()[i] = normal(generator);
  return factor * factor.transpose();
}

// An unstructured term of three effects, one of two independent ones, and a scalar one.
Model mixed_model(unsigned seed) {
  return random_model(seed, 120, 2, {{14, {3}, {kUs}}, {9, {2}, {kDiag}}, {6, {1}, {kUs}}}, true);
}

ConstrainedParameter deviation(int theta, int row, double value, int group) {
  ConstrainedParameter one;
  one.theta = theta;
  one.row = one.column = row;
  one.value = value;
  one.group = group;
  return one;
}

ConstrainedParameter correlation(int theta, int row, int column, double value) {
  ConstrainedParameter one;
  one.theta = theta;
  one.row = row;
  one.column = column;
  one.is_deviation = false;
  one.value = value;
  return one;
}

const double kNot = std::nan("");

// theta: 0-5 us, 6-7 diag, 8 scalar
Constraints some_constraints() {
  Constraints constraints;
  constraints.parameters = {deviation(3, 1, 0.7, -1), correlation(4, 2, 1, -0.3),
                            deviation(6, 0, kNot, 1), deviation(8, 0, kNot, 1)};
  return constraints;
}

Matrix covariance_of(const GaussianObjective& objective, const FitResult& fit, int term) {
  const Matrix lambda = fit.sigma * objective.random().natural_factors(fit.theta)[term];
  return lambda * lambda.transpose();
}

}  // namespace

TEST_CASE("Separated parameters are standard deviations and angles of correlations") {
  for (int v = 1; v <= 4; ++v) {
    const Matrix gamma = random_covariance(v, 3 + v);
    const Matrix map = random_covariance(v, 50 + v);
    const Vector x = separated_parameters(gamma);
    const auto structure = make_separated(map);
    REQUIRE(x.size() == structure->n_parameters());
    const Matrix lambda = structure->factor(x);
    const Matrix whole = map * gamma * map.transpose();
    CHECK((lambda * lambda.transpose() - whole).norm() < 1e-12 * whole.norm());
    for (int r = 0; r < v; ++r) {
      CHECK(x[r] == Approx(std::sqrt(gamma(r, r))).epsilon(1e-12));
      if (r == 0) continue;
      const double own = gamma(r, 0) / std::sqrt(gamma(r, r) * gamma(0, 0));
      CHECK(std::sin(x[separated_angle(v, r, 0)]) == Approx(own).epsilon(1e-10));
    }
    for (int i = 0; i < x.size(); ++i) {
      const double step = 1e-6;
      Vector up = x, down = x;
      up[i] += step;
      down[i] -= step;
      const Matrix above = structure->factor(up);
      const Matrix below = structure->factor(down);
      Matrix slope = (above * above.transpose() - below * below.transpose()) / (2 * step);
      if (i < v) slope /= 2 * x[i];  // by the square
      CHECK((structure->derivative(x, i) - slope).norm() < 1e-7 * (1 + whole.norm()));
    }
  }
}

TEST_CASE("Derivatives of the constrained criterion are those of differences") {
  for (const bool reml : {true, false}) {
    for (const bool held_sigma : {true, false}) {
      const Model model = mixed_model(21);
      const CrossProducts moments = moments_of(model);
      GaussianObjective deviance(moments, model.structures, reml);
      Constraints constraints = some_constraints();
      if (held_sigma) constraints.sigma = 1.3;
      ConstrainedFit fit(&deviance, constraints);
      ConstrainedObjective& objective = fit.objective();
      Vector x = fit.start(0.8);
      REQUIRE(x.size() == 9 + 1 - 3 - (held_sigma ? 1 : 0));
      for (Index i = 0; i < x.size(); ++i) x[i] += 0.1 * std::sin(3.0 + i);
      const Evaluation here = objective.evaluate(x, Order::kTraces, Chart::kFactor);
      const Evaluation square = objective.evaluate(x, Order::kTraces, Chart::kCovariance);
      REQUIRE(here.exact);
      for (Index i = 0; i < x.size(); ++i) {
        const double step = 1e-5;
        Vector up = x, down = x;
        up[i] += step;
        down[i] -= step;
        const Evaluation above = objective.evaluate(up, Order::kTraces, Chart::kFactor);
        const Evaluation below = objective.evaluate(down, Order::kTraces, Chart::kFactor);
        CHECK((above.value - below.value) / (2 * step) ==
              Approx(here.gradient[i]).epsilon(1e-6).margin(1e-5));
        const Vector slope = (above.gradient - below.gradient) / (2 * step);
        CHECK((slope - here.hessian.col(i)).norm() < 1e-6 * (1 + here.hessian.norm()));
      }
      // all cones are of one: by their squares
      for (const Cone& cone : objective.coordinates().cones) {
        REQUIRE(cone.size == 1);
        CHECK(square.gradient[cone.first] * 2 * x[cone.first] ==
              Approx(here.gradient[cone.first]).epsilon(1e-10));
      }
    }
  }
}

TEST_CASE("Derivatives with priors are those of differences, and of the densities") {
  for (const bool relative : {true, false}) {
    const Model model = mixed_model(27);
    const CrossProducts moments = moments_of(model);
    GaussianObjective deviance(moments, model.structures, true);
    Constraints constraints;
    TermPrior matrix;
    matrix.degrees = 5.5;
    matrix.precision = random_covariance(3, 8);
    TermPrior single;
    single.theta = 7;
    single.wishart = false;
    single.degrees = 2.5;
    single.rate = 0.4;
    matrix.relative = single.relative = relative;
    constraints.priors = {matrix, single};
    ConstrainedFit plain(&deviance, Constraints());
    ConstrainedFit fit(&deviance, constraints);
    ConstrainedObjective& objective = fit.objective();
    const auto penalty = [&](const Vector& x) {
      return objective.value(x) - plain.objective().value(x);
    };
    const auto densities = [&](const Vector& x) {
      const Vector theta = deviance.random().to_natural(fit.standardized(x));
      const double unit = relative ? 1 : fit.sigma(x);
      const Matrix lambda = unit * deviance.random().natural_factors(theta)[0];
      const Matrix sigma = lambda * lambda.transpose();
      double sum = -1.5 * std::log(sigma.determinant()) + (matrix.precision * sigma).trace();
      for (const int i : {6, 7}) {
        sum += -3 * std::log(unit * theta[i]) + 0.8 * unit * theta[i];
      }
      return sum;
    };
    const Vector start = fit.start(0.8);
    Vector x = start;
    for (Index i = 0; i < x.size(); ++i) x[i] += 0.1 * std::sin(3.0 + i);
    CHECK(penalty(x) - penalty(start) ==
          Approx(densities(x) - densities(start)).epsilon(1e-9).margin(1e-9));
    const Evaluation here = objective.evaluate(x, Order::kTraces, Chart::kFactor);
    const Evaluation square = objective.evaluate(x, Order::kGradient, Chart::kCovariance);
    for (Index i = 0; i < x.size(); ++i) {
      const double step = 1e-5;
      Vector up = x, down = x;
      up[i] += step;
      down[i] -= step;
      const Evaluation above = objective.evaluate(up, Order::kTraces, Chart::kFactor);
      const Evaluation below = objective.evaluate(down, Order::kTraces, Chart::kFactor);
      CHECK((above.value - below.value) / (2 * step) ==
            Approx(here.gradient[i]).epsilon(1e-6).margin(1e-5));
      const Vector slope = (above.gradient - below.gradient) / (2 * step);
      CHECK((slope - here.hessian.col(i)).norm() < 1e-6 * (1 + here.hessian.norm()));
    }
    // by L from that by L L': 2 S L below the diagonal
    for (const Cone& cone : objective.coordinates().cones) {
      const Matrix by_factor = 2 * cone_gradient(cone, square.gradient) * cone_factor(cone, x);
      int at = cone.first;
      for (int c = 0; c < cone.size; ++c) {
        for (int r = c; r < cone.size; ++r, ++at) {
          CHECK(by_factor(r, c) == Approx(here.gradient[at]).epsilon(1e-8).margin(1e-8));
        }
      }
    }
  }
}

TEST_CASE("A constrained fit holds what it is to hold, at the lowest criterion of the model") {
  for (const bool reml : {true, false}) {
    const Model model = mixed_model(33);
    const CrossProducts moments = moments_of(model);
    FitOptions options;
    options.reml = reml;
    Constraints constraints = some_constraints();
    constraints.sigma = 0.9;
    const FitResult fit = fit_constrained(moments, model.structures, options, constraints);
    GaussianObjective deviance(moments, model.structures, reml);
    CHECK(fit.certificate.holds());
    CHECK(fit.sigma == Approx(0.9).epsilon(1e-14));
    const Matrix own = covariance_of(deviance, fit, 0);
    CHECK(std::sqrt(own(1, 1)) == Approx(0.7).epsilon(1e-12));
    CHECK(own(2, 1) / std::sqrt(own(2, 2) * own(1, 1)) == Approx(-0.3).epsilon(1e-12));
    const double a = covariance_of(deviance, fit, 1)(0, 0);
    const double b = covariance_of(deviance, fit, 2)(0, 0);
    CHECK(a == Approx(b).epsilon(1e-12));
    // the criterion of theta and sigma, by the dense one
    const double m = deviance.degrees();
    const double ratio = fit.residual_ss / (m * 0.81);
    CHECK(fit.criterion ==
          Approx(model.dense_criterion(fit.theta, reml) + m * (ratio - 1 - std::log(ratio)))
              .epsilon(1e-11));
    // the coordinates find back the point, which is stationary
    ConstrainedFit again(&deviance, constraints);
    const Vector x =
        again.objective().coordinates().keep_off_zero(again.from_natural(fit.theta, fit.sigma));
    CHECK(again.objective().evaluate(x, Order::kGradient, Chart::kFactor).gradient.norm() < 1e-4);
    CHECK(again.objective().value(x) == Approx(fit.criterion).epsilon(1e-10));
  }
}

TEST_CASE("With everything held nothing is uncertain, with nothing held all is as without") {
  const Model model = mixed_model(41);
  const CrossProducts moments = moments_of(model);
  FitOptions options;
  Constraints all;
  all.sigma = 1.1;
  for (int i = 0; i < 3; ++i) all.parameters.push_back(deviation(i, i, 0.5 + 0.1 * i, -1));
  all.parameters.push_back(correlation(1, 1, 0, 0.2));
  all.parameters.push_back(correlation(2, 2, 0, -0.4));
  all.parameters.push_back(correlation(4, 2, 1, 0.3));
  for (int i = 6; i < 9; ++i) all.parameters.push_back(deviation(i, i - 6, 0.4, -1));
  const FitResult fit = fit_constrained(moments, model.structures, options, all);
  GaussianObjective deviance(moments, model.structures, true);
  Matrix wanted(3, 3);
  wanted << 0.25, 0.06, -0.14, 0.06, 0.36, 0.126, -0.14, 0.126, 0.49;
  CHECK((covariance_of(deviance, fit, 0) - wanted).norm() < 1e-12);
  const ContrastParts known = constrained_parts(&deviance, all, fit.theta, fit.sigma);
  CHECK(known.weight.norm() == 0);
  CHECK(std::isinf(contrast_rows(known, Matrix::Identity(2, 2)).df[1]));

  const FitResult free = fit_lmm(moments, model.structures, options);
  GaussianObjective again(moments, model.structures, true);
  const ContrastParts plain = satterthwaite_parts(&again, free.theta);
  const ContrastParts same = constrained_parts(&again, Constraints(), free.theta, free.sigma);
  const Vector df = contrast_rows(plain, Matrix::Identity(2, 2)).df;
  const Vector own = contrast_rows(same, Matrix::Identity(2, 2)).df;
  CHECK((df - own).norm() < 1e-5 * df.norm());
}
