#include "likelihood/projection.h"

#include <utility>

#include "equations/products.h"
#include "likelihood/leaf_inverse.h"

namespace henderson {

Projection::Projection(const Factor& factor)
    : factor_(factor), system_(factor.system()), layout_(*system_.layout) {
  const int p = layout_.p;
  Coefficients zvxy;  // Z'V^-1 [X y]
  if (layout_.remainder_size() == 0) {
    const Index v = layout_.leaf_size();
    LeafInverse inverse(factor);
    zvxy.resize(p + 1, v * layout_.leaf_levels(), 0);
    for (Index j = 0; j < layout_.leaf_levels(); ++j) {
      inverse.compute(j);
      zvxy.leaf.middleCols(j * v, v).noalias() =
          system_.zxy.leaf.middleCols(j * v, v).lazyProduct(inverse.inverse().transpose());
    }
  } else {
    Coefficients w = factor.rhs();
    factor.solve_backward(&w);
    apply_lambda(system_, factor.lambda(), &w, false);
    zvxy = multiply_cross_products(system_, w);
    zvxy.subtract_from(system_.zxy);
  }
  cx_ = zvxy.top_rows(p);
  g_ = zvxy.row(p);
  if (p == 0) return;
  const Vector beta = factor.beta();
  g_.leaf.noalias() -= beta.transpose() * cx_.leaf;
  g_.remainder.noalias() -= beta.transpose() * cx_.remainder;
}

Matrix Projection::quadratic(const Coefficients& f) const {
  if (layout_.remainder_size() == 0) {
    const Index v = layout_.leaf_size();
    LeafInverse inverse(factor_);
    Matrix moved(f.rows(), f.leaf.cols());
    for (Index j = 0; j < layout_.leaf_levels(); ++j) {
      inverse.compute(j);
      moved.middleCols(j * v, v).noalias() = f.leaf.middleCols(j * v, v).lazyProduct(inverse.c0());
    }
    return f.leaf * moved.transpose();
  }
  Coefficients a = multiply_cross_products(system_, f);
  Matrix form = inner_products(f, a);
  apply_lambda(system_, factor_.lambda(), &a, true);
  factor_.solve_forward(&a);
  form.noalias() -= a.leaf * a.leaf.transpose();
  form.noalias() -= a.remainder * a.remainder.transpose();
  return form;
}

Coefficients Projection::move(const Coefficients& source,
                              const std::vector<CovarianceDirection>& directions) const {
  const Index rows = source.rows();
  const Index k = static_cast<Index>(directions.size());
  Coefficients moved;
  moved.leaf.setZero(k * rows, source.leaf.cols());
  moved.remainder.setZero(k * rows, source.remainder.cols());
  for (Index i = 0; i < k; ++i) {
    const CovarianceDirection& g = directions[i];
    const int v = layout_.term_size[g.term];
    const Matrix& from = source.part(layout_.is_leaf(g.term));
    Matrix& to = moved.part(layout_.is_leaf(g.term));
    for (int l = 0; l < layout_.term_levels[g.term]; ++l) {
      const Index at = layout_.at(g.term, l);
      to.block(i * rows, at, rows, v).noalias() = from.middleCols(at, v).lazyProduct(g.gamma);
    }
  }
  return moved;
}

Coefficients Projection::move_scores(const std::vector<CovarianceDirection>& directions) const {
  return move(g_, directions);
}

Coefficients Projection::move_fixed(const std::vector<CovarianceDirection>& directions) const {
  return move(cx_, directions);
}

Matrix Projection::average_information(const std::vector<CovarianceDirection>& directions) const {
  return moved_information(move_scores(directions), true);
}

void Projection::add_average(const std::vector<CovarianceDirection>& directions,
                             const Coefficients& g, bool restricted, Matrix* sum) const {
  const Index k = static_cast<Index>(directions.size());
  const Coefficients moved = move(g, directions);
  sum->topLeftCorner(k, k) += moved_information(moved, restricted);
  const Vector forms = inner_products(moved, g);
  sum->col(k).head(k) += forms;
  sum->row(k).head(k) += forms.transpose();
}

// F K F' for a right-hand side f per row, or F C F'.
Matrix Projection::moved_information(const Coefficients& f, bool restricted) const {
  Matrix information = quadratic(f);
  if (layout_.p == 0 || !restricted) return information;
  Matrix fx = inner_products(cx_, f);  // p x k
  factor_.x_factor().triangularView<Eigen::Lower>().solveInPlace(fx);
  information.noalias() -= fx.transpose() * fx;
  return information;
}

std::vector<Matrix> Projection::fixed_forms(
    const std::vector<CovarianceDirection>& directions) const {
  std::vector<Matrix> forms;
  const int p = layout_.p;
  Matrix moved;
  for (const CovarianceDirection& g : directions) {
    const int v = layout_.term_size[g.term];
    const int levels = layout_.term_levels[g.term];
    Matrix form = Matrix::Zero(p, p);
    if (p == 0) {
      forms.push_back(form);
      continue;
    }
    if (layout_.is_leaf(g.term)) {
      moved.resize(p, static_cast<Index>(v) * levels);
      for (Index j = 0; j < levels; ++j) {
        moved.middleCols(j * v, v).noalias() = cx_.leaf.middleCols(j * v, v).lazyProduct(g.gamma);
      }
      form.noalias() += moved * cx_.leaf.transpose();
    } else {
      for (int l = 0; l < levels; ++l) {
        const auto own = cx_.remainder.middleCols(layout_.at(g.term, l), v);
        form.noalias() += (own * g.gamma) * own.transpose();
      }
    }
    forms.push_back(std::move(form));
  }
  return forms;
}

Matrix Projection::score_squares(int term) const {
  const int v = layout_.term_size[term];
  Matrix squares = Matrix::Zero(v, v);
  const Matrix& g = g_.part(layout_.is_leaf(term));
  for (int l = 0; l < layout_.term_levels[term]; ++l) {
    const Eigen::Map<const Vector> own(g.data() + layout_.at(term, l), v);
    squares.noalias() += own * own.transpose();
  }
  return squares;
}

Vector Projection::score_forms(const std::vector<CovarianceDirection>& directions) const {
  Vector forms(directions.size());
  std::vector<Matrix> squares;
  for (int t = 0; t < layout_.n_terms(); ++t) squares.push_back(score_squares(t));
  for (std::size_t i = 0; i < directions.size(); ++i) {
    forms[i] = squares[directions[i].term].cwiseProduct(directions[i].gamma).sum();
  }
  return forms;
}

}  // namespace henderson
