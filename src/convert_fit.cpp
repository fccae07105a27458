// A fit's options and its answer (convert.h).
#include <string>
#include <vector>

#include "convert.h"

using henderson::FitOptions;
using henderson::FitResult;

FitOptions as_fit_options(const Rcpp::List& options) {
  FitOptions result;
  result.reml = Rcpp::as<bool>(options["REML"]);
  result.optimize = Rcpp::as<bool>(options["optimize"]);
  if (options.containsElementNamed("certify")) {
    result.certify = Rcpp::as<bool>(options["certify"]);
  }
  if (!Rf_isNull(options["start"])) result.start = Rcpp::as<Eigen::VectorXd>(options["start"]);
  result.max_evaluations = Rcpp::as<int>(options["max_iterations"]);
  result.tolerance = Rcpp::as<double>(options["tolerance"]);
  if (result.max_evaluations < 0 || !(result.tolerance >= 0)) {
    Rcpp::stop("internal: max_iterations and tolerance must not be negative");
  }
  return result;
}

henderson::Constraints as_constraints(const Rcpp::List& list) {
  henderson::Constraints result;
  result.sigma = Rcpp::as<double>(list["sigma"]);
  const Rcpp::IntegerVector theta = list["theta"];
  const Rcpp::IntegerVector row = list["row"];
  const Rcpp::IntegerVector column = list["column"];
  const Rcpp::LogicalVector deviation = list["deviation"];
  const Rcpp::NumericVector value = list["value"];
  const Rcpp::IntegerVector group = list["group"];
  for (R_xlen_t i = 0; i < theta.size(); ++i) {
    henderson::ConstrainedParameter one;
    one.theta = theta[i] - 1;
    one.row = row[i] - 1;
    one.column = column[i] - 1;
    one.is_deviation = deviation[i] != 0;
    one.value = value[i];
    one.group = Rcpp::IntegerVector::is_na(group[i]) ? -1 : group[i];
    result.parameters.push_back(one);
  }
  const Rcpp::List priors = list["priors"];
  for (R_xlen_t i = 0; i < priors.size(); ++i) {
    const Rcpp::List given = priors[i];
    henderson::TermPrior prior;
    prior.theta = Rcpp::as<int>(given["theta"]) - 1;
    prior.wishart = Rcpp::as<bool>(given["wishart"]);
    prior.degrees = Rcpp::as<double>(given["degrees"]);
    if (!Rf_isNull(given["precision"])) {
      prior.precision = Rcpp::as<Eigen::MatrixXd>(given["precision"]);
    }
    prior.rate = Rcpp::as<double>(given["rate"]);
    prior.relative = Rcpp::as<bool>(given["relative"]);
    result.priors.push_back(prior);
  }
  return result;
}

namespace {

Rcpp::NumericMatrix wrap_trace(const std::vector<henderson::SearchTrace>& trace) {
  Rcpp::NumericMatrix table(static_cast<int>(trace.size()), 4);
  for (std::size_t i = 0; i < trace.size(); ++i) {
    table(i, 0) = trace[i].evaluation;
    table(i, 1) = trace[i].value;
    table(i, 2) = trace[i].predicted_decrease;
    table(i, 3) = trace[i].damping;
  }
  Rcpp::colnames(table) =
      Rcpp::CharacterVector::create("evaluation", "criterion", "predicted_decrease", "damping");
  return table;
}

Rcpp::IntegerVector one_based(const std::vector<int>& index) {
  Rcpp::IntegerVector result(index.begin(), index.end());
  return result + 1;
}

// NULL where the data determine all parameters; moves: (p p) x d.
SEXP wrap_undetermined(const henderson::UndeterminedDirections& undetermined) {
  if (undetermined.empty()) return R_NilValue;
  const Eigen::Index d = undetermined.directions.cols();
  const Eigen::Index size =
      undetermined.fixed_moves.empty() ? 0 : undetermined.fixed_moves[0].size();
  Eigen::MatrixXd moves(size, d);
  for (Eigen::Index i = 0; size > 0 && i < d; ++i) {
    moves.col(i) = Eigen::Map<const Eigen::VectorXd>(undetermined.fixed_moves[i].data(), size);
  }
  return Rcpp::List::create(Rcpp::_["directions"] = undetermined.directions,
                            Rcpp::_["sizes"] = undetermined.sizes, Rcpp::_["moves"] = moves);
}

Rcpp::List wrap_point(const FitResult& result, double n) {
  return Rcpp::List::create(
      Rcpp::_["theta"] = result.theta, Rcpp::_["standardized"] = result.standardized,
      Rcpp::_["criterion"] = result.criterion, Rcpp::_["gradient"] = result.gradient,
      Rcpp::_["log_det"] = Rcpp::NumericVector::create(Rcpp::_["M"] = result.log_det_m,
                                                       Rcpp::_["RX"] = result.log_det_x),
      Rcpp::_["pwrss"] = result.residual_ss, Rcpp::_["sigma"] = result.sigma,
      Rcpp::_["beta"] = result.beta, Rcpp::_["unscaled_vcov"] = result.unscaled_vcov,
      Rcpp::_["n"] = n);
}

Rcpp::List wrap_certificate(const henderson::Certificate& certificate) {
  return Rcpp::List::create(
      Rcpp::_["predicted_decrease"] = certificate.predicted_decrease,
      Rcpp::_["smallest_curvature"] = certificate.smallest_curvature,
      Rcpp::_["smallest_score"] = certificate.smallest_score,
      Rcpp::_["boundary_gain"] = certificate.boundary_gain,
      Rcpp::_["rounding"] = certificate.rounding,
      Rcpp::_["relative_error"] = certificate.relative_error,
      Rcpp::_["failed"] = Rcpp::wrap(certificate.failed()),
      Rcpp::_["undetermined"] = one_based(certificate.undetermined),
      Rcpp::_["hessian"] = certificate.exact_hessian ? "exact" : "average information");
}

Rcpp::List wrap_evidence(const FitResult& result) {
  return Rcpp::List::create(Rcpp::_["search"] = std::string(henderson::status_name(result.status)),
                            Rcpp::_["evaluations"] = result.evaluations,
                            Rcpp::_["iterations"] = result.iterations,
                            Rcpp::_["certificate"] = wrap_certificate(result.certificate),
                            Rcpp::_["undetermined"] = wrap_undetermined(result.undetermined),
                            Rcpp::_["trace"] = wrap_trace(result.trace));
}

Rcpp::List wrap_answer(const char* status, SEXP point, SEXP random, SEXP fitted, SEXP evidence,
                       SEXP curvature) {
  return Rcpp::List::create(Rcpp::_["status"] = status, Rcpp::_["point"] = point,
                            Rcpp::_["random"] = random, Rcpp::_["fitted"] = fitted,
                            Rcpp::_["evidence"] = evidence, Rcpp::_["curvature"] = curvature);
}

}  // namespace

Rcpp::List wrap_fit(const FitResult& result, double n, const Rcpp::NumericVector& fitted) {
  const bool defined =
      result.status != henderson::SearchStatus::kUndefined && std::isfinite(result.criterion);
  const Rcpp::List point = wrap_point(result, n);
  const Rcpp::List random =
      Rcpp::List::create(Rcpp::_["modes"] = Rcpp::wrap(result.modes),
                         Rcpp::_["spherical_modes"] = Rcpp::wrap(result.spherical_modes),
                         Rcpp::_["conditional_variance"] = Rcpp::wrap(result.conditional_variance));
  const Rcpp::List evidence = wrap_evidence(result);
  const henderson::Matrix& hessian = result.certificate.hessian;
  const Rcpp::RObject curvature = hessian.size() > 0 ? Rcpp::wrap(hessian) : R_NilValue;
  return wrap_answer(defined ? "fitted" : "undefined", point, random, fitted, evidence, curvature);
}

Rcpp::List wrap_out_of_memory() {
  return wrap_answer("out_of_memory", R_NilValue, R_NilValue, R_NilValue, R_NilValue, R_NilValue);
}

Rcpp::List wrap_contrast_parts(const henderson::ContrastParts& parts) {
  return Rcpp::List::create(Rcpp::_["phi"] = parts.phi, Rcpp::_["adjusted"] = parts.adjusted,
                            Rcpp::_["phi_moves"] = parts.phi_moves,
                            Rcpp::_["offset"] = parts.offset, Rcpp::_["weight"] = parts.weight,
                            Rcpp::_["degrees"] = parts.degrees, Rcpp::_["scaled"] = parts.scaled,
                            Rcpp::_["hessian"] = parts.hessian, Rcpp::_["free"] = parts.free,
                            Rcpp::_["exact_hessian"] = parts.exact_hessian,
                            Rcpp::_["least_kept"] = parts.least_kept);
}
