// What is read from the rows: cross-products, sums of pairs, fitted values. data/level_values.h is
// what these passes share.
#include <catch.h>

#include <algorithm>
#include <memory>
#include <numeric>

#include "data/accumulate.h"
#include "data/cross_products.h"
#include "data/fitted_values.h"
#include "data/gram.h"
#include "data/incidence.h"
#include "data/pairs.h"
#include "data/rows.h"
#include "likelihood/gaussian.h"
#include "random-model.h"

using namespace henderson;
using namespace testing_models;

namespace {

CrossProducts whole(const Model& model) {
  const DataRows rows = model.rows();
  return accumulate(rows, dense_gram(rows));
}

Model rows_of(const Model& model, const std::vector<Index>& which) {
  Model part = model;
  part.n = static_cast<Index>(which.size());
  for (Index k = 0; k < part.n; ++k) {
    part.x.row(k) = model.x.row(which[k]);
    part.y[k] = model.y[which[k]];
    part.weights[k] = model.weights[which[k]];
    for (std::size_t t = 0; t < model.z.size(); ++t) {
      part.z[t].row(k) = model.z[t].row(which[k]);
      part.level[t][k] = model.level[t][which[k]];
    }
  }
  part.x.conservativeResize(part.n, Eigen::NoChange);
  part.y.conservativeResize(part.n);
  part.weights.conservativeResize(part.n);
  for (std::size_t t = 0; t < model.z.size(); ++t) {
    part.z[t].conservativeResize(part.n, Eigen::NoChange);
    part.level[t].resize(part.n);
  }
  return part;
}

Model part_of(const Model& model, Index first, Index count) {
  std::vector<Index> which(count);
  std::iota(which.begin(), which.end(), first);
  return rows_of(model, which);
}

double difference(const Matrix& a, const Matrix& b) {
  return (a - b).cwiseAbs().maxCoeff() / (1 + b.cwiseAbs().maxCoeff());
}

Matrix dense_pair(const CrossProducts& sums, std::size_t k) {
  const Pair& pair = sums.incidence->pairs[k];
  const Index vt = sums.terms[pair.term_row].v;
  const Index vs = sums.terms[pair.term_column].v;
  Matrix dense = Matrix::Zero(vs * sums.terms[pair.term_column].n_levels,
                              vt * sums.terms[pair.term_row].n_levels);
  for (std::size_t j = 0; j + 1 < pair.start.size(); ++j) {
    for (Index e = pair.start[j]; e < pair.start[j + 1]; ++e) {
      dense.block(pair.partner[e] * vs, static_cast<Index>(j) * vt, vs, vt) =
          ConstMatrixMap(sums.pairs[k].data() + e * vs * vt, vs, vt);
    }
  }
  return dense;
}

// Of the numbers of two, over the largest of their block.
double largest_difference(const CrossProducts& a, const CrossProducts& b) {
  double largest = difference(a.xy, b.xy);
  for (std::size_t t = 0; t < b.terms.size(); ++t) {
    largest = std::max(largest, difference(a.terms[t].xy, b.terms[t].xy));
    largest = std::max(largest, difference(a.terms[t].diagonal, b.terms[t].diagonal));
  }
  REQUIRE(a.pairs.size() == b.pairs.size());
  for (std::size_t k = 0; k < b.pairs.size(); ++k) {
    // those that only one has are zero in the other
    largest = std::max(largest, difference(dense_pair(a, k), dense_pair(b, k)));
  }
  return largest;
}

double criterion(const Model& model, const CrossProducts& sums, const Vector& theta) {
  GaussianObjective objective(sums, model.structures, true);
  return evaluate_deviance(&objective, theta, false).value;
}

std::vector<std::vector<TermShape>> space_shapes() {
  return {{{9, {2}, {kUs}}, {5, {1, 2}, {kUs, kDiag}}, {4, {1}, {kUs}}},
          {{12, {1}, {kUs}}, {6, {1}, {kUs}}},
          {{8, {3}, {kDiag}}},
          {{30, {2}, {kUs}, false}, {20, {1}, {kUs}, false}, {7, {2}, {kUs}}}};
}

}  // namespace

TEST_CASE("moments of a worked example are the sums of products") {
  const Model model = four_point_model();
  const CrossProducts moments = whole(model);
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

TEST_CASE("cross-products of two parts add up to those of the whole") {
  for (const bool weighted : {false, true}) {
    const Model model =
        random_model(5, 120, 3, {{9, {2}, {kUs}}, {5, {1, 2}, {kUs, kDiag}}, {4, {1}, {kUs}}},
                     weighted, weighted);
    CrossProducts sum = whole(part_of(model, 0, 50));
    add(whole(part_of(model, 50, 70)), 1, &sum);
    const CrossProducts all = whole(model);
    recentre(all.shifts, &sum);
    CHECK(sum.n == all.n);
    CHECK(sum.sum_log_w == Approx(all.sum_log_w));
    CHECK(largest_difference(sum, all) < 1e-12);
    for (std::size_t k = 0; k < all.pairs.size(); ++k) {
      CHECK(sum.incidence->pairs[k].partner == all.incidence->pairs[k].partner);
    }
  }
}

TEST_CASE("cross-products of one incidence are a vector space") {
  unsigned seed = 20;
  for (const auto& shape : space_shapes()) {
    for (const bool weighted : {false, true}) {
      INFO("seed " << seed << ", weighted " << weighted);
      const Model model = random_model(++seed, 150, 3, shape, weighted, weighted);
      const CrossProducts all = whole(model);
      const CrossProducts part = whole(part_of(model, 40, 60));
      CrossProducts left = all;
      add(part, -1, &left);
      CHECK(left.incidence == all.incidence);  // nothing new meets
      CrossProducts rest = whole(part_of(model, 0, 40));
      add(whole(part_of(model, 100, 50)), 1, &rest);
      recentre(all.shifts, &rest);
      CHECK(left.n == rest.n);
      CHECK(left.sum_log_w == Approx(rest.sum_log_w).margin(1e-12));
      CHECK(largest_difference(left, rest) < 1e-12);
      CrossProducts twice = all;
      add(all, 1, &twice);
      CrossProducts scaled = all;
      scale(2, &scaled);
      CHECK(scaled.n == 2 * all.n);
      CHECK(largest_difference(scaled, twice) == 0);
    }
  }
}

TEST_CASE("removing rows leaves the sums over the others, and adding them again all") {
  unsigned seed = 200;
  for (const auto& shape : space_shapes()) {
    for (const bool weighted : {false, true}) {
      INFO("seed " << seed << ", weighted " << weighted);
      const Model model = random_model(++seed, 150, 3, shape, weighted, weighted);
      const DataRows rows = model.rows();
      const CrossProducts all = whole(model);
      std::vector<Index> group;  // the rows of a level
      std::vector<Index> others;
      for (Index i = 0; i < model.n; ++i) {
        (model.level[0][i] == 2 ? group : others).push_back(i);
      }
      CrossProducts sums = all;
      add_rows(rows, group, -1, &sums);
      CrossProducts rest = all;
      scale(0, &rest);
      add_rows(rows, others, 1, &rest);
      CHECK(sums.n == rest.n);
      CHECK(sums.sum_log_w == Approx(rest.sum_log_w).margin(1e-12));
      CHECK(largest_difference(sums, rest) < 1e-12);
      CrossProducts made = whole(rows_of(model, others));
      recentre(all.shifts, &made);
      CHECK(largest_difference(rest, made) < 1e-12);
      const Vector theta = theta_of(model, 0.8);
      CHECK(criterion(model, sums, theta) ==
            Approx(rows_of(model, others).dense_criterion(theta, true)).epsilon(1e-9));
      add_rows(rows, group, 1, &sums);
      CHECK(sums.n == all.n);
      CHECK(largest_difference(sums, all) < 1e-13);
      CHECK(criterion(model, sums, theta) == Approx(criterion(model, all, theta)).epsilon(1e-10));
    }
  }
}

TEST_CASE("rows whose levels do not meet are refused, before any is added") {
  Model model = random_model(9, 40, 2, {{8, {1}, {kUs}}, {3, {1}, {kUs}}}, false);
  for (Index i = 0; i < model.n; ++i) model.level[1][i] = 1 + model.level[0][i] % 2;
  const CrossProducts all = whole(model);
  CrossProducts sums = all;
  model.level[1][7] = 3;
  CHECK_THROWS_AS(add_rows(model.rows(), {6, 7}, 1, &sums), std::invalid_argument);
  CHECK(largest_difference(sums, all) == 0);
  // as another part they unite the incidences
  add(whole(rows_of(model, {6, 7})), 1, &sums);
  CHECK(sums.n == all.n + 2);
  const int j = model.level[0][7] - 1;
  CHECK(all.incidence->pairs[0].find(j, 2) == -1);
  const Index at = sums.incidence->pairs[0].find(j, 2);
  REQUIRE(at >= 0);
  CHECK(sums.pairs[0][at] == 1);
}

TEST_CASE("a term whose levels meet each other has a pair of its own") {
  // rows of 1 in two of three levels: 1 and 2 four times, 2 and 3 twice
  auto incidence = std::make_shared<Incidence>();
  TermColumns columns;
  columns.v = 2;
  columns.n_levels = 3;
  columns.centred_with = {-1, 0};
  incidence->terms = {columns};
  Pair own;
  own.start = {0, 1, 2, 2};
  own.partner = {1, 2};
  incidence->pairs = {own};
  CrossProducts sums;
  sums.incidence = incidence;
  sums.shifts.x = sums.shifts.y = Vector();
  sums.shifts.z = {Vector::Zero(2)};
  sums.xy = Matrix::Ones(1, 1);
  TermSums term;
  term.v = 2;
  term.n_levels = 3;
  term.xy = Matrix::Zero(1, 6);
  term.diagonal = Matrix::Zero(4, 3);
  sums.terms = {term};
  sums.pairs = {{4, 4, 8, 10, 2, 6, 6, 20}};  // (1 x)'(1 x) of the rows of both levels
  CrossProducts moved = sums;
  Shifts shifts = sums.shifts;
  shifts.z[0] << 0, 3;
  recentre(shifts, &moved);
  // sum (x_l - 3) = 4 - 12, sum (x_j - 3) = 8 - 12, products 10 - 3 * 8 - 3 * 4 + 9 * 4
  CHECK((moved.pairs[0] == std::vector<double>{4, -8, -4, 10, 2, 0, 0, 2}));
  add(sums, -1, &moved);
  CHECK((moved.pairs[0] == std::vector<double>(8, 0.0)));
}

TEST_CASE("rows in two levels of one term have the criterion of the dense oracle") {
  const Model model = random_model(12, 40, 1, {{6, {1}, {kUs}}}, false);
  Matrix z = Matrix::Zero(40, 6);
  for (Index i = 0; i < 40; ++i) z(i, i % 6) = z(i, (i + 1 + i / 6 % 5) % 6) = 1;
  Matrix xy(40, 2);
  xy << model.x, model.y;
  CrossProducts sums = whole(model);
  const double mean = sums.shifts.y[0];
  xy.col(1).array() -= mean;
  const Matrix gram = z.transpose() * z;
  sums.xy = xy.transpose() * xy;
  sums.terms[0].xy = xy.transpose() * z;
  sums.terms[0].diagonal = gram.diagonal().transpose();
  auto incidence = std::make_shared<Incidence>(*sums.incidence);
  Pair own;
  own.start.assign(1, 0);
  std::vector<double> values;
  for (int j = 0; j < 6; ++j) {
    for (int l = j + 1; l < 6; ++l) {
      if (gram(l, j) == 0) continue;
      own.partner.push_back(l);
      values.push_back(gram(l, j));
    }
    own.start.push_back(static_cast<Index>(own.partner.size()));
  }
  incidence->pairs = {own};
  sums.incidence = incidence;
  sums.pairs = {values};
  const double theta = 0.7;
  const Matrix v = Matrix::Identity(40, 40) + theta * theta * z * z.transpose();
  const Eigen::LLT<Matrix> factor(v);
  const Vector ones = Vector::Ones(40);
  const double information = ones.dot(factor.solve(ones));
  const Vector residual = model.y - ones * (ones.dot(factor.solve(model.y)) / information);
  const double r2 = residual.dot(factor.solve(residual));
  const double log_det = 2 * Matrix(factor.matrixL()).diagonal().array().log().sum();
  const double expected =
      log_det + std::log(information) + 39 * (1 + std::log(2 * 3.14159265358979323846 * r2 / 39));
  CHECK(criterion(model, sums, Vector::Constant(1, theta)) == Approx(expected).epsilon(1e-11));
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
        const CrossProducts moments = whole(model);
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
    const CrossProducts expected = whole(model);
    DataRows rows = model.rows();
    rows.terms[1].columns[1] = rows.terms[0].columns[2];
    const CrossProducts shared = accumulate(rows, dense_gram(rows));
    for (std::size_t t = 0; t < 3; ++t) {
      CHECK(difference(shared.terms[t].xy, expected.terms[t].xy) < 1e-12);
      CHECK(difference(shared.terms[t].diagonal, expected.terms[t].diagonal) < 1e-12);
    }
  }
}

TEST_CASE("cross-products of different models do not add up") {
  CrossProducts a = whole(random_model(1, 40, 2, {{5, {1}, {kUs}}}, false));
  CHECK_THROWS_AS(add(whole(random_model(1, 40, 3, {{5, {1}, {kUs}}}, false)), 1, &a),
                  std::invalid_argument);
  CHECK_THROWS_AS(add(whole(random_model(1, 40, 2, {{6, {1}, {kUs}}}, false)), 1, &a),
                  std::invalid_argument);
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
