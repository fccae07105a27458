// Cross-products of the model in which a linear function of the fixed effects is known.
#ifndef HENDERSON_DATA_CONSTRAIN_H_
#define HENDERSON_DATA_CONSTRAIN_H_

#include "algebra/types.h"
#include "data/cross_products.h"

namespace henderson {

// Of y - X beta_0 on X N, where l'(beta_0 + N gamma) = value for every gamma: p - 1 columns, none
// of which is a column of ones. No rows are needed. The basis N depends on l and the sums of
// squares of X only, so that the restricted criteria of two values can be compared.
CrossProducts constrain(const CrossProducts& moments, const Vector& contrast, double value);

}  // namespace henderson

#endif  // HENDERSON_DATA_CONSTRAIN_H_
