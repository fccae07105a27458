#include "likelihood/modes.h"

#include <algorithm>
#include <utility>

#include "algebra/dense.h"
#include "algebra/small.h"
#include "equations/products.h"
#include "likelihood/leaf_inverse.h"

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

// out += x m, for right-hand sides x of one level, r each.
template <int W, class Block>
void add_level_product(Index r, const double* x, const Block& m, double* out) {
  const Index v = m.rows();
  for (Index c = 0; c < v; ++c, out += width_or<W>(r)) {
    for (Index k = 0; k < v; ++k) add_scaled<W>(r, m(k, c), x + k * width_or<W>(r), out);
  }
}

// Fills in what the two ways to solve have in common.
class Solver {
 public:
  Solver(const Factor& factor, Modes* modes)
      : factor_(factor),
        system_(factor.system()),
        modes_(*modes),
        v0_(system_.layout->leaf_size()) {}

  void solve_one_term();
  void solve();

 private:
  // Levels of the leaf that are worked on together, in the cache.
  Index leaf_step() const { return v0_ < 128 ? 128 / v0_ : 1; }
  Matrix fixed_factor() const;
  template <int V, int P>
  void solve_levels();
  template <int P>
  void solve_leaf(const Matrix& u_remainder, const Matrix& w_remainder);
  template <int P>
  void solve_remainder(Matrix* u_remainder);

  const Factor& factor_;
  const Equations& system_;
  Modes& modes_;
  Index v0_;
};

// ---- one term -----------------------------------------------------------------------------------

// By E_j = (I + A_j Gamma)^-1, level by level: C_j = E_j A_j, Z'V^-1 [X y] = [X y]'WZ E_j'. Unlike
// differences of products nothing cancels, at variance ratios of 1e12 either.
void Solver::solve_one_term() {
  const Index width = system_.layout->p + 1;
  const Index columns = v0_ * system_.layout->leaf_levels();
  modes_.blocks.resize(v0_ * v0_, system_.layout->leaf_levels());
  modes_.zvxy.resize(width, columns, 0);
  modes_.zvxy.leaf.setZero();
  with_width(width, [&](auto p) { with_width(v0_, [&](auto v) { solve_levels<v, p>(); }); });
  Vector combination(width);
  combination.head(system_.layout->p) = -factor_.beta();
  combination[system_.layout->p] = 1;
  modes_.g.leaf.noalias() = combination.transpose() * modes_.zvxy.leaf;
  modes_.g.remainder.resize(1, 0);
  modes_.u.leaf.resize(1, columns);
  multiply_levels(factor_.leaf_lambda(), 1, system_.layout->leaf_levels(), modes_.g.leaf.data(),
                  modes_.u.leaf.data());
  modes_.u.remainder.resize(1, 0);
}

template <int V, int P>
void Solver::solve_levels() {
  const Index width = system_.layout->p + 1;
  LeafInverse<V> level(factor_.leaf_lambda());
  for (Index j = 0; j < system_.layout->leaf_levels(); ++j) {
    level.compute(system_.leaf_diagonal.data() + j * v0_ * v0_);
    std::copy_n(level.c0().data(), v0_ * v0_, modes_.blocks.col(j).data());
    const Index at = j * v0_ * width;
    double* out = modes_.zvxy.leaf.data() + at;
    add_level_product<P>(width, system_.zxy.leaf.data() + at, level.inverse().transpose(), out);
    if (!system_.centred()) continue;
    add_level_product<P>(width, system_.centre.leaf.data() + at, level.c0(), out);
  }
}

// ---- several terms ------------------------------------------------------------------------------

// [L_x, 0; beta'L_x, 1]: its inverse turns [X y] into L_x^-1 X and y - X beta.
Matrix Solver::fixed_factor() const {
  const int p = system_.layout->p;
  Matrix l = Matrix::Identity(p + 1, p + 1);
  l.topLeftCorner(p, p) = factor_.x_factor();
  l.row(p).head(p) = factor_.beta().transpose() * factor_.x_factor();
  return l;
}

void Solver::solve() {
  for (const int v : system_.layout->term_size) modes_.fixed.push_back(Matrix::Zero(v, v));
  const Index width = system_.layout->p + 1;
  Matrix u = factor_.rhs().remainder;
  factor_.remainder().solve_backward(&u);
  Matrix w = u;
  apply_lambda_to_remainder(system_, factor_.lambda(), &w, false);
  multiply_remainder(system_, width, w, &modes_.zvxy.remainder);
  with_width(width, [&](auto p) {
    solve_leaf<p>(u, w);
    if (system_.centred()) u += factor_.scaled_centre().remainder;
    solve_remainder<p>(&u);
  });
}

template <int P>
void Solver::solve_leaf(const Matrix& u_remainder, const Matrix& w_remainder) {
  const Index width = system_.layout->p + 1;
  const Index levels = system_.layout->leaf_levels();
  const Index step = leaf_step();
  const Matrix l = fixed_factor();
  Coefficients& zvxy = modes_.zvxy;
  zvxy.leaf.resize(width, v0_ * levels);
  modes_.u.leaf.resize(1, v0_ * levels);
  modes_.g.leaf.resize(1, v0_ * levels);
  Matrix x(width, v0_ * step);  // U, then L^-1 U
  Matrix y(width, v0_ * step);  // Lambda U, then Z'V^-1 [X y], then L^-1 times that
  for (Index first = 0; first < levels; first += step) {
    const Index count = std::min(step, levels - first);
    const Index at = v0_ * first;
    const Index columns = v0_ * count;
    x.leftCols(columns) = factor_.rhs().leaf.middleCols(at, columns);
    factor_.solve_leaf_backward(first, count, width, u_remainder.data(), x.data());
    multiply_levels(factor_.leaf_lambda().transpose(), width, count, x.data(), y.data());
    multiply_leaf(system_, first, count, width, y.data(), w_remainder.data(),
                  zvxy.leaf.data() + at * width, zvxy.remainder.data());
    y.leftCols(columns) =
        system_.zxy.leaf.middleCols(at, columns) - zvxy.leaf.middleCols(at, columns);
    zvxy.leaf.middleCols(at, columns) = y.leftCols(columns);
    if (system_.centred()) {
      x.leftCols(columns) += factor_.scaled_centre().leaf.middleCols(at, columns);
    }
    solve_columns<P>(l, columns, x.data());
    solve_columns<P>(l, columns, y.data());
    modes_.u.leaf.middleCols(at, columns) = x.row(system_.layout->p).head(columns);
    modes_.g.leaf.middleCols(at, columns) = y.row(system_.layout->p).head(columns);
    add_fixed_products<P>(y, x, columns, &modes_.fixed[system_.layout->leaf]);
  }
}

template <int P>
void Solver::solve_remainder(Matrix* x) {
  Matrix& zvxy = modes_.zvxy.remainder;
  zvxy = system_.zxy.remainder - zvxy;
  const Matrix l = fixed_factor();
  Matrix y = zvxy;
  solve_columns<P>(l, x->cols(), x->data());
  solve_columns<P>(l, y.cols(), y.data());
  modes_.u.remainder = x->row(system_.layout->p);
  modes_.g.remainder = y.row(system_.layout->p);
  for (Index i = 0; i < system_.layout->remainder_size();) {
    const int term = system_.layout->row_term[i];
    const int v = system_.layout->term_size[term];
    modes_.fixed[term] +=
        y.block(0, i, system_.layout->p, v).transpose() * x->block(0, i, system_.layout->p, v);
    i += v;
  }
}

// Sums over levels of the outer products of their columns of the first w rows, by term; of `rows`
// with `others`, which are the same but for terms with a K.
std::vector<Matrix> level_squares(const Equations& system, Index w, const Coefficients& rows,
                                  const Coefficients& others) {
  std::vector<Matrix> squares;
  for (const int v : system.layout->term_size) squares.push_back(Matrix::Zero(w * v, w * v));
  const int leaf = system.layout->leaf;
  const Index size = w * system.layout->leaf_size();
  if (leaf >= 0) {
    gemm_nt(size, size, system.layout->leaf_levels(), 1.0, rows.leaf.data(), size, rows.leaf.data(),
            size, squares[leaf].data(), size);
  }
  for (Index i = 0; i < system.layout->remainder_size();) {
    const int t = system.layout->row_term[i];
    const double* own = rows.remainder.data() + i * w;
    const double* other = others.remainder.data() + i * w;
    const Index count = w * system.layout->term_size[t];
    for (Index c = 0; c < count; ++c) {
      for (Index r = 0; r < count; ++r) squares[t](r, c) += own[r] * other[c];
    }
    i += system.layout->term_size[t];
  }
  return squares;
}

}  // namespace

Modes::Modes(const Factor& solved, bool restricted, double m)
    : factor(&solved), reml(restricted), scale(m / solved.residual_ss()) {
  Solver solver(solved, this);
  if (one_term()) {
    solver.solve_one_term();
  } else {
    solver.solve();
  }
  if (any_precision()) {
    spread_zvxy = zvxy;
    spread_over_levels(*system().layout, &spread_zvxy);
    spread_g = g;
    spread_over_levels(*system().layout, &spread_g);
  }
  squares = level_squares(system(), 1, g, moved_g());
}

void Modes::leave_out_fixed() {
  const int p = system().layout->p;
  zvxy.leaf.topRows(p).setZero();
  zvxy.remainder.topRows(p).setZero();
  if (!any_precision()) return;
  spread_zvxy.leaf.topRows(p).setZero();
  spread_zvxy.remainder.topRows(p).setZero();
}

void keep_scores(const std::vector<Matrix>& scores, Modes* modes) {
  modes->expected.clear();
  for (std::size_t t = 0; t < scores.size(); ++t) {
    modes->expected.push_back(scores[t] + modes->scale * modes->squares[t]);
  }
}

Modes with_scores(const Modes& modes, Coefficients g) {
  Modes moved = modes;
  moved.g = std::move(g);
  if (moved.any_precision()) {
    moved.spread_g = moved.g;
    spread_over_levels(*moved.system().layout, &moved.spread_g);
  }
  moved.squares = level_squares(modes.system(), 1, moved.g, moved.moved_g());
  return moved;
}

std::vector<Matrix> fixed_squares(const Modes& modes) {
  const Index p = modes.system().layout->p;
  return level_squares(modes.system(), p, modes.zvxy.top_rows(p), modes.moved_zvxy().top_rows(p));
}

}  // namespace henderson
