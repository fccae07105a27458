// Terms that compete for a mean.
//
// A column z of a term that is the same for all its levels (the covariate of slopes, the ones of
// intercepts) has a mean coefficient. Where X lacks z that mean is left to random effects: to the
// column's own, whose variance is one about zero then, or to those of another term whose levels
// tell z (days as slopes, and as a factor). Whichever takes it leaves nothing to the other, and
// both can be minima.
#ifndef HENDERSON_FIT_RIVAL_TERMS_H_
#define HENDERSON_FIT_RIVAL_TERMS_H_

#include <vector>

#include "algebra/types.h"
#include "likelihood/gaussian.h"

namespace henderson {

// In standardized units, z and y about X.
struct RivalTerms {
  int term = 0;
  int column = 0;   // z
  int rival = 0;    // the term whose levels tell z
  double mean = 0;  // squared coefficient of z
  Matrix spread;    // mean over the rival's levels of c c', c the coefficients that make up z
};

// All of a model: most have none.
std::vector<RivalTerms> find_rivals(const GaussianObjective& objective);

// From a minimum at x, for the clearest means: where the other of two rivals has it.
std::vector<Vector> rival_starts(GaussianObjective* objective, const Vector& x);

}  // namespace henderson

#endif  // HENDERSON_FIT_RIVAL_TERMS_H_
