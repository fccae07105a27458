// What cluster-robust covariances of the fixed effects and their degrees of freedom are made of, a
// cluster at a time (Pustejovsky and Tipton 2018, Journal of Business & Economic Statistics 36,
// 672-683, of a working model V^ = V, weights V^-1). Clusters are blocks of V = Z Gamma Z' + W^-1.
// E_i = X_i'V_i^-1 A_i takes the residuals of a cluster to its share of the estimate,
// beta^ - beta = Phi sum_i E_i e_i for A_i = I, and
//   A_i = D_i'B_i^{+1/2} D_i,  B_i = D_i (V_i - X_i Phi X_i') D_i',  V_i = D_i'D_i
// makes the estimated covariance unbiased under the working model ("CR2"). A_i does not
// depend on which root D_i is.
#ifndef HENDERSON_INFERENCE_CLUSTER_ROBUST_H_
#define HENDERSON_INFERENCE_CLUSTER_ROBUST_H_

#include "algebra/types.h"

namespace henderson {

// Rows of one cluster, n_i; columns of Z Lambda that are not zero, q_i.
struct ClusterRows {
  Matrix x;         // n_i x p
  Matrix factor;    // Z_i Lambda, n_i x q_i
  Vector residual;  // y - X beta^
  Vector weights;   // positive
};

struct ClusterParts {
  Vector score;    // E_i e_i, p
  Matrix squares;  // E_i V_i E_i', p x p
  Matrix cross;    // E_i X_i, p x p
};

// How many rows the dense matrices of a cluster have.
Index cluster_size(const ClusterRows& rows);

// phi_root: any C with Phi = CC', p x p. `adjust`: A_i as above, I otherwise.
ClusterParts cluster_parts(ClusterRows rows, const Matrix& phi_root, bool adjust);

}  // namespace henderson

#endif  // HENDERSON_INFERENCE_CLUSTER_ROBUST_H_
