#include "henderson_types.h"

#include <cmath>

#include "convert.h"
#include "inference/prediction.h"

// Variances of predictions in units of sigma^2 (inference/prediction.h). terms: one list(z, level)
// per block term of the cross-products, level 0 for a new one; an empty list for the population
// mean. Returns list(variance (m), scores (list of v v x m, empty if they are not asked for)).
// [[Rcpp::export(rng = false)]]
Rcpp::List prediction_variance_cpp(const Rcpp::List& moments, const Eigen::VectorXd& theta,
                                   bool reml, const Eigen::MatrixXd& x, const Rcpp::List& terms,
                                   bool with_scores) {
  const UserInterrupts interruptible;
  const henderson::CrossProducts cross_products = as_cross_products(moments);
  henderson::GaussianObjective deviance(cross_products, as_structures(moments, cross_products),
                                        reml);
  if (theta.size() != deviance.n_parameters()) Rcpp::stop("internal: theta has a wrong length");
  // Rows to predict need the factor at theta.
  if (!theta.allFinite() || !std::isfinite(deviance.value(deviance.random().to_standard(theta)))) {
    Rcpp::stop("The criterion is not finite at theta.");
  }
  henderson::PredictionRows rows;
  rows.x = x;
  for (R_xlen_t t = 0; t < terms.size(); ++t) {
    const Rcpp::List item = terms[t];
    henderson::PredictionTerm term;
    term.z = Rcpp::as<Eigen::MatrixXd>(item["z"]);
    term.level = Rcpp::as<std::vector<int>>(item["level"]);
    const henderson::TermSums& known = cross_products.terms.at(t);
    if (term.z.cols() != known.v || term.z.rows() != x.rows() ||
        static_cast<Eigen::Index>(term.level.size()) != x.rows()) {
      Rcpp::stop("internal: rows to predict have wrong dimensions");
    }
    for (const int l : term.level) {
      if (l < 0 || l > known.n_levels) Rcpp::stop("internal: level out of range");
    }
    rows.terms.push_back(term);
  }
  if (x.cols() != cross_products.p() ||
      (!rows.terms.empty() && rows.terms.size() != cross_products.terms.size())) {
    Rcpp::stop("internal: rows to predict have wrong dimensions");
  }
  const henderson::PredictionVariance result =
      henderson::prediction_variance(deviance, rows, with_scores);
  return Rcpp::List::create(Rcpp::Named("variance") = result.variance,
                            Rcpp::Named("scores") = Rcpp::wrap(result.scores));
}
