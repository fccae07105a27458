#include <cmath>

#include "convert.h"
#include "henderson_types.h"
#include "inference/prediction.h"

// Variances of predictions in units of sigma^2 (inference/prediction.h), of rows as
// as_prediction_rows() takes them. Returns list(variance (m), scores (list of v v x m, empty if
// they are not asked for)).
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
  const henderson::PredictionRows rows = as_prediction_rows(x, terms, cross_products);
  const henderson::PredictionVariance result =
      henderson::prediction_variance(deviance, rows, with_scores);
  return Rcpp::List::create(Rcpp::Named("variance") = result.variance,
                            Rcpp::Named("scores") = Rcpp::wrap(result.scores));
}
