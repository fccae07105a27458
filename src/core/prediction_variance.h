// Variance of X beta^ + Z b^ - (X beta + Z b) for given rows, from the mixed-model equations
// (Henderson 1975), sigma^2 factored out (inference.md, "Prediction"):
//   kappa = z'Lambda M^-1 Lambda'z + x~'Phi x~,  x~ = x - X'V^-1 Z Gamma z,
// plus z'Gamma_t z for a term whose level was not in the data.
#ifndef HENDERSON_PREDICTION_VARIANCE_H_
#define HENDERSON_PREDICTION_VARIANCE_H_

#include <vector>

#include "profiled_deviance.h"
#include "types.h"

namespace henderson {

// One block term of the rows to predict: z is m x v (natural units), level 1-based, 0 for a new
// one.
struct PredictionTerm {
  Matrix z;
  std::vector<int> level;
};

// The deviance must have been evaluated at the parameters wanted. x is m x p in natural units; no
// terms at all means the population mean. Returns m numbers, in units of sigma^2.
Vector prediction_variance(const ProfiledDeviance& deviance, const ConstMatrixRef& x,
                           const std::vector<PredictionTerm>& terms,
                           const InterruptCheck& interrupt);

}  // namespace henderson

#endif  // HENDERSON_PREDICTION_VARIANCE_H_
