#include "data/drawn_response.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace henderson {

namespace {

// b* of all levels of a term, v x J.
Matrix draw_effects(const ResponseModel& model, std::size_t t, int n_levels, RandomStream* random) {
  const Matrix& given = model.effects[t];
  const Index v = given.rows();
  Matrix b(v, n_levels);
  for (int j = 0; j < n_levels; ++j) {
    if (model.kind == ResponseModel::Kind::kResampled) {
      b.col(j) = given.col(random->below(given.cols()));
      continue;
    }
    for (Index c = 0; c < v; ++c) b(c, j) = random->normal();
  }
  if (model.kind == ResponseModel::Kind::kResampled) return b;
  b = (given * b).eval();
  if (t < model.relate.size() && model.relate[t]) {
    b = model.relate[t](b.transpose()).transpose().eval();
  }
  return b;
}

void add_effects(const DataRows& rows, const BlockTermRows& term, const Matrix& b, double* y) {
  const Index v = b.rows();
  for (Index i = 0; i < rows.n; ++i) {
    const double* own = b.data() + (term.level[i] - 1) * v;
    for (Index c = 0; c < v; ++c) {
      y[i] += term.columns[c] == nullptr ? own[c] : term.columns[c][i] * own[c];
    }
  }
}

}  // namespace

void draw_response(const ResponseModel& model, const DataRows& rows, RandomStream* random,
                   double* y, std::vector<Matrix>* b) {
  std::copy_n(model.mean, rows.n, y);
  if (b != nullptr) b->assign(rows.terms.size(), Matrix());
  if (model.kind == ResponseModel::Kind::kSigns) {
    Vector sign(model.n_clusters);
    for (Index k = 0; k < sign.size(); ++k) sign[k] = random->uniform() < 0.5 ? -1 : 1;
    for (Index i = 0; i < rows.n; ++i) y[i] += sign[model.cluster[i] - 1] * model.residuals[i];
    return;
  }
  for (std::size_t t = 0; t < rows.terms.size(); ++t) {
    Matrix own = draw_effects(model, t, rows.terms[t].n_levels, random);
    add_effects(rows, rows.terms[t], own, y);
    if (b != nullptr) (*b)[t] = std::move(own);
  }
  const bool resampled = model.kind == ResponseModel::Kind::kResampled;
  for (Index i = 0; i < rows.n; ++i) {
    const double w = weight_of(rows, i);
    if (!(w > 0)) continue;
    const double e = resampled ? model.residuals[random->below(model.residuals.size())]
                               : model.sigma * random->normal();
    y[i] += e / std::sqrt(w);
  }
}

}  // namespace henderson
