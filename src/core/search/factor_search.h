// Minimisation of the profiled deviance over the factors Lambda, by Newton steps in a trust region:
// slower than the search over covariances, but with half the condition number, and so the way out
// where variances of very different size defeat that one. Here theta = 0 is always stationary, so
// diagonal entries are held off zero while iterating; afterwards the search leaves along directions
// in which Gamma may grow, takes exact zeros where they cost nothing, and settles the rest
// (engine.md, step 6).
#ifndef HENDERSON_SEARCH_FACTOR_SEARCH_H_
#define HENDERSON_SEARCH_FACTOR_SEARCH_H_

#include "algebra/types.h"
#include "likelihood/gaussian.h"
#include "search/certificate.h"
#include "search/result.h"
#include "search/trust_region.h"

namespace henderson {

// The deviance as the trust region sees it: average information, the exact Hessian when asked for.
class FactorDeviance : public SmoothFunction {
 public:
  explicit FactorDeviance(GaussianObjective* deviance) : deviance_(*deviance) {}
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
  GaussianObjective& deviance_;
  bool exact_ = false;
};

class FactorSearch {
 public:
  FactorSearch(GaussianObjective* deviance, const SearchOptions& options)
      : deviance_(*deviance), function_(deviance), options_(options) {}

  // used: evaluations that count towards the limit.
  SearchResult run(const Vector& start, int used);

 private:
  Vector keep_off_zero(const Vector& x) const;
  bool near_boundary(const Vector& x) const;
  // A direction along which Gamma may grow and the deviance falls, as new parameters; false if
  // none.
  bool escape(SearchResult* current);
  bool try_direction(const CovarianceStructure& structure, int term, const Vector& direction,
                     SearchResult* current);
  void snap(SearchResult* current);
  void polish(SearchResult* current);
  TrustRegionOptions trust_region_options(int used) const;

  GaussianObjective& deviance_;
  FactorDeviance function_;
  const SearchOptions& options_;
};

}  // namespace henderson

#endif  // HENDERSON_SEARCH_FACTOR_SEARCH_H_
