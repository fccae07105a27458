#include <string>
#include <vector>

#include "convert.h"
#include "fit/influence.h"
#include "henderson_types.h"
#include "prepared.h"

namespace {

const char* status_name(henderson::DeletionStatus status) {
  using Status = henderson::DeletionStatus;
  switch (status) {
    case Status::kFitted:
      return "fitted";
    case Status::kUncertain:
      return "uncertain";
    case Status::kRank:
      return "rank";
    case Status::kLevels:
      return "levels";
    case Status::kFewRows:
      return "rows";
    case Status::kUndetermined:
      return "undetermined";
    default:
      return "undefined";
  }
}

henderson::Reestimate as_reestimate(const std::string& method) {
  if (method == "exact") return henderson::Reestimate::kExact;
  return method == "one-step" ? henderson::Reestimate::kOneStep : henderson::Reestimate::kHeld;
}

}  // namespace

// Fits without each of some sets of rows (1-based), see fit/influence.h, of rows as prepared, at
// natural theta: list(status, theta, beta (a row each), vcov (p p, a row each), sigma, criterion,
// theta_displacement, joint_displacement, singular), NA where there is none.
// [[Rcpp::export(rng = false)]]
Rcpp::List influence_cpp(SEXP prepared, const Eigen::VectorXd& theta, bool reml,
                         const Rcpp::List& sets, const std::string& method) {
  const UserInterrupts interruptible;
  Prepared* own = as_prepared(prepared);
  const OrderedRows ordered(own);
  henderson::RowDeletion deletion(*ordered.moments, own->structures(), ordered.rows, theta, reml,
                                  as_reestimate(method));
  const double missing = NA_REAL;
  const int count = static_cast<int>(sets.size());
  const int p = ordered.moments->p();
  Eigen::MatrixXd thetas = Eigen::MatrixXd::Constant(count, theta.size(), missing);
  Eigen::MatrixXd betas = Eigen::MatrixXd::Constant(count, p, missing);
  Eigen::MatrixXd vcov = Eigen::MatrixXd::Constant(count, p * p, missing);
  Eigen::MatrixXd numbers = Eigen::MatrixXd::Constant(count, 4, missing);
  Rcpp::CharacterVector status(count);
  Rcpp::LogicalVector singular(count);
  for (int k = 0; k < count; ++k) {
    const Rcpp::IntegerVector given = sets[k];
    std::vector<henderson::Index> which;
    for (const int row : given) which.push_back(row - 1);
    const henderson::Deletion result = deletion.without(which);
    status[k] = status_name(result.status);
    singular[k] = result.singular;
    if (result.vcov.size() != p * p) continue;
    thetas.row(k) = result.theta.transpose();
    betas.row(k) = result.beta.transpose();
    vcov.row(k) = Eigen::Map<const Eigen::RowVectorXd>(result.vcov.data(), result.vcov.size());
    numbers.row(k) << result.sigma, result.criterion, result.theta_displacement,
        result.joint_displacement;
  }
  return Rcpp::List::create(Rcpp::_["status"] = status, Rcpp::_["theta"] = thetas,
                            Rcpp::_["beta"] = betas, Rcpp::_["vcov"] = vcov,
                            Rcpp::_["sigma"] = Eigen::VectorXd(numbers.col(0)),
                            Rcpp::_["criterion"] = Eigen::VectorXd(numbers.col(1)),
                            Rcpp::_["theta_displacement"] = Eigen::VectorXd(numbers.col(2)),
                            Rcpp::_["joint_displacement"] = Eigen::VectorXd(numbers.col(3)),
                            Rcpp::_["singular"] = singular);
}
