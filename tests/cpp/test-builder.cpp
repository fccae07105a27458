// Sums of pieces of data (data/builder.h), rearranged and with fewer columns (data/rearrange.h).
#include <catch.h>

#include <algorithm>
#include <memory>
#include <numeric>

#include "data/accumulate.h"
#include "data/builder.h"
#include "data/cross_products.h"
#include "data/gram.h"
#include "data/rearrange.h"
#include "likelihood/gaussian.h"
#include "random-model.h"

using namespace henderson;
using namespace testing_models;

namespace {

Model rows_of(const Model& model, const std::vector<Index>& which) {
  Model part = model;
  part.n = static_cast<Index>(which.size());
  part.x.resize(part.n, model.x.cols());
  part.y.resize(part.n);
  part.weights.resize(part.n);
  for (std::size_t t = 0; t < model.z.size(); ++t) {
    part.z[t].resize(part.n, model.z[t].cols());
    part.level[t].resize(part.n);
  }
  for (Index k = 0; k < part.n; ++k) {
    part.x.row(k) = model.x.row(which[k]);
    part.y[k] = model.y[which[k]];
    part.weights[k] = model.weights[which[k]];
    for (std::size_t t = 0; t < model.z.size(); ++t) {
      part.z[t].row(k) = model.z[t].row(which[k]);
      part.level[t][k] = model.level[t][which[k]];
    }
  }
  return part;
}

double criterion(const Model& model, const CrossProducts& sums, const Vector& theta, bool reml) {
  GaussianObjective objective(sums, model.structures, reml);
  return evaluate_deviance(&objective, theta, false).value;
}

// Of pieces of the rows, in each of which levels have the numbers in which they came up so far;
// then with their own numbers again.
CrossProducts built(const Model& model, const std::vector<Index>& sizes) {
  Builder builder;
  std::vector<std::vector<int>> seen(model.level.size());  // levels by their new number
  std::vector<std::vector<int>> number(model.level.size());
  for (std::size_t t = 0; t < number.size(); ++t) number[t].assign(model.n_levels[t] + 1, 0);
  Index first = 0;
  for (const Index size : sizes) {
    std::vector<Index> which(size);
    std::iota(which.begin(), which.end(), first);
    Model piece = rows_of(model, which);
    for (std::size_t t = 0; t < seen.size(); ++t) {
      for (int& level : piece.level[t]) {
        if (number[t][level] == 0) {
          seen[t].push_back(level);
          number[t][level] = static_cast<int>(seen[t].size());
        }
        level = number[t][level];
      }
      piece.n_levels[t] = static_cast<int>(seen[t].size());
    }
    builder.add(piece.rows());
    first += size;
  }
  std::vector<NewLevels> levels(seen.size());
  std::vector<int> order(seen.size());
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t t = 0; t < seen.size(); ++t) {
    for (const int level : seen[t]) levels[t].position.push_back(level - 1);
    levels[t].n_levels = model.n_levels[t];
  }
  CrossProducts sums = rearrange(builder.sums(), order, levels);
  recentre_at_means(&sums);
  return sums;
}

double largest_difference(const CrossProducts& a, const CrossProducts& b) {
  REQUIRE(a.terms.size() == b.terms.size());
  double largest = relative(a.xy, b.xy);
  for (std::size_t t = 0; t < b.terms.size(); ++t) {
    largest = std::max(largest, relative(a.terms[t].xy, b.terms[t].xy));
    largest = std::max(largest, relative(a.terms[t].diagonal, b.terms[t].diagonal));
  }
  REQUIRE(a.pairs.size() == b.pairs.size());
  for (std::size_t k = 0; k < b.pairs.size(); ++k) {
    REQUIRE(a.incidence->pairs[k].start == b.incidence->pairs[k].start);
    REQUIRE(a.incidence->pairs[k].partner == b.incidence->pairs[k].partner);
    const auto values = [](const std::vector<double>& x) {
      return Matrix(ConstMatrixMap(x.data(), static_cast<Index>(x.size()), 1));
    };
    largest = std::max(largest, relative(values(a.pairs[k]), values(b.pairs[k])));
  }
  return largest;
}

}  // namespace

TEST_CASE("sums of pieces are those of the whole, whatever the order of levels") {
  unsigned seed = 50;
  const std::vector<std::vector<TermShape>> shapes = {
      {{30, {2}, {kUs}}, {7, {1}, {kUs}}},
      {{9, {2}, {kUs}}, {5, {1, 2}, {kUs, kDiag}}, {4, {1}, {kUs}}},
      {{12, {3}, {kDiag}, false}}};
  for (const auto& shape : shapes) {
    for (const bool weighted : {false, true}) {
      INFO("seed " << seed << ", weighted " << weighted);
      const Model model = random_model(++seed, 200, 3, shape, weighted, weighted);
      // the first ones with fewer rows than columns
      for (const std::vector<Index>& sizes :
           {std::vector<Index>{200}, std::vector<Index>{2, 1, 90, 3, 4, 60, 40}}) {
        CrossProducts sums = built(model, sizes);
        const CrossProducts all = moments_of(model);
        const Vector theta = theta_of(model, 0.8);
        for (const bool reml : {false, true}) {
          CHECK(criterion(model, sums, theta, reml) ==
                Approx(model.dense_criterion(theta, reml)).epsilon(1e-10));
        }
        CHECK(sums.n == all.n);
        CHECK(sums.sum_log_w == Approx(all.sum_log_w));
        recentre(all.shifts, &sums);
        CHECK(largest_difference(sums, all) < 1e-11);
      }
    }
  }
}

TEST_CASE("a builder goes on from its parts to the same numbers") {
  const Model model = random_model(8, 120, 2, {{10, {2}, {kUs}}, {6, {1}, {kUs}}}, true);
  const auto piece = [&](int k) {
    std::vector<Index> which(20);
    std::iota(which.begin(), which.end(), 20 * k);
    return rows_of(model, which);
  };
  Builder whole;
  Builder begun;
  for (int k = 0; k < 6; ++k) whole.add(piece(k).rows());
  for (int k = 0; k < 3; ++k) begun.add(piece(k).rows());
  Builder resumed(begun.parts());
  for (int k = 3; k < 6; ++k) resumed.add(piece(k).rows());
  CHECK(resumed.sums().xy == whole.sums().xy);
  CHECK(resumed.sums().terms[0].diagonal == whole.sums().terms[0].diagonal);
  CHECK(resumed.sums().pairs == whole.sums().pairs);
}

TEST_CASE("a level whose rows have been taken away can go") {
  const Model model = random_model(9, 150, 2, {{8, {2}, {kUs}}, {5, {1}, {kUs}}}, true);
  std::vector<Index> kept;
  std::vector<Index> gone;
  for (Index i = 0; i < model.n; ++i) (model.level[0][i] == 3 ? gone : kept).push_back(i);
  REQUIRE(!gone.empty());
  CrossProducts sums = moments_of(model);
  CrossProducts part = moments_of(rows_of(model, gone));
  add(part, -1, &sums);
  Model rest = rows_of(model, kept);
  rest.n_levels[0] = 7;
  for (int& level : rest.level[0]) level -= level > 3 ? 1 : 0;
  std::vector<NewLevels> levels(2);
  levels[0].position = {0, 1, -1, 2, 3, 4, 5, 6};
  levels[0].n_levels = 7;
  levels[1].n_levels = 5;
  CrossProducts left = rearrange(sums, {0, 1}, levels);
  const CrossProducts expected = moments_of(rest);
  recentre(expected.shifts, &left);
  CHECK(largest_difference(left, expected) < 1e-11);
}

TEST_CASE("terms in another order are the same model") {
  Model model =
      random_model(3, 150, 2, {{9, {2}, {kUs}}, {5, {1, 2}, {kUs, kDiag}}, {4, {1}, {kUs}}}, true);
  const CrossProducts all = moments_of(model);
  std::vector<NewLevels> levels(3);
  for (int t = 0; t < 3; ++t) levels[t].n_levels = model.n_levels[t];
  const std::vector<int> order = {2, 0, 1};
  const CrossProducts other = rearrange(all, order, levels);
  const Vector theta = theta_of(model, 0.7);
  const double before = criterion(model, all, theta, true);
  Model moved = model;
  for (int k = 0; k < 3; ++k) {
    moved.structures[k] = model.structures[order[k]];
    moved.n_levels[k] = model.n_levels[order[k]];
    moved.level[k] = model.level[order[k]];
    moved.z[k] = model.z[order[k]];
  }
  CHECK(largest_difference(other, moments_of(moved)) < 1e-13);
  CHECK(criterion(moved, other, theta, true) == Approx(before).epsilon(1e-12));
  CHECK_THROWS_AS(rearrange(all, {0, 1, 1}, levels), std::invalid_argument);
  levels[0].position = {0, 1, 2, 3, 4, 5, 6, 7, 7};
  CHECK_THROWS_AS(rearrange(all, {0, 1, 2}, levels), std::invalid_argument);
}

TEST_CASE("fewer columns are those of the smaller model") {
  const Model model =
      random_model(8, 150, 4, {{9, {3}, {kDiag}}, {5, {2}, {kUs}}, {4, {1}, {kUs}}}, true, true);
  const CrossProducts all = moments_of(model);
  struct Case {
    std::vector<int> x;
    std::vector<std::vector<int>> z;
  };
  // also without columns of ones
  for (const Case& wanted :
       {Case{{0, 2}, {{0, 2}, {0, 1}, {0}}}, Case{{1, 3}, {{0, 1, 2}, {}, {0}}},
        Case{{3, 0, 1}, {{2, 0}, {1, 0}, {0}}}, Case{{}, {{1, 2}, {1}, {}}}}) {
    const CrossProducts sums = select_columns(all, wanted.x, wanted.z);
    DataRows rows = model.rows();
    Matrix x(model.n, static_cast<Index>(wanted.x.size()));
    for (std::size_t c = 0; c < wanted.x.size(); ++c) x.col(c) = model.x.col(wanted.x[c]);
    rows.x = x.data();
    rows.p = static_cast<int>(wanted.x.size());
    const auto ones = std::find(wanted.x.begin(), wanted.x.end(), 0);
    rows.intercept = ones == wanted.x.end() ? -1 : static_cast<int>(ones - wanted.x.begin());
    std::vector<BlockTermRows> terms;
    for (std::size_t t = 0; t < wanted.z.size(); ++t) {
      if (wanted.z[t].empty()) continue;
      BlockTermRows term = rows.terms[t];
      term.columns.clear();
      for (const int c : wanted.z[t]) term.columns.push_back(rows.terms[t].columns[c]);
      terms.push_back(term);
    }
    rows.terms = terms;
    const CrossProducts made = accumulate(rows, dense_gram(rows));
    CrossProducts moved = sums;
    recentre(made.shifts, &moved);
    CHECK(sums.intercept() == made.intercept());
    for (std::size_t t = 0; t < terms.size(); ++t) {
      CHECK(sums.incidence->terms[t].centred_with == made.incidence->terms[t].centred_with);
    }
    CHECK(largest_difference(moved, made) < 1e-12);
  }
}

TEST_CASE("pivots name the columns that are combinations of earlier ones") {
  Model model = random_model(4, 80, 4, {{6, {1}, {kUs}}}, false);
  model.x.col(2) = 2 * model.x.col(1) + 5 * model.x.col(0);
  const Vector pivots = relative_pivots(moments_of(model));
  CHECK(pivots[0] == 1);
  CHECK(pivots[1] == 1);  // about its mean
  CHECK(pivots[2] < kRankPivot);
  // by hand: what is left of column 3 beside 1, over its own squares
  Vector a = model.x.col(1).array() - model.x.col(1).mean();
  Vector b = model.x.col(3).array() - model.x.col(3).mean();
  CHECK(pivots[3] == Approx(1 - std::pow(a.dot(b), 2) / a.squaredNorm() / b.squaredNorm()));
}

TEST_CASE("pieces far from one another lose no digits") {
  Model model = random_model(91, 300, 3, {{20, {2}, {kUs}}, {7, {1}, {kUs}}}, false, false);
  for (Index i = 0; i < model.n; ++i) {
    const double trend = 1e3 * static_cast<double>(i * i) / static_cast<double>(model.n);
    model.x(i, 2) += trend;
    model.y[i] += 0.3 * trend + 1e6;
  }
  const CrossProducts sums = built(model, {2, 40, 60, 8, 90, 100});
  const CrossProducts all = moments_of(model);
  const int own = all.p();
  // 1e-12 of the squares of y, 1e-9 of those about its mean
  CHECK(sums.xy(own, own) == Approx(all.xy(own, own)).epsilon(1e-8));
  for (std::size_t t = 0; t < all.terms.size(); ++t) {
    CHECK(relative(sums.terms[t].xy.row(own), all.terms[t].xy.row(own)) < 1e-8);
  }
}
