// Fits with residuals that are not independent.
#ifndef HENDERSON_FIT_FIT_RESIDUAL_H_
#define HENDERSON_FIT_FIT_RESIDUAL_H_

#include "algebra/types.h"
#include "fit/fit_lmm.h"
#include "fit/report.h"
#include "likelihood/residual.h"

namespace henderson {

struct ResidualFit {
  FitResult fit;
  Vector phi;             // parameters of R
  CrossProducts moments;  // A(phi)
};

// options.start: theta, or theta and then phi; empty: those of the structures. With
// options.optimize = false the model is evaluated there.
ResidualFit fit_residual(ResidualObjective* objective, const FitOptions& options);

}  // namespace henderson

#endif  // HENDERSON_FIT_FIT_RESIDUAL_H_
