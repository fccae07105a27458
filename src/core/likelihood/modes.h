// What the equations are solved for at one Lambda, and what all derivatives start from. With
// sigma^2 factored out, V = Z Gamma Z' + W^-1, Gamma = Lambda Lambda':
//   C = Z'V^-1 Z,  C_X = Z'V^-1 X,  Phi = (X'V^-1 X)^-1,  K = Z'PZ = C - C_X Phi C_X',
//   g = Z'Py,  u = Lambda'g, the spherical modes.
#ifndef HENDERSON_LIKELIHOOD_MODES_H_
#define HENDERSON_LIKELIHOOD_MODES_H_

#include <vector>

#include "algebra/types.h"
#include "equations/coefficients.h"
#include "equations/factor.h"

namespace henderson {

// A value: it holds as long as the factor stays at its Lambda.
struct Modes {
  // Needs a successful factorize(). m: n, or n - p for REML.
  Modes(const Factor& factor, bool reml, double m);
  Modes() = default;

  const Factor* factor = nullptr;
  bool reml = true;
  double scale = 0;   // m / r^2
  Coefficients zvxy;  // Z'V^-1 [X y], a row each
  Coefficients g;     // 1 x .
  // [X y]'V^-1 Z K and g K (layout.level_covariance); empty where all levels are independent.
  Coefficients spread_zvxy;
  Coefficients spread_g;
  Coefficients u;               // 1 x .
  std::vector<Matrix> squares;  // by term sum_j g_j (gK)_j'
  // With one term C is block-diagonal: its blocks, v v x J. Else empty.
  Matrix blocks;
  // With several: by term sum_j of (C_X Phi U_X')_jj, U_X = M^-1 Lambda'Z'WX.
  std::vector<Matrix> fixed;

  // Set by take_traces() (likelihood/traces.h).
  std::vector<Matrix> traces;          // G_t
  std::vector<Matrix> expected;        // Q_t, unless they are known
  std::vector<Matrix> inverse_blocks;  // by term v v x J: diagonal blocks of M^-1

  const Equations& system() const { return factor->system(); }
  bool any_precision() const { return system().layout->any_precision(); }
  // What V_i = Z (K (x) G_i) Z' moves: rows K.
  const Coefficients& moved_g() const { return any_precision() ? spread_g : g; }
  const Coefficients& moved_zvxy() const { return any_precision() ? spread_zvxy : zvxy; }
  // As if there were no X: C in place of K.
  void leave_out_fixed();
  // Then C is block-diagonal.
  bool one_term() const { return system().layout->remainder_size() == 0; }
};

// Q_t by the S_t of a curvature with traces, which are the more exact ones.
void keep_scores(const std::vector<Matrix>& scores, Modes* modes);
// The same with other scores g in place of Z'Py, and their squares; u stays.
Modes with_scores(const Modes& modes, Coefficients g);

// By term sum_j c_j (cK)_j', p v x p v, c_j the columns of C_X of level j one after the other.
std::vector<Matrix> fixed_squares(const Modes& modes);

}  // namespace henderson

#endif  // HENDERSON_LIKELIHOOD_MODES_H_
