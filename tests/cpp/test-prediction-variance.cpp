// Variances of predictions and the sums of s s' against V, P and the predictor's weights formed in
// full.
#include <catch.h>

#include <Eigen/Dense>

#include "inference/prediction.h"
#include "random-model.h"

using henderson::CrossProducts;
using henderson::GaussianObjective;
using henderson::Index;
using henderson::Matrix;
using henderson::PredictionRows;
using henderson::PredictionTerm;
using henderson::PredictionVariance;
using henderson::Vector;
using testing_models::Model;
using testing_models::random_model;
using testing_models::theta_of;

using testing_models::kDiag;
using testing_models::kUs;

namespace {

// First column of each term in the dense Z; the last element is the number of columns.
std::vector<Index> first_columns(const Model& model) {
  std::vector<Index> first(1, 0);
  for (std::size_t t = 0; t < model.z.size(); ++t) {
    first.push_back(first[t] + model.z[t].cols() * model.n_levels[t]);
  }
  return first;
}

// Rows of the model, of which every third has new levels in all terms, every fourth in the last.
PredictionRows rows_to_predict(const Model& model) {
  PredictionRows rows;
  rows.x = model.x.array() + 0.1;
  for (std::size_t t = 0; t < model.z.size(); ++t) {
    PredictionTerm term;
    term.z = model.z[t].array() - 0.3;
    term.level = model.level[t];
    for (Index i = 0; i < model.n; ++i) {
      if (i % 3 == 0 || (i % 4 == 0 && t + 1 == model.z.size())) term.level[i] = 0;
    }
    rows.terms.push_back(term);
  }
  return rows;
}

struct Expected {
  Vector variance;
  std::vector<Matrix> scores;
};

Expected dense_variance(const Model& model, const Vector& theta, const PredictionRows& rows) {
  const Matrix zl = model.z_lambda(theta);
  const std::vector<Index> first = first_columns(model);
  Matrix z = Matrix::Zero(model.n, zl.cols());
  std::vector<Matrix> lambda;
  for (std::size_t t = 0; t < model.z.size(); ++t) {
    const Index v = model.z[t].cols();
    for (Index i = 0; i < model.n; ++i) {
      z.row(i).segment(first[t] + (model.level[t][i] - 1) * v, v) = model.z[t].row(i);
    }
    Matrix own = Matrix::Zero(v, v);
    const auto entries = testing_models::lambda_entries(model);
    for (std::size_t k = 0; k < entries.size(); ++k) {
      if (entries[k].term == static_cast<int>(t)) own(entries[k].row, entries[k].column) = theta[k];
    }
    lambda.push_back(own);
  }
  const Matrix noise = model.weights.cwiseInverse().asDiagonal();
  const Matrix inverse = (zl * zl.transpose() + noise).inverse();
  Matrix p = inverse;
  Matrix fixed = Matrix::Zero(model.n, model.x.cols());  // V^-1 X Phi
  if (model.x.cols() > 0) {
    const Matrix vx = inverse * model.x;
    fixed = vx * (model.x.transpose() * vx).inverse();
    p -= fixed * vx.transpose();
  }
  Expected expected;
  const Index m = rows.x.rows();
  expected.variance.resize(m);
  for (const Matrix& own : model.z)
    expected.scores.push_back(Matrix::Zero(own.cols() * own.cols(), m));
  for (Index i = 0; i < m; ++i) {
    Vector row = Vector::Zero(zl.cols());
    Vector row_lambda = Vector::Zero(zl.cols());  // Lambda'z
    double added = 0;
    for (std::size_t t = 0; t < rows.terms.size(); ++t) {
      const Index v = model.z[t].cols();
      const Vector own = rows.terms[t].z.row(i);
      if (rows.terms[t].level[i] == 0) {
        added += (lambda[t].transpose() * own).squaredNorm();
        const Matrix outer = own * own.transpose();
        expected.scores[t].col(i) += Eigen::Map<const Vector>(outer.data(), v * v);
        continue;
      }
      const Index at = first[t] + (rows.terms[t].level[i] - 1) * v;
      row.segment(at, v) = own;
      row_lambda.segment(at, v) = lambda[t].transpose() * own;
    }
    const Vector weights = fixed * rows.x.row(i).transpose() + p * (zl * row_lambda);
    const Vector s = z.transpose() * weights - row;
    expected.variance[i] = weights.dot(noise * weights) + added;
    for (std::size_t t = 0; t < model.z.size(); ++t) {
      const Index v = model.z[t].cols();
      for (int l = 0; l < model.n_levels[t]; ++l) {
        const Vector own = s.segment(first[t] + l * v, v);
        expected.variance[i] += (lambda[t].transpose() * own).squaredNorm();
        const Matrix outer = own * own.transpose();
        expected.scores[t].col(i) += Eigen::Map<const Vector>(outer.data(), v * v);
      }
    }
  }
  return expected;
}

void check(const Model& model, double diagonal, bool reml) {
  const henderson::DataRows data = model.rows();
  const CrossProducts moments = henderson::accumulate(data, henderson::dense_gram(data));
  const Vector theta = theta_of(model, diagonal);
  GaussianObjective deviance(moments, model.structures, reml);
  REQUIRE(std::isfinite(deviance.value(deviance.random().to_standard(theta))));
  PredictionRows rows = rows_to_predict(model);
  for (const bool population : {false, true}) {
    if (population) rows.terms.clear();
    const Expected expected = dense_variance(model, theta, rows);
    const PredictionVariance result = henderson::prediction_variance(deviance, rows, true);
    CHECK((result.variance - expected.variance).norm() < 1e-10 * (1 + expected.variance.norm()));
    REQUIRE(result.scores.size() == model.z.size());
    for (std::size_t t = 0; t < model.z.size(); ++t) {
      CHECK((result.scores[t] - expected.scores[t]).norm() <
            1e-9 * (1 + expected.scores[t].norm()));
    }
    const PredictionVariance alone = henderson::prediction_variance(deviance, rows, false);
    CHECK((alone.variance - result.variance).norm() == 0);
    CHECK(alone.scores.empty());
  }
}

}  // namespace

TEST_CASE("variances of predictions are those of the dense formulas") {
  for (const bool reml : {true, false}) {
    check(random_model(1, 60, 2, {{8, {2}, {kUs}}}, false), 0.7, reml);
    check(random_model(2, 80, 3, {{9, {1, 2}, {kUs, kDiag}}}, true), 0.6, reml);
    check(random_model(3, 90, 3, {{12, {2}, {kUs}}, {7, {2}, {kUs}}}, true), 0.7, reml);
    check(random_model(4, 60, 2, {{14, {1}, {kUs}, false}, {6, {2}, {kDiag}}, {4, {1}, {kUs}}},
                       false),
          1.3, reml);
    check(random_model(5, 400, 2, {{10, {2}, {kUs}}, {4, {2}, {kUs}}}, false), 0.6, reml);
    check(random_model(6, 50, 0, {{8, {1}, {kUs}}, {5, {1}, {kUs}}}, false), 0.5, reml);
    check(random_model(7, 50, 0, {{8, {2}, {kUs}}}, false), 0.5, reml);
    check(random_model(8, 50, 2, {{8, {1}, {kUs}}, {5, {1}, {kUs}}}, false), 0.0, reml);
  }
}
