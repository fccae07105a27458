// A linear function of the fixed effects held, for its profile.
#ifndef HENDERSON_FIT_HELD_FIXED_H_
#define HENDERSON_FIT_HELD_FIXED_H_

#include <memory>
#include <vector>

#include "algebra/types.h"
#include "fit/held_parameter.h"
#include "fit/profile.h"
#include "likelihood/gaussian.h"
#include "search/result.h"

namespace henderson {

std::unique_ptr<HeldParameter> hold_fixed(GaussianObjective* objective,
                                          const std::vector<TermStructures>& structures,
                                          const ProfiledFit& fit, const Vector& contrast,
                                          const SearchOptions& options);

}  // namespace henderson

#endif  // HENDERSON_FIT_HELD_FIXED_H_
