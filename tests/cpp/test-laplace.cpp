// Laplace's approximation against its definition with dense matrices, and its gradient against
// differences: data/row_index.h, likelihood/penalized_mode.h, likelihood/inverse_products.h,
// likelihood/laplace.h and fit/fit_glmm.h.
#include <catch.h>

#include <Eigen/LU>
#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "data/row_index.h"
#include "family/family.h"
#include "fit/fit_glmm.h"
#include "likelihood/inverse_products.h"
#include "likelihood/laplace.h"
#include "likelihood/penalized_mode.h"
#include "random-model.h"

using henderson::Chart;
using henderson::Evaluation;
using henderson::Family;
using henderson::FamilyRows;
using henderson::GeneralizedResponse;
using henderson::Index;
using henderson::LaplaceObjective;
using henderson::Matrix;
using henderson::Order;
using henderson::Vector;
using testing_models::kDiag;
using testing_models::kUs;
using testing_models::Model;
using testing_models::random_model;
using testing_models::relative;

namespace {

// A model with a response of a family, in place of its normal one.
struct Generalized {
  Model model;
  std::unique_ptr<Family> family;
  Vector y, trials, offset;
  henderson::CrossProducts moments;

  GeneralizedResponse response() const { return {y.data(), nullptr, trials.data(), offset.data()}; }
  LaplaceObjective objective() const {
    // rows are borrowed: those of the model live as long as this
    return LaplaceObjective(*rows, moments, model.structures, response(), *family);
  }
  std::unique_ptr<henderson::DataRows> rows;
};

Generalized generalized(Model model, const std::string& name, const std::string& link,
                        unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  Generalized result;
  result.model = std::move(model);
  result.family = henderson::make_family(name, henderson::make_link(link));
  const Index n = result.model.n;
  result.y.resize(n);
  result.trials = Vector::Ones(n);
  result.offset = Vector::Zero(n);
  for (Index i = 0; i < n; ++i) {
    const double eta = 0.1 * (result.model.y[i] - 10);
    result.offset[i] = 0.1 * normal(generator);
    if (name == "binomial") {
      result.trials[i] = 1 + static_cast<double>(generator() % 5);
      result.y[i] = std::floor(result.trials[i] * (0.5 + 0.3 * std::sin(eta + normal(generator))));
    } else if (name == "beta") {
      result.y[i] = 1 / (1 + std::exp(-eta - normal(generator)));
    } else if (name == "Gamma" || name == "inverse.gaussian") {
      result.y[i] = std::exp(eta + 0.5 * normal(generator));
    } else {
      result.y[i] = std::floor(2 * std::exp(eta + 0.5 * normal(generator)));
    }
  }
  result.moments = testing_models::moments_of(result.model);
  result.rows = std::make_unique<henderson::DataRows>(result.model.rows());
  return result;
}

// F by its definition: Newton's method on dense matrices, then the determinant of I + L'Z'WZL.
double dense_laplace(const Generalized& data, const Vector& theta, const Vector& beta,
                     double log_phi) {
  const Matrix zl = data.model.z_lambda(theta);
  const Index q = zl.cols();
  const Index n = data.model.n;
  Vector u = Vector::Zero(q);
  Vector density(n), s(n), w(n), fisher(n), eta(n);
  const auto look = [&](const Vector& at) {
    eta = data.offset + data.model.x * beta + zl * at;
    const FamilyRows rows = data.response().block(0, n, eta.data());
    data.family->evaluate(rows, log_phi, {density.data(), s.data(), w.data(), fisher.data()});
    double sum = density.sum();
    for (Index i = 0; i < n; ++i) sum += data.family->constant(rows, i, log_phi);
    return -2 * sum + at.squaredNorm();
  };
  for (int k = 0; k < 100; ++k) {
    const double value = look(u);
    const Matrix h = Matrix::Identity(q, q) + zl.transpose() * fisher.asDiagonal() * zl;
    const Vector step = h.ldlt().solve(zl.transpose() * s + u);
    double factor = 1;
    while (!(look(u - factor * step) <= value + 1e-12) && factor > 1e-10) factor *= 0.5;
    u -= factor * step;
    if (step.norm() < 1e-12) break;
  }
  const double value = look(u);
  const Matrix h = Matrix::Identity(q, q) + zl.transpose() * w.asDiagonal() * zl;
  return value + std::log(h.determinant());
}

struct Shape {
  std::string name, family, link;
  Model model;
};

std::vector<Shape> shapes() {
  const auto one = [](unsigned seed) {
    return random_model(seed, 60, 2, {{7, {1}, {kUs}}}, false);
  };
  const auto slopes = [](unsigned seed) {
    return random_model(seed, 80, 2, {{8, {2}, {kUs}}}, false);
  };
  const auto crossed = [](unsigned seed) {
    return random_model(seed, 90, 3, {{9, {1}, {kUs}}, {6, {1}, {kUs}}, {4, {1}, {kUs}}}, false);
  };
  const auto mixed = [](unsigned seed) {
    return random_model(seed, 110, 2,
                        {{9, {2, 1}, {kUs, kDiag}}, {5, {2}, {kDiag}}, {3, {2}, {kUs}}}, false);
  };
  return {{"one term", "binomial", "logit", one(1)},
          {"slopes", "poisson", "log", slopes(2)},
          {"crossed", "binomial", "cloglog", crossed(3)},
          {"mixed", "poisson", "log", mixed(4)},
          {"mixed", "binomial", "probit", mixed(5)},
          {"crossed", "nbinom2", "log", crossed(6)},
          {"slopes", "nbinom1", "log", slopes(7)},
          {"mixed", "Gamma", "log", mixed(8)},
          {"crossed", "beta", "logit", crossed(9)},
          {"one term", "inverse.gaussian", "log", one(10)},
          {"slopes", "poisson", "sqrt", slopes(11)}};
}

// A point at which the searches could be: theta about 0.5 in standardized units.
Vector point_of(const LaplaceObjective& objective, LaplaceObjective* start, double size) {
  Vector theta = size * objective.random().start();
  for (Index i = 0; i < theta.size(); ++i) theta[i] += 0.07 * ((i * 7) % 5 - 2);
  Vector x = start->start(theta);
  REQUIRE(x.size() == objective.coordinates().size);
  for (Index i = objective.n_theta(); i < x.size(); ++i) x[i] += 0.03 * ((i * 3) % 4 - 1);
  return x;
}

}  // namespace

TEST_CASE("Laplace's approximation is that of dense matrices", "[laplace]") {
  unsigned seed = 100;
  for (Shape& shape : shapes()) {
    INFO(shape.name << " " << shape.family << " " << shape.link);
    const Generalized data = generalized(shape.model, shape.family, shape.link, ++seed);
    LaplaceObjective objective = data.objective();
    const Vector x = point_of(objective, &objective, 0.5);
    const Index n = objective.n_theta();
    const Vector theta = objective.random().to_natural(x.head(n));
    const Vector beta = objective.fixed_map() * x.segment(n, objective.n_beta());
    const double log_phi = objective.n_phi() > 0 ? x[x.size() - 1] : 0;
    const double dense = dense_laplace(data, theta, beta, log_phi);
    const double value = objective.value(x);
    INFO(value << " " << dense);
    // modes to 1e-12, of which sums of about a hundred rows are made
    REQUIRE(std::abs(value - dense) < 1e-8 * (1 + std::abs(dense)));
  }
}

TEST_CASE("the gradient is that of differences", "[laplace]") {
  unsigned seed = 200;
  for (Shape& shape : shapes()) {
    INFO(shape.name << " " << shape.family << " " << shape.link);
    const Generalized data = generalized(shape.model, shape.family, shape.link, ++seed);
    LaplaceObjective objective = data.objective();
    const Vector x = point_of(objective, &objective, 0.5);
    const Evaluation here = objective.evaluate(x, Order::kGradient, Chart::kFactor);
    REQUIRE(std::isfinite(here.value));
    // errors of step^2 times third derivatives, and of 1e-12 |F| / step
    const double step = 1e-5;
    for (Index i = 0; i < x.size(); ++i) {
      Vector moved = x;
      moved[i] = x[i] + step;
      const double above = objective.value(moved);
      moved[i] = x[i] - step;
      const double below = objective.value(moved);
      const double difference = (above - below) / (2 * step);
      INFO(i << ": " << here.gradient[i] << " " << difference);
      REQUIRE(std::abs(here.gradient[i] - difference) < 2e-6 * (1 + std::abs(difference)));
    }
  }
}

// In the chart of covariances a zero variance has a gradient: that of gamma, from above.
TEST_CASE("the gradient is defined at a variance of zero", "[laplace]") {
  const Generalized data = generalized(
      random_model(21, 80, 2, {{9, {1}, {kUs}}, {5, {1}, {kUs}}}, false), "poisson", "log", 5);
  LaplaceObjective objective = data.objective();
  Vector x = point_of(objective, &objective, 0.5);
  x[0] = henderson::kOffZero;
  const Evaluation here = objective.evaluate(x, Order::kGradient, Chart::kCovariance);
  const double value = objective.value(x);
  const double gamma = 1e-5;
  x[0] = std::sqrt(gamma);
  const double above = (objective.value(x) - value) / gamma;
  x[0] = std::sqrt(2 * gamma);
  const double twice = (objective.value(x) - value) / (2 * gamma);
  // the difference's error of first order is taken off
  REQUIRE(std::abs(here.gradient[0] - (2 * above - twice)) < 1e-4 * (1 + std::abs(above)));
}

TEST_CASE("a search ends where the gradient is zero, and the certificate holds", "[laplace]") {
  unsigned seed = 300;
  for (Shape& shape : shapes()) {
    INFO(shape.name << " " << shape.family << " " << shape.link);
    const Generalized data = generalized(shape.model, shape.family, shape.link, ++seed);
    LaplaceObjective objective = data.objective();
    henderson::FitOptions options;
    const henderson::GeneralizedFit result = henderson::fit_glmm(&objective, options);
    INFO("evaluations " << result.fit.evaluations);
    REQUIRE(result.fit.certificate.holds());
    REQUIRE(result.fit.evaluations < 60);
    const double log_phi = result.log_phi.size() > 0 ? result.log_phi[0] : 0;
    const double dense = dense_laplace(data, result.fit.theta, result.fit.beta, log_phi);
    REQUIRE(std::abs(result.fit.criterion - dense) < 1e-7 * (1 + std::abs(dense)));
    // no step of beta lowers the dense criterion by more than its curvature allows
    for (Index i = 0; i < result.fit.beta.size(); ++i) {
      for (const double step : {-1e-3, 1e-3}) {
        Vector moved = result.fit.beta;
        moved[i] += step;
        REQUIRE(dense_laplace(data, result.fit.theta, moved, log_phi) > dense - 1e-7);
      }
    }
  }
}

// Exact in a normal model: -2 log L of y ~ N(X beta, phi I + Z Gamma Z').
TEST_CASE("the normal model has no error of approximation", "[laplace]") {
  Generalized data = generalized(random_model(31, 70, 2, {{8, {2}, {kUs}}, {5, {1}, {kUs}}}, false),
                                 "gaussian", "identity", 6);
  data.y = data.model.y;
  LaplaceObjective objective = data.objective();
  const Vector x = point_of(objective, &objective, 0.5);
  const Index n = objective.n_theta();
  const Matrix zl = data.model.z_lambda(objective.random().to_natural(x.head(n)));
  const double phi = std::exp(x[x.size() - 1]);
  const Matrix v = phi * Matrix::Identity(data.model.n, data.model.n) + zl * zl.transpose();
  const Vector beta = objective.fixed_map() * x.segment(n, 2);
  const Vector e = data.y - data.offset - data.model.x * beta;
  const Eigen::LLT<Matrix> factor(v);
  double dense = e.dot(factor.solve(e)) + data.model.n * std::log(2 * 3.14159265358979323846);
  for (Index i = 0; i < data.model.n; ++i) {
    dense += 2 * std::log(Matrix(factor.matrixL())(i, i));
  }
  REQUIRE(std::abs(objective.value(x) - dense) < 1e-9 * std::abs(dense));
}

TEST_CASE("sums by places are those of the rows", "[laplace]") {
  const Model model = random_model(41, 50, 2, {{6, {2}, {kUs}}, {4, {1}, {kUs}}}, true);
  const henderson::DataRows weighted = model.rows();
  const henderson::CrossProducts wanted = testing_models::moments_of(model);
  henderson::CrossProducts sums = wanted;
  for (auto& term : sums.terms) term.diagonal.setZero();
  for (auto& pair : sums.pairs) std::fill(pair.begin(), pair.end(), 0.0);
  const henderson::RowIndex index = henderson::index_rows(weighted, *wanted.incidence);
  const henderson::IndexedRows data{weighted, wanted.shifts, index};
  henderson::add_squares(data, 0, 20, model.weights.data(), &sums);
  henderson::add_squares(data, 20, 30, model.weights.data() + 20, &sums);
  for (std::size_t t = 0; t < sums.terms.size(); ++t) {
    REQUIRE(relative(sums.terms[t].diagonal, wanted.terms[t].diagonal) < 1e-13);
  }
  for (std::size_t k = 0; k < sums.pairs.size(); ++k) {
    for (std::size_t e = 0; e < sums.pairs[k].size(); ++e) {
      REQUIRE(std::abs(sums.pairs[k][e] - wanted.pairs[k][e]) < 1e-11);
    }
  }
  // <C, d(Z'WZ)/dw_i> by a difference of one weight, exact as sums are linear
  Vector h(1);
  henderson::leverages(data, wanted, 7, 1, h.data());
  henderson::CrossProducts one = sums;
  const double unit = 1;
  henderson::add_squares(data, 7, 1, &unit, &one);
  double expected = 0;
  for (std::size_t t = 0; t < sums.terms.size(); ++t) {
    expected += (one.terms[t].diagonal - sums.terms[t].diagonal)
                    .cwiseProduct(wanted.terms[t].diagonal)
                    .sum();
  }
  for (std::size_t k = 0; k < sums.pairs.size(); ++k) {
    for (std::size_t e = 0; e < sums.pairs[k].size(); ++e) {
      expected += 2 * (one.pairs[k][e] - sums.pairs[k][e]) * wanted.pairs[k][e];
    }
  }
  REQUIRE(std::abs(h[0] - expected) < 1e-9 * (1 + std::abs(expected)));
}
