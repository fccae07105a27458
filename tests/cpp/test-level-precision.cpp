// Terms whose levels have a known precision, against V formed in full with K.
#include <catch.h>

#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <memory>
#include <stdexcept>

#include "algebra/eigen_sparse.h"
#include "covariance/level_precision.h"
#include "inference/contrasts.h"
#include "likelihood/gaussian.h"
#include "random-model.h"

using henderson::Chart;
using henderson::CrossProducts;
using henderson::Evaluation;
using henderson::GaussianObjective;
using henderson::Index;
using henderson::LambdaEntry;
using henderson::LevelPrecision;
using henderson::Matrix;
using henderson::Order;
using henderson::Vector;
using testing_models::kDiag;
using testing_models::kUs;
using testing_models::Model;
using testing_models::random_model;
using testing_models::TermShape;

namespace {

// A chain with some further neighbours, diagonally dominant.
Matrix random_precision(unsigned seed, int n) {
  std::mt19937 generator(seed);
  Matrix q = Matrix::Zero(n, n);
  const auto tie = [&](int a, int b, double value) { q(a, b) = q(b, a) = -value; };
  for (int i = 1; i < n; ++i) tie(i - 1, i, 0.4 + (generator() % 100) / 250.0);
  for (int i = 0; i < n / 3; ++i) {
    const int a = static_cast<int>(generator() % n);
    const int b = static_cast<int>(generator() % n);
    if (a != b) tie(a, b, 0.3);
  }
  for (int i = 0; i < n; ++i) q(i, i) = 0.4 + q.row(i).cwiseAbs().sum();
  return q;
}

henderson::SparseLower lower_of(const Matrix& q) {
  henderson::SparseLower lower;
  lower.size = static_cast<int>(q.rows());
  lower.start.push_back(0);
  for (Index c = 0; c < q.cols(); ++c) {
    for (Index r = c; r < q.rows(); ++r) {
      if (q(r, c) == 0) continue;
      lower.row.push_back(static_cast<int>(r));
      lower.value.push_back(q(r, c));
    }
    lower.start.push_back(static_cast<Index>(lower.row.size()));
  }
  return lower;
}

struct Case {
  std::vector<TermShape> shapes;
  std::vector<bool> related;
};

std::vector<Case> cases() {
  return {{{{20, {1}, {kUs}}}, {true}},
          {{{25, {2}, {kUs}, false}}, {true}},
          {{{25, {1, 1}, {kUs, kUs}}}, {true}},
          {{{40, {1}, {kUs}, false}, {6, {1}, {kUs}}}, {true, false}},
          {{{30, {2}, {kUs}}, {9, {2}, {kUs}}, {5, {1}, {kUs}}}, {true, false, false}},
          {{{40, {1}, {kUs}}, {15, {1}, {kUs}, false}}, {false, true}},
          {{{40, {2}, {kUs}}, {15, {2}, {kUs}}, {12, {1}, {kUs}}}, {false, true, false}},
          {{{30, {1}, {kUs}}, {20, {2}, {kUs}}}, {true, true}}};
}

// Z Lambda (R (x) I), K = R R', of all terms.
class RelatedModel {
 public:
  RelatedModel(unsigned seed, const Case& own)
      : model_(random_model(seed, 150, 2, own.shapes, true)) {
    for (std::size_t t = 0; t < own.related.size(); ++t) {
      const int n = model_.n_levels[t];
      Matrix root = Matrix::Identity(n, n);
      LevelPrecision precision;
      if (own.related[t]) {
        const Matrix q = random_precision(seed + static_cast<unsigned>(t), n);
        precision = henderson::make_level_precision(lower_of(q));
        root = q.inverse().llt().matrixL();
      }
      precisions_.push_back(precision);
      roots_.push_back(root);
    }
  }

  const Model& model() const { return model_; }
  const std::vector<LevelPrecision>& precisions() const { return precisions_; }
  std::vector<henderson::TermStructures> structures() const {
    std::vector<henderson::TermStructures> result = model_.structures;
    for (std::size_t t = 0; t < result.size(); ++t) {
      if (precisions_[t].empty()) continue;
      const auto own = std::make_shared<const LevelPrecision>(precisions_[t]);
      for (henderson::PlacedStructure& structure : result[t]) structure.precision = own;
    }
    return result;
  }

  double dense_criterion(const Vector& theta, bool reml) const {
    return model_.dense_criterion_of(z_lambda(theta), reml);
  }

  Matrix z_lambda(const Vector& theta) const {
    const Matrix independent = model_.z_lambda(theta);
    Matrix z = Matrix::Zero(independent.rows(), independent.cols());
    Index first = 0;
    for (std::size_t t = 0; t < roots_.size(); ++t) {
      const Index v = model_.z[t].cols();
      for (Index m = 0; m < roots_[t].cols(); ++m) {
        for (Index l = 0; l < roots_[t].rows(); ++l) {
          z.middleCols(first + m * v, v) +=
              roots_[t](l, m) * independent.middleCols(first + l * v, v);
        }
      }
      first += v * roots_[t].rows();
    }
    return z;
  }

 private:
  Model model_;
  std::vector<LevelPrecision> precisions_;
  std::vector<Matrix> roots_;
};

}  // namespace

TEST_CASE("the criterion with a precision of levels is that of V with K in full") {
  unsigned seed = 1;
  for (const Case& own : cases()) {
    const RelatedModel related(seed++, own);
    const CrossProducts moments = testing_models::moments_of(related.model());
    for (const bool reml : {true, false}) {
      GaussianObjective objective(moments, related.structures(), reml);
      for (const double size : {0.4, 1.5}) {
        const Vector theta = testing_models::theta_of(related.model(), size);
        const double found = objective.value(objective.random().to_standard(theta));
        const double expected = related.dense_criterion(theta, reml);
        CHECK(std::abs(found - expected) < 1e-8 * std::abs(expected));
      }
    }
  }
}

TEST_CASE("the gradient with a precision of levels is that of central differences") {
  unsigned seed = 31;
  for (const Case& own : cases()) {
    const RelatedModel related(seed++, own);
    const CrossProducts moments = testing_models::moments_of(related.model());
    for (const bool reml : {true, false}) {
      GaussianObjective objective(moments, related.structures(), reml);
      const Vector theta = testing_models::theta_of(related.model(), 0.7);
      const Vector found = evaluate_deviance(&objective, theta, true).gradient;
      Vector expected(theta.size());
      for (Index i = 0; i < theta.size(); ++i) {
        constexpr double kStep = 1e-5;
        const Vector move = kStep * Vector::Unit(theta.size(), i);
        expected[i] = (related.dense_criterion(theta + move, reml) -
                       related.dense_criterion(theta - move, reml)) /
                      (2 * kStep);
      }
      CHECK((found - expected).cwiseAbs().maxCoeff() < 1e-5 * expected.cwiseAbs().maxCoeff());

      // by Gamma, dd/dLambda = 2 S Lambda
      const Vector x = objective.random().to_standard(theta);
      const std::vector<Matrix> lambda = objective.random().factors(x);
      const Vector by_gamma = objective.evaluate(x, Order::kGradient, Chart::kCovariance).gradient;
      const Vector by_lambda = objective.evaluate(x, Order::kGradient, Chart::kFactor).gradient;
      std::vector<Matrix> s;
      for (const Matrix& l : lambda) s.push_back(Matrix::Zero(l.rows(), l.cols()));
      const std::vector<LambdaEntry> entries = objective.random().entries();
      for (std::size_t i = 0; i < entries.size(); ++i) {
        const LambdaEntry& e = entries[i];
        s[e.term](e.row, e.column) = by_gamma[i] / (e.row == e.column ? 1 : 2);
        s[e.term](e.column, e.row) = s[e.term](e.row, e.column);
      }
      for (std::size_t i = 0; i < entries.size(); ++i) {
        const LambdaEntry& e = entries[i];
        if (related.model().structures[e.term].size() > 1) continue;  // S is not in by_gamma
        const double own_entry = 2 * (s[e.term] * lambda[e.term])(e.row, e.column);
        CHECK(std::abs(own_entry - by_lambda[i]) < 1e-7 * by_lambda.cwiseAbs().maxCoeff());
      }
    }
  }
}

TEST_CASE("the average information with a precision of levels is y'P V_i P V_j P y") {
  for (const int at : {0, 3, 5}) {  // one column a term
    const RelatedModel related(51 + static_cast<unsigned>(at), cases()[at]);
    const Model& model = related.model();
    const CrossProducts moments = testing_models::moments_of(model);
    GaussianObjective objective(moments, related.structures(), true);
    const Vector x = objective.random().to_standard(testing_models::theta_of(model, 0.7));
    const Evaluation there = objective.evaluate(x, Order::kAverage, Chart::kCovariance);
    const auto shared = [&](const Vector& point) {
      const Matrix z = related.z_lambda(objective.random().to_natural(point));
      return Matrix(z * z.transpose());
    };
    const Matrix weights = model.weights.cwiseInverse().asDiagonal();
    const Matrix inverse = (shared(x) + weights).inverse();
    const Matrix vx = inverse * model.x;
    const Matrix p = inverse - vx * (model.x.transpose() * vx).inverse() * vx.transpose();
    const Vector py = p * model.y;
    const double scale = static_cast<double>(model.n - model.x.cols()) / model.y.dot(py);
    std::vector<Vector> moved;
    for (Index i = 0; i < x.size(); ++i) {
      const Vector step = 1e-2 * Vector::Unit(x.size(), i);  // V is quadratic in x
      moved.push_back((shared(x + step) - shared(x - step)) * py / (4 * x[i] * step[i]));
    }
    Matrix expected(x.size(), x.size());
    for (Index i = 0; i < x.size(); ++i) {
      for (Index j = 0; j < x.size(); ++j) expected(i, j) = scale * moved[i].dot(p * moved[j]);
    }
    CHECK(testing_models::relative(there.metric, expected) < 1e-8);
  }
}

TEST_CASE("the traces with a precision of levels are tr(P V_i P V_j)") {
  for (const int at : {0, 3, 5}) {
    const RelatedModel related(61 + static_cast<unsigned>(at), cases()[at]);
    const Model& model = related.model();
    const CrossProducts moments = testing_models::moments_of(model);
    for (const bool reml : {true, false}) {
      GaussianObjective objective(moments, related.structures(), reml);
      const Vector x = objective.random().to_standard(testing_models::theta_of(model, 0.7));
      const Evaluation there = objective.evaluate(x, Order::kTraces, Chart::kFactor);
      const Vector gradient = objective.evaluate(x, Order::kGradient, Chart::kFactor).gradient;
      CHECK((there.gradient - gradient).cwiseAbs().maxCoeff() <
            1e-7 * std::max(1.0, gradient.cwiseAbs().maxCoeff()));
      Matrix expected(x.size(), x.size());
      for (Index i = 0; i < x.size(); ++i) {
        constexpr double kStep = 1e-5;
        const Vector move = kStep * Vector::Unit(x.size(), i);
        const Vector up = objective.evaluate(x + move, Order::kGradient, Chart::kFactor).gradient;
        const Vector down = objective.evaluate(x - move, Order::kGradient, Chart::kFactor).gradient;
        expected.col(i) = (up - down) / (2 * kStep);
      }
      CHECK(testing_models::relative(there.hessian, expected) < 1e-6);
    }
  }
}

TEST_CASE("a precision that is not positive definite is refused") {
  Matrix q = random_precision(3, 6);
  q(2, 2) = -1;
  CHECK_THROWS_AS(henderson::make_level_precision(lower_of(q)), std::invalid_argument);
}
