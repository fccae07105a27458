// Derivatives of the profiled deviance with respect to the relative factors Lambda_t.
//
// With C = M^-1 on A's pattern, G_x = Z'V^-1 [X y], u the spherical modes, g = Z'Py (so u =
// Lambda'g):
//   dd/dLambda_t = 2 [ G_t - (m/r^2) H_t ],  G_t = sum_j (A W~ C)_jj  (REML: less G_x Phi U_x'),
//   H_t = sum_j g_j u_j'.
// Average-information Hessian, f_i = Gamma_i g:
//   H_ij = (m/r^2) f_i'K f_j - (m/r^4) r^2_i r^2_j + 2 delta_{bb'} S_t[a,a'],
//   S_t = Q_t - (m/r^2) sum_j g_j g_j',  G_t = Q_t Lambda_t,  K = Z'PZ.
// Exact Hessian, D = K (REML) or Z'V^-1 Z (ML):
//   H_ij = 2 (m/r^2) f_i'K f_j - tr(D Gamma_i D Gamma_j) - (m/r^4) r^2_i r^2_j + 2 delta_{bb'}
//   S_t[a,a'].
// Its traces come from likelihood/expected_information.h, where their cost is told.
#ifndef HENDERSON_LIKELIHOOD_TRACES_H_
#define HENDERSON_LIKELIHOOD_TRACES_H_

#include <vector>

#include "algebra/types.h"
#include "covariance/random_part.h"
#include "equations/factor.h"

namespace henderson {

// Second-order information in the coordinates of Gamma_t = Lambda_t Lambda_t': one coordinate per
// entry of the lower triangle (E_i = e_a e_b' + e_b e_a', or e_a e_a'), linear in the covariances
// and defined where Lambda has empty columns. With C = Z'PZ (REML) or Z'V^-1 Z (ML):
struct GammaCurvature {
  Vector expected;  // tr(C E_i)
  Vector observed;  // (m/r^2) g'E_i g; the gradient is expected - observed
  Matrix average;   // (m/r^2) g'E_i K E_j g
  Matrix trace;     // tr(C E_i C E_j), if asked for
};

struct DevianceDerivatives {
  std::vector<Matrix> lambda_gradient;  // dd/dLambda_t, all entries of the v x v matrix
  std::vector<Matrix> score;            // S_t: dd/dGamma_t at fixed residual scale, symmetric
  std::vector<Matrix> expected;         // Q_t
  Matrix hessian;                       // by entry, if asked for
  Coefficients modes;                   // spherical modes u
  GammaCurvature curvature;             // if asked for
  std::vector<Matrix> inverse_blocks;   // if asked for: per term (v v) x J diagonal blocks of M^-1
};

enum class HessianKind { kNone, kAverageInformation, kExact };

// kMatched: average from scores g transformed, term by term, to the second moments expected at the
// current Gamma: far from the minimum a better stand-in for the trace than the average itself.
enum class CurvatureKind { kNone, kMatched, kAverage, kTrace };

struct DerivativeRequest {
  bool reml = true;
  double m = 0;  // n or n - p
  HessianKind hessian = HessianKind::kNone;
  CurvatureKind curvature = CurvatureKind::kNone;
  bool inverse_blocks = false;
};

// Needs a successful factorize(); overwrites the factor's selected inverse.
DevianceDerivatives differentiate(Factor* factor, const std::vector<LambdaEntry>& entries,
                                  const DerivativeRequest& request);

}  // namespace henderson

#endif  // HENDERSON_LIKELIHOOD_TRACES_H_
