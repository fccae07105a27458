// Hessians of the profiled deviance with respect to the entries of the relative factors
// (engine.md, step 5; inference.md, "Satterthwaite").
#include <Eigen/LU>

#include "block_operations.h"
#include "differentiator.h"

namespace henderson {

Matrix Differentiator::quadratic_information(const std::vector<LambdaEntry>& entries) const {
  const Index r = static_cast<Index>(entries.size());
  const int p = system_.p;
  // f_i = Gamma_i g: column a of the term's coefficients gets u_b, and Lambda[, b] g_a.
  Matrix f_leaf = Matrix::Zero(r, v0_ * system_.leaf_levels());
  Matrix f_remainder = Matrix::Zero(r, system_.remainder_size());
  for (Index i = 0; i < r; ++i) {
    const LambdaEntry& entry = entries[i];
    if (entry.term != 0) continue;
    for (Index j = 0; j < system_.leaf_levels(); ++j) {
      const Index at = j * v0_;
      f_leaf(i, at + entry.row) += mode_leaf_(0, at + entry.column);
      for (Index d = entry.column; d < v0_; ++d) {
        f_leaf(i, at + d) += lambda_[0](d, entry.column) * g_leaf_(0, at + entry.row);
      }
    }
  }
  for (Index row = 0; row < system_.remainder_size();) {
    const int term = system_.row_term[row];
    const int v = system_.term_size[term];
    for (Index i = 0; i < r; ++i) {
      const LambdaEntry& entry = entries[i];
      if (entry.term != term) continue;
      f_remainder(i, row + entry.row) += mode_remainder_(0, row + entry.column);
      for (int d = entry.column; d < v; ++d) {
        f_remainder(i, row + d) +=
            lambda_[term](d, entry.column) * g_remainder_(0, row + entry.row);
      }
    }
    row += v;
  }
  Matrix a_leaf;
  Matrix a_remainder;
  multiply_cross_products(system_, f_leaf, f_remainder, &a_leaf, &a_remainder);
  Matrix information = f_leaf * a_leaf.transpose() + f_remainder * a_remainder.transpose();
  Matrix fx = f_leaf * gx_leaf_.topRows(p).transpose() +
              f_remainder * gx_remainder_.topRows(p).transpose();  // r x p
  apply_lambda(system_, lambda_, &a_leaf, &a_remainder, true);
  factor_.solve_forward(&a_leaf, &a_remainder);
  information.noalias() -= a_leaf * a_leaf.transpose();
  information.noalias() -= a_remainder * a_remainder.transpose();
  if (p > 0) {
    const Matrix solved = factor_.x_factor().triangularView<Eigen::Lower>().solve(fx.transpose());
    information.noalias() -= solved.transpose() * solved;
  }
  return information;
}

// D = Z'PZ (REML) or Z'V^-1 Z (ML) as a full q x q matrix: C = A - S'S with S = L^-1 Lambda'A.
Matrix Differentiator::dense_information_matrix() const {
  const Index leaf = v0_ * system_.leaf_levels();
  const Index q = leaf + system_.remainder_size();
  Matrix unit = Matrix::Identity(q, q);
  Matrix a_leaf;
  Matrix a_remainder;
  multiply_cross_products(system_, unit.leftCols(leaf), unit.rightCols(q - leaf), &a_leaf,
                          &a_remainder);
  Matrix d(q, q);
  d << a_leaf, a_remainder;
  apply_lambda(system_, lambda_, &a_leaf, &a_remainder, true);
  factor_.solve_forward(&a_leaf, &a_remainder);
  d.noalias() -= a_leaf * a_leaf.transpose();
  d.noalias() -= a_remainder * a_remainder.transpose();
  if (request_.reml && system_.p > 0) {
    Matrix cx(system_.p, q);
    cx << gx_leaf_.topRows(system_.p), gx_remainder_.topRows(system_.p);
    factor_.x_factor().triangularView<Eigen::Lower>().solveInPlace(cx);
    d.noalias() -= cx.transpose() * cx;
  }
  return d;
}

// T_ts[ab, cd] = sum over levels j of t and l of s of D[ja, lc] D[jb, ld], for every pair of terms.
std::vector<std::vector<Matrix>> Differentiator::pair_products() const {
  const int k = system_.n_terms();
  const Matrix d = dense_information_matrix();
  const Index leaf = v0_ * system_.leaf_levels();
  const auto coefficient = [&](int t, int l) -> Index {
    return t == 0 ? static_cast<Index>(l) * v0_ : leaf + system_.scalar_row[t][l];
  };
  std::vector<std::vector<Matrix>> products(k, std::vector<Matrix>(k));
  for (int t = 0; t < k; ++t) {
    for (int s = 0; s < k; ++s) {
      const int vt = system_.term_size[t];
      const int vs = system_.term_size[s];
      Matrix& product = products[t][s];
      product = Matrix::Zero(vt * vt, vs * vs);
      for (int j = 0; j < system_.term_levels[t]; ++j) {
        for (int l = 0; l < system_.term_levels[s]; ++l) {
          const auto block = d.block(coefficient(t, j), coefficient(s, l), vt, vs);
          for (int c = 0; c < vs; ++c) {
            for (int e = 0; e < vs; ++e) {
              for (int b = 0; b < vt; ++b) {
                product.col(c + e * vs).segment(b * vt, vt) += block(b, e) * block.col(c);
              }
            }
          }
        }
      }
    }
  }
  return products;
}

// The same for one term from its levels alone, in O(J (v^4 + v^2 p^2)):
//   D_jl = delta_jl C0_j - H_j Phi H_l',  C0_j = Z_j'V_j^-1 Z_j,  H_j = Z_j'V_j^-1 X_j (ML: no H
//   part).
Matrix Differentiator::leaf_products() const {
  const Index v = v0_;
  const int p = request_.reml ? system_.p : 0;
  Matrix product = Matrix::Zero(v * v, v * v);
  const auto x_factor = factor_.x_factor().triangularView<Eigen::Lower>();
  // N_ab = sum_j h_ja h_jb' with h = L_x^-1 H': tr(Phi N Phi N) becomes a plain sum of products.
  Matrix crossed = Matrix::Zero(p * v, p * v);
  Matrix c0(v, v);
  Matrix u(v, v);
  Matrix step(v, v);
  for (Index j = 0; j < system_.leaf_levels(); ++j) {
    const ConstMatrixMap a(system_.leaf_diagonal.data() + j * v * v, v, v);
    const ConstMatrixMap l(factor_.leaf_factor(j), v, v);
    step = lambda_[0].transpose() * a;
    l.triangularView<Eigen::Lower>().solveInPlace(step);
    c0 = a - step.transpose() * step;
    u.setZero();
    if (p > 0) {
      Matrix h = x_factor.solve(gx_leaf_.block(0, j * v, p, v));
      u = h.transpose() * h;
      const Eigen::Map<const Vector> flat(h.data(), p * v);
      crossed.noalias() += flat * flat.transpose();
    }
    for (Index c = 0; c < v; ++c) {
      for (Index d = 0; d < v; ++d) {
        for (Index b = 0; b < v; ++b) {
          product.col(c + d * v).segment(b * v, v) +=
              c0.col(c) * (c0(b, d) - u(b, d)) - u.col(c) * c0(b, d);
        }
      }
    }
  }
  // sum_jl (H_j Phi H_l')[ac] (H_j Phi H_l')[bd] = sum of N_ab * N_cd, N_ab = sum_j h_ja h_jb'.
  for (Index a = 0; a < v && p > 0; ++a) {
    for (Index b = 0; b < v; ++b) {
      for (Index c = 0; c < v; ++c) {
        for (Index d = 0; d < v; ++d) {
          product(a + b * v, c + d * v) += crossed.block(a * p, b * p, p, p)
                                               .cwiseProduct(crossed.block(c * p, d * p, p, p))
                                               .sum();
        }
      }
    }
  }
  return product;
}

// sum_ab,cd Gamma_i[ab] Gamma_j[cd] T[ab, cd], with Gamma_i = e_r lambda_c' + lambda_c e_r'.
Matrix Differentiator::contract(const std::vector<std::vector<Matrix>>& products,
                                const std::vector<LambdaEntry>& entries) const {
  const Index r = static_cast<Index>(entries.size());
  std::vector<Vector> gamma;
  for (const LambdaEntry& entry : entries) {
    const int v = system_.term_size[entry.term];
    Matrix own = Matrix::Zero(v, v);
    own.row(entry.row) += lambda_[entry.term].col(entry.column).transpose();
    own.col(entry.row) += lambda_[entry.term].col(entry.column);
    gamma.push_back(Eigen::Map<const Vector>(own.data(), own.size()));
  }
  Matrix result(r, r);
  for (Index i = 0; i < r; ++i) {
    for (Index j = 0; j < r; ++j) {
      result(i, j) = gamma[i].dot(products[entries[i].term][entries[j].term] * gamma[j]);
    }
  }
  return result;
}

Matrix Differentiator::trace_information(const std::vector<LambdaEntry>& entries) const {
  if (system_.n_terms() == 1) return contract({{leaf_products()}}, entries);
  return contract(pair_products(), entries);
}

void Differentiator::hessian(const std::vector<LambdaEntry>& entries, bool exact,
                             DevianceDerivatives* result) {
  const Index r = static_cast<Index>(entries.size());
  Vector slope(r);  // derivative of r^2
  for (Index i = 0; i < r; ++i) {
    slope[i] = -2 * cross_[entries[i].term](entries[i].row, entries[i].column);
  }
  const Matrix information = quadratic_information(entries);
  Matrix& h = result->hessian;
  h = (exact ? 2 * f_ : f_) * information -
      (f_ / factor_.residual_ss()) * slope * slope.transpose();
  if (exact) h -= trace_information(entries);
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
