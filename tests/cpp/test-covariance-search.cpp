// The steps of the search on functions whose minima are known, and the search's promises.
#include <catch.h>

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "algebra/symmetric.h"
#include "fit/fit_lmm.h"
#include "fit/starts.h"
#include "random-model.h"
#include "search/certificate.h"
#include "search/cone_program.h"
#include "search/coordinates.h"
#include "search/covariance_search.h"
#include "search/factor_search.h"
#include "search/fixed_rank_step.h"
#include "search/objective.h"
#include "search/result.h"

using namespace henderson;
using namespace testing_models;

namespace {

Matrix random_matrix(std::mt19937* generator, Index rows, Index columns) {
  std::normal_distribution<double> normal;
  Matrix result(rows, columns);
  for (Index i = 0; i < result.size(); ++i) result.data()[i] = normal(*generator);
  return result;
}

double smallest_eigenvalue(const Matrix& m) {
  return Eigen::SelfAdjointEigenSolver<Matrix>(m).eigenvalues()[0];
}

// J (log|Gamma + c I| + tr((Gamma + c I)^-1 S)): the deviance of one balanced term with known
// residual variance, whose minimum over Gamma is S - c I where that is positive definite.
class Balanced {
 public:
  Balanced(const Matrix& s, double c, double levels) : s_(s), c_(c), levels_(levels) {
    coordinates_.size = static_cast<int>(s.rows() * (s.rows() + 1) / 2);
    coordinates_.cones = {{0, static_cast<int>(s.rows()), levels}};
  }
  const Coordinates& coordinates() const { return coordinates_; }
  SmoothModel model(const Vector& x) const {
    const Index v = s_.rows();
    const Matrix identity = Matrix::Identity(v, v);
    const Matrix w = (cone_matrix(coordinates_.cones[0], x) + c_ * identity).inverse();
    SmoothModel model;
    model.gamma = x;
    const Index r = x.size();
    model.gradient.resize(r);
    model.expected.resize(r);
    model.hessian.resize(r, r);
    model.metric.resize(r, r);
    const auto direction = [&](Index i) {
      return cone_matrix(coordinates_.cones[0], Vector::Unit(r, i));
    };
    for (Index i = 0; i < r; ++i) {
      const Matrix e = direction(i);
      model.expected[i] = levels_ * (w * e).trace();
      model.gradient[i] = model.expected[i] - levels_ * (w * s_ * w * e).trace();
      for (Index j = 0; j < r; ++j) {
        const Matrix f = direction(j);
        model.metric(i, j) = levels_ * (w * e * w * f).trace();
        model.hessian(i, j) = 2 * levels_ * (w * s_ * w * e * w * f).trace() - model.metric(i, j);
      }
    }
    return model;
  }

 private:
  Matrix s_;
  double c_;
  double levels_;
  Coordinates coordinates_;
};

// The same for Gamma = gamma R, R with 1 on the diagonal and sin(phi) off it: a cone and a free
// coordinate. S = c I + such a Gamma is its minimum.
class BalancedCorrelation : public Objective {
 public:
  BalancedCorrelation(double gamma, double phi, double levels) : levels_(levels) {
    coordinates_.size = 2;
    coordinates_.cones = {{0, 1, levels}};
    s_ = gamma * correlation(phi) + Matrix::Identity(2, 2);
  }
  const Coordinates& coordinates() const override { return coordinates_; }
  FullRounding full_rounding(const Vector&) override { return {1e-14, 0}; }
  TraceCost trace_cost() const override { return TraceCost::kLittle; }
  Evaluation evaluate(const Vector& x, Order, Chart chart) override {
    const double gamma = x[0] * x[0];
    const Matrix w = Matrix(gamma * correlation(x[1]) + Matrix::Identity(2, 2)).inverse();
    Evaluation result;
    result.value = levels_ * (-std::log(w.determinant()) + (w * s_).trace());
    result.rounding = 1e-14;
    Matrix off = Matrix::Zero(2, 2);
    off(0, 1) = off(1, 0) = 1;
    const double d_gamma = chart == Chart::kFactor ? 2 * x[0] : 1;
    const std::vector<Matrix> d = {d_gamma * correlation(x[1]), gamma * std::cos(x[1]) * off};
    const double bend = chart == Chart::kFactor ? 2 : 0;
    const std::vector<Matrix> d2 = {bend * correlation(x[1]), d_gamma * std::cos(x[1]) * off,
                                    -gamma * std::sin(x[1]) * off};
    const Matrix score = levels_ * (w - w * s_ * w);
    result.gradient.resize(2);
    result.expected.resize(2);
    result.hessian.resize(2, 2);
    result.metric.resize(2, 2);
    for (int i = 0; i < 2; ++i) {
      result.expected[i] = levels_ * (w * d[i]).trace();
      result.gradient[i] = (score * d[i]).trace();
      for (int j = 0; j < 2; ++j) {
        result.metric(i, j) = levels_ * (w * d[i] * w * d[j]).trace();
        result.hessian(i, j) = 2 * levels_ * (w * s_ * w * d[i] * w * d[j]).trace() -
                               result.metric(i, j) + (score * d2[i + j]).trace();
      }
    }
    result.exact = true;
    return result;
  }

 private:
  static Matrix correlation(double phi) {
    Matrix r = Matrix::Identity(2, 2);
    r(0, 1) = r(1, 0) = std::sin(phi);
    return r;
  }
  double levels_;
  Matrix s_;
  Coordinates coordinates_;
};

}  // namespace

TEST_CASE("a cone program projects onto the positive semidefinite matrices") {
  // |Gamma - diag(2, -1)|^2 / 2 with the off-diagonal entry counted twice
  const std::vector<Cone> cones = {{0, 2, 1}};
  Vector target(3);
  target << 2, 0, -1;
  const Matrix b = Vector((Vector(3) << 1, 2, 1).finished()).asDiagonal();
  Vector x0(3);
  x0 << 1, 0, 1;
  const ConeStep step = solve_cone_program(cones, x0, b * (x0 - target), b);
  CHECK(step.x[0] == Approx(2));
  CHECK(std::abs(step.x[1]) < 1e-10);
  CHECK(step.x[2] == 0);
  CHECK(step.decrease == Approx(0.5 * (1 + 4) - 0.5));
}

TEST_CASE("the solution of a cone program satisfies the conditions of Karush, Kuhn and Tucker") {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    std::mt19937 generator(seed);
    const std::vector<Cone> cones = {{0, 3, 1}, {6, 1, 1}, {7, 2, 1}};
    const Matrix half = random_matrix(&generator, 10, 14);
    const Vector scale = (0.5 * random_matrix(&generator, 10, 1).array()).exp();
    const Matrix b = scale.asDiagonal() * half * half.transpose() * scale.asDiagonal();
    const Vector s = scale.cwiseProduct(5 * random_matrix(&generator, 10, 1).col(0));
    Vector x0(10);
    for (const Cone& cone : cones) {
      const Matrix f = random_matrix(&generator, cone.size, cone.size);
      set_cone_matrix(cone, f * f.transpose(), &x0);
    }
    const ConeStep step = solve_cone_program(cones, x0, s, b);
    const Vector gradient = s + b * (step.x - x0);
    INFO("seed " << seed);
    double size = 0;
    for (const Cone& cone : cones) {
      const Vector root = cone_matrix(cone, x0).diagonal().cwiseSqrt();
      size += root.dot(cone_gradient(cone, s).cwiseAbs() * root);
    }
    for (std::size_t k = 0; k < cones.size(); ++k) {
      const Matrix gamma = cone_matrix(cones[k], step.x);
      const Matrix z = cone_gradient(cones[k], gradient);
      CHECK((gamma - step.factors[k] * step.factors[k].transpose()).norm() <= 1e-12 * gamma.norm());
      CHECK(smallest_eigenvalue(z) > -1e-6 * cone_gradient(cones[k], s).norm());
      CHECK(std::abs(gamma.cwiseProduct(z).sum()) < 1e-7 * size);
    }
  }
}

TEST_CASE("steps of fixed rank converge quadratically near a matrix of rank one") {
  // the start is turned away
  Matrix s(2, 2);
  s << 9, 8.9, 8.9, 9.2;
  const Balanced function(s, 0.05, 20);
  Vector x(3);
  x << 9.6, 8.4, 8.2;
  double last = std::numeric_limits<double>::infinity();
  int steps = 0;
  for (; steps < 12 && last > 1e-14; ++steps) {
    const SmoothModel model = function.model(x);
    const FixedRankStep step = fixed_rank_step(function.coordinates(), model, 0);
    REQUIRE(step.found);
    x = step.step.x;
    last = step.step.decrease;
  }
  CHECK(steps <= 10);
  CHECK(x[0] == Approx(8.95).epsilon(1e-7));
  CHECK(x[1] == Approx(8.9).epsilon(1e-7));
  CHECK(x[2] == Approx(9.15).epsilon(1e-7));
}

TEST_CASE("a zero eigenvalue stays unless it wants to grow") {
  Vector x(3);
  x << 2, 0, 0;
  Matrix s(2, 2);
  s << 3, 0.2, 0.2, 0.5;
  const FixedRankStep stays =
      fixed_rank_step(Balanced(s, 1, 20).coordinates(), Balanced(s, 1, 20).model(x), 0);
  REQUIRE(stays.found);
  CHECK(stays.step.factors[0].col(1).isZero(0));
  s(1, 1) = 1.5;
  CHECK_FALSE(
      fixed_rank_step(Balanced(s, 1, 20).coordinates(), Balanced(s, 1, 20).model(x), 0).found);
}

TEST_CASE("a damped Hessian is positive definite and says whether it was so") {
  const Matrix metric = Matrix::Identity(2, 2);
  Matrix h(2, 2);
  h << 2, 0, 0, 3;
  const DampedHessian convex = damp(h, metric, 0, 0.5);
  CHECK(convex.convex);
  CHECK((convex.matrix - h - 0.5 * metric).norm() < 1e-14);
  h(1, 1) = -0.3;
  const DampedHessian other = damp(h, metric, 0, 0);
  CHECK_FALSE(other.convex);
  CHECK(other.matrix(1, 1) == Approx(0.3));
  CHECK(damp(h, metric, 0.01, 0).matrix(1, 1) == Approx(0.01));
}

TEST_CASE("balanced data need one step of Fisher scoring, from any start") {
  // y = group mean + residual: the start, the step, and one more to see that nothing is left
  Model model = random_model(3, 60, 1, {{12, {1}, {kUs}}}, false);
  for (Index i = 0; i < 60; ++i) model.level[0][i] = 1 + static_cast<int>(i % 12);
  std::mt19937 generator(1);
  const Vector effect = random_matrix(&generator, 12, 1);
  for (Index i = 0; i < 60; ++i) model.y[i] += 3 * effect[i % 12];
  const DataRows rows = model.rows();
  const CrossProducts moments = accumulate(rows, dense_gram(rows));
  for (const double start : {0.01, 1.0, 50.0}) {
    FitOptions options;
    options.start = Vector::Constant(1, start);
    const FitResult fit = fit_lmm(moments, model.structures, options);
    INFO("start " << start);
    CHECK(fit.evaluations <= 4);
    CHECK(fit.theta[0] > 0.5);
  }
}

TEST_CASE("the number of evaluations is a bound") {
  const Model model = random_model(5, 150, 2, {{10, {2}, {kUs}}, {6, {2}, {kDiag}}}, false);
  const DataRows rows = model.rows();
  const CrossProducts moments = accumulate(rows, dense_gram(rows));
  FitOptions options;
  options.start = Vector::Constant(5, 30);
  for (const int most : {1, 2, 3}) {
    options.max_evaluations = most;
    const FitResult fit = fit_lmm(moments, model.structures, options);
    CHECK(fit.status == SearchStatus::kMaxEvaluations);
    CHECK(fit.evaluations == most);
  }
}

TEST_CASE("a certificate names the numbers that are not those of a minimum") {
  const auto failed = [](double decrease, double curvature, double score, double rounding) {
    Certificate certificate;
    certificate.predicted_decrease = decrease;
    certificate.smallest_curvature = curvature;
    certificate.smallest_score = score;
    certificate.rounding = rounding;
    CHECK(certificate.holds() == certificate.failed().empty());
    return certificate.failed();
  };
  using Names = std::vector<std::string>;
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(failed(1e-15, 0.3, 0, 1e-12).empty());
  CHECK(failed(1e-5, 0.3, 0, 1e-12) == Names{"predicted_decrease"});
  CHECK(failed(infinity, 0.3, 0, 1e-12) == Names{"predicted_decrease"});
  CHECK(failed(std::nan(""), 0.3, 0, 1e-12) == Names{"predicted_decrease"});
  CHECK(failed(1e-15, -1e-3, 0, 1e-12) == Names{"smallest_curvature"});
  CHECK(failed(1e-15, 0.3, -1e-3, 1e-12) == Names{"smallest_score"});
  Certificate flat;
  flat.smallest_score = -1e-3;
  flat.boundary_gain = 1e-7;
  CHECK(flat.holds());
  flat.boundary_gain = 1e-5;
  CHECK_FALSE(flat.holds());
  CHECK(failed(1, -1, -1, 0).size() == 3);
  // rounding excuses no more than a hundredth of a unit
  CHECK(failed(1e-4, 0.3, 0, 1e-3).empty());
  CHECK(failed(0.02, 0.3, 0, 1) == Names{"predicted_decrease"});
}

TEST_CASE("the complement of a minimum exchanges what varies and what does not") {
  Coordinates coordinates;
  coordinates.size = 5;
  coordinates.cones = {{0, 2, 10}, {3, 1, 6}, {4, 1, 6}};
  Vector optimum(5);
  optimum << 2, 1, 0, 0, 3;  // Gamma = [4 2; 2 1], singular; diag(0, 9)
  const Vector x = complement(coordinates, optimum);
  Matrix lambda(2, 2);
  lambda << x[0], 0, x[1], x[2];
  Matrix expected(2, 2);
  expected << 41, 20, 20, 11;
  CHECK((lambda * lambda.transpose() * expected - Matrix::Identity(2, 2)).norm() < 1e-12);
  CHECK(x[3] == Approx(1));
  CHECK(x[4] == Approx(1 / std::sqrt(91)));
}

TEST_CASE("coordinates know their pivots, zeros and free ones") {
  Coordinates coordinates;
  coordinates.size = 8;
  coordinates.cones = {{1, 3, 10}, {7, 1, 4}};
  CHECK(coordinates.free() == std::vector<int>{0});
  Vector x(8);
  x << -5, 1, 2, 3, 0, 4, -2, -0.5;  // L = [1 . .; 2 0 .; 3 4 -2]
  CHECK(coordinates.singular(x));
  const Vector gamma = coordinates.covariances(x);
  CHECK(gamma[0] == -5);
  CHECK(gamma.tail(7) == (Vector(7) << 1, 2, 3, 4, 6, 29, 0.25).finished());
  const Vector canonical = coordinates.canonical(x);
  CHECK(canonical[0] == -5);
  CHECK((coordinates.covariances(canonical) - gamma).norm() < 1e-14);
  CHECK(canonical[4] == 0);
  CHECK(canonical[5] == 0);
  CHECK(canonical[6] == Approx(std::sqrt(20)));
  CHECK(canonical[7] == 0.5);
  const Vector kept = coordinates.keep_off_zero(x, 1);
  CHECK(kept == (Vector(8) << -5, 1, 2, 3, 1, 4, -2, -1).finished());
  CHECK_FALSE(coordinates.singular(kept));
}

TEST_CASE("a free coordinate is found beside a cone, by both searches, with a certificate") {
  const SearchOptions options;
  for (const double phi : {-1.2, -0.3, 0.0, 0.4, 1.4}) {
    for (const double gamma : {0.04, 1.0, 25.0}) {
      INFO("phi " << phi << ", gamma " << gamma);
      BalancedCorrelation objective(gamma, phi, 50);
      Vector start(2);
      start << 1, 0;
      SearchResult found = CovarianceSearch(&objective, options).run(start, 0);
      CHECK(found.status == SearchStatus::kConverged);
      CHECK(found.x[0] * found.x[0] == Approx(gamma).epsilon(1e-6));
      CHECK(std::sin(found.x[1]) == Approx(std::sin(phi)).epsilon(1e-6).margin(1e-6));
      CHECK(found.evaluations <= 16);
      CHECK(certify(&objective, options, &found).holds());
      const SearchResult by_factors = FactorSearch(&objective, options).run(start, 0);
      CHECK(by_factors.value == Approx(found.value).epsilon(1e-9));
    }
  }
}

TEST_CASE("the trace of a search that others continue counts all evaluations") {
  // from far off with variances 1e16 apart, the factors have to take over
  const Model model = random_model(5, 150, 2, {{10, {2}, {kUs}}, {6, {2}, {kDiag}}}, false);
  const DataRows rows = model.rows();
  const CrossProducts moments = accumulate(rows, dense_gram(rows));
  FitOptions options;
  options.start = Vector::Constant(5, 1e7);
  const FitResult fit = fit_lmm(moments, model.structures, options);
  CHECK(fit.certificate.holds());
  int last = 0;
  for (const SearchTrace& step : fit.trace) {
    CHECK(step.evaluation >= last);
    last = step.evaluation;
  }
  CHECK(last <= fit.evaluations);
}
