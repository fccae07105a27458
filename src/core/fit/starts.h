// Where searches begin.
#ifndef HENDERSON_FIT_STARTS_H_
#define HENDERSON_FIT_STARTS_H_

#include "algebra/types.h"
#include "likelihood/gaussian.h"

namespace henderson {

// The user's start (natural theta), or if that is empty the identity in standardized units: nothing
// in the user's own, in which it can be so far from the minimum that rounding hides the way.
Vector choose_start(const GaussianObjective& deviance, const Vector& natural);

bool many_parameters_few_levels(const GaussianObjective& deviance);

// Columns of one term with variances of their own that are nearly collinear, as in (x || g) with x
// far from zero: besides a minimum at moderate variances there can be one where they are as large
// as the columns' common part, and cancel in it. Where that is (mean / sd of x, in standardized
// units) for such columns, else x itself.
Vector cancelling_start(const GaussianObjective& deviance, const Vector& x);

}  // namespace henderson

#endif  // HENDERSON_FIT_STARTS_H_
