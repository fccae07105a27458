// What the gradient takes besides the modes, from the selected inverse of the factor (hot path).
//
// With D = K (REML) or C = Z'V^-1 Z (ML), W~ = blkdiag(Lambda, I) and M^-1 on A's pattern:
//   G_t = sum_j (A W~ M^-1)_jj (REML: less C_X Phi U_X'),  Q_t = sum_j D_jj,  G_t = Q_t Lambda_t,
//   dd/dLambda_t = 2 S_t Lambda_t,  S_t = Q_t - (m/r^2) sum_j g_j g_j' = dd/dGamma_t.
#ifndef HENDERSON_LIKELIHOOD_TRACES_H_
#define HENDERSON_LIKELIHOOD_TRACES_H_

#include <vector>

#include "algebra/types.h"
#include "equations/factor.h"
#include "likelihood/modes.h"

namespace henderson {

// Sets traces, expected and inverse_blocks. The factor is that of the modes; its selected inverse
// is overwritten. panels, unless it is null: M^-1 between the leaf and the rows of its panels, in
// the layout of panels.
void take_traces(Factor* factor, Modes* modes, std::vector<double>* panels = nullptr);

// After that: S_t, and dd/dLambda_t, all entries of the v x v matrices.
std::vector<Matrix> scores(const Modes& modes);
std::vector<Matrix> factor_gradient(const Modes& modes);

}  // namespace henderson

#endif  // HENDERSON_LIKELIHOOD_TRACES_H_
