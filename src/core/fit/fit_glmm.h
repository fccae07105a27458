// Fits a generalized linear mixed model by maximum likelihood, the integral over the random effects
// by Laplace's approximation.
#ifndef HENDERSON_FIT_FIT_GLMM_H_
#define HENDERSON_FIT_FIT_GLMM_H_

#include <vector>

#include "algebra/types.h"
#include "fit/fit_lmm.h"
#include "likelihood/laplace.h"

namespace henderson {

struct GeneralizedFit {
  // sigma is 1: theta are entries of the factors of covariances themselves. unscaled_vcov: of
  // (theta, beta, log phi) the part of beta.
  FitResult fit;
  Vector log_phi;  // of one or no element
  // Of (natural theta, beta, log phi), from the Hessian by all of them; not a number for parameters
  // on the boundary or of which the data say nothing.
  Matrix covariance;
  // Is covariance that of the exact Hessian? Else beta's at the estimates of the others.
  bool joint = false;
};

GeneralizedFit fit_glmm(LaplaceObjective* objective, const FitOptions& options);

}  // namespace henderson

#endif  // HENDERSON_FIT_FIT_GLMM_H_
