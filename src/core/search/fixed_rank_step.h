// A Newton step for a smooth function of positive semidefinite matrices near its minimum: zero
// eigenvalues stay zero, the others move along a path that suits a deviance.
//
// In the basis of its eigenvectors, largest first, Gamma = L L' has a diagonal L. The step moves
// L's columns of nonzero pivots: off the diagonal they add up; a pivot gamma moves by
// (gamma + c) -> (gamma + c) exp(t), where c is the sampling variance of what gamma is the variance
// of (for one balanced term the deviance is that of log(gamma + c), nearly quadratic). Turning the
// large eigenvectors leaves the small eigenvalues alone, which entries of Gamma, or of a triangular
// factor in another order, would not. Free coordinates move as they are.
#ifndef HENDERSON_SEARCH_FIXED_RANK_STEP_H_
#define HENDERSON_SEARCH_FIXED_RANK_STEP_H_

#include <vector>

#include "algebra/types.h"
#include "search/cone_program.h"

namespace henderson {

// In the chart of covariances.
struct SmoothModel {
  Vector gamma;
  Vector gradient;
  Vector expected;  // sum over levels of tr(D dGamma), D about 1 / (gamma + c)
  Matrix hessian;
  Matrix metric;  // positive definite
};

struct FixedRankStep {
  bool found = false;
  bool convex = false;  // the Hessian along the path is positive definite
  ConeStep step;
};

// Not found when a zero eigenvalue wants to grow or a pivot that leaves at zero spoils the step.
FixedRankStep fixed_rank_step(const Coordinates& coordinates, const SmoothModel& model,
                              double damping);

// Eigenvalues up to this are zero: what is left of the floor under the diagonal of Lambda.
double zero_eigenvalue(double largest);

}  // namespace henderson

#endif  // HENDERSON_SEARCH_FIXED_RANK_STEP_H_
