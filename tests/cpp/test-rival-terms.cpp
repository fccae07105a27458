// Terms that compete for a mean that X lacks.
#include <catch.h>

#include <vector>

#include "fit/rival_terms.h"
#include "likelihood/gaussian.h"
#include "random-model.h"

using henderson::CrossProducts;
using henderson::GaussianObjective;
using henderson::Matrix;
using henderson::RivalTerms;
using henderson::Vector;
using testing_models::kDiag;
using testing_models::kUs;
using testing_models::Model;
using testing_models::moments_of;
using testing_models::random_model;

namespace {

// (z || subject) + (1 | day), z the number of the day: 6 subjects x 5 days, twice.
Model days(bool with_slope) {
  Model model = random_model(7, 60, with_slope ? 2 : 1,
                             {{6, {1, 1}, {kDiag, kDiag}}, {5, {1}, {kUs}}}, false);
  for (int i = 0; i < 60; ++i) {
    model.level[0][i] = i % 6 + 1;
    model.level[1][i] = i / 6 % 5 + 1;
    const double day = i / 6 % 5;
    model.z[0](i, 1) = day;
    if (with_slope) model.x(i, 1) = day;
    model.y[i] += 3 * day;
  }
  return model;
}

}  // namespace

TEST_CASE("slopes and a factor of the same days are rivals for a mean that X lacks") {
  const Model model = days(false);
  const CrossProducts moments = moments_of(model);
  GaussianObjective objective(moments, model.structures, true);
  const std::vector<RivalTerms> found = find_rivals(objective);
  REQUIRE(found.size() == 1);
  CHECK(found[0].term == 0);
  CHECK(found[0].column == 1);
  CHECK(found[0].rival == 1);
  // least squares of y on (1, day); the column standardized has mean square 1
  const Vector day = model.z[0].col(1);
  const Vector about = day.array() - day.mean();
  const double slope = about.dot(model.y) / about.squaredNorm();
  const double root_mean_square = day.norm() / std::sqrt(60.0);
  const double unit = objective.basis().y_scale;
  CHECK(std::sqrt(found[0].mean) == Approx(slope * root_mean_square / unit).epsilon(1e-10));
  // the days' effects about their mean: variance of 0, ..., 4, in units of that column
  CHECK(found[0].spread(0, 0) * root_mean_square * root_mean_square == Approx(2).epsilon(1e-10));
}

TEST_CASE("there are no rivals where X has the mean, or one term only") {
  const Model model = days(true);
  const CrossProducts moments = moments_of(model);
  CHECK(find_rivals(GaussianObjective(moments, model.structures, true)).empty());
  const Model one = random_model(8, 40, 0, {{6, {2}, {kUs}}}, false);
  const CrossProducts of_one = moments_of(one);
  CHECK(find_rivals(GaussianObjective(of_one, one.structures, true)).empty());
}

TEST_CASE("without an intercept in X crossed intercepts are rivals, once") {
  Model model = random_model(9, 80, 0, {{8, {1}, {kUs}}, {5, {1}, {kUs}}}, true);
  const CrossProducts moments = moments_of(model);
  GaussianObjective objective(moments, model.structures, true);
  const std::vector<RivalTerms> found = find_rivals(objective);
  REQUIRE(found.size() == 2);
  double wy = 0;
  double ww = 0;
  for (int i = 0; i < 80; ++i) {
    wy += model.weights[i] * model.y[i];
    ww += model.weights[i];
  }
  const double unit = objective.basis().y_scale;
  for (const RivalTerms& rivals : found) {
    CHECK(rivals.spread(0, 0) == Approx(1).epsilon(1e-10));
    CHECK(std::sqrt(rivals.mean) * std::sqrt(80.0) * unit ==
          Approx(wy / std::sqrt(ww)).epsilon(1e-10));
  }
  Vector x(2);
  x << 10, 0.1;
  const std::vector<Vector> starts = rival_starts(&objective, x);
  REQUIRE(starts.size() == 1);
  CHECK(starts[0][0] < 2);
  CHECK(starts[0][1] > 2);
}
