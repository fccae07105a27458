// Minimisation of the profiled deviance over the factors Lambda, by Newton steps in a trust region:
// slower than the search over covariances, but with half the condition number, and so the way out
// where variances of very different size defeat that one. Here theta = 0 is always stationary, so
// diagonal entries are held off zero while iterating; afterwards the search leaves along directions
// in which Gamma may grow, takes exact zeros where they cost nothing, and settles the rest
// (engine.md, step 6).
#ifndef HENDERSON_FACTOR_SEARCH_H_
#define HENDERSON_FACTOR_SEARCH_H_

#include "lmm_fit.h"
#include "optimizer.h"
#include "profiled_deviance.h"
#include "trust_region.h"
#include "types.h"

namespace henderson {

// The deviance as the trust region sees it: average information, the exact Hessian when asked for.
class FactorDeviance : public SmoothFunction {
 public:
  explicit FactorDeviance(ProfiledDeviance* deviance) : deviance_(*deviance) {}
  double value(const Vector& x) override { return deviance_.value(x); }
  void derivatives(Vector* gradient, Matrix* hessian) override {
    *hessian = deviance_.hessian(exact_);
    *gradient = deviance_.gradient();
  }
  double noise() const override { return deviance_.noise(); }
  bool improve_hessian() override {
    if (exact_ || !deviance_.exact_hessian_pays()) return false;
    exact_ = true;
    return true;
  }

 private:
  ProfiledDeviance& deviance_;
  bool exact_ = false;
};

class FactorSearch {
 public:
  FactorSearch(ProfiledDeviance* deviance, const FitOptions& options)
      : deviance_(*deviance), function_(deviance), options_(options) {}

  // used: evaluations that count towards the limit.
  OptimizerResult run(const Vector& start, int used);

 private:
  Vector lift(const Vector& x) const;
  bool near_boundary(const Vector& x) const;
  // A direction along which Gamma may grow and the deviance falls, as new parameters; false if
  // none.
  bool escape(OptimizerResult* current);
  bool try_direction(const CovarianceStructure& structure, int term, const Vector& direction,
                     OptimizerResult* current);
  void snap(OptimizerResult* current);
  void polish(OptimizerResult* current);
  TrustRegionOptions trust_region_options(int used) const;

  ProfiledDeviance& deviance_;
  FactorDeviance function_;
  const FitOptions& options_;
};

}  // namespace henderson

#endif  // HENDERSON_FACTOR_SEARCH_H_
