// Covariance structures from R's specs.
#include "convert.h"
#include "covariance/registry.h"
#include "henderson_types.h"

namespace {

SEXP require(SEXP object, int type, const char* what) {
  if (TYPEOF(object) != type) Rcpp::stop("internal: %s has a wrong type", what);
  return object;
}

// NULL, or list(positions (v x dimensions), rank), each NULL where it has none.
henderson::StructureSettings as_settings(SEXP object) {
  henderson::StructureSettings settings;
  if (Rf_isNull(object)) return settings;
  const Rcpp::List list(require(object, VECSXP, "settings of a spec"));
  if (list.containsElementNamed("positions")) {
    settings.positions =
        Rcpp::as<Eigen::MatrixXd>(require(list["positions"], REALSXP, "positions of a spec"));
  }
  if (list.containsElementNamed("rank")) {
    settings.rank = Rcpp::as<int>(require(list["rank"], INTSXP, "rank of a spec"));
  }
  return settings;
}

}  // namespace

std::shared_ptr<const henderson::CovarianceStructure> as_structure(const Rcpp::List& spec) {
  const SEXP name = require(spec["name"], STRSXP, "name of a spec");
  const SEXP columns = require(spec["columns"], INTSXP, "columns of a spec");
  if (XLENGTH(name) != 1 || XLENGTH(columns) < 1) {
    Rcpp::stop("internal: a spec has no name or no columns");
  }
  constexpr R_xlen_t kMostColumns = 1000000;
  if (XLENGTH(columns) > kMostColumns) Rcpp::stop("internal: a spec has too many columns");
  try {
    return henderson::make_structure(CHAR(STRING_ELT(name, 0)), static_cast<int>(XLENGTH(columns)),
                                     as_settings(spec["settings"]));
  } catch (const std::invalid_argument& unknown) {
    Rcpp::stop("internal: %s", unknown.what());
  }
}
