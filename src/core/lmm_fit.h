// Fits a linear mixed model to cross-products: optimization with its boundary treatment, and
// everything a fit reports, in the user's units.
#ifndef HENDERSON_LMM_FIT_H_
#define HENDERSON_LMM_FIT_H_

#include <limits>
#include <string>
#include <vector>

#include "cross_products.h"
#include "optimizer.h"
#include "profiled_deviance.h"
#include "types.h"
#include "undetermined.h"

namespace henderson {

struct FitOptions {
  bool reml = true;
  bool optimize = true;  // false: evaluate at start
  bool certify = false;  // then too: is start a minimum?
  Vector start;          // natural theta; empty: the standardized identity
  int max_evaluations = 200;
  double tolerance = 1e-12;
};

// Evidence that a fit is a minimum; every number is free of the units of the data.
struct Certificate {
  double predicted_decrease = 0;  // of one more Newton step over the free parameters, in deviance
  double smallest_curvature = 1;  // smallest eigenvalue of the unit-diagonal Hessian over them
  double smallest_score = 0;      // over singular Gamma_t: smallest eigenvalue of S_t per level
  // of a scoring step off the boundary, in deviance; infinite: not known
  double boundary_gain = std::numeric_limits<double>::infinity();
  double rounding = 0;            // error of the criterion there: a smaller decrease says nothing
  double relative_error = 0;      // of sigma by rounding
  bool exact_hessian = false;     // else the average-information one
  std::vector<int> undetermined;  // parameters on which the criterion does not depend, 0-based

  // The numbers above that are not those of a minimum. A step that cannot be told from rounding is
  // as good as none: 1e-6 of a unit of deviance, which no test could see, or the rounding of the
  // criterion where that is more (variances a million times the residual one, collinear
  // predictors), up to a hundredth. Curvatures are relative: 1e-6 means flat; so are scores, but
  // with them it counts whether leaving the boundary would gain anything.
  std::vector<std::string> failed() const;
  bool holds() const { return failed().empty(); }
};

struct FitResult {
  Vector theta;
  Vector
      standardized;  // theta for standardized columns of Z: free of units, for tests of singularity
  double criterion = 0;
  double log_det_m = 0;
  double log_det_x = 0;
  double residual_ss = 0;  // r^2 in units of y squared
  double sigma = 0;
  Vector beta;
  Matrix unscaled_vcov;                 // (X'V^-1 X)^-1
  std::vector<Matrix> modes;            // per block term v x J: b
  std::vector<Matrix> spherical_modes;  // u
  Vector centred_beta;                  // of y - X y_shift on centred X (cross_products.h)
  std::vector<Matrix> centred_modes;    // b of centred Z
  double degrees = 0;                   // m
  std::vector<Matrix>
      conditional_variance;  // per block term (v v) x J: sigma^2 Lambda M^-1 Lambda'
  Vector gradient;           // natural theta
  Certificate certificate;
  UndeterminedDirections undetermined;
  int evaluations = 0;
  int iterations = 0;
  OptimizerStatus status = OptimizerStatus::kConverged;
  std::vector<OptimizerTrace> trace;
};

// rows: of the moments, to be read once more where the random effects are so large that the moments
// cancel; nullptr where there are none.
FitResult fit_lmm(const CrossProducts& moments, const FitOptions& options,
                  const InterruptCheck& interrupt, const RowSource* rows = nullptr);

// Replaces r^2, which cross-products give as a difference, by the penalized residual sum of squares
// of the rows at the fit's coefficients, and what depends on it. r^2 is stationary there, so that
// its error is of second order: exact where variance ratios of 1e8 and more leave cross-products
// few digits. One pass over the rows, after the optimization; it also gives the fitted values.
void refine_residual(const DataRows& rows, const CrossProducts& moments, FitResult* result,
                     double* fitted);

// Criterion and, if wanted, its gradient with respect to natural theta.
struct Evaluation {
  double value = 0;
  Vector gradient;
};
Evaluation evaluate_deviance(ProfiledDeviance* deviance, const Vector& theta, bool gradient);

}  // namespace henderson

#endif  // HENDERSON_LMM_FIT_H_
