// Derivatives of the profiled deviance with respect to the relative factors Lambda_t.
//
// With C = M^-1 on A's pattern, G_x = Z'V^-1 [X y], u the spherical modes, g = Z'Py (so u =
// Lambda'g):
//   dd/dLambda_t = 2 [ G_t - (m/r^2) H_t ],  G_t = sum_j (A W~ C)_jj  (REML: less G_x Phi U_x'),
//   H_t = sum_j g_j u_j'.
// Average-information Hessian (engine.md, step 5), f_i = Gamma_i g:
//   H_ij = (m/r^2) f_i'K f_j - (m/r^4) r^2_i r^2_j + 2 delta_{bb'} S_t[a,a'],
//   S_t = Q_t - (m/r^2) sum_j g_j g_j',  G_t = Q_t Lambda_t,  K = Z'PZ.
// Exact Hessian (inference.md), D = K (REML) or Z'V^-1 Z (ML):
//   H_ij = 2 (m/r^2) f_i'K f_j - tr(D Gamma_i D Gamma_j) - (m/r^4) r^2_i r^2_j + 2 delta_{bb'}
//   S_t[a,a'].
// Its traces come from information.h, where their cost is told.
#ifndef HENDERSON_DEVIANCE_GRADIENT_H_
#define HENDERSON_DEVIANCE_GRADIENT_H_

#include <vector>

#include "block_cholesky.h"
#include "covariance_structure.h"
#include "types.h"

namespace henderson {

struct DevianceDerivatives {
  std::vector<Matrix> lambda_gradient;  // dd/dLambda_t, all entries of the v x v matrix
  std::vector<Matrix> score;            // S_t: dd/dGamma_t at fixed residual scale, symmetric
  Matrix hessian;                       // by entry, if asked for
  Matrix modes_leaf;                    // 1 x v0 J0 spherical modes u
  Matrix modes_remainder;               // 1 x q_r
  std::vector<Matrix> inverse_blocks;   // if asked for: per term (v v) x J diagonal blocks of M^-1
};

enum class HessianKind { kNone, kAverageInformation, kExact };

struct DerivativeRequest {
  bool reml = true;
  double m = 0;  // n or n - p
  HessianKind hessian = HessianKind::kNone;
  bool inverse_blocks = false;
};

// Needs a successful factorize(); overwrites the factor's selected inverse.
DevianceDerivatives differentiate(BlockCholesky* factor, const std::vector<LambdaEntry>& entries,
                                  const DerivativeRequest& request);

}  // namespace henderson

#endif  // HENDERSON_DEVIANCE_GRADIENT_H_
