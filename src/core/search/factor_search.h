// Minimisation over the factors of the covariance matrices, by Newton steps in a trust region:
// slower than the search over covariances, but with half the condition number, and so the way out
// where variances of very different size defeat that one. Here a zero is always stationary, so
// pivots are held off zero while iterating; afterwards the search leaves along directions in which
// Gamma may grow, takes exact zeros where they cost nothing, and settles the rest
// (vignettes/algorithm.Rmd, "The boundary").
#ifndef HENDERSON_SEARCH_FACTOR_SEARCH_H_
#define HENDERSON_SEARCH_FACTOR_SEARCH_H_

#include "algebra/types.h"
#include "search/objective.h"
#include "search/result.h"
#include "search/trust_region.h"

namespace henderson {

class FactorSearch {
 public:
  FactorSearch(Objective* objective, const SearchOptions& options)
      : objective_(*objective), coordinates_(objective->coordinates()), options_(options) {}

  // used: evaluations that count towards the limit.
  SearchResult run(const Vector& start, int used);

 private:
  bool near_boundary(const Vector& x) const;
  Evaluation evaluate(const Vector& x, SearchResult* current);
  // A direction along which Gamma may grow and the deviance falls, as new coordinates; false if
  // none.
  bool escape(SearchResult* current);
  bool try_direction(const Cone& cone, const Vector& direction, SearchResult* current);
  void snap(SearchResult* current);
  void polish(SearchResult* current);
  SearchResult descend(const Vector& start, TrustRegionOptions options);
  TrustRegionOptions trust_region_options(int used) const;

  Objective& objective_;
  const Coordinates& coordinates_;
  const SearchOptions& options_;
  bool exact_ = false;  // the exact Hessian has been needed
};

}  // namespace henderson

#endif  // HENDERSON_SEARCH_FACTOR_SEARCH_H_
