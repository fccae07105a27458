// Second-order quantities of the model at one Lambda: what the exact Hessian, Satterthwaite's
// degrees of freedom and the Kenward-Roger adjustment are made of. With
// sigma^2 factored out, V = Z Gamma Z' + W^-1, Gamma = Lambda Lambda':
//   C = Z'V^-1 Z,  C_X = Z'V^-1 X,  Phi = (X'V^-1 X)^-1,  K = Z'PZ = C - C_X Phi C_X',  g = Z'Py.
// Nothing divides by Lambda, so that all of it holds at zero variances.
#ifndef HENDERSON_LIKELIHOOD_EXPECTED_INFORMATION_H_
#define HENDERSON_LIKELIHOOD_EXPECTED_INFORMATION_H_

#include <vector>

#include "algebra/types.h"
#include "covariance/random_part.h"
#include "equations/factor.h"

namespace henderson {

class LeafElimination;

// d(Lambda Lambda')/dLambda[row, column].
CovarianceDirection direction_of(const LambdaEntry& entry, const Matrix& lambda);

// vec(gamma) of each direction, or zeros for those of other terms: v v x r.
Matrix direction_columns(const std::vector<CovarianceDirection>& directions, int term, Index v);

// What the sums below take: n is the width of the remainder with X, m that of the leaf.
struct InformationCost {
  // D as one matrix of m + n columns; else the leaf's levels never meet in full, and the work is
  // O(J_0) and that of about 2 v_0 (v_0 + 1) products of matrices n wide. The cheaper of both.
  bool whole = false;
  double operations = 0;  // floating-point, leading terms
  double bytes = 0;
};
InformationCost information_cost(const Equations& system, bool restricted);

// Sums over levels of products of blocks of D, which is K (restricted) or C:
//   Q_t = sum_j D_jj,  T_ts[ab, cd] = sum_jl D[ja, lc] D[jb, ld],
// j over the levels of term t, l over those of term s.
class ExpectedInformation {
 public:
  // The first p rows of cx: C_X; read if restricted.
  ExpectedInformation(const Factor& factor, bool restricted, const Coefficients& cx);

  const Matrix& sum(int t) const { return sum_[t]; }
  // With one term: the diagonal blocks of C, which has no others, v v x J.
  const Matrix& leaf_blocks() const { return leaf_blocks_; }
  double trace(const CovarianceDirection& g) const;  // tr(D G)
  // tr(D G_i D G_j) for all pairs.
  Matrix traces(const std::vector<CovarianceDirection>& directions) const;

  // Width of the remainder with X.
  static Index width(const Equations& system, bool restricted);

 private:
  void add_leaf(const LeafElimination& parts, const std::vector<Matrix>& products);
  void add_leaf_with_remainder(const std::vector<Matrix>& products, const Matrix& y);
  void add_sums(const Matrix& d, Index leaf, int t);
  Index first_of(int t, int level, Index leaf) const;

  const Equations& system_;
  const Layout& layout_;
  Matrix leaf_blocks_;
  std::vector<Matrix> sum_;                    // Q_t, v_t x v_t
  std::vector<std::vector<Matrix>> products_;  // T_ts, (v_t v_t) x (v_s v_s)
};

}  // namespace henderson

#endif  // HENDERSON_LIKELIHOOD_EXPECTED_INFORMATION_H_
