#include "likelihood/projection.h"

#include <utility>

#include "equations/products.h"
#include "likelihood/leaf_inverse.h"

namespace henderson {

Projection::Projection(const Factor& factor) : factor_(factor), system_(factor.system()) {
  const int p = system_.p;
  Matrix leaf;  // Z'V^-1 [X y]
  Matrix remainder;
  if (system_.n_terms() == 1) {
    const Index v = system_.leaf_size();
    LeafInverse inverse(factor);
    leaf.resize(p + 1, v * system_.leaf_levels());
    remainder.resize(p + 1, 0);
    for (Index j = 0; j < system_.leaf_levels(); ++j) {
      inverse.compute(j);
      leaf.middleCols(j * v, v).noalias() =
          system_.leaf_xy.middleCols(j * v, v).lazyProduct(inverse.inverse().transpose());
    }
  } else {
    Matrix w_leaf = factor.leaf_rhs();
    Matrix w_remainder = factor.remainder_rhs();
    factor.solve_backward(&w_leaf, &w_remainder);
    apply_lambda(system_, factor.lambda(), &w_leaf, &w_remainder, false);
    multiply_cross_products(system_, w_leaf, w_remainder, &leaf, &remainder);
    leaf = system_.leaf_xy - leaf;
    remainder = system_.remainder_xy - remainder;
  }
  cx_leaf_ = leaf.topRows(p);
  cx_remainder_ = remainder.topRows(p);
  g_leaf_ = leaf.row(p);
  g_remainder_ = remainder.row(p);
  if (p == 0) return;
  const Vector beta = factor.beta();
  g_leaf_.noalias() -= beta.transpose() * cx_leaf_;
  g_remainder_.noalias() -= beta.transpose() * cx_remainder_;
}

Matrix Projection::quadratic(const Matrix& f_leaf, const Matrix& f_remainder) const {
  const Index r = f_leaf.rows();
  if (system_.n_terms() == 1) {
    const Index v = system_.leaf_size();
    LeafInverse inverse(factor_);
    Matrix moved(r, f_leaf.cols());
    for (Index j = 0; j < system_.leaf_levels(); ++j) {
      inverse.compute(j);
      moved.middleCols(j * v, v).noalias() = f_leaf.middleCols(j * v, v).lazyProduct(inverse.c0());
    }
    return f_leaf * moved.transpose();
  }
  Matrix a_leaf;
  Matrix a_remainder;
  multiply_cross_products(system_, f_leaf, f_remainder, &a_leaf, &a_remainder);
  Matrix form = f_leaf * a_leaf.transpose();
  form.noalias() += f_remainder * a_remainder.transpose();
  apply_lambda(system_, factor_.lambda(), &a_leaf, &a_remainder, true);
  factor_.solve_forward(&a_leaf, &a_remainder);
  form.noalias() -= a_leaf * a_leaf.transpose();
  form.noalias() -= a_remainder * a_remainder.transpose();
  return form;
}

void Projection::move(const Matrix& source_leaf, const Matrix& source_remainder,
                      const std::vector<CovarianceDirection>& directions, Matrix* leaf,
                      Matrix* remainder) const {
  const Index rows = source_leaf.rows();
  const Index k = static_cast<Index>(directions.size());
  const Index v0 = system_.leaf_size();
  leaf->setZero(k * rows, source_leaf.cols());
  remainder->setZero(k * rows, source_remainder.cols());
  for (Index i = 0; i < k; ++i) {
    const CovarianceDirection& g = directions[i];
    if (g.term == 0) {
      for (Index j = 0; j < system_.leaf_levels(); ++j) {
        leaf->block(i * rows, j * v0, rows, v0).noalias() =
            source_leaf.middleCols(j * v0, v0).lazyProduct(g.gamma);
      }
      continue;
    }
    const int v = system_.term_size[g.term];
    for (int l = 0; l < system_.term_levels[g.term]; ++l) {
      const Index at = system_.scalar_row[g.term][l];
      remainder->block(i * rows, at, rows, v).noalias() =
          source_remainder.middleCols(at, v).lazyProduct(g.gamma);
    }
  }
}

void Projection::move_scores(const std::vector<CovarianceDirection>& directions, Matrix* leaf,
                             Matrix* remainder) const {
  move(g_leaf_, g_remainder_, directions, leaf, remainder);
}

void Projection::move_fixed(const std::vector<CovarianceDirection>& directions, Matrix* leaf,
                            Matrix* remainder) const {
  move(cx_leaf_, cx_remainder_, directions, leaf, remainder);
}

Matrix Projection::average_information(const std::vector<CovarianceDirection>& directions) const {
  Matrix leaf;
  Matrix remainder;
  move_scores(directions, &leaf, &remainder);
  return moved_information(leaf, remainder, true);
}

void Projection::add_average(const std::vector<CovarianceDirection>& directions,
                             const Matrix& g_leaf, const Matrix& g_remainder, bool restricted,
                             Matrix* sum) const {
  const Index k = static_cast<Index>(directions.size());
  Matrix leaf;
  Matrix remainder;
  move(g_leaf, g_remainder, directions, &leaf, &remainder);
  sum->topLeftCorner(k, k) += moved_information(leaf, remainder, restricted);
  const Vector forms = leaf * g_leaf.transpose() + remainder * g_remainder.transpose();
  sum->col(k).head(k) += forms;
  sum->row(k).head(k) += forms.transpose();
}

// F K F' for a right-hand side f per row, or F C F'.
Matrix Projection::moved_information(const Matrix& leaf, const Matrix& remainder,
                                     bool restricted) const {
  Matrix information = quadratic(leaf, remainder);
  if (system_.p == 0 || !restricted) return information;
  Matrix fx = cx_leaf_ * leaf.transpose() + cx_remainder_ * remainder.transpose();  // p x k
  factor_.x_factor().triangularView<Eigen::Lower>().solveInPlace(fx);
  information.noalias() -= fx.transpose() * fx;
  return information;
}

std::vector<Matrix> Projection::fixed_forms(
    const std::vector<CovarianceDirection>& directions) const {
  std::vector<Matrix> forms;
  const int p = system_.p;
  Matrix moved;
  for (const CovarianceDirection& g : directions) {
    const int v = system_.term_size[g.term];
    const Index levels = system_.term_levels[g.term];
    Matrix form = Matrix::Zero(p, p);
    if (p == 0) {
      forms.push_back(form);
      continue;
    }
    if (g.term == 0) {
      moved.resize(p, v * levels);
      for (Index j = 0; j < levels; ++j) {
        moved.middleCols(j * v, v).noalias() = cx_leaf_.middleCols(j * v, v).lazyProduct(g.gamma);
      }
      form.noalias() += moved * cx_leaf_.transpose();
    } else {
      for (Index l = 0; l < levels; ++l) {
        const Index at = system_.scalar_row[g.term][l];
        const auto own = cx_remainder_.middleCols(at, v);
        form.noalias() += (own * g.gamma) * own.transpose();
      }
    }
    forms.push_back(std::move(form));
  }
  return forms;
}

Matrix Projection::score_squares(int term) const {
  const int v = system_.term_size[term];
  Matrix squares = Matrix::Zero(v, v);
  for (Index l = 0; l < system_.term_levels[term]; ++l) {
    const double* g =
        term == 0 ? g_leaf_.data() + l * v : g_remainder_.data() + system_.scalar_row[term][l];
    const Eigen::Map<const Vector> own(g, v);
    squares.noalias() += own * own.transpose();
  }
  return squares;
}

Vector Projection::score_forms(const std::vector<CovarianceDirection>& directions) const {
  Vector forms(directions.size());
  std::vector<Matrix> squares;
  for (int t = 0; t < system_.n_terms(); ++t) squares.push_back(score_squares(t));
  for (std::size_t i = 0; i < directions.size(); ++i) {
    forms[i] = squares[directions[i].term].cwiseProduct(directions[i].gamma).sum();
  }
  return forms;
}

}  // namespace henderson
