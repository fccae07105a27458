// Hessians of the profiled deviance with respect to the entries of the relative factors
// (vignettes/algorithm.Rmd, "The Hessians").
#include <algorithm>

#include "algebra/dense.h"
#include "equations/products.h"
#include "likelihood/differentiator.h"
#include "likelihood/expected_information.h"

namespace henderson {

Matrix Differentiator::quadratic_information(const std::vector<LambdaEntry>& entries) const {
  const Index r = static_cast<Index>(entries.size());
  // f_i = Gamma_i g: column a of the term's coefficients gets u_b, and Lambda[, b] g_a.
  const auto direction = [&](const LambdaEntry& entry, const double* g, const double* u,
                             double* f) {
    const Matrix& lambda = lambda_[entry.term];
    f[entry.row * r] += u[entry.column];
    for (Index d = entry.column; d < lambda.rows(); ++d) {
      f[d * r] += lambda(d, entry.column) * g[entry.row];
    }
  };
  return information_of(entries, direction);
}

// The columns of some of the leaf's levels.
void Differentiator::leaf_directions(const std::vector<LambdaEntry>& entries,
                                     const Direction& direction, Index first, Index count,
                                     Matrix* f) const {
  f->setZero();
  for (Index i = 0; i < f->rows(); ++i) {
    if (!layout_.is_leaf(entries[i].term)) continue;
    for (Index k = 0; k < count; ++k) {
      const Index at = (first + k) * v0_;
      direction(entries[i], g_.leaf.data() + at, mode_.leaf.data() + at, &(*f)(i, k * v0_));
    }
  }
}

// The columns of the remainder.
Matrix Differentiator::remainder_directions(const std::vector<LambdaEntry>& entries,
                                            const Direction& direction) const {
  const Index r = static_cast<Index>(entries.size());
  Matrix f = Matrix::Zero(r, layout_.remainder_size());
  for (Index i = 0; i < r; ++i) {
    const int term = entries[i].term;
    if (layout_.is_leaf(term)) continue;
    for (const int at : layout_.scalar_row[term]) {
      direction(entries[i], g_.remainder.data() + at, mode_.remainder.data() + at,
                f.data() + i + at * r);
    }
  }
  return f;
}

// With a = f A: f'K f = f'a - (a Lambda L^-T)(.)' - (f'C_X L_x^-T)(.)'. The leaf's levels come by
// blocks that stay in the cache.
Matrix Differentiator::information_of(const std::vector<LambdaEntry>& entries,
                                      const Direction& direction) const {
  const Index r = static_cast<Index>(entries.size());
  const int p = layout_.p;
  const Index q = layout_.remainder_size();
  const Index step = leaf_step();
  Matrix information = Matrix::Zero(r, r);
  Matrix fx = Matrix::Zero(r, p);
  // rows: the first ones of f, the others are zero
  const auto add_products = [&](Index rows, Index columns, const double* f, const double* a,
                                const double* gx) {
    gemm_nt(rows, r, columns, 1.0, f, r, a, r, information.data(), r);
    gemm_nt(rows, p, columns, 1.0, f, r, gx, p + 1, fx.data(), r);
  };
  Matrix square = Matrix::Zero(r, r);  // lower triangle
  Index leaf_rows = 0;
  for (Index i = 0; i < r; ++i) {
    if (layout_.is_leaf(entries[i].term)) leaf_rows = i + 1;
  }
  const Matrix f_remainder = remainder_directions(entries, direction);
  Matrix a_remainder;
  multiply_remainder(system_, r, f_remainder, &a_remainder);
  Matrix eliminated = Matrix::Zero(r, q);  // what the leaf's solution takes from the remainder
  Matrix f(r, v0_ * step);
  Matrix a(r, v0_ * step);
  Matrix solved(r, v0_ * step);
  for (Index first = 0; first < layout_.leaf_levels(); first += step) {
    const Index count = std::min(step, layout_.leaf_levels() - first);
    leaf_directions(entries, direction, first, count, &f);
    multiply_leaf(system_, first, count, r, f.data(), f_remainder.data(), a.data(),
                  a_remainder.data());
    add_products(leaf_rows, v0_ * count, f.data(), a.data(),
                 gx_.leaf.data() + first * v0_ * (p + 1));
    multiply_levels(factor_.leaf_lambda(), r, count, a.data(), solved.data());
    factor_.solve_leaf_forward(first, count, r, solved.data(), eliminated.data());
    syrk_lower(r, v0_ * count, 1.0, solved.data(), r, square.data(), r);
  }
  if (q > 0) {
    add_products(r, q, f_remainder.data(), a_remainder.data(), gx_.remainder.data());
    apply_lambda_to_remainder(system_, lambda_, &a_remainder, true);
    a_remainder += eliminated;
    factor_.remainder().solve_forward(&a_remainder);
    syrk_lower(r, q, 1.0, a_remainder.data(), r, square.data(), r);
  }
  information -= Matrix(square.selfadjointView<Eigen::Lower>());
  subtract_fixed(fx, &information);
  return information;
}

// information -= fx Phi fx'.
void Differentiator::subtract_fixed(const Matrix& fx, Matrix* information) const {
  if (fx.cols() == 0) return;
  const Matrix of_x = factor_.x_factor().triangularView<Eigen::Lower>().solve(fx.transpose());
  information->noalias() -= of_x.transpose() * of_x;
}

// With one term C is block-diagonal, and sums over its levels take the place of coefficients:
//   g'G_i C G_k g = vec(G_i)' W vec(G_k),  W[ca, db] = sum_j C_j[a, b] g_j[c] g_j[d],
//   C_X'G_i g = R vec(G_i),  R[., ca] = sum_j C_X,j[., a] g_j[c].
Matrix Differentiator::one_term_information(const std::vector<CovarianceDirection>& directions,
                                            const Matrix& blocks) const {
  const Index r = static_cast<Index>(directions.size());
  const Index v = v0_;
  const Index levels = layout_.leaf_levels();
  const Index columns = layout_.p + 1;  // of [X y]
  Matrix squares(v * v, levels);        // [cd] of each level
  for (Index j = 0; j < levels; ++j) {
    const double* g = g_.leaf.data() + j * v;
    for (Index d = 0; d < v; ++d) {
      for (Index c = 0; c < v; ++c) squares(c + d * v, j) = g[c] * g[d];
    }
  }
  Matrix products = Matrix::Zero(v * v, v * v);  // [ab, cd]
  gemm_nt(v * v, v * v, levels, 1.0, blocks.data(), v * v, squares.data(), v * v, products.data(),
          v * v);
  Matrix w(v * v, v * v);
  Matrix of_fixed = Matrix::Zero(columns, v * v);
  for (Index a = 0; a < v; ++a) {
    gemm_nt(columns, v, levels, 1.0, gx_.leaf.data() + a * columns, columns * v, g_.leaf.data(), v,
            of_fixed.data() + a * v * columns, columns);
    for (Index c = 0; c < v; ++c) {
      for (Index b = 0; b < v; ++b) {
        for (Index d = 0; d < v; ++d) w(c + a * v, d + b * v) = products(a + b * v, c + d * v);
      }
    }
  }
  const Matrix moves = direction_columns(directions, layout_.leaf, v);
  Matrix half = Matrix::Zero(v * v, r);
  gemm_nn(v * v, r, v * v, 1.0, w.data(), v * v, moves.data(), v * v, half.data(), v * v);
  Matrix information = Matrix::Zero(r, r);
  gemm_tn(r, r, v * v, 1.0, moves.data(), v * v, half.data(), v * v, information.data(), r);
  subtract_fixed(moves.transpose() * of_fixed.topRows(layout_.p).transpose(), &information);
  return information;
}

ExpectedInformation Differentiator::information_sums() const {
  return ExpectedInformation(factor_, request_.reml, gx_);
}

void Differentiator::hessian(const std::vector<LambdaEntry>& entries, bool exact,
                             DevianceDerivatives* result) {
  const Index r = static_cast<Index>(entries.size());
  Vector slope(r);  // derivative of r^2
  for (Index i = 0; i < r; ++i) {
    slope[i] = -2 * cross_[entries[i].term](entries[i].row, entries[i].column);
  }
  Matrix& h = result->hessian;
  h = -(f_ / factor_.residual_ss()) * slope * slope.transpose();
  if (exact) {
    // tr(D Gamma_i D Gamma_j), D = K (REML) or Z'V^-1 Z (ML)
    std::vector<CovarianceDirection> directions;
    for (const LambdaEntry& entry : entries) {
      directions.push_back(direction_of(entry, lambda_[entry.term]));
    }
    const ExpectedInformation sums = information_sums();
    h += 2 * f_ *
         (layout_.remainder_size() == 0 ? one_term_information(directions, sums.leaf_blocks())
                                        : quadratic_information(entries));
    h -= sums.traces(directions);
    // These sums are S_t without a division by Lambda, which near zero costs digits.
    for (int t = 0; t < layout_.n_terms(); ++t) {
      result->score[t] = sums.sum(t) - f_ * square_[t];
      result->expected[t] = sums.sum(t);
    }
  } else {
    h += f_ * quadratic_information(entries);
  }
  for (Index i = 0; i < r; ++i) {
    for (Index j = 0; j < r; ++j) {
      const LambdaEntry& a = entries[i];
      const LambdaEntry& b = entries[j];
      if (a.term == b.term && a.column == b.column)
        h(i, j) += 2 * result->score[a.term](a.row, b.row);
    }
  }
  h = (0.5 * (h + h.transpose())).eval();
}

}  // namespace henderson
