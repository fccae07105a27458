// Second-order quantities of the model at one Lambda: what the exact Hessian, Satterthwaite's
// degrees of freedom and the Kenward-Roger adjustment are made of (design/inference.md). With
// sigma^2 factored out, V = Z Gamma Z' + W^-1, Gamma = Lambda Lambda':
//   C = Z'V^-1 Z,  C_X = Z'V^-1 X,  Phi = (X'V^-1 X)^-1,  K = Z'PZ = C - C_X Phi C_X',  g = Z'Py.
// Nothing divides by Lambda, so that all of it holds at zero variances.
#ifndef HENDERSON_INFORMATION_H_
#define HENDERSON_INFORMATION_H_

#include <vector>

#include "block_cholesky.h"
#include "covariance_structure.h"
#include "types.h"

namespace henderson {

// A direction in which the Gamma of one term moves, the same for all its levels.
struct CovarianceDirection {
  int term = 0;
  Matrix gamma;  // v_t x v_t, symmetric
};

// d(Lambda Lambda')/dLambda[row, column].
CovarianceDirection direction_of(const LambdaEntry& entry, const Matrix& lambda);

// Sums over levels of products of blocks of D, which is K (restricted) or C:
//   Q_t = sum_j D_jj,  T_ts[ab, cd] = sum_jl D[ja, lc] D[jb, ld],
// j over the levels of term t, l over those of term s. The leaf's levels never meet in full: the
// work is O(J_0) and that of about v_0 (v_0 + 1) + 4 products of dense matrices as wide as the
// remainder with X.
class InformationSums {
 public:
  InformationSums(const BlockCholesky& factor, bool restricted);

  const Matrix& sum(int t) const { return sum_[t]; }
  double trace(const CovarianceDirection& g) const;  // tr(D G)
  // tr(D G_i D G_j) for all pairs.
  Matrix traces(const std::vector<CovarianceDirection>& directions) const;

  // Width of the dense matrices.
  static Index width(const BlockSystem& system, bool restricted);
  // Bytes they take.
  static double memory(const BlockSystem& system, bool restricted);

 private:
  std::vector<Matrix> sum_;                    // Q_t, v_t x v_t
  std::vector<std::vector<Matrix>> products_;  // T_ts, (v_t v_t) x (v_s v_s)
};

}  // namespace henderson

#endif  // HENDERSON_INFORMATION_H_
