#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

#include "algebra/eigen_decompositions.h"
#include "convert.h"
#include "data/fitted_values.h"
#include "fit/fit_residual.h"
#include "inference/residual_contrasts.h"
#include "residual_input.h"

using henderson::Index;
using henderson::Matrix;
using henderson::ResidualPlace;
using henderson::Vector;

namespace {

std::vector<int> read_numbers(const Rcpp::List& list, const char* name, Index n, int lowest,
                              int highest) {
  const SEXP object = list[name];
  if (TYPEOF(object) != INTSXP || XLENGTH(object) != n) {
    Rcpp::stop("internal: %s of the residuals is no integer for each row", name);
  }
  std::vector<int> numbers(INTEGER_RO(object), INTEGER_RO(object) + n);
  for (int& number : numbers) {
    if (number < lowest || number > highest) {
      Rcpp::stop("internal: %s of the residuals is out of range", name);
    }
    --number;
  }
  return numbers;
}

}  // namespace

ResidualInput::ResidualInput(SEXP object) {
  const Rcpp::List list(object);
  const int visits = Rcpp::as<int>(list["visits"]);
  const int arms = Rcpp::as<int>(list["arms"]);
  const Eigen::MatrixXd deviations = Rcpp::as<Eigen::MatrixXd>(list["log_deviations"]);
  if (visits < 1 || arms < 1 || deviations.rows() < 1) Rcpp::stop("internal: no residuals");
  try {
    structure = std::make_shared<const henderson::ResidualStructure>(
        henderson::make_residual_correlation(Rcpp::as<std::string>(list["name"]), visits),
        deviations, arms);
  } catch (const std::invalid_argument& unknown) {
    Rcpp::stop("internal: %s", unknown.what());
  }
  const Rcpp::NumericVector position = list["position"];
  const Index n = position.size();
  group = read_numbers(list, "group", n, 0, std::numeric_limits<int>::max());
  const std::vector<int> stratum =
      read_numbers(list, "stratum", n, 1, static_cast<int>(deviations.rows()));
  const std::vector<int> arm = read_numbers(list, "arm", n, 1, arms);
  const bool counted = !structure->correlation().stationary();
  for (Index i = 0; i < n; ++i) {
    if (!std::isfinite(position[i]) || (counted && (position[i] < 1 || position[i] > visits))) {
      Rcpp::stop("internal: a position of the residuals is out of range");
    }
    places.push_back({position[i], stratum[i], arm[i]});
  }
}

namespace {

henderson::ResidualModel make_model(Prepared* prepared, const henderson::CrossProducts& model,
                                    bool whole_groups) {
  const ResidualInput input(prepared->residual());
  if (static_cast<Index>(input.group.size()) != prepared->rows().n) {
    Rcpp::stop("internal: residuals of other rows");
  }
  return henderson::make_residual_model(prepared->rows(), model, input.structure, input.group,
                                        input.places, whole_groups);
}

}  // namespace

PreparedResidual::PreparedResidual(Prepared* prepared, bool reml, bool whole_groups)
    : model(prepared->moments()),
      residual(make_model(prepared, *model, whole_groups)),
      objective(residual, *model, prepared->structures(), reml) {}

Rcpp::List fit_with_residual(Prepared* prepared, const Rcpp::List& options) {
  const henderson::FitOptions own = as_fit_options(options);
  PreparedResidual parts(prepared, own.reml);
  henderson::ResidualFit result = henderson::fit_residual(&parts.objective, own);
  const henderson::DataRows& rows = prepared->rows();
  const bool defined =
      result.fit.modes.size() == rows.terms.size() && result.fit.beta.size() == rows.p;
  Rcpp::NumericVector fitted(defined ? rows.n : 0);
  if (defined) {
    henderson::fit_rows(rows, *parts.model, result.fit.centred_beta, result.fit.centred_modes,
                        fitted.begin());
  }
  Rcpp::List answer = wrap_fit(result.fit, parts.model->n, fitted);
  Rcpp::List point = answer["point"];
  point["phi"] = result.phi;
  if (defined) point["moments"] = wrap_cross_products(result.moments, prepared->specs());
  answer["point"] = point;
  return answer;
}

// Parts of degrees of freedom by (theta, phi), as satterthwaite_parts_cpp() and
// expected_parts_cpp() give them by theta; of the expected information without random effects only.
// [[Rcpp::export(rng = false)]]
Rcpp::List residual_parts_cpp(SEXP prepared, const Eigen::VectorXd& theta,
                              const Eigen::VectorXd& phi, bool reml, bool expected, bool adjust) {
  const UserInterrupts interruptible;
  PreparedResidual own(as_prepared(prepared), reml, expected);
  if (theta.size() != own.objective.n_theta() || phi.size() != own.objective.n_phi()) {
    Rcpp::stop("internal: the parameters have a wrong length");
  }
  const henderson::ContrastParts parts =
      adjust     ? henderson::residual_adjusted_parts(&own.objective, phi)
      : expected ? henderson::residual_expected_parts(&own.objective, phi)
                 : henderson::residual_parts(&own.objective, theta, phi);
  return wrap_contrast_parts(parts);
}

// The criterion at (theta, phi) and its gradient by them.
// [[Rcpp::export(rng = false)]]
Rcpp::List residual_deviance_cpp(SEXP prepared, const Eigen::VectorXd& theta,
                                 const Eigen::VectorXd& phi, bool reml) {
  const UserInterrupts interruptible;
  PreparedResidual own(as_prepared(prepared), reml);
  if (theta.size() != own.objective.n_theta() || phi.size() != own.objective.n_phi()) {
    Rcpp::stop("internal: the parameters have a wrong length");
  }
  Vector point(theta.size() + phi.size());
  point << own.objective.gaussian().random().to_standard(theta), phi;
  const double value = own.objective.value(point);
  return Rcpp::List::create(Rcpp::_["value"] = value,
                            Rcpp::_["gradient"] = own.objective.natural_gradient(theta, phi));
}

// R of rows of one group: of the residuals' list, whose rows these are.
// [[Rcpp::export(rng = false)]]
Eigen::MatrixXd residual_covariance_cpp(const Rcpp::List& residual, const Eigen::VectorXd& phi) {
  const ResidualInput input(residual);
  if (phi.size() != input.structure->n_parameters() || input.places.empty()) {
    Rcpp::stop("internal: the parameters have a wrong length");
  }
  return input.structure->covariance(phi, input.places);
}

// With R = LL' within each group, L lower triangular in the order of positions: L^-1 values
// (whiten), or L values. Rows that do not count stay as they are.
// [[Rcpp::export(rng = false)]]
Eigen::MatrixXd residual_transform_cpp(const Rcpp::List& residual, const Eigen::VectorXd& phi,
                                       Eigen::MatrixXd values, bool whiten) {
  const UserInterrupts interruptible;
  const ResidualInput input(residual);
  if (phi.size() != input.structure->n_parameters() ||
      values.rows() != static_cast<Index>(input.group.size())) {
    Rcpp::stop("internal: the residuals have a wrong length");
  }
  std::vector<int> order;
  for (std::size_t i = 0; i < input.group.size(); ++i) {
    if (input.group[i] >= 0) order.push_back(static_cast<int>(i));
  }
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return std::make_pair(input.group[a], input.places[a].position) <
           std::make_pair(input.group[b], input.places[b].position);
  });
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin + 1;
    while (end < order.size() && input.group[order[end]] == input.group[order[begin]]) ++end;
    const Index n = static_cast<Index>(end - begin);
    std::vector<ResidualPlace> places;
    Matrix own(n, values.cols());
    for (Index i = 0; i < n; ++i) {
      places.push_back(input.places[order[begin + i]]);
      own.row(i) = values.row(order[begin + i]);
    }
    const Eigen::LLT<Matrix> factor(input.structure->covariance(phi, places));
    if (factor.info() != Eigen::Success) Rcpp::stop("internal: R is not positive definite");
    if (whiten) {
      factor.matrixL().solveInPlace(own);
    } else {
      own = (Matrix(factor.matrixL()) * own).eval();
    }
    for (Index i = 0; i < n; ++i) values.row(order[begin + i]) = own.row(i);
    begin = end;
  }
  return values;
}
