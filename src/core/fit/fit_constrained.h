// Fits a linear mixed model some of whose variance parameters are held or equal.
#ifndef HENDERSON_FIT_FIT_CONSTRAINED_H_
#define HENDERSON_FIT_FIT_CONSTRAINED_H_

#include <vector>

#include "data/cross_products.h"
#include "fit/constraints.h"
#include "fit/fit_lmm.h"

namespace henderson {

// As fit_lmm(), but for `start`, `certify` and `undetermined`, which it does not know. sigma is
// what the constraints make of it, and the criterion that of sigma and theta. The gradient by theta
// is not that of a free parameter and left empty.
FitResult fit_constrained(const CrossProducts& moments,
                          const std::vector<TermStructures>& structures, const FitOptions& options,
                          const Constraints& constraints);

}  // namespace henderson

#endif  // HENDERSON_FIT_FIT_CONSTRAINED_H_
