// Degrees of freedom, adjusted covariances and Wald tests of linear functions of the fixed effects
// (vignettes/degrees-of-freedom.Rmd). Both methods share one form: the variance of l'beta^ is
// sigma^2 l'Phi l, the relative uncertainty of its estimate is a quadratic form, and
//   1/df = 1/m + h'W h,  h_i = o_i + l'(dPhi/dtau_i) l / l'Phi l.
// Satterthwaite (Giesbrecht and Burns 1985; Fai and Cornelius 1996): tau = theta, W = inverse of
// the exact Hessian of the profiled deviance, o_i = (dr^2/dtheta_i)/r^2.
// Kenward and Roger (1997): tau = elements of Gamma with sigma^2 profiled out, W = the inverse of
// the expected information, o_i = -tr(K G_i)/m.
// In both o_i is the change of the estimate of log sigma^2 with tau_i, so that the form holds for
// any variance sigma^2 kappa(Gamma), as of a prediction.
#ifndef HENDERSON_INFERENCE_CONTRASTS_H_
#define HENDERSON_INFERENCE_CONTRASTS_H_

#include <vector>

#include "algebra/types.h"
#include "likelihood/gaussian.h"

namespace henderson {

struct ContrastParts {
  Matrix phi;           // (X'V^-1 X)^-1, p x p, for the columns of X as given
  Matrix adjusted;      // Kenward and Roger's adjusted covariance over sigma^2, or phi
  Matrix phi_moves;     // (p p) x k: dPhi/dtau_i by columns
  Vector offset;        // k
  Matrix weight;        // k x k
  double degrees = 0;   // m: n, or n - p for REML
  bool scaled = false;  // Kenward and Roger's scaled F
  // Smallest part of tr(D G_i D G_i) that is left when sigma^2 is profiled out: what is nearly
  // proportional to V itself keeps few digits.
  double least_kept = 1;
  // Satterthwaite only.
  Matrix hessian;             // k x k, rows and columns of parameters that are not free are zero
  std::vector<int> free;      // 0 for the parameters of an empty column of Lambda and held ones
  bool exact_hessian = true;  // else central differences of the gradient
};

// How the Hessian of the profiled deviance is found: exactly, which takes dense matrices as wide as
// the remainder and X unless there is one block term; by central differences of the exact gradient;
// or whichever is cheaper, exactly where that is cheap enough.
enum class HessianSource { kCheapest, kExact, kDifferences };

// The Hessian by natural theta from the one by x in the chart of factors, where nothing is
// singular.
Matrix natural_hessian(GaussianObjective* deviance, const Vector& theta, const Matrix& by_x);

// At natural theta. `known`: the Hessian by x in the chart of factors, or empty. `held`: parameters
// that stay where they are, because the data determine no more than the others; any will do that
// leave no direction without information.
ContrastParts satterthwaite_parts(GaussianObjective* deviance, const Vector& theta,
                                  HessianSource source = HessianSource::kCheapest,
                                  const std::vector<int>& held = {},
                                  const Matrix& known = Matrix());

// Phi and how it moves with natural theta, alone.
ContrastParts fixed_parts(GaussianObjective* deviance, const Vector& theta);

// Inverse of a symmetric matrix scaled to unit diagonal; directions of eigenvalues below
// `tolerance` of the largest one are left out.
Matrix scaled_inverse(const Matrix& matrix, double tolerance);

// From the expected information: adjust = true for the covariance and F of Kenward and Roger,
// false for their degrees of freedom of single contrasts alone.
ContrastParts expected_parts(GaussianObjective* deviance, const Vector& theta, bool adjust,
                             const std::vector<int>& held = {});

// l'Phi l and degrees of freedom for every row of L (q x p).
struct RowResult {
  Vector variance;  // over sigma^2, from `adjusted`
  Vector df;
};
RowResult contrast_rows(const ContrastParts& parts, const ConstMatrixRef& l);

// df from the derivatives of a variance sigma^2 kappa: moves_i = dkappa/dtau_i.
double degrees_of_freedom(const ContrastParts& parts, double kappa, const Vector& moves);

// F test of L beta = rhs, estimate = L beta^ - rhs. Rows that depend on others count once.
struct JointResult {
  double numerator_df = 0;
  double denominator_df = 0;
  double f = 0;
};
JointResult joint_test(const ContrastParts& parts, const ConstMatrixRef& l,
                       const ConstVectorRef& estimate, double sigma2);

}  // namespace henderson

#endif  // HENDERSON_INFERENCE_CONTRASTS_H_
