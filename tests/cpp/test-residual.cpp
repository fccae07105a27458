// Residual structures against V formed in full: covariance/residual.h, data/residual_sums.h,
// likelihood/residual_gradient.h, likelihood/residual.h, fit/fit_residual.h and
// inference/residual_contrasts.h.
#include <catch.h>

#include <Eigen/LU>
#include <memory>
#include <string>
#include <vector>

#include "covariance/residual.h"
#include "data/residual_sums.h"
#include "fit/fit_residual.h"
#include "inference/residual_contrasts.h"
#include "likelihood/residual.h"
#include "likelihood/residual_gradient.h"
#include "random-model.h"

using henderson::Chart;
using henderson::Evaluation;
using henderson::Index;
using henderson::Matrix;
using henderson::Order;
using henderson::ResidualObjective;
using henderson::ResidualPlace;
using henderson::ResidualStructure;
using henderson::Vector;
using testing_models::kUs;
using testing_models::Model;
using testing_models::random_model;
using testing_models::relative;

namespace {

constexpr int kVisits = 4;

struct Residuals {
  std::shared_ptr<const ResidualStructure> structure;
  std::vector<int> group;
  std::vector<ResidualPlace> places;
};

// Groups of up to four rows in a random order, two arms, three strata.
Residuals random_residuals(const Model& model, unsigned seed, const std::string& name, int arms) {
  std::mt19937 generator(seed);
  Residuals result;
  Matrix h = Matrix::Zero(3, 2);
  h(1, 0) = 1;
  h(2, 1) = 0.5;
  result.structure = std::make_shared<const ResidualStructure>(
      henderson::make_residual_correlation(name, kVisits), h, arms);
  std::vector<int> seen;
  for (Index i = 0; i < model.n; ++i) {
    const int group = static_cast<int>(i % ((model.n + 2) / 3));
    seen.resize(std::max<std::size_t>(seen.size(), group + 1), 0);
    const bool counts = !model.weighted || model.weights[i] > 0;
    result.group.push_back(counts ? group : -1);
    ResidualPlace place;
    place.position = ++seen[group] + (group % 3 == 0 && seen[group] > 1 ? 1 : 0);
    place.stratum = static_cast<int>(generator() % 3);
    place.arm = group % arms;
    result.places.push_back(place);
  }
  return result;
}

Vector random_point(unsigned seed, Index size) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  Vector x(size);
  for (Index i = 0; i < size; ++i) x[i] = 0.4 * normal(generator);
  return x;
}

// W^(1/2) rows and R of the rows that count.
double dense_value(const Model& model, const Residuals& residuals, const Vector& theta,
                   const Vector& phi, bool reml) {
  std::vector<Index> used;
  for (Index i = 0; i < model.n; ++i) {
    if (residuals.group[i] >= 0) used.push_back(i);
  }
  const Index n = static_cast<Index>(used.size());
  Matrix r = Matrix::Zero(n, n);
  for (Index a = 0; a < n; ++a) {
    for (Index b = 0; b < n; ++b) {
      if (residuals.group[used[a]] != residuals.group[used[b]]) continue;
      std::vector<ResidualPlace> places = {residuals.places[used[a]]};
      if (a != b) places.push_back(residuals.places[used[b]]);
      const Matrix own = residuals.structure->covariance(phi, places);
      const double weight =
          model.weighted ? std::sqrt(model.weights[used[a]] * model.weights[used[b]]) : 1;
      r(a, b) = own(0, a == b ? 0 : 1) / weight;
    }
  }
  const Matrix zl = model.z_lambda(theta);
  Matrix z(n, zl.cols());
  Matrix x(n, model.x.cols());
  Vector y(n);
  for (Index a = 0; a < n; ++a) {
    z.row(a) = zl.row(used[a]);
    x.row(a) = model.x.row(used[a]);
    y[a] = model.y[used[a]];
  }
  const Matrix v = r + z * z.transpose();
  const Eigen::LLT<Matrix> factor(v);
  const Matrix l = factor.matrixL();
  const Matrix vx = factor.solve(x);
  const Matrix info = x.transpose() * vx;
  const Vector e = y - x * info.ldlt().solve(vx.transpose() * y);
  const double m = static_cast<double>(reml ? n - x.cols() : n);
  const double r2 = e.dot(factor.solve(e));
  double value = 2 * l.diagonal().array().log().sum() +
                 m * (1 + std::log(2 * 3.14159265358979323846 * r2 / m));
  if (reml) value += std::log(info.determinant());
  return value;
}

struct Case {
  Case(Model given, unsigned seed, const std::string& name, int arms, bool restricted)
      : model(std::move(given)),
        residuals(random_residuals(model, seed, name, arms)),
        sums(testing_models::moments_of(model)),
        residual(henderson::make_residual_model(model.rows(), sums, residuals.structure,
                                                residuals.group, residuals.places)),
        objective(residual, sums, model.structures, restricted),
        reml(restricted) {}

  Model model;
  Residuals residuals;
  henderson::CrossProducts sums;
  henderson::ResidualModel residual;
  ResidualObjective objective;
  bool reml;
};

std::vector<Model> random_parts(unsigned seed, bool weighted) {
  return {random_model(seed, 30, 3, {}, weighted, weighted),
          random_model(seed, 36, 2, {{6, {2}, {kUs}}}, weighted, weighted),
          random_model(seed, 40, 2, {{8, {1}, {kUs}}, {4, {2}, {kUs}}}, weighted, weighted)};
}

}  // namespace

TEST_CASE("criteria with residual structures are those of V in full, gradients of differences") {
  unsigned seed = 100;
  for (const char* name : {"independent", "ar1", "car1", "cs", "toep", "ad", "us"}) {
    for (const bool weighted : {false, true}) {
      for (Model& model : random_parts(seed, weighted)) {
        ++seed;
        Case own(model, seed, name, 1 + static_cast<int>(seed % 2), seed % 3 != 0);
        ResidualObjective& objective = own.objective;
        const Vector theta = testing_models::theta_of(own.model, 0.6);
        const Vector phi = random_point(seed, objective.n_phi());
        Vector point(theta.size() + phi.size());
        point << objective.gaussian().random().to_standard(theta), phi;
        INFO(name << " " << seed);
        const double wanted = dense_value(own.model, own.residuals, theta, phi, own.reml);
        CHECK(objective.value(point) == Approx(wanted).epsilon(1e-9));
        const Vector gradient = objective.natural_gradient(theta, phi);
        Vector differences(point.size());
        for (Index i = 0; i < point.size(); ++i) {
          const auto value = [&](double step) {
            Vector t = theta;
            Vector p = phi;
            (i < theta.size() ? t[i] : p[i - theta.size()]) += step;
            return dense_value(own.model, own.residuals, t, p, own.reml);
          };
          differences[i] = (value(1e-5) - value(-1e-5)) / 2e-5;
        }
        CHECK((gradient - differences).cwiseAbs().maxCoeff() <
              1e-6 * (1 + differences.cwiseAbs().maxCoeff()));
        // a factor of another point is overwritten by the next one
        const Evaluation second = objective.evaluate(point, Order::kTraces, Chart::kFactor);
        const Index k = point.size();
        Matrix hessian(k, k);
        for (Index i = 0; i < k; ++i) {
          Vector moved = point;
          moved[i] += 1e-5;
          const Vector above = objective.evaluate(moved, Order::kGradient, Chart::kFactor).gradient;
          moved[i] -= 2e-5;
          const Vector below = objective.evaluate(moved, Order::kGradient, Chart::kFactor).gradient;
          hessian.col(i) = (above - below) / 2e-5;
        }
        CHECK(relative(second.hessian, hessian) < 1e-6);
        // a covariance matrix of scores, but for what the fixed effects take
        CHECK(second.metric.allFinite());
      }
    }
  }
}

TEST_CASE("sums over whole groups have the criterion of those over neighbours") {
  for (const char* name : {"ar1", "car1", "ad"}) {
    Case own(random_model(7, 30, 2, {}, false), 7, name, 1, true);
    const henderson::ResidualModel whole =
        henderson::make_residual_model(own.model.rows(), own.sums, own.residuals.structure,
                                       own.residuals.group, own.residuals.places, true);
    ResidualObjective other(whole, own.sums, own.model.structures, true);
    const Vector phi = random_point(7, other.n_phi());
    CHECK(other.value(phi) == Approx(own.objective.value(phi)).epsilon(1e-11));
    CHECK(relative(other.natural_gradient(Vector(0), phi),
                   own.objective.natural_gradient(Vector(0), phi)) < 1e-8);
    // by groups the expected information exists; at many rows it is near the observed one
    const henderson::ContrastParts parts = henderson::residual_expected_parts(&other, phi);
    CHECK(parts.weight.allFinite());
    const henderson::ContrastParts adjusted = henderson::residual_adjusted_parts(&other, phi);
    CHECK(relative(adjusted.phi, parts.phi) < 1e-9);
    CHECK(relative(adjusted.phi_moves, parts.phi_moves) < 1e-6);
  }
}

TEST_CASE("a fit with a residual structure ends at a minimum, and says what R is") {
  Case own(random_model(11, 60, 2, {{10, {1}, {kUs}}}, false), 11, "ar1", 1, true);
  henderson::FitOptions options;
  const henderson::ResidualFit result = henderson::fit_residual(&own.objective, options);
  CHECK(result.fit.certificate.holds());
  CHECK(result.fit.criterion ==
        Approx(dense_value(own.model, own.residuals, result.fit.theta, result.phi, true)));
  CHECK(result.moments.sum_log_w != 0);
  const henderson::ContrastParts parts =
      henderson::residual_parts(&own.objective, result.fit.theta, result.phi);
  CHECK(parts.offset.size() == result.fit.theta.size() + result.phi.size());
  options.start = Vector::Constant(1, 2.0);
  const henderson::ResidualFit again = henderson::fit_residual(&own.objective, options);
  CHECK(again.fit.criterion == Approx(result.fit.criterion).epsilon(1e-9));
  options.start = Vector::Ones(5);
  CHECK_THROWS(henderson::fit_residual(&own.objective, options));
  CHECK_THROWS(henderson::residual_expected_parts(&own.objective, result.phi));
  CHECK_THROWS(henderson::make_residual_correlation("none", 3));
}

TEST_CASE("gaps of times count by their digits, however small they are") {
  // gaps of 1, 1e-10, 3e-10 and again 1: three kinds of neighbours, and the rows between them
  const ResidualStructure structure(henderson::make_residual_correlation("car1", 0),
                                    Matrix::Zero(1, 0), 1);
  std::vector<ResidualPlace> places(8);
  const double times[] = {0, 1, 0, 1e-10, 0, 3e-10, 5, 6};
  for (int i = 0; i < 8; ++i) places[i].position = times[i];
  const henderson::Cliques cliques =
      henderson::find_cliques(structure, {0, 0, 1, 1, 2, 2, 3, 3}, places);
  REQUIRE(cliques.types.size() == 3);
  CHECK(cliques.types[0].count == 2);
  CHECK(cliques.types[1].places[1].position == 1e-10);
  CHECK(cliques.types[2].places[1].position == 3e-10);
}
