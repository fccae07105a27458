// Modes u and scores g of all coefficients at one Lambda, and X's part of the traces.
#include <algorithm>

#include "algebra/small.h"
#include "equations/products.h"
#include "likelihood/differentiator.h"

namespace henderson {

namespace {

// columns := L^-1 columns.
template <int P>
void solve_columns(const Matrix& l, Index count, double* columns) {
  if (count == 0) return;
  const Index width = l.rows();
  if (P == Eigen::Dynamic) {
    MatrixMap block(columns, width, count);
    l.triangularView<Eigen::Lower>().solveInPlace(block);
    return;
  }
  const Vector inverse = l.diagonal().cwiseInverse();
  for (Index k = 0; k < count; ++k, columns += width_or<P>(width)) {
    for (Index r = 0; r < width_or<P>(width); ++r) {
      for (Index c = 0; c < r; ++c) columns[r] -= l(r, c) * columns[c];
      columns[r] *= inverse[r];
    }
  }
}

// sum_j y_j' x_j over the first p of P rows, for levels of v columns.
template <int P>
void add_fixed_products(const Matrix& y, const Matrix& x, Index columns, Matrix* sum) {
  const Index p = width_or<P>(y.rows()) - 1;
  const Index v = sum->rows();
  for (Index j = 0; j < columns; j += v) {
    for (Index b = 0; b < v; ++b) {
      const double* right = x.data() + (j + b) * (p + 1);
      for (Index a = 0; a < v; ++a) {
        const double* left = y.data() + (j + a) * (p + 1);
        double dot = 0;
        for (Index c = 0; c < p; ++c) dot += left[c] * right[c];
        (*sum)(a, b) += dot;
      }
    }
  }
}

}  // namespace

// [L_x, 0; beta'L_x, 1]: its inverse turns [X y] into L_x^-1 X and y - X beta.
Matrix Differentiator::fixed_factor() const {
  const int p = layout_.p;
  Matrix l = Matrix::Identity(p + 1, p + 1);
  l.topLeftCorner(p, p) = factor_.x_factor();
  l.row(p).head(p) = factor_.beta().transpose() * factor_.x_factor();
  return l;
}

void Differentiator::solve_modes() {
  for (int t = 0; t < layout_.n_terms(); ++t) {
    const int v = layout_.term_size[t];
    for (std::vector<Matrix>* sums : {&trace_, &cross_, &square_, &fixed_}) {
      sums->push_back(Matrix::Zero(v, v));
    }
  }
  const Index width = layout_.p + 1;
  Matrix u = factor_.rhs().remainder;
  if (u.cols() > 0) factor_.remainder().solve_backward(&u);
  Matrix w = u;
  apply_lambda_to_remainder(system_, lambda_, &w, false);
  multiply_remainder(system_, width, w, &gx_.remainder);
  with_width(width, [&](auto p) {
    solve_leaf_modes<p>(u, w);
    if (system_.centred()) u += factor_.scaled_centre().remainder;
    solve_remainder_modes<p>(&u);
  });
}

template <int P>
void Differentiator::solve_leaf_modes(const Matrix& u_remainder, const Matrix& w_remainder) {
  const Index width = layout_.p + 1;
  const Index levels = layout_.leaf_levels();
  const Index step = leaf_step();
  const Matrix l = fixed_factor();
  gx_.leaf.resize(width, v0_ * levels);
  mode_.leaf.resize(1, v0_ * levels);
  g_.leaf.resize(1, v0_ * levels);
  Matrix x(width, v0_ * step);  // U, then L^-1 U
  Matrix y(width, v0_ * step);  // Lambda U, then G_x, then L^-1 G_x
  for (Index first = 0; first < levels; first += step) {
    const Index count = std::min(step, levels - first);
    const Index at = v0_ * first;
    const Index columns = v0_ * count;
    x.leftCols(columns) = factor_.rhs().leaf.middleCols(at, columns);
    factor_.solve_leaf_backward(first, count, width, u_remainder.data(), x.data());
    multiply_levels(factor_.leaf_lambda().transpose(), width, count, x.data(), y.data());
    multiply_leaf(system_, first, count, width, y.data(), w_remainder.data(),
                  gx_.leaf.data() + at * width, gx_.remainder.data());
    y.leftCols(columns) =
        system_.zxy.leaf.middleCols(at, columns) - gx_.leaf.middleCols(at, columns);
    gx_.leaf.middleCols(at, columns) = y.leftCols(columns);
    if (system_.centred()) {
      x.leftCols(columns) += factor_.scaled_centre().leaf.middleCols(at, columns);
    }
    solve_columns<P>(l, columns, x.data());
    solve_columns<P>(l, columns, y.data());
    mode_.leaf.middleCols(at, columns) = x.row(layout_.p).head(columns);
    g_.leaf.middleCols(at, columns) = y.row(layout_.p).head(columns);
    add_fixed_products<P>(y, x, columns, &fixed_[layout_.leaf]);
  }
  if (layout_.leaf < 0) return;
  const ConstMatrixMap g(g_.leaf.data(), v0_, levels);
  const ConstMatrixMap u(mode_.leaf.data(), v0_, levels);
  cross_[layout_.leaf].noalias() = g * u.transpose();
  square_[layout_.leaf].noalias() = g * g.transpose();
}

template <int P>
void Differentiator::solve_remainder_modes(Matrix* x) {
  gx_.remainder = system_.zxy.remainder - gx_.remainder;
  const Matrix l = fixed_factor();
  Matrix y = gx_.remainder;
  solve_columns<P>(l, x->cols(), x->data());
  solve_columns<P>(l, y.cols(), y.data());
  mode_.remainder = x->row(layout_.p);
  g_.remainder = y.row(layout_.p);
  for (Index i = 0; i < layout_.remainder_size();) {
    const int term = layout_.row_term[i];
    const int v = layout_.term_size[term];
    const Eigen::Map<const Vector> g(g_.remainder.data() + i, v);
    const Eigen::Map<const Vector> u(mode_.remainder.data() + i, v);
    cross_[term] += g * u.transpose();
    square_[term] += g * g.transpose();
    fixed_[term] += y.block(0, i, layout_.p, v).transpose() * x->block(0, i, layout_.p, v);
    i += v;
  }
}

}  // namespace henderson
