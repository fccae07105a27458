// What inference/contrasts.h needs where residuals have a structure, by (theta, phi).
#ifndef HENDERSON_INFERENCE_RESIDUAL_CONTRASTS_H_
#define HENDERSON_INFERENCE_RESIDUAL_CONTRASTS_H_

#include "algebra/types.h"
#include "inference/contrasts.h"
#include "likelihood/residual.h"

namespace henderson {

// Parts of Satterthwaite's degrees of freedom at a fit. The Hessian of the profiled deviance is by
// central differences of its exact gradient, derivatives of Phi and r^2 by those of their values.
ContrastParts residual_parts(ResidualObjective* objective, const Vector& theta, const Vector& phi);

// Parts from the expected information, without random effects. The residual model must be of whole
// groups (make_residual_model()).
ContrastParts residual_expected_parts(ResidualObjective* objective, const Vector& phi);

// Satterthwaite's parts with Kenward and Roger's covariance and scaled F: the covariance of the
// estimates is that of the observed information, and V counts as linear in phi (their second
// derivatives R_ij are left out, what is left depends on no parametrization), as SAS's
// DDFM=KR(LINEAR) and mmrm's "Kenward-Roger-Linear" have it; for an unstructured matrix that is the
// method by variances and covariances. Otherwise as residual_expected_parts().
ContrastParts residual_adjusted_parts(ResidualObjective* objective, const Vector& phi);

}  // namespace henderson

#endif  // HENDERSON_INFERENCE_RESIDUAL_CONTRASTS_H_
