// Residual structures between R and the core.
//
// A design has them as `residual` = list(name (of covariance/residual.h), visits, arms (counts),
// log_deviations (strata x parameters), group (integer, 0 for rows that do not count), position
// (numeric), stratum, arm (integer), one for each row; all numbers 1-based).
#ifndef HENDERSON_RESIDUAL_INPUT_H_
#define HENDERSON_RESIDUAL_INPUT_H_

#include <memory>
#include <vector>

#include "covariance/residual.h"
#include "henderson_types.h"
#include "likelihood/residual.h"
#include "prepared.h"

struct ResidualInput {
  explicit ResidualInput(SEXP list);

  std::shared_ptr<const henderson::ResidualStructure> structure;
  std::vector<int> group;  // -1 for rows that do not count
  std::vector<henderson::ResidualPlace> places;
};

// The criterion of what is prepared, and what it refers to.
struct PreparedResidual {
  PreparedResidual(Prepared* prepared, bool reml, bool whole_groups = false);

  const std::shared_ptr<const henderson::CrossProducts> model;
  const henderson::ResidualModel residual;
  henderson::ResidualObjective objective;
};

// fit_cpp() of a design with a residual structure: its point has `phi` and `moments`, the
// cross-products A(phi), too.
Rcpp::List fit_with_residual(Prepared* prepared, const Rcpp::List& options);

#endif  // HENDERSON_RESIDUAL_INPUT_H_
