#include <cmath>
#include <string>
#include <vector>

#include "convert.h"
#include "fit/profile.h"
#include "henderson_types.h"

namespace {

henderson::ProfileParameter as_parameter(const Rcpp::List& list) {
  using Kind = henderson::ProfileParameter::Kind;
  henderson::ProfileParameter parameter;
  const std::string kind = Rcpp::as<std::string>(list["kind"]);
  if (kind == "fixed") {
    parameter.kind = Kind::kFixed;
    parameter.contrast = Rcpp::as<Eigen::VectorXd>(list["contrast"]);
    return parameter;
  }
  if (kind == "sigma") return parameter;
  if (kind == "share") {
    parameter.kind = Kind::kShare;
    parameter.theta = Rcpp::as<int>(list["theta"]) - 1;
    parameter.sum = Rcpp::as<Eigen::VectorXd>(list["sum"]);
    return parameter;
  }
  parameter.kind = kind == "sd" ? Kind::kDeviation : Kind::kCorrelation;
  parameter.theta = Rcpp::as<int>(list["theta"]) - 1;
  parameter.row = Rcpp::as<int>(list["row"]) - 1;
  parameter.column = Rcpp::as<int>(list["column"]) - 1;
  return parameter;
}

const char* limit_name(henderson::LimitStatus status) {
  switch (status) {
    case henderson::LimitStatus::kFound:
      return "found";
    case henderson::LimitStatus::kBound:
      return "bound";
    case henderson::LimitStatus::kUncertain:
      return "uncertain";
    default:
      return "none";
  }
}

Rcpp::List wrap_profile(const henderson::Profile& profile) {
  const Eigen::Index n = static_cast<Eigen::Index>(profile.points.size());
  Eigen::VectorXd parameter(n), value(n), slope(n), sigma(n);
  Rcpp::LogicalVector certain(n);
  Rcpp::List theta(n), beta(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    const henderson::ProfilePoint& point = profile.points[i];
    parameter[i] = point.parameter;
    value[i] = point.value;
    slope[i] = point.slope;
    sigma[i] = point.sigma;
    certain[i] = point.certain;
    theta[i] = point.theta;
    beta[i] = point.beta;
  }
  std::vector<double> limits;
  std::vector<std::string> status;
  for (const henderson::ProfileLimit& limit : profile.limits) {
    limits.push_back(limit.parameter);
    status.push_back(limit_name(limit.status));
  }
  return Rcpp::List::create(
      Rcpp::_["estimate"] = profile.estimate, Rcpp::_["lowest"] = profile.lowest,
      Rcpp::_["least"] = profile.least, Rcpp::_["curvature"] = profile.curvature,
      Rcpp::_["evaluations"] = profile.evaluations, Rcpp::_["limits"] = limits,
      Rcpp::_["status"] = status, Rcpp::_["parameter"] = parameter, Rcpp::_["value"] = value,
      Rcpp::_["slope"] = slope, Rcpp::_["certain"] = certain, Rcpp::_["theta"] = theta,
      Rcpp::_["sigma"] = sigma, Rcpp::_["beta"] = beta);
}

}  // namespace

// Profiles (fit/profile.h) at natural theta of cross-products, a list each. parameters: one
// list(kind ("sigma", "sd", "correlation", "fixed", "share"), theta, row, column (1-based; of "sd"
// and "correlation"), contrast (of "fixed"), sum (of "share", with theta)). cutoffs: zeta of
// limits; farthest, step: of points. constraints: of the fit (convert.h), with its sigma, or NULL.
// [[Rcpp::export(rng = false)]]
Rcpp::List profile_cpp(const Rcpp::List& moments, const Eigen::VectorXd& theta, bool reml,
                       const Rcpp::List& parameters, const std::vector<double>& cutoffs,
                       double farthest, double step, double sigma,
                       const Rcpp::Nullable<Rcpp::List>& constraints) {
  const UserInterrupts interruptible;
  const henderson::CrossProducts cross_products = as_cross_products(moments);
  const std::vector<henderson::TermStructures> structures = as_structures(moments, cross_products);
  henderson::GaussianObjective deviance(cross_products, structures, reml);
  if (theta.size() != deviance.n_parameters()) Rcpp::stop("internal: theta has a wrong length");
  henderson::ProfiledFit fit;
  fit.x = deviance.random().to_standard(theta);
  if (!std::isfinite(deviance.value(fit.x))) Rcpp::stop("The criterion is not finite at theta.");
  henderson::Constraints held;
  if (constraints.isNotNull()) {
    held = as_constraints(Rcpp::List(constraints));
    fit.constraints = &held;
    fit.sigma = sigma;
  }
  henderson::ProfileOptions options;
  options.cutoffs = cutoffs;
  options.farthest = farthest;
  options.step = step;
  Rcpp::List result(parameters.size());
  for (R_xlen_t i = 0; i < parameters.size(); ++i) {
    result[i] = wrap_profile(henderson::profile_parameter(&deviance, structures, fit,
                                                          as_parameter(parameters[i]), options));
  }
  return result;
}
