// Variance of X beta^ + Z b^ - (X beta + Z b) for given rows, from the mixed-model equations
// (Henderson 1975), sigma^2 factored out, and its derivatives:
//   kappa = z'Lambda M^-1 Lambda'z + x~'Phi x~,  x~ = x - C_X'Gamma z,
// plus z'Gamma_t z for a term whose level was not in the data. With w = Phi x~ and
//   s = (I - C Gamma) z - C_X w = z - Z'WX w - A Lambda (M^-1 Lambda'z - U w)
// the derivative for a parameter of Gamma is d kappa = s' dGamma s, plus z' dGamma_t z for a new
// level: sums S_t of s_j s_j' over the levels are enough. C = Z'V^-1 Z, C_X = Z'V^-1 X,
// U = M^-1 Lambda'Z'WX.
#ifndef HENDERSON_INFERENCE_PREDICTION_H_
#define HENDERSON_INFERENCE_PREDICTION_H_

#include <vector>

#include "algebra/types.h"
#include "likelihood/gaussian.h"

namespace henderson {

// One block term of the rows to predict: z is m x v (natural units), level 1-based, 0 for a new
// one.
struct PredictionTerm {
  Matrix z;
  std::vector<int> level;
};

struct PredictionRows {
  Matrix x;                           // m x p in natural units
  std::vector<PredictionTerm> terms;  // one per block term; none at all: the population mean
};

struct PredictionVariance {
  Vector variance;             // kappa, m
  std::vector<Matrix> scores;  // per block term (v v) x m: S_t, z z' of a new level included
};

// The deviance must have been evaluated at the parameters wanted. Scores only if asked for, in
// natural units.
//
// A row costs the solve for its leaf level and the remainder. Its scores cost more: O(p^2 v^2)
// where no level is known or there is one block term, a solve and a product with A otherwise.
PredictionVariance prediction_variance(const GaussianObjective& deviance,
                                       const PredictionRows& rows, bool with_scores);

}  // namespace henderson

#endif  // HENDERSON_INFERENCE_PREDICTION_H_
