#include <RcppEigen.h>

#include <cmath>

#include "convert.h"
#include "prediction_variance.h"

// Variances of predictions in units of sigma^2 (prediction_variance.h). terms: one list(z, level)
// per block term of the cross-products, level 0 for a new one; an empty list for the population
// mean.
// [[Rcpp::export]]
Rcpp::NumericVector prediction_variance_cpp(const Rcpp::List& moments, const Eigen::VectorXd& theta,
                                            bool reml, const Eigen::MatrixXd& x,
                                            const Rcpp::List& terms) {
  const henderson::CrossProducts cross_products = as_cross_products(moments);
  henderson::ProfiledDeviance deviance(cross_products, reml, Rcpp::checkUserInterrupt);
  if (theta.size() != deviance.n_parameters()) Rcpp::stop("internal: theta has a wrong length");
  // Rows to predict need the factor at theta.
  if (!theta.allFinite() || !std::isfinite(deviance.value(deviance.to_standard(theta)))) {
    Rcpp::stop("The criterion is not finite at theta.");
  }
  std::vector<henderson::PredictionTerm> rows;
  for (R_xlen_t t = 0; t < terms.size(); ++t) {
    const Rcpp::List item = terms[t];
    henderson::PredictionTerm term;
    term.z = Rcpp::as<Eigen::MatrixXd>(item["z"]);
    term.level = Rcpp::as<std::vector<int>>(item["level"]);
    const henderson::TermMoments& known = cross_products.terms.at(t);
    if (term.z.cols() != known.v || term.z.rows() != x.rows() ||
        static_cast<Eigen::Index>(term.level.size()) != x.rows()) {
      Rcpp::stop("internal: rows to predict have wrong dimensions");
    }
    for (const int l : term.level) {
      if (l < 0 || l > known.n_levels) Rcpp::stop("internal: level out of range");
    }
    rows.push_back(term);
  }
  if (x.cols() != cross_products.p ||
      (!rows.empty() && rows.size() != cross_products.terms.size())) {
    Rcpp::stop("internal: rows to predict have wrong dimensions");
  }
  return Rcpp::wrap(henderson::prediction_variance(deviance, x, rows, Rcpp::checkUserInterrupt));
}
