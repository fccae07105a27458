// Fits a linear mixed model to cross-products: optimization with its boundary treatment, and
// everything a fit reports, in the user's units.
#ifndef HENDERSON_FIT_FIT_LMM_H_
#define HENDERSON_FIT_FIT_LMM_H_

#include "algebra/types.h"
#include "data/cross_products.h"
#include "fit/report.h"
#include "inference/undetermined.h"
#include "likelihood/gaussian.h"
#include "search/certificate.h"
#include "search/result.h"

namespace henderson {

struct FitOptions : SearchOptions {
  bool reml = true;
  bool optimize = true;  // false: evaluate at start
  bool certify = false;  // then too: is start a minimum?
  Vector start;          // natural theta; empty: the standardized identity
};

// rows: of the moments, to be read once more where the random effects are so large that the moments
// cancel; nullptr where there are none.
FitResult fit_lmm(const CrossProducts& moments, const std::vector<TermStructures>& structures,
                  const FitOptions& options, const RowSource* rows = nullptr);

}  // namespace henderson

#endif  // HENDERSON_FIT_FIT_LMM_H_
