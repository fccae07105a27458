// First and second derivatives of the profiled deviance along directions of covariance matrices:
// one function for the search (entries of Gamma), the certificate (entries of Lambda),
// Satterthwaite (natural theta) and Kenward-Roger (natural entries of Gamma), which differ in
// nothing but the directions.
//
// Along coordinates x with G_i = dGamma/dx_i, D = K (REML) or C (ML) and the scale m/r^2:
//   dd/dx_i = tr(D G_i) - (m/r^2) g'G_i g,
//   H_ij = 2 (m/r^2) g'G_i K G_j g - tr(D G_i D G_j) - (1/m) o_i o_j + <S, d2Gamma/dx_i dx_j>,
// o_i = (m/r^2) g'G_i g, S = dd/dGamma. P = V^-1 - V^-1 X Phi X'V^-1 in K for ML too, as r^2 is
// profiled over beta in both. Average information (Gilmour, Thompson and Cullis 1995) stands for
// the traces where these cost too much.
#ifndef HENDERSON_LIKELIHOOD_CURVATURE_H_
#define HENDERSON_LIKELIHOOD_CURVATURE_H_

#include <vector>

#include "algebra/types.h"
#include "covariance/random_part.h"
#include "likelihood/modes.h"
#include "search/objective.h"

namespace henderson {

struct Curvature {
  Vector expected;            // tr(D G_i)
  Vector observed;            // (m/r^2) g'G_i g; the gradient is expected - observed
  Matrix average;             // (m/r^2) g'G_i K G_j g
  Matrix traces;              // tr(D G_i D G_j)
  std::vector<Matrix> score;  // S_t: dd/dGamma_t, symmetric
};

// What is asked for: kGradient the vectors and the scores; kMatched and kAverage `average` as well,
// kTraces both matrices. Below kTraces take_traces() goes before. kMatched: average from scores g
// transformed, term by term, to the second moments expected at the current Gamma: far from the
// minimum a better stand-in for the traces than the average itself.
Curvature curvature(const Modes& modes, const std::vector<CovarianceDirection>& directions,
                    Order order);

// bend: <S, d2Gamma>. Exact if there are traces.
Matrix hessian(const Curvature& curvature, double m, const Matrix& bend);

// (m/r^2) g'G_i g alone.
Vector observed_scores(const Modes& modes, const std::vector<CovarianceDirection>& directions);
// C_X'G_i C_X, p x p.
std::vector<Matrix> fixed_forms(const Modes& modes,
                                const std::vector<CovarianceDirection>& directions);
// C_X'G_i C G_j C_X for all pairs, a block p x p each.
Matrix fixed_information(const Modes& modes, const std::vector<CovarianceDirection>& directions);

}  // namespace henderson

#endif  // HENDERSON_LIKELIHOOD_CURVATURE_H_
