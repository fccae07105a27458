#include <cmath>

#include "convert.h"
#include "fit/constraints.h"
#include "henderson_types.h"
#include "inference/contrasts.h"
#include "likelihood/expected_information.h"

namespace {

henderson::ContrastParts as_parts(const Rcpp::List& list) {
  henderson::ContrastParts parts;
  parts.phi = Rcpp::as<Eigen::MatrixXd>(list["phi"]);
  parts.adjusted = Rcpp::as<Eigen::MatrixXd>(list["adjusted"]);
  parts.phi_moves = Rcpp::as<Eigen::MatrixXd>(list["phi_moves"]);
  parts.offset = Rcpp::as<Eigen::VectorXd>(list["offset"]);
  parts.weight = Rcpp::as<Eigen::MatrixXd>(list["weight"]);
  parts.degrees = Rcpp::as<double>(list["degrees"]);
  parts.scaled = Rcpp::as<bool>(list["scaled"]);
  const Eigen::Index p = parts.phi.rows();
  const Eigen::Index k = parts.offset.size();
  if (parts.phi.cols() != p || parts.adjusted.rows() != p || parts.adjusted.cols() != p ||
      parts.phi_moves.rows() != p * p || parts.phi_moves.cols() != k || parts.weight.rows() != k ||
      parts.weight.cols() != k) {
    Rcpp::stop("internal: parts of the inference have wrong dimensions");
  }
  return parts;
}

henderson::GaussianObjective deviance_at(const Rcpp::List& list,
                                         const henderson::CrossProducts& moments,
                                         const Eigen::VectorXd& theta, bool reml) {
  henderson::GaussianObjective deviance(moments, as_structures(list, moments), reml);
  if (theta.size() != deviance.n_parameters()) Rcpp::stop("internal: theta has a wrong length");
  if (!theta.allFinite() || !std::isfinite(deviance.value(deviance.random().to_standard(theta)))) {
    Rcpp::stop("The criterion is not finite at theta.");
  }
  return deviance;
}

std::vector<int> zero_based(const Rcpp::IntegerVector& index, Eigen::Index size) {
  std::vector<int> result;
  for (int i : index) {
    if (i < 1 || i > size) Rcpp::stop("internal: a parameter that does not exist");
    result.push_back(i - 1);
  }
  return result;
}

}  // namespace

// Parts of Satterthwaite's degrees of freedom at theta (inference/contrasts.h); held: 1-based.
// curvature: that of the fit (fit_cpp()) at this theta, or NULL.
// [[Rcpp::export(rng = false)]]
Rcpp::List satterthwaite_parts_cpp(const Rcpp::List& moments, const Eigen::VectorXd& theta,
                                   bool reml, const Rcpp::IntegerVector& held, SEXP curvature) {
  const UserInterrupts interruptible;
  const henderson::CrossProducts cross_products = as_cross_products(moments);
  henderson::GaussianObjective deviance = deviance_at(moments, cross_products, theta, reml);
  return wrap_contrast_parts(henderson::satterthwaite_parts(
      &deviance, theta, henderson::HessianSource::kCheapest, zero_based(held, theta.size()),
      Rf_isNull(curvature) ? Eigen::MatrixXd() : Rcpp::as<Eigen::MatrixXd>(curvature)));
}

// The same of a fit with constraints (convert.h).
// [[Rcpp::export(rng = false)]]
Rcpp::List constrained_parts_cpp(const Rcpp::List& moments, const Eigen::VectorXd& theta,
                                 double sigma, bool reml, const Rcpp::List& constraints) {
  const UserInterrupts interruptible;
  const henderson::CrossProducts cross_products = as_cross_products(moments);
  henderson::GaussianObjective deviance = deviance_at(moments, cross_products, theta, reml);
  return wrap_contrast_parts(
      henderson::constrained_parts(&deviance, as_constraints(constraints), theta, sigma));
}

// Parts from the expected information. Where its dense matrices are wider than max_width or larger
// than max_memory (bytes) nothing is computed: the result is list(width, memory).
// [[Rcpp::export(rng = false)]]
Rcpp::List expected_parts_cpp(const Rcpp::List& moments, const Eigen::VectorXd& theta, bool reml,
                              bool adjust, double max_width, double max_memory,
                              const Rcpp::IntegerVector& held) {
  const UserInterrupts interruptible;
  const henderson::CrossProducts cross_products = as_cross_products(moments);
  henderson::GaussianObjective deviance = deviance_at(moments, cross_products, theta, reml);
  const double width =
      static_cast<double>(henderson::ExpectedInformation::width(deviance.system(), reml));
  const double memory = henderson::information_cost(deviance.system(), reml).bytes;
  if (width > max_width || memory > max_memory) {
    return Rcpp::List::create(Rcpp::_["width"] = width, Rcpp::_["memory"] = memory);
  }
  return wrap_contrast_parts(
      henderson::expected_parts(&deviance, theta, adjust, zero_based(held, theta.size())));
}

// Variance over sigma^2 and degrees of freedom for every row of l.
// [[Rcpp::export(rng = false)]]
Rcpp::List contrast_rows_cpp(const Rcpp::List& parts, const Eigen::MatrixXd& l) {
  const UserInterrupts interruptible;
  const henderson::ContrastParts own = as_parts(parts);
  if (l.cols() != own.phi.rows()) Rcpp::stop("internal: contrasts have a wrong length");
  const henderson::RowResult rows = henderson::contrast_rows(own, l);
  return Rcpp::List::create(Rcpp::_["variance"] = rows.variance, Rcpp::_["df"] = rows.df);
}

// F test of l beta = rhs with estimate = l beta^ - rhs.
// [[Rcpp::export(rng = false)]]
Rcpp::List joint_test_cpp(const Rcpp::List& parts, const Eigen::MatrixXd& l,
                          const Eigen::VectorXd& estimate, double sigma2) {
  const UserInterrupts interruptible;
  const henderson::ContrastParts own = as_parts(parts);
  if (l.cols() != own.phi.rows() || estimate.size() != l.rows()) {
    Rcpp::stop("internal: contrasts have a wrong length");
  }
  const henderson::JointResult test = henderson::joint_test(own, l, estimate, sigma2);
  return Rcpp::List::create(Rcpp::_["num_df"] = test.numerator_df,
                            Rcpp::_["den_df"] = test.denominator_df, Rcpp::_["f_value"] = test.f);
}
