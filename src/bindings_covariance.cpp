#include <string>

#include "convert.h"
#include "henderson_types.h"

// Of one covariance structure (its spec: convert.h): "factor", Lambda at its own parameters theta;
// "start", values of theta; "n_parameters", their number.
// [[Rcpp::export(rng = false)]]
SEXP structure_cpp(const Rcpp::List& spec, const Eigen::VectorXd& theta, const std::string& what) {
  const UserInterrupts interruptible;
  const SEXP data = spec["data"];  // of levels, which a structure does not know
  if (!Rf_isNull(data) && TYPEOF(data) != VECSXP) Rcpp::stop("internal: data of a spec");
  const auto structure = as_structure(spec);
  if (what == "n_parameters") return Rcpp::wrap(structure->n_parameters());
  if (what == "start") return Rcpp::wrap(structure->to_theta(structure->start()));
  if (what != "factor") Rcpp::stop("internal: a structure has no %s", what);
  if (theta.size() != structure->n_parameters()) {
    Rcpp::stop("internal: theta has a wrong length");
  }
  return Rcpp::wrap(structure->factor(structure->from_theta(theta)));
}
