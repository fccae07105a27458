// Terms whose levels have a known precision, against V formed in full with K.
#include <catch.h>

#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <memory>
#include <stdexcept>

#include "covariance/level_precision.h"
#include "covariance/random_part.h"
#include "equations/factor.h"
#include "random-model.h"

using henderson::CrossProducts;
using henderson::Equations;
using henderson::Factor;
using henderson::Index;
using henderson::Layout;
using henderson::LevelPrecision;
using henderson::Matrix;
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

LevelPrecision as_precision(const Matrix& q) {
  LevelPrecision precision;
  precision.inverse.size = static_cast<int>(q.rows());
  precision.inverse.start.push_back(0);
  for (Index c = 0; c < q.cols(); ++c) {
    for (Index r = c; r < q.rows(); ++r) {
      if (q(r, c) == 0) continue;
      precision.inverse.row.push_back(static_cast<int>(r));
      precision.inverse.value.push_back(q(r, c));
    }
    precision.inverse.start.push_back(static_cast<Index>(precision.inverse.row.size()));
  }
  precision.log_det = -2 * Matrix(q.llt().matrixL()).diagonal().array().log().sum();
  return precision;
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
        precision = as_precision(q);
        root = q.inverse().llt().matrixL();
      }
      precisions_.push_back(precision);
      roots_.push_back(root);
    }
  }

  const Model& model() const { return model_; }
  const std::vector<LevelPrecision>& precisions() const { return precisions_; }

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
    const Model& model = related.model();
    const CrossProducts moments = testing_models::moments_of(model);
    const Equations system(std::make_shared<const Layout>(*moments.incidence, related.precisions()),
                           henderson::standardize(moments, model.structures), moments);
    const henderson::RandomPart random(model.structures, model.n_levels, system.basis.z_map,
                                       system.basis.z_inverse);
    Factor factor(system.layout);
    const double n = static_cast<double>(model.n);
    const double p = static_cast<double>(model.x.cols());
    const auto criterion = [&](const Vector& theta, bool reml) {
      CHECK(factor.factorize(system, random.factors(random.to_standard(theta))));
      const double m = reml ? n - p : n;
      const double y_scale = system.basis.y_scale;
      double value = factor.log_det_m() - moments.sum_log_w;
      value +=
          m *
          (1 + std::log(2 * 3.14159265358979323846 * factor.residual_ss() * y_scale * y_scale / m));
      if (reml) value += factor.log_det_x() + 2 * system.basis.x_scale.array().log().sum();
      return value;
    };
    for (const bool reml : {true, false}) {
      for (const double size : {0.4, 1.5}) {
        const Vector theta = testing_models::theta_of(model, size);
        const double expected = related.dense_criterion(theta, reml);
        CHECK(std::abs(criterion(theta, reml) - expected) < 1e-9 * std::abs(expected));
      }
    }
  }
}

TEST_CASE("a precision must fit the levels of its term") {
  const RelatedModel related(71, cases()[3]);
  const CrossProducts moments = testing_models::moments_of(related.model());
  std::vector<LevelPrecision> wrong = related.precisions();
  std::swap(wrong[0], wrong[1]);
  CHECK_THROWS_AS(Layout(*moments.incidence, wrong), std::invalid_argument);
  wrong.pop_back();
  CHECK_THROWS_AS(Layout(*moments.incidence, wrong), std::invalid_argument);
}
