#include "likelihood/residual_gradient.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "algebra/dense.h"

namespace henderson {

namespace {

// All in the units of the cross-products.
class GradientSums {
 public:
  GradientSums(Factor* factor, const CrossProducts& numbers, bool reml, double m);
  CrossProductGradient take();

 private:
  void solve(bool reml, double m);
  void fill_dense();
  void fill_levels();
  void fill_pairs();
  Matrix leaf_inverse(int level) const;   // L_jj^-1
  Matrix leaf_coupling(int level) const;  // M^-1 of the panel's rows and the level
  // A block of the remainder's part of M^-1: rows of one level, columns of another.
  Matrix remainder_inverse(int row, Index height, int column, Index width) const;
  // f_a'f_b of the coefficients of two levels, and e_a e_b'.
  Matrix fixed_form(int t, int level, int s, int other) const;
  Matrix residual_form(int t, int level, int s, int other) const;

  Factor& factor_;
  const Equations& system_;
  const Layout& layout_;
  CrossProductGradient result_;
  std::vector<Matrix> moved_;  // by term: S Lambda, which takes u to b of centred columns as given
  std::vector<Matrix> f_;      // by term p x v J: L_x^-1 times the rows of T, transposed
  std::vector<Vector> e_;      // by term v J
  Matrix f_x_;                 // p x p
  Vector e_xy_;                // of X and y, with the root of m/r^2 as the others
};

GradientSums::GradientSums(Factor* factor, const CrossProducts& numbers, bool reml, double m)
    : factor_(*factor), system_(factor->system()), layout_(*system_.layout) {
  result_.determinants = numbers;
  result_.residual = numbers;
  for (int t = 0; t < layout_.n_terms(); ++t) {
    moved_.push_back(system_.basis.z_basis[t] * factor_.lambda()[t]);
  }
  if (layout_.remainder_size() > 0) factor_.mutable_remainder()->compute_selected_inverse();
  solve(reml, m);
}

// Coefficients of X on Z, and the residual's, by level.
void GradientSums::solve(bool reml, double m) {
  const Index p = layout_.p;
  const double root = std::sqrt(m / factor_.residual_ss());
  const Vector beta = factor_.beta();
  Coefficients u = factor_.rhs();
  factor_.solve_backward(&u);
  const auto l = factor_.x_factor().triangularView<Eigen::Lower>();
  f_x_ = reml ? Matrix(l.solve(Matrix(system_.basis.x_scale.cwiseInverse().asDiagonal())))
              : Matrix::Zero(p, p);
  e_xy_.resize(p + 1);
  e_xy_.head(p) = -root * beta.cwiseQuotient(system_.basis.x_scale);
  e_xy_[p] = root / system_.basis.y_scale;
  for (int t = 0; t < layout_.n_terms(); ++t) {
    const Index v = layout_.term_size[t];
    const Matrix& part = u.part(layout_.is_leaf(t));
    Matrix f(p, v * layout_.term_levels[t]);
    Vector e(f.cols());
    for (int level = 0; level < layout_.term_levels[t]; ++level) {
      const Matrix own = part.middleCols(layout_.at(t, level), v) * moved_[t].transpose();
      const Index at = level * v;
      f.middleCols(at, v) = -own.topRows(p);
      e.segment(at, v) = -root * (own.row(p).transpose() - own.topRows(p).transpose() * beta);
    }
    if (reml && p > 0) {
      l.solveInPlace(f);
    } else {
      f.setZero();
    }
    f_.push_back(std::move(f));
    e_.push_back(std::move(e));
  }
}

Matrix GradientSums::fixed_form(int t, int level, int s, int other) const {
  const Index vt = layout_.term_size[t];
  const Index vs = layout_.term_size[s];
  return f_[t].middleCols(level * vt, vt).transpose() * f_[s].middleCols(other * vs, vs);
}

Matrix GradientSums::residual_form(int t, int level, int s, int other) const {
  const Index vt = layout_.term_size[t];
  const Index vs = layout_.term_size[s];
  return e_[t].segment(level * vt, vt) * e_[s].segment(other * vs, vs).transpose();
}

void GradientSums::fill_dense() {
  const Index p = layout_.p;
  result_.determinants.xy.setZero();
  result_.determinants.xy.topLeftCorner(p, p) = f_x_.transpose() * f_x_;
  result_.residual.xy = e_xy_ * e_xy_.transpose();
  for (int t = 0; t < layout_.n_terms(); ++t) {
    Matrix& fixed = result_.determinants.terms[t].xy;
    fixed.setZero();
    fixed.topRows(p) = f_x_.transpose() * f_[t];
    result_.residual.terms[t].xy = e_xy_ * e_[t].transpose();
  }
}

Matrix GradientSums::leaf_inverse(int level) const {
  const Index v = layout_.leaf_size();
  return ConstMatrixMap(factor_.leaf_factor(level), v, v)
      .triangularView<Eigen::Lower>()
      .solve(Matrix::Identity(v, v));
}

Matrix GradientSums::remainder_inverse(int row, Index height, int column, Index width) const {
  if (row < column) return remainder_inverse(column, width, row, height).transpose();
  const SupernodalCholesky& remainder = factor_.remainder();
  Matrix block(height, width);
  for (Index c = 0; c < width; ++c) {
    for (Index r = 0; r < height; ++r) {
      const int larger = std::max<int>(row + static_cast<int>(r), column + static_cast<int>(c));
      const int smaller = std::min<int>(row + static_cast<int>(r), column + static_cast<int>(c));
      const int s = remainder.symbolic().supernode_of[smaller];
      const int* rows = remainder.rows(s);
      const Index count = remainder.n_rows(s);
      const Index at = std::lower_bound(rows, rows + count, larger) - rows;
      const Index own = smaller - remainder.symbolic().first_column[s];
      block(r, c) = remainder.inverse_values(s)[at + own * count];
    }
  }
  return block;
}

// -C_rr B_j L_jj^-1.
Matrix GradientSums::leaf_coupling(int level) const {
  const Index v = layout_.leaf_size();
  const Index count = layout_.panel_count(level);
  const int* rows = layout_.rows_of_panel(level);
  Matrix inverse(count, count);
  for (Index b = 0; b < count; ++b) {
    for (Index a = b; a < count; ++a) {
      inverse(a, b) = inverse(b, a) = remainder_inverse(rows[a], 1, rows[b], 1)(0, 0);
    }
  }
  return -(inverse * ConstMatrixMap(factor_.panel(level), count, v)) * leaf_inverse(level);
}

void GradientSums::fill_levels() {
  for (int t = 0; t < layout_.n_terms(); ++t) {
    const Index v = layout_.term_size[t];
    for (int level = 0; level < layout_.term_levels[t]; ++level) {
      Matrix own(v, v);
      if (layout_.is_leaf(t)) {
        const Matrix l = leaf_inverse(level);
        own = l.transpose() * l;
        const Index count = layout_.panel_count(level);
        if (count > 0) {
          const ConstMatrixMap b(factor_.panel(level), count, v);
          own -= l.transpose() * b.transpose() * leaf_coupling(level);
        }
      } else {
        const int row = layout_.scalar_row[t][level];
        own = remainder_inverse(row, v, row, v);
      }
      const Matrix form = moved_[t] * own * moved_[t].transpose() + fixed_form(t, level, t, level);
      MatrixMap(result_.determinants.terms[t].diagonal.col(level).data(), v, v) = form;
      MatrixMap(result_.residual.terms[t].diagonal.col(level).data(), v, v) =
          residual_form(t, level, t, level);
    }
  }
}

void GradientSums::fill_pairs() {
  const Incidence& incidence = *result_.determinants.incidence;
  std::vector<Index> local(layout_.remainder_size());
  for (std::size_t k = 0; k < incidence.pairs.size(); ++k) {
    const Pair& pair = incidence.pairs[k];
    const int t = pair.term_row;
    const int s = pair.term_column;
    const Index vt = layout_.term_size[t];
    const Index vs = layout_.term_size[s];
    for (int level = 0; level < layout_.term_levels[t]; ++level) {
      Matrix coupling;
      if (layout_.is_leaf(t)) {
        coupling = leaf_coupling(level);
        const int* rows = layout_.rows_of_panel(level);
        for (Index i = 0; i < layout_.panel_count(level); ++i) local[rows[i]] = i;
      }
      for (Index e = pair.start[level]; e < pair.start[level + 1]; ++e) {
        const int other = pair.partner[e];
        const int row = layout_.scalar_row[s][other];
        const Matrix own = layout_.is_leaf(t)
                               ? Matrix(coupling.middleRows(local[row], vs))
                               : remainder_inverse(row, vs, layout_.scalar_row[t][level], vt);
        MatrixMap(result_.determinants.pairs[k].data() + e * vs * vt, vs, vt) =
            moved_[s] * own * moved_[t].transpose() + fixed_form(s, other, t, level);
        MatrixMap(result_.residual.pairs[k].data() + e * vs * vt, vs, vt) =
            residual_form(s, other, t, level);
      }
    }
  }
}

CrossProductGradient GradientSums::take() {
  fill_dense();
  fill_levels();
  fill_pairs();
  return std::move(result_);
}

}  // namespace

CrossProductGradient cross_product_gradient(Factor* factor, const CrossProducts& numbers, bool reml,
                                            double m) {
  return GradientSums(factor, numbers, reml, m).take();
}

}  // namespace henderson
