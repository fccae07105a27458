// Equations in a given layout (equations/layout.h): other numbers, another response.
#include <catch.h>

#include <memory>

#include "equations/equations.h"
#include "equations/factor.h"
#include "random-model.h"

using henderson::CrossProducts;
using henderson::Equations;
using henderson::Layout;
using henderson::Matrix;
using henderson::ResponseSums;
using henderson::standardize;
using testing_models::Model;
using testing_models::TermShape;

namespace {

std::vector<std::vector<TermShape>> shapes() {
  const std::string us = "us";
  const std::string diag = "diag";
  return {{{12, {1}, {us}}},
          {{15, {3}, {us}}},
          {{30, {2}, {us}}, {5, {1}, {us}}},
          {{40, {1}, {us}}, {25, {1}, {us}}, {20, {2}, {diag}}},
          {{60, {1}, {us}}, {50, {2}, {us}}, {45, {1}, {us}}}};
}

bool same(const Matrix& a, const Matrix& b) { return a.size() == b.size() && a == b; }

void check_same(const Equations& a, const Equations& b) {
  CHECK(same(a.leaf_diagonal, b.leaf_diagonal));
  CHECK(a.panel_values == b.panel_values);
  CHECK(a.remainder_values == b.remainder_values);
  CHECK(same(a.zxy.leaf, b.zxy.leaf));
  CHECK(same(a.zxy.remainder, b.zxy.remainder));
  CHECK(same(a.xy, b.xy));
}

}  // namespace

TEST_CASE("other numbers in a layout are those of equations built anew, bit by bit") {
  unsigned seed = 1;
  for (const std::vector<TermShape>& own : shapes()) {
    const Model first = testing_models::random_model(seed, 150, 3, own, true);
    Model second = first;
    const Model other = testing_models::random_model(seed + 100, 150, 3, own, true);
    second.x = other.x;
    second.y = other.y;
    second.weights = other.weights;
    second.z = other.z;
    const CrossProducts before = testing_models::moments_of(first);
    const CrossProducts after = testing_models::moments_of(second);
    Equations filled(std::make_shared<const Layout>(*before.incidence),
                     standardize(before, first.structures), before);
    const Equations anew(std::make_shared<const Layout>(*after.incidence),
                         standardize(after, second.structures), after);
    CHECK_FALSE(same(filled.xy, anew.xy));
    filled.basis = anew.basis;
    filled.fill(after);
    check_same(filled, anew);
    ++seed;
  }
}

TEST_CASE("another response is that of equations filled with its cross-products") {
  unsigned seed = 11;
  for (const std::vector<TermShape>& own : shapes()) {
    const Model model = testing_models::random_model(seed, 150, 3, own, true);
    const CrossProducts before = testing_models::moments_of(model);
    // y + X c, known sums
    CrossProducts after = before;
    const int p = model.rows().p;
    const henderson::Vector c = henderson::Vector::LinSpaced(p, 0.5, -1.25);
    Matrix map = Matrix::Identity(p + 1, p + 1);
    map.col(p).head(p) = c;
    after.xy = (map.transpose() * before.xy * map).eval();
    ResponseSums response;
    response.xy = after.xy.col(p);
    after.xy.row(p) = response.xy.transpose();
    for (henderson::TermSums& term : after.terms) {
      term.xy = (map.transpose() * term.xy).eval();
      response.zy.push_back(term.xy.row(p).transpose());
    }
    for (std::size_t t = 0; t < after.terms.size(); ++t) {
      after.terms[t].xy.topRows(p) = before.terms[t].xy.topRows(p);
    }
    after.xy.topLeftCorner(p, p) = before.xy.topLeftCorner(p, p);
    const auto layout = std::make_shared<const Layout>(*before.incidence);
    Equations changed(layout, standardize(before, model.structures), before);
    Equations filled = changed;
    filled.fill(after);
    CHECK_FALSE(same(filled.xy, changed.xy));
    changed.set_response(response);
    check_same(changed, filled);
    ++seed;
  }
}
