#include "inference/marker_scan.h"

#include <limits>

#include "equations/products.h"

namespace henderson {

namespace {

// Of a column's sum of squares: what is left of it given X and the random effects.
constexpr double kDependent = 1e-10;

}  // namespace

MarkerScan::MarkerScan(const GaussianObjective& objective, const DataRows& rows)
    : objective_(objective), rows_(rows), weights_(rows.n), x_(rows.n, rows.p), y_(rows.n) {
  const CrossProducts& moments = objective.moments();
  for (Index i = 0; i < rows.n; ++i) weights_[i] = weight_of(rows, i);
  y_ = Eigen::Map<const Vector>(rows.y, rows.n);
  for (int c = 0; c < rows.p; ++c) {
    x_.col(c) = Eigen::Map<const Vector>(rows.x + rows.n * c, rows.n);
    if (moments.intercept() >= 0 && c != moments.intercept()) {
      x_.col(c).array() -= moments.shifts.x[c];
    }
    y_ -= moments.shifts.y[c] * x_.col(c);
    x_.col(c) /= objective.basis().x_scale[c];
  }
  y_ /= objective.basis().y_scale;
  for (Index i = 0; i < rows.n; ++i) {
    if (!(weights_[i] > 0)) y_[i] = 0;
  }
  for (const Matrix& inverse : objective.basis().z_inverse) {
    to_standard_.push_back(inverse.transpose());
  }
}

// Z~'Wg, a row for each column g.
void MarkerScan::add_products(const Matrix& columns, Coefficients* products) const {
  const Layout& layout = *objective_.system().layout;
  const Matrix across = columns.transpose();
  for (std::size_t t = 0; t < rows_.terms.size(); ++t) {
    const BlockTermRows& term = rows_.terms[t];
    Matrix& part = products->part(layout.is_leaf(static_cast<int>(t)));
    const Index v = to_standard_[t].rows();
    Vector z(v);
    for (Index i = 0; i < rows_.n; ++i) {
      if (!(weights_[i] > 0)) continue;
      for (Index c = 0; c < v; ++c) {
        z[c] = term.columns[c] == nullptr ? 1.0 : term.columns[c][i];
      }
      const Vector standard = weights_[i] * (to_standard_[t] * z);
      const Index at = layout.at(static_cast<int>(t), term.level[i] - 1);
      for (Index c = 0; c < v; ++c) part.col(at + c) += standard[c] * across.col(i);
    }
  }
}

std::vector<MarkerEstimate> MarkerScan::run(const Matrix& columns) const {
  const Index count = columns.cols();
  const Factor& factor = objective_.factor();
  const Layout& layout = *objective_.system().layout;
  const int p = layout.p;
  Matrix g = columns;
  for (Index i = 0; i < rows_.n; ++i) {
    if (!(weights_[i] > 0)) g.row(i).setZero();
  }
  if (objective_.moments().intercept() >= 0) {
    const Vector mean = g.transpose() * weights_ / weights_.sum();
    for (Index i = 0; i < rows_.n; ++i) {
      if (weights_[i] > 0) g.row(i) -= mean.transpose();
    }
  }
  const Matrix weighted = weights_.asDiagonal() * g;
  Coefficients solved;
  solved.resize(count, layout.leaf_columns(), layout.remainder_size());
  solved.set_zero();
  add_products(g, &solved);
  apply_lambda(objective_.system(), factor.lambda(), &solved, true);
  factor.solve_forward(&solved);
  const Vector total = weighted.cwiseProduct(g).colwise().sum().transpose();
  Vector own = total;
  if (solved.leaf.cols() > 0) own -= solved.leaf.rowwise().squaredNorm();
  if (solved.remainder.cols() > 0) own -= solved.remainder.rowwise().squaredNorm();
  // [X y]'V^-1 g
  Matrix cross(p + 1, count);
  cross.topRows(p).noalias() = x_.transpose() * weighted;
  cross.row(p).noalias() = y_.transpose() * weighted;
  cross -= inner_products(factor.rhs(), solved);
  Vector with_y = cross.row(p).transpose();
  if (p > 0) {
    with_y -= cross.topRows(p).transpose() * factor.beta();
    const Matrix half = factor.x_factor().triangularView<Eigen::Lower>().solve(cross.topRows(p));
    own -= half.colwise().squaredNorm().transpose();
  }
  const double y_scale = objective_.basis().y_scale;
  const double residual = factor.residual_ss() * y_scale * y_scale;
  const double degrees = objective_.reml() ? objective_.degrees() - 1 : objective_.degrees();
  std::vector<MarkerEstimate> result(count);
  for (Index k = 0; k < count; ++k) {
    if (!(own[k] > kDependent * total[k])) {
      result[k].estimate = result[k].variance = std::numeric_limits<double>::quiet_NaN();
      continue;
    }
    result[k].estimate = with_y[k] / own[k] * y_scale;
    const double left = residual - y_scale * y_scale * with_y[k] * with_y[k] / own[k];
    result[k].variance = left / degrees / own[k];
  }
  return result;
}

}  // namespace henderson
