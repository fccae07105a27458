// What is read from the rows: cross-products, sums of pairs, fitted values. data/level_values.h is
// what these passes share.
#include <catch.h>

#include "data/accumulate.h"
#include "data/cross_products.h"
#include "data/fitted_values.h"
#include "data/gram.h"
#include "data/pairs.h"
#include "data/rows.h"
#include "random-model.h"

using namespace henderson;
using namespace testing_models;

namespace {

double difference(const Matrix& a, const Matrix& b) {
  return (a - b).cwiseAbs().maxCoeff() / (1 + b.cwiseAbs().maxCoeff());
}

}  // namespace

TEST_CASE("moments of a worked example are the sums of products") {
  const Model model = four_point_model();
  const CrossProducts moments = moments_of(model);
  CHECK(moments.n == 4);
  CHECK(moments.shifts.x[1] == Approx(0.5));
  CHECK(moments.xy(0, 0) == Approx(4));
  CHECK(moments.xy(1, 1) == Approx(1));     // centred treatment: 4 times 1/4
  CHECK(moments.shifts.y[1] == Approx(9));  // slope
  CHECK(moments.xy(2, 2) == Approx(3.5 * 3.5 * 2 + 9.5 * 9.5 * 2));
  CHECK(moments.terms[0].diagonal(0, 0) == Approx(2));
  CHECK(moments.terms[0].xy(2, 0) == Approx(3.5 + 9.5));  // residuals of individual 1
}

TEST_CASE("columns are centred along their term's first column of ones, whatever its structures") {
  Model model = random_model(6, 60, 2, {{5, {2, 2}, {kDiag, kUs}}, {4, {2}, {kDiag}}}, true, true);
  DataRows rows = model.rows();
  rows.terms[0].columns = {model.z[0].col(1).data(), nullptr, model.z[0].col(2).data(), nullptr};
  rows.terms[1].columns[0] = model.z[1].col(1).data();
  const CrossProducts sums = accumulate(rows, dense_gram(rows));
  CHECK((sums.incidence->terms[0].centred_with == std::vector<int>{1, -1, 1, -1}));
  CHECK((sums.incidence->terms[1].centred_with == std::vector<int>{-1, -1}));
  double mean = 0;
  for (Index i = 0; i < model.n; ++i) {
    if (model.weights[i] > 0) mean += model.z[0](i, 1) / sums.n;
  }
  CHECK(sums.shifts.z[0][0] == Approx(mean));
  CHECK(sums.shifts.z[0][1] == 0);
  CHECK(sums.shifts.z[1].isZero(0));
}

TEST_CASE("cross-products of two terms are the sums over the rows, nested or crossed") {
  const std::vector<std::vector<TermShape>> shapes = {
      {{30, {1}, {kUs}, false}, {8, {1}, {kUs}}, {3, {1}, {kUs}}},
      {{30, {2}, {kUs}, false}, {8, {1}, {kUs}}, {3, {3}, {kUs}}},
      {{30, {1}, {kUs}, false}, {8, {2}, {kDiag}}, {3, {1}, {kUs}}}};
  unsigned seed = 40;
  for (const auto& shape : shapes) {
    for (const bool nested : {false, true}) {
      for (const bool weighted : {false, true}) {
        INFO("seed " << seed << ", nested " << nested << ", weighted " << weighted);
        Model model = random_model(++seed, 90, 2, shape, weighted, weighted);
        if (nested) nest(&model, seed);
        const CrossProducts moments = moments_of(model);
        for (std::size_t k = 0; k < moments.pairs.size(); ++k) {
          const Pair& pair = moments.incidence->pairs[k];
          const int t = pair.term_row;
          const int s = pair.term_column;
          const Index vt = model.z[t].cols();
          const Index vs = model.z[s].cols();
          Matrix expected = Matrix::Zero(vs * model.n_levels[s], vt * model.n_levels[t]);
          for (Index i = 0; i < model.n; ++i) {
            const Vector zt = model.z[t].row(i).transpose() - moments.shifts.z[t];
            const Vector zs = model.z[s].row(i).transpose() - moments.shifts.z[s];
            const double w = weighted ? model.weights[i] : 1.0;
            expected.block((model.level[s][i] - 1) * vs, (model.level[t][i] - 1) * vt, vs, vt) +=
                w * zs * zt.transpose();
          }
          Matrix found = Matrix::Zero(expected.rows(), expected.cols());
          for (int j = 0; j < model.n_levels[t]; ++j) {
            if (nested) CHECK(pair.start[j + 1] - pair.start[j] <= 1);
            for (Index e = pair.start[j]; e < pair.start[j + 1]; ++e) {
              const Eigen::Map<const Matrix> value(moments.pairs[k].data() + e * vs * vt, vs, vt);
              found.block(pair.partner[e] * vs, j * vt, vs, vt) = value;
            }
          }
          CHECK(difference(found, expected) < 1e-12);
        }
      }
    }
  }
}

TEST_CASE("sums of a term with the columns of one nested in it are those over the rows") {
  for (const bool weighted : {false, true}) {
    Model model = random_model(
        60, 90, 2, {{30, {3}, {kUs}, false}, {8, {2}, {kUs}}, {3, {1}, {kUs}}}, weighted, weighted);
    nest(&model, 61);
    model.z[1].col(1) = model.z[0].col(2);
    const CrossProducts expected = moments_of(model);
    DataRows rows = model.rows();
    rows.terms[1].columns[1] = rows.terms[0].columns[2];
    const CrossProducts shared = accumulate(rows, dense_gram(rows));
    for (std::size_t t = 0; t < 3; ++t) {
      CHECK(difference(shared.terms[t].xy, expected.terms[t].xy) < 1e-12);
      CHECK(difference(shared.terms[t].diagonal, expected.terms[t].diagonal) < 1e-12);
    }
  }
}

TEST_CASE("a Gram pivot tells a deficient X from a regular one") {
  Model model = random_model(3, 50, 3, {{5, {1}, {kUs}}}, false);
  CHECK(dense_gram(model.rows()).smallest_pivot > 1e-3);
  model.x.col(2) = 2 * model.x.col(1) - 3 * model.x.col(0);
  CHECK(dense_gram(model.rows()).smallest_pivot < 1e-9);
}

TEST_CASE("fitted values and their squares are those of the rows") {
  for (const bool weighted : {false, true}) {
    const Model model = random_model(71, 60, 2, {{20, {2}, {kUs}}, {4, {1}, {kUs}}}, weighted);
    const DataRows rows = model.rows();
    const CrossProducts moments = accumulate(rows, dense_gram(rows));
    Vector beta(2);
    beta << 0.7, -1.3;
    std::vector<Matrix> modes;
    for (std::size_t t = 0; t < model.z.size(); ++t) {
      modes.push_back(Matrix::Random(model.z[t].cols(), model.n_levels[t]));
    }
    Vector fitted(model.n);
    const double squares = henderson::fit_rows(rows, moments, beta, modes, fitted.data());
    double expected_squares = 0;
    for (Index i = 0; i < model.n; ++i) {
      // coefficients are of columns less their shifts
      double expected = 0;
      for (int c = 0; c < 2; ++c) {
        expected += (model.x(i, c) - moments.shifts.x[c]) * (moments.shifts.y[c] + beta[c]);
      }
      for (std::size_t t = 0; t < model.z.size(); ++t) {
        for (Index c = 0; c < model.z[t].cols(); ++c) {
          expected +=
              (model.z[t](i, c) - moments.shifts.z[t][c]) * modes[t](c, model.level[t][i] - 1);
        }
      }
      CHECK(fitted[i] == Approx(expected).epsilon(1e-12));
      const double w = weighted ? model.weights[i] : 1.0;
      expected_squares += w * (model.y[i] - expected) * (model.y[i] - expected);
    }
    CHECK(squares == Approx(expected_squares).epsilon(1e-12));
  }
}

TEST_CASE("a level's enclosing level is found where there is only one") {
  Model model = random_model(72, 12, 1, {{4, {1}, {kUs}}, {2, {1}, {kUs}}}, false);
  model.level[0] = {1, 1, 1, 2, 2, 2, 4, 4, 4, 4, 1, 2};  // the third level has no row
  model.level[1] = {2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 1};
  const std::vector<int> expected = {1, 0, -1, 1};
  CHECK(henderson::find_all_enclosing(model.rows())[0][0] == expected);
  model.level[1][0] = 1;
  CHECK(henderson::find_all_enclosing(model.rows())[0][0].empty());
}
