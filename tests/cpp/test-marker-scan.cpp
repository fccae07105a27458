// Scans of one more fixed effect at a time, and fits of it, against the models with the column.
#include <catch.h>

#include <Eigen/Dense>
#include <cmath>

#include "fit/fit_lmm.h"
#include "fit/marker_refit.h"
#include "inference/marker_scan.h"
#include "random-model.h"

using namespace henderson;
using namespace testing_models;

namespace {

Model with_column(Model model, const Vector& column) {
  const Matrix x = model.x;
  model.x.resize(x.rows(), x.cols() + 1);
  model.x << x, column;
  return model;
}

}  // namespace

TEST_CASE("A column has the estimate of the model with it") {
  for (const bool reml : {true, false}) {
    for (int v = 1; v <= 2; ++v) {
      const Model model = random_model(80 + v, 90, 2, {{14, {v}, {kUs}}, {6, {1}, {kUs}}}, true);
      const CrossProducts moments = moments_of(model);
      FitOptions options;
      options.reml = reml;
      const FitResult fit = fit_lmm(moments, model.structures, options);
      const DataRows rows = model.rows();
      GaussianObjective objective(moments, model.structures, reml);
      REQUIRE(std::isfinite(objective.value(objective.random().to_standard(fit.theta))));
      std::mt19937 generator(5);
      std::normal_distribution<double> normal;
      Matrix columns(model.n, 4);
      for (Index i = 0; i < columns.size(); ++i) columns.data()[i] = 3 + normal(generator);
      columns.col(3) = 2 * model.x.col(1);
      const std::vector<MarkerEstimate> found = MarkerScan(objective, rows).run(columns);
      REQUIRE(found.size() == 4);
      CHECK(std::isnan(found[3].estimate));
      MarkerRefit refit(rows, model.structures, fit.theta, reml);
      CHECK(std::isnan(refit.run(columns.col(3)).estimate));
      for (Index k = 0; k < 3; ++k) {
        const Model own = with_column(model, columns.col(k));
        FitOptions same = options;
        same.optimize = false;
        same.start = fit.theta;
        const FitResult one = fit_lmm(moments_of(own), own.structures, same);
        CHECK(found[k].estimate == Approx(one.beta[2]).epsilon(1e-9));
        CHECK(found[k].variance ==
              Approx(one.sigma * one.sigma * one.unscaled_vcov(2, 2)).epsilon(1e-9));
        const FitResult all = fit_lmm(moments_of(own), own.structures, options);
        const MarkerFit again = refit.run(columns.col(k));
        CHECK(again.certain);
        CHECK(again.criterion == Approx(all.criterion).epsilon(1e-10));
        CHECK(again.estimate == Approx(all.beta[2]).epsilon(1e-5));
        CHECK(again.variance ==
              Approx(all.sigma * all.sigma * all.unscaled_vcov(2, 2)).epsilon(1e-5));
      }
    }
  }
}
