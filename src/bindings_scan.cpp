#include <cmath>
#include <memory>
#include <vector>

#include "convert.h"
#include "fit/marker_refit.h"
#include "henderson_types.h"
#include "inference/marker_scan.h"
#include "likelihood/gaussian.h"
#include "prepared.h"

namespace {

// What a scan keeps between blocks of columns.
struct Scanner {
  Scanner(SEXP prepared, const Eigen::VectorXd& theta, bool reml, bool exact)
      : pointer(prepared), ordered(as_prepared(prepared)) {
    const std::vector<henderson::TermStructures> structures = as_prepared(prepared)->structures();
    if (exact) {
      refit = std::make_unique<henderson::MarkerRefit>(ordered.rows, structures, theta, reml);
      return;
    }
    objective = std::make_unique<henderson::GaussianObjective>(*ordered.moments, structures, reml);
    if (theta.size() != objective->n_parameters()) Rcpp::stop("internal: theta");
    if (!std::isfinite(objective->value(objective->random().to_standard(theta)))) {
      Rcpp::stop("The criterion is not finite at theta.");
    }
    scan = std::make_unique<henderson::MarkerScan>(*objective, ordered.rows);
  }

  Rcpp::RObject pointer;  // outlives what borrows from it
  OrderedRows ordered;
  std::unique_ptr<henderson::GaussianObjective> objective;
  std::unique_ptr<henderson::MarkerScan> scan;
  std::unique_ptr<henderson::MarkerRefit> refit;
};

SEXP scanner_tag() { return Rf_install("henderson_scanner"); }

}  // namespace

// A pointer for scan_block_cpp(), of rows as prepared, at natural theta of the fit. exact: every
// column has variances of its own.
// [[Rcpp::export(rng = false)]]
SEXP scanner_cpp(SEXP prepared, const Eigen::VectorXd& theta, bool reml, bool exact) {
  const UserInterrupts interruptible;
  return Rcpp::XPtr<Scanner>(new Scanner(prepared, theta, reml, exact), true, scanner_tag());
}

// Columns by row of the data -> list(estimate, variance, certain), not a number for a combination
// of the fixed effects.
// [[Rcpp::export(rng = false)]]
Rcpp::List scan_block_cpp(SEXP scanner, const Eigen::MatrixXd& columns) {
  const UserInterrupts interruptible;
  if (TYPEOF(scanner) != EXTPTRSXP || R_ExternalPtrTag(scanner) != scanner_tag()) {
    Rcpp::stop("internal: no scanner");
  }
  Scanner* own = Rcpp::XPtr<Scanner>(scanner).get();
  if (columns.rows() != own->ordered.rows.n) Rcpp::stop("internal: a value for each row");
  const Eigen::Index count = columns.cols();
  Eigen::VectorXd estimate(count), variance(count);
  Rcpp::LogicalVector certain(count, true);
  if (own->scan) {
    const std::vector<henderson::MarkerEstimate> found = own->scan->run(columns);
    for (Eigen::Index k = 0; k < count; ++k) {
      estimate[k] = found[k].estimate;
      variance[k] = found[k].variance;
    }
  } else {
    for (Eigen::Index k = 0; k < count; ++k) {
      const henderson::MarkerFit found = own->refit->run(columns.col(k));
      estimate[k] = found.estimate;
      variance[k] = found.variance;
      certain[k] = found.certain;
    }
  }
  return Rcpp::List::create(Rcpp::_["estimate"] = estimate, Rcpp::_["variance"] = variance,
                            Rcpp::_["certain"] = certain);
}
