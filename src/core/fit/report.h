// What a fit reports, in the user's units.
#ifndef HENDERSON_FIT_REPORT_H_
#define HENDERSON_FIT_REPORT_H_

#include <vector>

#include "algebra/types.h"
#include "data/cross_products.h"
#include "data/rows.h"
#include "equations/level_order.h"
#include "inference/undetermined.h"
#include "likelihood/gaussian.h"
#include "search/certificate.h"
#include "search/result.h"

namespace henderson {

struct FitResult {
  Vector theta;
  Vector
      standardized;  // theta for standardized columns of Z: free of units, for tests of singularity
  double criterion = 0;
  double log_det_m = 0;
  double log_det_x = 0;
  double residual_ss = 0;  // r^2 in units of y squared
  double sigma = 0;
  bool sigma_apart = false;  // sigma^2 is not r^2 / m but a coordinate, or held
  Vector beta;
  Matrix unscaled_vcov;                 // (X'V^-1 X)^-1
  std::vector<Matrix> modes;            // per block term v x J: b
  std::vector<Matrix> spherical_modes;  // u
  Vector centred_beta;                  // of y - X y_shift on centred X (data/cross_products.h)
  std::vector<Matrix> centred_modes;    // b of centred Z
  double degrees = 0;                   // m
  std::vector<Matrix>
      conditional_variance;  // per block term (v v) x J: sigma^2 Lambda M^-1 Lambda'
  Vector gradient;           // natural theta
  Certificate certificate;
  UndeterminedDirections undetermined;
  int evaluations = 0;
  int iterations = 0;
  SearchStatus status = SearchStatus::kConverged;
  std::vector<SearchTrace> trace;
};

// r^2, and sigma^ = sqrt(r^2 / m), at the point of the last evaluation, in the units of y.
double residual_sum(const GaussianObjective& deviance);
double residual_deviation(const GaussianObjective& deviance);

// Fixed effects of the data's own columns, and their unscaled covariance (X'V^-1 X)^-1, at the
// point of the last evaluation.
struct FixedReport {
  Vector centred;  // of y - X y_shift on centred X (data/cross_products.h)
  Vector beta;
  Matrix unscaled_vcov;
};
FixedReport report_fixed(const GaussianObjective& deviance);

// b of each block term, v x J, at the point of the last evaluation.
std::vector<Matrix> report_modes(GaussianObjective* deviance);

// The part of a result that depends on the factorization at standardized parameters x, of which
// result->theta are the natural ones; `rotated`: these came from x, not x from them.
void report_point(GaussianObjective* deviance, const Vector& x, bool rotated, FitResult* result);

// Puts what is reported by level in the user's order.
void restore_levels(const LevelOrder& order, FitResult* result);

// Replaces r^2, which cross-products give as a difference, by the penalized residual sum of squares
// of the rows at the fit's coefficients, and what depends on it. r^2 is stationary there, so that
// its error is of second order: exact where variance ratios of 1e8 and more leave cross-products
// few digits. One pass over the rows, after the optimization; it also gives the fitted values.
void refine_residual(const DataRows& rows, const CrossProducts& moments,
                     const std::vector<TermStructures>& structures, FitResult* result,
                     double* fitted);

}  // namespace henderson

#endif  // HENDERSON_FIT_REPORT_H_
