// Counter-based random numbers, responses drawn with them, and refits to these.
#include <catch.h>

#include <cmath>
#include <limits>
#include <vector>

#include "algebra/random_stream.h"
#include "data/drawn_response.h"
#include "fit/bootstrap.h"
#include "fit/fit_lmm.h"
#include "fit/nearby_minimum.h"
#include "random-model.h"

using namespace henderson;
using namespace testing_models;

TEST_CASE("Philox gives the known answers of its authors") {
  // of the vectors in the authors' library Random123
  const PhiloxBlock zeros = philox({0, 0, 0, 0}, {0, 0});
  CHECK((zeros == PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const std::uint32_t all = 0xffffffff;
  const PhiloxBlock ones = philox({all, all, all, all}, {all, all});
  CHECK((ones == PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  const PhiloxBlock pi =
      philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0});
  CHECK((pi == PhiloxBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST_CASE("Streams are standard normal, uniform, and depend on seed and number only") {
  RandomStream random(7, 3);
  RandomStream same(7, 3);
  RandomStream other(7, 4);
  const int n = 200000;
  double sum = 0, squares = 0, fourth = 0, between = 0;
  std::vector<int> counts(5);
  for (int i = 0; i < n; ++i) {
    const double z = random.normal();
    if (z != same.normal()) FAIL("two streams of one number");
    sum += z;
    squares += z * z;
    fourth += z * z * z * z;
    between += z * other.normal();
  }
  // five standard errors of each mean
  const double error = 5 / std::sqrt(static_cast<double>(n));
  CHECK(std::abs(sum / n) < error);
  CHECK(std::abs(squares / n - 1) < error * std::sqrt(2.0));
  CHECK(std::abs(fourth / n - 3) < error * std::sqrt(96.0));
  CHECK(std::abs(between / n) < error);
  for (int i = 0; i < n; ++i) ++counts[random.below(5)];
  for (const int count : counts) CHECK(std::abs(count - n / 5) < 5 * std::sqrt(n * 0.16));
}

namespace {

const std::vector<TermShape>& shapes() {
  static const std::vector<TermShape> own = {{12, {2}, {kUs}}, {5, {1}, {kUs}}};
  return own;
}

ResponseModel response_model(const Model& model, ResponseModel::Kind kind, const double* mean) {
  ResponseModel response;
  response.kind = kind;
  response.mean = mean;
  response.sigma = 0.5;
  Matrix factor(2, 2);
  factor << 1, 0, 0.3, 0.4;
  response.effects = {factor, Matrix::Constant(1, 1, 0.7)};
  response.residuals = Vector::LinSpaced(9, -1, 1);
  if (kind == ResponseModel::Kind::kSigns) {
    response.residuals = Vector::LinSpaced(model.n, 1, 2);
    response.cluster = model.level[1];
    response.n_clusters = 5;
  }
  return response;
}

}  // namespace

TEST_CASE("Drawn responses have the mean and covariance of the model") {
  const Model model = random_model(3, 40, 2, shapes(), true);
  const DataRows rows = model.rows();
  const Vector mean = Vector::LinSpaced(model.n, 0, 3);
  const ResponseModel response =
      response_model(model, ResponseModel::Kind::kParametric, mean.data());
  const int draws = 20000;
  Matrix y(model.n, draws);
  for (int k = 0; k < draws; ++k) {
    RandomStream random(1, k);
    draw_response(response, rows, &random, y.col(k).data());
  }
  Matrix expected = Matrix::Zero(model.n, model.n);
  for (Index i = 0; i < model.n; ++i) {
    for (Index j = 0; j < model.n; ++j) {
      for (std::size_t t = 0; t < 2; ++t) {
        if (model.level[t][i] != model.level[t][j]) continue;
        const Matrix gamma = response.effects[t] * response.effects[t].transpose();
        expected(i, j) += model.z[t].row(i) * gamma * model.z[t].row(j).transpose();
      }
    }
    expected(i, i) += 0.25 / model.weights[i];
  }
  const Matrix centred = y.colwise() - mean;
  const Matrix found = centred * centred.transpose() / draws;
  for (Index i = 0; i < model.n; ++i) {
    for (Index j = 0; j < model.n; ++j) {
      const double error =
          std::sqrt((expected(i, i) * expected(j, j) + expected(i, j) * expected(i, j)) / draws);
      CHECK(std::abs(found(i, j) - expected(i, j)) < 5.5 * error);  // of 1,600 entries
    }
  }
}

TEST_CASE("Signs are those of whole clusters") {
  const Model model = random_model(4, 40, 2, shapes(), false);
  const DataRows rows = model.rows();
  const Vector mean = Vector::Constant(model.n, 10);
  const ResponseModel response = response_model(model, ResponseModel::Kind::kSigns, mean.data());
  Vector y(model.n);
  RandomStream random(1, 0);
  draw_response(response, rows, &random, y.data());
  Vector sign = Vector::Zero(6);
  for (Index i = 0; i < model.n; ++i) {
    const double own = (y[i] - 10) / response.residuals[i];
    CHECK(std::abs(std::abs(own) - 1) < 1e-12);
    double& known = sign[model.level[1][i]];
    if (known == 0) known = own;
    CHECK(std::abs(known - own) < 1e-12);
  }
}

TEST_CASE("A refit is the fit of that response, whatever the number of threads") {
  for (const bool reml : {true, false}) {
    Model model = random_model(5, 150, 2, shapes(), true);
    const DataRows rows = model.rows();
    const CrossProducts moments = moments_of(model);
    FitOptions options;
    options.reml = reml;
    const FitResult fit = fit_lmm(moments, model.structures, options);
    const Vector mean = model.x * fit.beta;
    const ResponseModel response =
        response_model(model, ResponseModel::Kind::kParametric, mean.data());
    BootstrapPlan plan;
    plan.seed = 11;
    plan.count = 12;
    const std::vector<Replicate> one =
        bootstrap(response, moments, model.structures, rows, fit.theta, fit.beta, reml, plan);
    plan.threads = 3;
    const std::vector<Replicate> three =
        bootstrap(response, moments, model.structures, rows, fit.theta, fit.beta, reml, plan);
    plan.first = 5;
    plan.count = 4;
    const std::vector<Replicate> later =
        bootstrap(response, moments, model.structures, rows, fit.theta, fit.beta, reml, plan);
    for (int k = 0; k < 12; ++k) {
      CHECK(one[k].certain);
      CHECK(one[k].theta == three[k].theta);
      CHECK(one[k].beta == three[k].beta);
      if (k >= 5 && k < 9) CHECK(one[k].criterion == later[k - 5].criterion);
      RandomStream random(11, k);
      draw_response(response, rows, &random, model.y.data());
      const CrossProducts own = moments_of(model);
      const FitResult again = fit_lmm(own, model.structures, options);
      CHECK(one[k].criterion == Approx(again.criterion).epsilon(1e-9));
      CHECK(relative(one[k].beta, again.beta) < 1e-6);
      CHECK(one[k].sigma == Approx(again.sigma).epsilon(1e-6));
    }
  }
}

TEST_CASE("Tests in a refit are those of the fit of that response") {
  using Degrees = FixedTests::Degrees;
  Model model = random_model(6, 150, 3, shapes(), true);
  const DataRows rows = model.rows();
  const CrossProducts moments = moments_of(model);
  const FitResult fit = fit_lmm(moments, model.structures, FitOptions());
  const Vector mean = model.x * fit.beta;
  const ResponseModel response =
      response_model(model, ResponseModel::Kind::kParametric, mean.data());
  const int count = 4;
  Matrix y(model.n, count);
  for (int k = 0; k < count; ++k) {
    RandomStream random(2, k);
    draw_response(response, rows, &random, y.col(k).data());
  }
  FixedTests tests;
  tests.contrasts = {Matrix::Identity(1, model.x.cols()), Matrix::Identity(2, model.x.cols())};
  for (const Degrees degrees :
       {Degrees::kNone, Degrees::kSatterthwaite, Degrees::kExpected, Degrees::kKenwardRoger}) {
    tests.degrees = degrees;
    const std::vector<Replicate> refits =
        refit_all(y, moments, model.structures, rows, fit.theta, true, 2, &tests);
    for (int k = 0; k < count; ++k) {
      model.y = y.col(k);
      const CrossProducts own = moments_of(model);
      const FitResult again = fit_lmm(own, model.structures, FitOptions());
      GaussianObjective objective(own, model.structures, true);
      objective.value(objective.random().to_standard(again.theta));
      const bool observed = degrees == Degrees::kSatterthwaite;
      ContrastParts parts =
          observed ? satterthwaite_parts(&objective, again.theta)
                   : expected_parts(&objective, again.theta, degrees == Degrees::kKenwardRoger);
      if (degrees == Degrees::kNone) {
        parts.weight.setZero();
        parts.degrees = std::numeric_limits<double>::infinity();
      }
      REQUIRE(refits[k].tests.size() == 2);
      for (int i = 0; i < 2; ++i) {
        const Matrix& l = tests.contrasts[i];
        const JointResult expected =
            joint_test(parts, l, l * again.beta, again.sigma * again.sigma);
        const JointResult& found = refits[k].tests[i];
        CHECK(found.numerator_df == i + 1);
        // both searches end within 1e-6 of the minimum
        CHECK(found.f == Approx(expected.f).epsilon(1e-5));
        if (degrees == Degrees::kNone) {
          CHECK(std::isinf(found.denominator_df));
        } else {
          CHECK(found.denominator_df == Approx(expected.denominator_df).epsilon(1e-4));
        }
      }
    }
  }
}

TEST_CASE("The minimum next to a point is that of a fit, and starts are off zero") {
  for (const bool reml : {true, false}) {
    const Model model = random_model(5, 150, 2, shapes(), true);
    const CrossProducts moments = moments_of(model);
    FitOptions options;
    options.reml = reml;
    const FitResult fit = fit_lmm(moments, model.structures, options);
    GaussianObjective objective(moments, model.structures, reml);
    const Coordinates& coordinates = objective.coordinates();
    const Vector start =
        start_for_other_data(coordinates, 0.7 * objective.random().to_standard(fit.theta));
    for (const Cone& cone : coordinates.cones) {
      for (int c = 0; c < cone.size; ++c) CHECK(std::abs(start[cone.pivot(c)]) >= 0.05);
    }
    const NearbyMinimum minimum = search_nearby(&objective, start, SearchOptions());
    CHECK(minimum.certificate.holds());
    CHECK(minimum.found.value == Approx(fit.criterion).epsilon(1e-10));
  }
}
