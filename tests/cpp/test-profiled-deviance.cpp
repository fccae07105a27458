// The criterion, its derivatives and whole fits against dense algebra and differences. What lies
// below is tested by them: equations/factor.h, equations/standardization.h,
// likelihood/modes.h, likelihood/traces.h, likelihood/leaf_inverse.h, algebra/small.h.
#include <catch.h>

#include "algebra/interrupt.h"
#include "equations/equations.h"
#include "equations/level_centring.h"
#include "fit/fit_lmm.h"
#include "fit/report.h"
#include "likelihood/gaussian.h"
#include "random-model.h"

using namespace henderson;
using namespace testing_models;

namespace {

// Every kind of leaf (v = 1, 2, 3, more), remainders with scalar and vector terms, dense and
// sparse.
std::vector<std::vector<TermShape>> shapes() {
  return {
      {{8, {1}, {kUs}}},
      {{8, {2}, {kUs}}},
      {{8, {3}, {kUs}}},
      {{8, {4}, {kUs}}},
      {{8, {2}, {kDiag}}},
      {{8, {1, 2}, {kUs, kUs}}},
      {{8, {2, 2}, {kUs, kDiag}}},
      {{8, {2, 2}, {kDiag, kUs}}},
      {{12, {1}, {kUs}}, {5, {1}, {kUs}}},
      {{12, {2}, {kUs}}, {5, {1}, {kUs}}},
      {{12, {1}, {kUs}}, {5, {2}, {kUs}}},
      {{10, {3}, {kUs}}, {6, {2}, {kDiag}}},
      {{10, {4}, {kUs}}, {6, {3}, {kUs}}},
      {{40, {1}, {kUs}, false}, {30, {1}, {kUs}}, {20, {1}, {kUs}, false}},
      {{40, {2}, {kUs}}, {25, {2}, {kUs}, false}, {20, {1}, {kUs}}},
      // more remainder columns than one chunk of a wide supernode
      {{100, {1}, {kUs}}, {90, {1}, {kUs}}},
      {{60, {2}, {kUs}}, {45, {2}, {kUs}}},
  };
}

}  // namespace

TEST_CASE("the profiled criterion is that of the dense oracle") {
  unsigned seed = 0;
  for (const auto& shape : shapes()) {
    for (const bool reml : {true, false}) {
      for (const bool weighted : {false, true}) {
        const Model model = random_model(++seed, 90, 3, shape, weighted, weighted);
        const CrossProducts moments = moments_of(model);
        GaussianObjective deviance(moments, model.structures, reml);
        for (const double size : {0.0, 1e-5, 0.3, 2.0}) {
          INFO("seed " << seed << ", diagonal " << size);
          const Vector theta = theta_of(model, size);
          const double expected = model.dense_criterion(theta, reml);
          // 1e-9: rounding of a 90 x 90 Cholesky with condition number up to 1e4
          CHECK(evaluate_deviance(&deviance, theta, false).value == Approx(expected).epsilon(1e-9));
        }
      }
    }
  }
}

// Three groups of 12 levels of the first term, each level with all 9 of its group of the second.
Model grouped_model(int v) {
  Model model = random_model(90 + v, 324, 3, {{36, {v}, {kUs}}, {27, {1}, {kUs}}}, v == 2);
  for (int i = 0; i < 324; ++i) {
    model.level[0][i] = 1 + i / 9;
    model.level[1][i] = 1 + 9 * (i / 108) + i % 9;
  }
  return model;
}

TEST_CASE("levels that meet the same ones of the other terms are worked through together") {
  for (const int v : {1, 2, 4}) {
    for (const bool reml : {true, false}) {
      INFO("columns " << v << ", REML " << reml);
      const Model model = grouped_model(v);
      const CrossProducts moments = moments_of(model);
      GaussianObjective deviance(moments, model.structures, reml);
      CHECK(deviance.system().layout->run_start == std::vector<int>({0, 12, 24, 36}));
      CHECK(!deviance.system().layout->panels_full);
      const Vector theta = theta_of(model, 0.7);
      const NaturalGradient here = evaluate_deviance(&deviance, theta, true);
      // as above
      CHECK(here.value == Approx(model.dense_criterion(theta, reml)).epsilon(1e-9));
      const double h = 1e-5;
      for (Index i = 0; i < theta.size(); ++i) {
        const Vector step = h * Vector::Unit(theta.size(), i);
        const double numeric = (evaluate_deviance(&deviance, theta + step, false).value -
                                evaluate_deviance(&deviance, theta - step, false).value) /
                               (2 * h);
        CHECK(here.gradient[i] == Approx(numeric).epsilon(2e-6).margin(2e-5));
      }
    }
  }
}

TEST_CASE("the gradient is the derivative of the criterion, near the boundary too") {
  unsigned seed = 100;
  for (const auto& shape : shapes()) {
    for (const bool reml : {true, false}) {
      ++seed;
      const Model model = random_model(seed, 90, 3, shape, seed % 2 == 0);
      const CrossProducts moments = moments_of(model);
      GaussianObjective deviance(moments, model.structures, reml);
      for (const double size : {0.0, 1e-5, 1e-3, 0.7}) {
        const Vector theta = theta_of(model, size);
        const NaturalGradient here = evaluate_deviance(&deviance, theta, true);
        const double h = 1e-5;
        for (Index i = 0; i < theta.size(); ++i) {
          Vector up = theta;
          Vector down = theta;
          up[i] += h;
          down[i] -= h;
          const double numeric = (evaluate_deviance(&deviance, up, false).value -
                                  evaluate_deviance(&deviance, down, false).value) /
                                 (2 * h);
          INFO("seed " << seed << ", diagonal " << size << ", parameter " << i);
          // central differences: truncation h^2 d''' and rounding 1e-13 d / h
          CHECK(here.gradient[i] == Approx(numeric).epsilon(2e-6).margin(2e-5));
        }
      }
    }
  }
}

TEST_CASE("the exact Hessian is the derivative of the gradient") {
  unsigned seed = 300;
  for (const auto& shape : shapes()) {
    for (const bool reml : {true, false}) {
      ++seed;
      const Model model = random_model(seed, 90, 3, shape, seed % 2 == 0);
      const CrossProducts moments = moments_of(model);
      GaussianObjective deviance(moments, model.structures, reml);
      Vector x = deviance.random().start();
      for (Index i = 0; i < x.size(); ++i) x[i] = 0.7 * x[i] + 0.05 * static_cast<double>(i % 3);
      const Matrix hessian = deviance.evaluate(x, Order::kTraces, Chart::kFactor).hessian;
      const double h = 1e-5;
      for (Index i = 0; i < x.size(); ++i) {
        Vector up = x;
        Vector down = x;
        up[i] += h;
        down[i] -= h;
        const Vector at_up = deviance.evaluate(up, Order::kGradient, Chart::kFactor).gradient;
        const Vector at_down = deviance.evaluate(down, Order::kGradient, Chart::kFactor).gradient;
        const Vector numeric = (at_up - at_down) / (2 * h);
        INFO("seed " << seed << ", parameter " << i);
        // central differences of a gradient of order 100: rounding 1e-13 * 100 / h
        CHECK((hessian.col(i) - numeric).cwiseAbs().maxCoeff() <
              1e-5 * (1 + hessian.cwiseAbs().maxCoeff()));
      }
    }
  }
}

TEST_CASE("a start in the basin of a false zero does not keep the fit there") {
  const Model model = random_model(5, 150, 2, {{10, {2}, {kUs}}}, false);
  const CrossProducts moments = moments_of(model);
  const FitResult usual = fit_lmm(moments, model.structures, FitOptions());
  FitOptions options;
  options.start = Vector::Zero(3);
  CHECK(fit_lmm(moments, model.structures, options).criterion ==
        Approx(usual.criterion).epsilon(1e-10));
}

TEST_CASE("standardized and natural parameters are two names of one model") {
  const Model model = random_model(7, 90, 2, {{9, {3}, {kUs}}, {5, {1, 2}, {kUs, kDiag}}}, false);
  const CrossProducts moments = moments_of(model);
  GaussianObjective deviance(moments, model.structures, true);
  const Vector theta = theta_of(model, 0.6);
  const Vector back = deviance.random().to_natural(deviance.random().to_standard(theta));
  CHECK((back - theta).cwiseAbs().maxCoeff() < 1e-12);
}

TEST_CASE("the fit of the four-point paired data is the paired t-test") {
  const Model model = four_point_model();
  FitOptions options;
  const CrossProducts moments = moments_of(model);
  FitResult fit = fit_lmm(moments, model.structures, options);
  CHECK(fit.sigma * fit.sigma == Approx(36).epsilon(1e-8));
  CHECK(fit.beta[1] == Approx(9));
  CHECK(fit.beta[1] / (fit.sigma * std::sqrt(fit.unscaled_vcov(1, 1))) == Approx(1.5));
  CHECK(std::pow(fit.sigma * fit.theta[0], 2) == Approx(66.5).epsilon(1e-8));
  options.reml = false;
  fit = fit_lmm(moments, model.structures, options);
  CHECK(fit.sigma == Approx(std::sqrt(18.0)).epsilon(1e-8));
  CHECK(fit.sigma * fit.theta[0] == Approx(std::sqrt(33.25)).epsilon(1e-8));
}

TEST_CASE("a fit ends at a point no neighbour improves") {
  unsigned seed = 200;
  for (const auto& shape : shapes()) {
    const Model model = random_model(++seed, 150, 2, shape, false);
    const CrossProducts moments = moments_of(model);
    const FitResult fit = fit_lmm(moments, model.structures, FitOptions());
    INFO("seed " << seed);
    CHECK(fit.status == SearchStatus::kConverged);
    CHECK(fit.criterion == Approx(model.dense_criterion(fit.theta, true)).epsilon(1e-10));
    GaussianObjective deviance(moments, model.structures, true);
    std::mt19937 generator(seed);
    std::normal_distribution<double> normal;
    for (int k = 0; k < 30; ++k) {
      Vector theta = fit.theta;
      for (Index i = 0; i < theta.size(); ++i) theta[i] += 0.02 * normal(generator);
      CHECK(evaluate_deviance(&deviance, theta, false).value >= fit.criterion - 1e-8);
    }
  }
}

TEST_CASE("an interrupt leaves the computation by its exception") {
  const Model model = random_model(9, 90, 2, {{40, {1}, {kUs}}, {30, {1}, {kUs}}}, false);
  const DataRows rows = model.rows();
  const GramResult gram = dense_gram(rows);
  {
    const henderson::InterruptScope scope([] { throw std::runtime_error("interrupted"); });
    CHECK_THROWS_AS(accumulate(rows, gram), std::runtime_error);
  }
  CHECK_NOTHROW(accumulate(rows, gram));
}

TEST_CASE("levels centred about their effects change nothing but rounding") {
  unsigned seed = 500;
  for (const auto& shape : shapes()) {
    for (const bool reml : {true, false}) {
      const Model model = random_model(++seed, 90, 3, shape, reml, reml);
      INFO("seed " << seed);
      const CrossProducts moments = moments_of(model);
      GaussianObjective plain(moments, model.structures, reml);
      GaussianObjective centred(moments, model.structures, reml);
      const DataRows rows = model.rows();
      const std::vector<std::vector<int>> unsorted(model.z.size());
      // not at a term with a standardized diagonal below one
      CHECK_FALSE(centred.centre_levels({rows, unsorted}, 0.5 * plain.random().start()));
      REQUIRE(centred.centre_levels({rows, unsorted}, 3 * plain.random().start()));
      const Vector x = plain.random().to_standard(theta_of(model, 2));
      // 1e-10: sums of 90 rows, eliminated from variances of ten times the residual one
      CHECK(centred.value(x) == Approx(plain.value(x)).epsilon(1e-10));
      CHECK(relative(centred.beta(), plain.beta()) < 1e-9);
      const Evaluation exact = plain.evaluate(x, Order::kTraces, Chart::kFactor);
      const Evaluation there = centred.evaluate(x, Order::kTraces, Chart::kFactor);
      CHECK(relative(there.hessian, exact.hessian) < 1e-8);
      CHECK(relative(there.gradient, exact.gradient) < 1e-8);
      CHECK(relative(centred.modes_at(x).u.leaf, plain.modes_at(x).u.leaf) < 1e-9);
    }
  }
}

TEST_CASE("centred levels keep the digits of the rows at a variance ratio of 1e14") {
  // y = group effects of 1e7 and noise without part in the group means: r^2 is that of the noise
  // and theta^-2 sum(b^2), in closed form. Without centring r^2 has no correct digit.
  Model model = random_model(3, 80, 1, {{8, {1}, {kUs}}}, false);
  Vector effect(8);
  effect << -3, 1, 2, -1, 4, -2, 0.5, -1.5;
  Vector mean = Vector::Zero(8);
  Vector count = Vector::Zero(8);
  for (Index i = 0; i < model.n; ++i) {
    model.level[0][i] = 1 + static_cast<int>(i % 8);
    mean[i % 8] += model.y[i];
    count[i % 8] += 1;
  }
  double within = 0;
  for (Index i = 0; i < model.n; ++i) {
    const double noise = model.y[i] - mean[i % 8] / count[i % 8];
    within += noise * noise;
    model.y[i] = noise + 1e7 * effect[i % 8];
  }
  const CrossProducts moments = moments_of(model);
  GaussianObjective deviance(moments, model.structures, false);
  const double theta = 1e7;
  const Vector x = deviance.random().to_standard(Vector::Constant(1, theta));
  const DataRows rows = model.rows();
  const std::vector<std::vector<int>> unsorted(1);
  REQUIRE(deviance.centre_levels({rows, unsorted}, x));
  // balanced, the effects sum to zero: 10 b^2 / (10 theta^2 + 1) each
  const double between = 10 * 1e14 * effect.squaredNorm() / (10 * theta * theta + 1);
  const double n = 80;
  const double expected = 8 * std::log(10 * theta * theta + 1) +
                          n * (1 + std::log(2 * 3.14159265358979323846 * (within + between) / n));
  // y has 1e-9 of the noise's size left: 1e-9 in the sum of squares, times n
  CHECK(deviance.value(x) == Approx(expected).epsilon(1e-9));
  CHECK(deviance.evaluate(x, Order::kValue, Chart::kFactor).rounding < 1e-10);
}
