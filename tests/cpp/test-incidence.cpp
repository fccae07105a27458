// Cross-products as a vector space over an incidence (data/incidence.h): whole and row by row.
#include <catch.h>

#include <algorithm>
#include <memory>
#include <numeric>

#include "data/accumulate.h"
#include "data/cross_products.h"
#include "data/gram.h"
#include "data/incidence.h"
#include "likelihood/gaussian.h"
#include "random-model.h"

using namespace henderson;
using namespace testing_models;

namespace {

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

TEST_CASE("cross-products of two parts add up to those of the whole") {
  for (const bool weighted : {false, true}) {
    const Model model =
        random_model(5, 120, 3, {{9, {2}, {kUs}}, {5, {1, 2}, {kUs, kDiag}}, {4, {1}, {kUs}}},
                     weighted, weighted);
    CrossProducts sum = moments_of(part_of(model, 0, 50));
    add(moments_of(part_of(model, 50, 70)), 1, &sum);
    const CrossProducts all = moments_of(model);
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
      const CrossProducts all = moments_of(model);
      const CrossProducts part = moments_of(part_of(model, 40, 60));
      CrossProducts left = all;
      add(part, -1, &left);
      CHECK(left.incidence == all.incidence);  // nothing new meets
      CrossProducts rest = moments_of(part_of(model, 0, 40));
      add(moments_of(part_of(model, 100, 50)), 1, &rest);
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
      const CrossProducts all = moments_of(model);
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
      CrossProducts made = moments_of(rows_of(model, others));
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
  const CrossProducts all = moments_of(model);
  CrossProducts sums = all;
  model.level[1][7] = 3;
  CHECK_THROWS_AS(add_rows(model.rows(), {6, 7}, 1, &sums), std::invalid_argument);
  CHECK(largest_difference(sums, all) == 0);
  // as another part they unite the incidences
  add(moments_of(rows_of(model, {6, 7})), 1, &sums);
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
  CrossProducts sums = moments_of(model);
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

TEST_CASE("cross-products of different models do not add up") {
  CrossProducts a = moments_of(random_model(1, 40, 2, {{5, {1}, {kUs}}}, false));
  CHECK_THROWS_AS(add(moments_of(random_model(1, 40, 3, {{5, {1}, {kUs}}}, false)), 1, &a),
                  std::invalid_argument);
  CHECK_THROWS_AS(add(moments_of(random_model(1, 40, 2, {{6, {1}, {kUs}}}, false)), 1, &a),
                  std::invalid_argument);
}
