// Hessians of the profiled deviance with respect to the entries of the relative factors
// (engine.md, step 5; inference.md, "Satterthwaite").
#include "block_operations.h"
#include "differentiator.h"
#include "information.h"

namespace henderson {

Matrix Differentiator::quadratic_information(const std::vector<LambdaEntry>& entries) const {
  const Index r = static_cast<Index>(entries.size());
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
  return information_of(f_leaf, f_remainder);
}

Matrix Differentiator::information_of(const Matrix& f_leaf, const Matrix& f_remainder) const {
  const int p = system_.p;
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
  if (exact) {
    // tr(D Gamma_i D Gamma_j), D = K (REML) or Z'V^-1 Z (ML)
    std::vector<CovarianceDirection> directions;
    for (const LambdaEntry& entry : entries) {
      directions.push_back(direction_of(entry, lambda_[entry.term]));
    }
    const InformationSums sums(factor_, request_.reml, gx_leaf_.topRows(system_.p),
                               gx_remainder_.topRows(system_.p));
    h -= sums.traces(directions);
    // These sums are S_t without a division by Lambda, which near zero costs digits.
    for (int t = 0; t < system_.n_terms(); ++t) {
      result->score[t] = sums.sum(t) - f_ * square_[t];
    }
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
