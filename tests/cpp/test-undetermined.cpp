// Which covariance parameters the data cannot determine.
#include <catch.h>

#include "inference/undetermined.h"
#include "likelihood/gaussian.h"
#include "random-model.h"
#include "search/certificate.h"

using henderson::Certificate;
using henderson::CrossProducts;
using henderson::GaussianObjective;
using henderson::Vector;
using testing_models::kUs;
using testing_models::Model;
using testing_models::moments_of;
using testing_models::random_model;

namespace {

henderson::UndeterminedDirections directions_of(const Model& model) {
  const CrossProducts moments = moments_of(model);
  GaussianObjective objective(moments, model.structures, true);
  const Vector x = objective.random().start();
  return henderson::find_undetermined(&objective, x, Certificate(), false);
}

}  // namespace

TEST_CASE("with one observation a level its variance and the residual one move together") {
  Model model = random_model(91, 40, 2, {{40, {1}, {kUs}}, {5, {1}, {kUs}}}, false);
  CHECK(directions_of(random_model(91, 40, 2, {{10, {1}, {kUs}}}, false)).empty());
  for (int i = 0; i < 40; ++i) model.level[0][i] = i + 1;
  const henderson::UndeterminedDirections found = directions_of(model);
  REQUIRE(found.directions.cols() == 1);
  const Vector direction = found.directions.col(0).cwiseQuotient(found.sizes);
  // V / sigma^2 = I gamma + Z Z' gamma_2 + I tau: gamma up, tau down, gamma_2 stays
  CHECK(direction[0] == Approx(-direction[2]).epsilon(1e-8));
  CHECK(std::abs(direction[1]) < 1e-8 * std::abs(direction[0]));
}
