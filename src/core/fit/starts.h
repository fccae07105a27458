// Where searches begin.
#ifndef HENDERSON_FIT_STARTS_H_
#define HENDERSON_FIT_STARTS_H_

#include <functional>
#include <vector>

#include "algebra/random_stream.h"
#include "algebra/types.h"
#include "likelihood/gaussian.h"
#include "search/covariance_search.h"

namespace henderson {

// The user's start (natural theta), or if that is empty the identity in standardized units: nothing
// in the user's own, in which it can be so far from the minimum that rounding hides the way.
Vector choose_start(const GaussianObjective& deviance, const Vector& natural);

// Where the default start is to be tried wider as well: the criterion can have several minima, with
// random slopes above all, and that of larger variances is the better one more often than not. A
// slope that can take the part of an intercept always calls for it, another one where the criterion
// falls outwards.
Wider wider_from(const GaussianObjective& objective, const Vector& start);

// A start as far from a minimum as others often are: what varies there varies little here, and
// what does not does. Gamma = (I + 10 Gamma there)^-1.
Vector complement(const Coordinates& coordinates, const Vector& x);

// For each cone of more than one effect the same variances, or those of residuals, with nearly
// collinear effects, by the signs of the first two principal axes (of two effects: correlations of
// both signs).
std::vector<Vector> collinear_starts(const Coordinates& coordinates, const Vector& x);

// Models nested in that of an objective, each structure in the place of which there are some by its
// next one.
struct NestedModel {
  std::vector<TermStructures> structures;
  std::function<Vector(const Vector&)> lift;  // theta of the model from that of this one
};
std::vector<NestedModel> nested_models(const RandomPart& random);

// Where standard deviations are zero beside correlations: most of the others' size in their place,
// with correlations as they are, and as starts have them. A zero hides which sign its correlations
// ought to have, and the other sign can let it grow. None where there are no such zeros.
std::vector<Vector> released_starts(const GaussianObjective& deviance, const Vector& x);

// Where another minimum may be, given one: the complement, and the collinear ones.
std::vector<Vector> other_starts(const Coordinates& coordinates, const Vector& x);

// A point at random: standard deviations of order one, other coordinates between +-1.4 (of angles
// short of their bounds).
Vector drawn_start(const GaussianObjective& deviance, RandomStream* stream);

bool many_parameters_few_levels(const GaussianObjective& deviance);

// One grouping factor, of 10 levels or fewer, with a covariance matrix of several effects: a
// correlation of one and a moderate one are often minima both.
bool correlated_effects_few_levels(const GaussianObjective& deviance);

// Columns of one term with variances of their own that are nearly collinear, as in (x || g) with x
// far from zero: besides a minimum at moderate variances there can be one where they are as large
// as the columns' common part, and cancel in it. Where that is (mean / sd of x, in standardized
// units) for such columns, else x itself.
Vector cancelling_start(const GaussianObjective& deviance, const Vector& x);

}  // namespace henderson

#endif  // HENDERSON_FIT_STARTS_H_
