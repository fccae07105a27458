// The steps of the search on functions whose minima are known, and the search's promises.
#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <catch.h>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "algebra/symmetric.h"
#include "core/fit/fit_lmm.h"
#include "random-model.h"
#include "search/cone_program.h"
#include "search/covariance_search.h"
#include "search/fixed_rank_step.h"

using namespace henderson;
using namespace testing_models;

namespace {

constexpr auto kUs = StructureKind::kUnstructured;
constexpr auto kDiag = StructureKind::kDiagonal;

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
    cones_ = {{0, static_cast<int>(s.rows()), levels}};
  }
  const std::vector<Cone>& cones() const { return cones_; }
  SmoothModel model(const Vector& x) const {
    const Index v = s_.rows();
    const Matrix identity = Matrix::Identity(v, v);
    const Matrix w = (cone_matrix(cones_[0], x) + c_ * identity).inverse();
    SmoothModel model;
    model.gamma = x;
    const Index r = x.size();
    model.gradient.resize(r);
    model.expected.resize(r);
    model.hessian.resize(r, r);
    model.metric.resize(r, r);
    const auto direction = [&](Index i) { return cone_matrix(cones_[0], Vector::Unit(r, i)); };
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
  std::vector<Cone> cones_;
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
    const FixedRankStep step = fixed_rank_step(function.cones(), model, 0);
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
      fixed_rank_step(Balanced(s, 1, 20).cones(), Balanced(s, 1, 20).model(x), 0);
  REQUIRE(stays.found);
  CHECK(stays.step.factors[0].col(1).isZero(0));
  s(1, 1) = 1.5;
  CHECK_FALSE(fixed_rank_step(Balanced(s, 1, 20).cones(), Balanced(s, 1, 20).model(x), 0).found);
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
    const FitResult fit = fit_lmm(moments, options);
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
    const FitResult fit = fit_lmm(moments, options);
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
  const Model model = random_model(5, 150, 2, {{10, {2}, {kUs}}, {6, {2}, {kDiag}}}, false);
  const DataRows rows = model.rows();
  const CrossProducts moments = accumulate(rows, dense_gram(rows));
  GaussianObjective deviance(moments, true);
  const FitOptions options;
  const CovarianceSearch search(&deviance, options);
  SearchResult optimum;
  optimum.x.resize(5);
  optimum.x << 2, 1, 0, 0, 3;  // Gamma = [4 2; 2 1], singular; diag(0, 9)
  const Vector x = search.complement(optimum);
  Matrix lambda(2, 2);
  lambda << x[0], 0, x[1], x[2];
  Matrix expected(2, 2);
  expected << 41, 20, 20, 11;
  CHECK((lambda * lambda.transpose() * expected - Matrix::Identity(2, 2)).norm() < 1e-12);
  CHECK(x[3] == Approx(1));
  CHECK(x[4] == Approx(1 / std::sqrt(91)));
}

TEST_CASE("the trace of a search that others continue counts all evaluations") {
  // from far off with variances 1e16 apart, the factors have to take over
  const Model model = random_model(5, 150, 2, {{10, {2}, {kUs}}, {6, {2}, {kDiag}}}, false);
  const DataRows rows = model.rows();
  const CrossProducts moments = accumulate(rows, dense_gram(rows));
  FitOptions options;
  options.start = Vector::Constant(5, 1e7);
  const FitResult fit = fit_lmm(moments, options);
  CHECK(fit.certificate.holds());
  int last = 0;
  for (const SearchTrace& step : fit.trace) {
    CHECK(step.evaluation >= last);
    last = step.evaluation;
  }
  CHECK(last <= fit.evaluations);
}
