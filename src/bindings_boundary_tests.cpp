#include "convert.h"
#include "henderson_types.h"
#include "inference/cone_projection.h"
#include "inference/restricted_lrt.h"

// Draws of the likelihood-ratio statistic of one variance component (inference/restricted_lrt.h) by
// R's generator. mu, mu_count: distinct nonzero eigenvalues and how often each occurs; rest:
// degrees of freedom n - p - K.
// [[Rcpp::export]]
Rcpp::NumericVector simulate_lrt_cpp(const Eigen::VectorXd& mu, const Eigen::VectorXd& mu_count,
                                     const Eigen::VectorXd& xi, const Eigen::VectorXd& xi_count,
                                     double m, double rest, int draws) {
  const UserInterrupts interruptible;
  henderson::LrtSpectrum spectrum{mu, xi, xi_count, m};
  Eigen::MatrixXd w(mu.size(), draws);
  Eigen::VectorXd w0(draws);
  for (int i = 0; i < draws; ++i) {
    for (Eigen::Index l = 0; l < mu.size(); ++l) w(l, i) = R::rchisq(mu_count[l]);
    w0[i] = rest > 0 ? R::rchisq(rest) : 0;
  }
  return Rcpp::wrap(henderson::simulate_lrt(spectrum, w, w0));
}

// Shares of N(0, information^-1) that projections onto the cone keep (inference/cone_projection.h).
// [[Rcpp::export]]
Rcpp::NumericVector projection_shares_cpp(const Eigen::MatrixXd& information, bool diagonal,
                                          int draws) {
  const UserInterrupts interruptible;
  const Eigen::LLT<Eigen::MatrixXd> factor(information);
  if (factor.info() != Eigen::Success) Rcpp::stop("internal: information is not definite");
  Eigen::MatrixXd z(information.rows(), draws);
  for (Eigen::Index k = 0; k < z.size(); ++k) z.data()[k] = R::norm_rand();
  factor.matrixU().solveInPlace(z);
  return Rcpp::wrap(henderson::projection_shares(information, z, diagonal));
}
