#include "likelihood/elimination.h"

#include <utility>

#include "algebra/dense.h"
#include "algebra/interrupt.h"
#include "equations/products.h"
#include "likelihood/leaf_inverse.h"

namespace henderson {

LeafElimination::LeafElimination(const Modes& modes, bool whole)
    : modes_(modes),
      factor_(*modes.factor),
      system_(modes.system()),
      layout_(*system_.layout),
      v_(layout_.leaf_size()),
      q_(layout_.remainder_size()),
      px_(modes.reml ? layout_.p : 0),
      n_(q_ + px_),
      whole_(whole || q_ == 0 || layout_.panels_full) {
  if (px_ > 0) {
    const auto l = factor_.x_factor().triangularView<Eigen::Lower>();
    x_leaf_.resize(px_, 0);
    if (layout_.leaf_columns() > 0) x_leaf_ = l.solve(modes.zvxy.leaf.topRows(px_));
    if (q_ > 0) x_remainder_ = l.solve(modes.zvxy.remainder.topRows(px_));
  }
  eliminate_leaf();
  check_interrupt();
  invert();
}

// target's columns of level j := source, whose rows are those that the level meets.
void LeafElimination::store_level(Index j, const Matrix& source, Matrix* target) const {
  if (whole_ && source.rows() < n_) {
    const int* rows = layout_.rows_of_panel(j);
    const Index count = layout_.panel_count(j);
    auto own = target->middleCols(j * v_, v_);
    own.setZero();
    for (Index a = 0; a < v_; ++a) {
      for (Index i = 0; i < count; ++i) own(rows[i], a) = source(i, a);
    }
    own.bottomRows(px_) = source.bottomRows(px_);
  } else {
    MatrixMap(target->data() + level_start(j), source.rows(), v_) = source;
  }
}

void LeafElimination::eliminate_leaf() {
  if (q_ == 0) {
    if (px_ > 0) h_ = std::move(x_leaf_);
    f_ = Matrix::Zero(n_, n_);
    return;
  }
  const Index levels = layout_.leaf_levels();
  LeafInverse<Eigen::Dynamic> leaf(factor_.leaf_lambda());
  c0_.resize(v_ * v_, levels);
  const Index total = (layout_.panel_start[levels] + levels * px_) * v_;
  h_.resize(whole_ ? n_ : 1, whole_ ? v_ * levels : total);
  Matrix moved(h_.rows(), h_.cols());  // A_rj Gamma_0
  Matrix source;
  Matrix product;
  for (Index j = 0; j < levels; ++j) {
    leaf.compute(system_.leaf_diagonal.data() + j * v_ * v_);
    Eigen::Map<Matrix>(c0_.col(j).data(), v_, v_) = leaf.c0();
    const Index count = layout_.panel_count(j);
    source.setZero(count + px_, v_);
    source.topRows(count) = ConstMatrixMap(system_.panel(j), count, v_);
    product.noalias() = source.lazyProduct(leaf.gamma());
    store_level(j, product, &moved);
    product.noalias() = source.lazyProduct(leaf.inverse().transpose());
    if (px_ > 0) product.bottomRows(px_) = x_leaf_.middleCols(j * v_, v_);
    store_level(j, product, &h_);
    if (!whole_) {
      rows_.insert(rows_.end(), layout_.rows_of_panel(j), layout_.rows_of_panel(j) + count);
      for (Index x = 0; x < px_; ++x) rows_.push_back(static_cast<int>(q_ + x));
    }
  }
  start_f();
  Matrix update = Matrix::Zero(n_, n_);
  if (whole_) {
    gemm_nt(n_, n_, v_ * levels, 1.0, moved.data(), n_, h_.data(), n_, update.data(), n_);
  } else {
    for (Index a = 0; a < v_; ++a) add_products(moved, a, h_, a, &update);
  }
  f_ -= 0.5 * (update + update.transpose());
  f_.bottomRows(px_).setZero();
  f_.rightCols(px_).setZero();
}

std::vector<Matrix> LeafElimination::level_products() const {
  std::vector<Matrix> products(v_ * v_);
  for (Index b = 0; b < v_; ++b) {
    for (Index a = b; a < v_; ++a) {
      check_interrupt();
      products[a + b * v_].setZero(n_, n_);
      add_products(h_, a, h_, b, &products[a + b * v_]);
    }
  }
  return products;
}

Matrix LeafElimination::leaf_forms() const {
  const Index levels = layout_.leaf_levels();
  Matrix forms = Matrix::Zero(v_ * v_, levels);
  if (n_ == 0) return forms;
  if (q_ == 0) {  // B = I
    for (Index j = 0; j < levels; ++j) {
      const auto h = h_.middleCols(j * v_, v_);
      MatrixMap(forms.col(j).data(), v_, v_).noalias() = h.transpose().lazyProduct(h);
    }
    return forms;
  }
  if (whole_) {
    Matrix bh = Matrix::Zero(n_, v_ * levels);
    gemm_nn(n_, v_ * levels, n_, 1.0, b_.data(), n_, h_.data(), n_, bh.data(), n_);
    for (Index j = 0; j < levels; ++j) {
      MatrixMap(forms.col(j).data(), v_, v_).noalias() =
          h_.middleCols(j * v_, v_).transpose().lazyProduct(bh.middleCols(j * v_, v_));
    }
    return forms;
  }
  Matrix bh;
  for (Index j = 0; j < levels; ++j) {
    const ConstMatrixMap h = level(j);
    const int* rows = level_rows(j);
    bh.setZero(h.rows(), v_);
    for (Index k = 0; k < h.rows(); ++k) {
      const double* column = b_.col(rows[k]).data();
      for (Index a = 0; a < v_; ++a) {
        const double value = h(k, a);
        for (Index i = 0; i < h.rows(); ++i) bh(i, a) += column[rows[i]] * value;
      }
    }
    MatrixMap(forms.col(j).data(), v_, v_).noalias() = h.transpose().lazyProduct(bh);
  }
  return forms;
}

// target += sum_j l_ja r_jb'.
void LeafElimination::add_products(const Matrix& left, Index a, const Matrix& right, Index b,
                                   Matrix* target) const {
  const Index levels = layout_.leaf_levels();
  if (whole_) {
    gemm_nt(n_, n_, levels, 1.0, left.data() + a * n_, n_ * v_, right.data() + b * n_, n_ * v_,
            target->data(), n_);
    return;
  }
  for (Index j = 0; j < levels; ++j) {
    const Index count = level_size(j);
    const int* rows = level_rows(j);
    const double* l = left.data() + level_start(j) + a * count;
    const double* r = right.data() + level_start(j) + b * count;
    for (Index c = 0; c < count; ++c) {
      double* column = target->col(rows[c]).data();
      const double value = r[c];
      for (Index i = 0; i < count; ++i) column[rows[i]] += l[i] * value;
    }
  }
}

// F := A over [remainder, X].
void LeafElimination::start_f() {
  f_.setZero(n_, n_);
  for (const RemainderBlock& block : layout_.blocks) {
    const int vr = layout_.term_size[block.term_row];
    const int vc = layout_.term_size[block.term_column];
    const ConstMatrixMap value(system_.remainder_values.data() + block.value, vr, vc);
    f_.block(block.row, block.column, vr, vc) = value;
    if (block.row != block.column) {
      f_.block(block.column, block.row, vc, vr) = value.transpose();
    }
  }
}

void LeafElimination::invert() {
  if (n_ == 0) return;
  const std::vector<Matrix>& lambda = factor_.lambda();
  Matrix s = f_;
  apply_lambda_to_remainder(system_, lambda, &s, true);
  s.transposeInPlace();
  apply_lambda_to_remainder(system_, lambda, &s, true);
  if (layout_.any_precision()) {
    s.diagonal().head(q_) += layout_.precision_diagonal;
    s.diagonal().tail(n_ - q_).array() += 1;
    for (const PrecisionBlock& block : layout_.precision_blocks) {
      for (int c = 0; c < layout_.term_size[block.term]; ++c) {
        const Index low = std::max(block.row, block.column) + c;
        s(low, std::min(block.row, block.column) + c) += block.value;
      }
    }
  } else {
    s.diagonal().array() += 1;
  }
  // a pivot that is not positive would have stopped the factorization at this Lambda before
  cholesky_lower(n_, s.data(), n_);
  Matrix root = Matrix::Identity(n_, n_);
  for (Index i = 0; i < q_;) {
    const int term = layout_.row_term[i];
    const int v = layout_.term_size[term];
    root.block(i, i, v, v) = lambda[term];
    i += v;
  }
  check_interrupt();
  solve_right_transposed(n_, n_, s.data(), n_, root.data(), n_);
  b_.setZero(n_, n_);
  syrk_lower(n_, n_, 1.0, root.data(), n_, b_.data(), n_);
  b_.triangularView<Eigen::StrictlyUpper>() = b_.transpose();
}

}  // namespace henderson
