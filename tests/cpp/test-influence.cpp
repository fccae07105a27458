// Sums without some rows, against sums of the other rows.
#include <catch.h>

#include <cmath>

#include "data/gram.h"
#include "fit/fit_lmm.h"
#include "fit/influence.h"
#include "random-model.h"

using namespace henderson;
using namespace testing_models;

namespace {

// The fit of the rows without some, from the beginning.
FitResult refit(const Model& model, const std::vector<Index>& which, bool reml) {
  Model left = model;
  left.weighted = true;
  for (const Index i : which) left.weights[i] = 0;
  const DataRows rows = left.rows();
  const CrossProducts moments = accumulate(rows, dense_gram(rows));
  FitOptions options;
  options.reml = reml;
  return fit_lmm(moments, left.structures, options);
}

}  // namespace

TEST_CASE("Estimates without a level or a row are those of the other rows") {
  const Model model = random_model(11, 80, 2, {{10, {2}, {kUs}}, {5, {1}, {kUs}}}, true);
  const DataRows rows = model.rows();
  const CrossProducts moments = accumulate(rows, dense_gram(rows));
  for (const bool reml : {true, false}) {
    const FitResult fit = refit(model, {}, reml);
    RowDeletion deletion(moments, model.structures, rows, fit.theta, reml, Reestimate::kExact);
    std::vector<std::vector<Index>> sets = {{0}, {7, 50}, {}};
    for (Index i = 0; i < model.n; ++i) {
      if (model.level[1][i] == 2) sets.back().push_back(i);
    }
    for (const std::vector<Index>& which : sets) {
      const Deletion found = deletion.without(which);
      const FitResult other = refit(model, which, reml);
      REQUIRE(found.status == DeletionStatus::kFitted);
      CHECK(std::abs(found.criterion - other.criterion) < 1e-8);
      CHECK((found.beta - other.beta).cwiseAbs().maxCoeff() < 1e-6);
      CHECK(std::abs(found.sigma / other.sigma - 1) < 1e-6);
      CHECK(found.theta_displacement > -1e-8);
      CHECK(found.joint_displacement > -1e-8);
    }
  }
}

TEST_CASE("Without enough rows or levels there is no fit") {
  const Model model = random_model(12, 30, 2, {{6, {1}, {kUs}}}, false);
  const DataRows rows = model.rows();
  const CrossProducts moments = accumulate(rows, dense_gram(rows));
  const FitResult fit = refit(model, {}, true);
  RowDeletion deletion(moments, model.structures, rows, fit.theta, true, Reestimate::kExact);
  std::vector<Index> all_but_two, all_but_one_level;
  for (Index i = 0; i < model.n; ++i) {
    if (i > 1) all_but_two.push_back(i);
    if (model.level[0][i] != 1) all_but_one_level.push_back(i);
  }
  CHECK(deletion.without(all_but_two).status == DeletionStatus::kFewRows);
  CHECK(deletion.without(all_but_one_level).status == DeletionStatus::kLevels);
  // what was taken out before is there again
  CHECK(deletion.without({}).criterion == Approx(fit.criterion));
}
