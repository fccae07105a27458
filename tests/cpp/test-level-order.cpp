#include <catch.h>

#include <algorithm>

#include "data/cross_products.h"
#include "equations/level_order.h"
#include "fit/fit_lmm.h"
#include "random-model.h"

using namespace henderson;
using namespace testing_models;

namespace {

// 30 levels in 7 in 3. The first `movers` rows are in another level of the second term than the
// rest of their level of the first.
Model nested_model(Index movers) {
  Model model =
      random_model(3, 240, 2, {{30, {2}, {kUs}}, {7, {1}, {kUs}}, {3, {1}, {kUs}}}, false);
  nest(&model, 8);
  for (Index i = 0; i < movers; ++i) model.level[1][i] = 1 + model.level[1][i] % 7;
  return model;
}

// The level of every row by its new number.
Model relabelled(Model model, const LevelOrder& order) {
  for (std::size_t t = 0; t < model.level.size(); ++t) {
    const std::vector<int>& original = order.original[t];
    if (original.empty()) continue;
    for (int& level : model.level[t]) {
      const auto found = std::find(original.begin(), original.end(), level - 1);
      level = static_cast<int>(found - original.begin()) + 1;
    }
  }
  return model;
}

double largest(const Matrix& difference) { return difference.cwiseAbs().maxCoeff(); }

}  // namespace

TEST_CASE("sorted moments are those of the rows with their levels renumbered") {
  for (const int movers : {0, 5}) {
    const Model model = nested_model(movers);
    CrossProducts sorted = moments_of(model);
    const LevelOrder order = sort_levels(&sorted, 0);
    REQUIRE(!order.original[0].empty());
    const CrossProducts expected = moments_of(relabelled(model, order));
    for (std::size_t t = 0; t < 3; ++t) {
      CHECK(sorted.terms[t].xy == expected.terms[t].xy);
      CHECK(sorted.terms[t].diagonal == expected.terms[t].diagonal);
    }
    REQUIRE(sorted.pairs.size() == expected.pairs.size());
    for (std::size_t k = 0; k < expected.pairs.size(); ++k) {
      CHECK(sorted.incidence->pairs[k].start == expected.incidence->pairs[k].start);
      CHECK(sorted.incidence->pairs[k].partner == expected.incidence->pairs[k].partner);
      const Eigen::Map<const Vector> values(sorted.pairs[k].data(), sorted.pairs[k].size());
      const Eigen::Map<const Vector> wanted(expected.pairs[k].data(), expected.pairs[k].size());
      CHECK(largest(values - wanted) < 1e-12);
    }
  }
}

TEST_CASE("levels of one level of the next term stand together") {
  CrossProducts sorted = moments_of(nested_model(0));
  sort_levels(&sorted, 0);
  for (const Pair& pair : sorted.incidence->pairs) {
    CHECK(std::is_sorted(pair.partner.begin(), pair.partner.end()));
  }
}

TEST_CASE("a fit of sorted moments is put back in the user's order") {
  const Model model = nested_model(0);
  const CrossProducts moments = moments_of(model);
  CrossProducts sorted = moments;
  const LevelOrder order = sort_levels(&sorted, 0);
  const FitResult expected = fit_lmm(moments, model.structures, FitOptions());
  FitResult result = fit_lmm(sorted, model.structures, FitOptions());
  restore_levels(order, &result);
  CHECK(result.criterion == Approx(expected.criterion).epsilon(1e-10));
  for (std::size_t t = 0; t < 3; ++t) {
    CHECK(largest(result.modes[t] - expected.modes[t]) < 1e-6);
    CHECK(largest(result.centred_modes[t] - expected.centred_modes[t]) < 1e-6);
    CHECK(largest(result.spherical_modes[t] - expected.spherical_modes[t]) < 1e-6);
    CHECK(largest(result.conditional_variance[t] - expected.conditional_variance[t]) < 1e-6);
  }
}

TEST_CASE("levels of crossed terms, and few levels, stay where they are") {
  CrossProducts crossed =
      moments_of(random_model(4, 200, 2, {{9, {1}, {kUs}}, {5, {1}, {kUs}}}, false));
  CHECK(sort_levels(&crossed, 0).original[0].empty());
  CrossProducts few = moments_of(nested_model(0));
  CHECK(sort_levels(&few).original[0].empty());
}
