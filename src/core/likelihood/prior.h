// Priors on covariance matrices, whose log densities are added to the criterion: posterior modes
// (Chung, Rabe-Hesketh, Dorie, Gelman and Liu 2013, Psychometrika 78, 685-709; Chung, Gelman,
// Rabe-Hesketh, Liu and Dorie 2015, Journal of Educational and Behavioral Statistics 40, 136-157).
//
// Of (z, tau) of likelihood/absolute.h. S: covariance matrix of a term in the units of the prior,
// s: standard deviation, up to constants:
//   Wishart(nu, V):      -2 log p = -(nu - v - 1) log|S| + tr(V^-1 S),
//   gamma(a, b) of s:    -2 log p = -2 (a - 1) log s + 2 b s.
#ifndef HENDERSON_LIKELIHOOD_PRIOR_H_
#define HENDERSON_LIKELIHOOD_PRIOR_H_

#include "algebra/types.h"
#include "search/coordinates.h"
#include "search/objective.h"

namespace henderson {

// On one cone with factor L. The gamma prior: of a cone of one.
struct CovariancePrior {
  Cone cone;
  double log_weight = 0;  // of log|L|, with the sign of log p: nu - v - 1 of a matrix, a - 1
  Matrix precision;       // of tr(. L L'), in units of the coordinates; empty: none
  double rate = 0;        // of |L|, likewise
  bool relative = true;   // to sigma: S and s are over sigma^2 and sigma
};

// Adds value, gradient, Hessian and metric, as far as they are there.
void add_prior(const CovariancePrior& prior, const Vector& all, Chart chart, Evaluation* result);

}  // namespace henderson

#endif  // HENDERSON_LIKELIHOOD_PRIOR_H_
