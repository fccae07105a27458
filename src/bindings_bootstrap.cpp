#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "convert.h"
#include "data/drawn_response.h"
#include "fit/bootstrap.h"
#include "henderson_types.h"
#include "prepared.h"

namespace {

henderson::ResponseModel as_response_model(const Rcpp::List& list,
                                           const henderson::DataRows& rows) {
  using Kind = henderson::ResponseModel::Kind;
  henderson::ResponseModel model;
  const std::string kind = Rcpp::as<std::string>(list["kind"]);
  model.kind = kind == "parametric"  ? Kind::kParametric
               : kind == "resampled" ? Kind::kResampled
                                     : Kind::kSigns;
  const Rcpp::NumericVector mean = list["mean"];
  if (mean.size() != rows.n) Rcpp::stop("internal: a mean for each row");
  model.mean = mean.begin();
  model.sigma = Rcpp::as<double>(list["sigma"]);
  const Rcpp::List effects = list["effects"];
  for (R_xlen_t t = 0; t < effects.size(); ++t) {
    model.effects.push_back(Rcpp::as<Eigen::MatrixXd>(effects[t]));
  }
  model.residuals = Rcpp::as<Eigen::VectorXd>(list["residuals"]);
  model.cluster = Rcpp::as<std::vector<int>>(list["cluster"]);
  model.n_clusters = Rcpp::as<int>(list["n_clusters"]);
  if (model.kind == Kind::kSigns) {
    if (model.residuals.size() != rows.n || model.cluster.size() != std::size_t(rows.n)) {
      Rcpp::stop("internal: a residual and a cluster for each row");
    }
  } else if (model.effects.size() != rows.terms.size()) {
    Rcpp::stop("internal: effects for each term");
  }
  return model;
}

Rcpp::List wrap_replicates(const std::vector<henderson::Replicate>& replicates,
                           Eigen::Index n_theta, Eigen::Index p) {
  const int count = static_cast<int>(replicates.size());
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  Eigen::MatrixXd thetas = Eigen::MatrixXd::Constant(count, n_theta, kNan);
  Eigen::MatrixXd betas = Eigen::MatrixXd::Constant(count, p, kNan);
  Eigen::VectorXd sigma = Eigen::VectorXd::Constant(count, kNan);
  Eigen::VectorXd criterion = sigma;
  Rcpp::LogicalVector singular(count), certain(count);
  for (int k = 0; k < count; ++k) {
    const henderson::Replicate& replicate = replicates[k];
    singular[k] = replicate.singular;
    certain[k] = replicate.certain;
    if (replicate.theta.size() == 0) continue;
    thetas.row(k) = replicate.theta.transpose();
    betas.row(k) = replicate.beta.transpose();
    sigma[k] = replicate.sigma;
    criterion[k] = replicate.criterion;
  }
  return Rcpp::List::create(Rcpp::_["theta"] = thetas, Rcpp::_["beta"] = betas,
                            Rcpp::_["sigma"] = sigma, Rcpp::_["criterion"] = criterion,
                            Rcpp::_["singular"] = singular, Rcpp::_["certain"] = certain);
}

}  // namespace

// Refits to drawn responses (fit/bootstrap.h) of rows as prepared, at natural theta: list(theta,
// beta (a row each), sigma, criterion, singular, certain), not a number where there is no fit.
// model: list(kind ("parametric", "resampled", "signs"), mean, effects (matrices by factor term),
// sigma, residuals, cluster, n_clusters), see data/drawn_response.h.
// [[Rcpp::export(rng = false)]]
Rcpp::List bootstrap_cpp(SEXP prepared, const Rcpp::List& model, const Eigen::VectorXd& theta,
                         bool reml, double seed, double first, int count, int threads) {
  const UserInterrupts interruptible;
  Prepared* own = as_prepared(prepared);
  const OrderedRows ordered(own);
  henderson::BootstrapPlan plan;
  plan.seed = static_cast<std::uint64_t>(static_cast<std::int64_t>(seed));
  plan.first = static_cast<std::uint64_t>(first);
  plan.count = count;
  plan.threads = threads;
  const std::vector<henderson::Replicate> replicates =
      henderson::bootstrap(as_response_model(model, ordered.rows), *ordered.moments,
                           own->structures(), ordered.rows, theta, reml, plan);
  return wrap_replicates(replicates, theta.size(), ordered.moments->p());
}

// Refits to each column of y (n x count, without offset), the same list.
// [[Rcpp::export(rng = false)]]
Rcpp::List refit_responses_cpp(SEXP prepared, const Eigen::Map<Eigen::MatrixXd>& y,
                               const Eigen::VectorXd& theta, bool reml, int threads) {
  const UserInterrupts interruptible;
  Prepared* own = as_prepared(prepared);
  const OrderedRows ordered(own);
  if (y.rows() != ordered.rows.n) Rcpp::stop("internal: a response for each row");
  const std::vector<henderson::Replicate> replicates = henderson::refit_all(
      y, *ordered.moments, own->structures(), ordered.rows, theta, reml, threads);
  return wrap_replicates(replicates, theta.size(), ordered.moments->p());
}

// The same with F tests of l beta = 0 (l: matrices q x p) in each refit: `f` and `den_df` besides,
// a row for each refit and a column for each test, not a number where there is none. degrees: 0
// none, 1 Satterthwaite's, 2 those from the expected information, 3 Kenward and Roger's.
// [[Rcpp::export(rng = false)]]
Rcpp::List refit_tests_cpp(SEXP prepared, const Eigen::Map<Eigen::MatrixXd>& y,
                           const Eigen::VectorXd& theta, bool reml, const Rcpp::List& l,
                           int degrees, int threads) {
  const UserInterrupts interruptible;
  Prepared* own = as_prepared(prepared);
  const OrderedRows ordered(own);
  if (y.rows() != ordered.rows.n) Rcpp::stop("internal: a response for each row");
  if (degrees < 0 || degrees > 3) Rcpp::stop("internal: degrees of freedom of an unknown kind");
  henderson::FixedTests tests;
  tests.degrees = static_cast<henderson::FixedTests::Degrees>(degrees);
  for (R_xlen_t i = 0; i < l.size(); ++i) {
    tests.contrasts.push_back(Rcpp::as<Eigen::MatrixXd>(l[i]));
    if (tests.contrasts.back().cols() != ordered.moments->p()) {
      Rcpp::stop("internal: contrasts have a wrong length");
    }
  }
  const std::vector<henderson::Replicate> replicates = henderson::refit_all(
      y, *ordered.moments, own->structures(), ordered.rows, theta, reml, threads, &tests);
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  Eigen::MatrixXd f = Eigen::MatrixXd::Constant(y.cols(), l.size(), kNan);
  Eigen::MatrixXd den_df = f;
  for (std::size_t k = 0; k < replicates.size(); ++k) {
    for (std::size_t i = 0; i < replicates[k].tests.size(); ++i) {
      f(k, i) = replicates[k].tests[i].f;
      den_df(k, i) = replicates[k].tests[i].denominator_df;
    }
  }
  Rcpp::List result = wrap_replicates(replicates, theta.size(), ordered.moments->p());
  result["f"] = f;
  result["den_df"] = den_df;
  return result;
}

// The responses of the same replicates, without offset: n x count.
// [[Rcpp::export(rng = false)]]
Eigen::MatrixXd drawn_responses_cpp(SEXP prepared, const Rcpp::List& model, double seed,
                                    double first, int count) {
  const UserInterrupts interruptible;
  const OrderedRows ordered(as_prepared(prepared));
  const henderson::ResponseModel own = as_response_model(model, ordered.rows);
  Eigen::MatrixXd y(ordered.rows.n, count);
  for (int k = 0; k < count; ++k) {
    henderson::RandomStream random(static_cast<std::uint64_t>(static_cast<std::int64_t>(seed)),
                                   static_cast<std::uint64_t>(first) + k);
    henderson::draw_response(own, ordered.rows, &random, y.col(k).data());
  }
  return y;
}

// `count` numbers from 1 to `count`, with replacement, of one replicate.
// [[Rcpp::export(rng = false)]]
Rcpp::IntegerVector drawn_groups_cpp(double seed, double number, int count) {
  henderson::RandomStream random(static_cast<std::uint64_t>(static_cast<std::int64_t>(seed)),
                                 static_cast<std::uint64_t>(number));
  Rcpp::IntegerVector chosen(count);
  for (int& group : chosen) group = 1 + static_cast<int>(random.below(count));
  return chosen;
}
