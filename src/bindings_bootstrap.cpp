#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "convert.h"
#include "data/drawn_response.h"
#include "fit/bootstrap.h"
#include "henderson_types.h"
#include "prepared.h"

namespace {

// By term how levels with a known precision are drawn; none if all are independent.
std::vector<std::function<henderson::Matrix(const henderson::Matrix&)>> level_roots(
    const std::vector<henderson::TermStructures>& structures) {
  std::vector<std::function<henderson::Matrix(const henderson::Matrix&)>> roots;
  for (const henderson::LevelPrecision& precision : henderson::level_precisions(structures)) {
    roots.emplace_back();
    if (precision.empty()) continue;
    roots.back() = [covariance = precision.covariance](const henderson::Matrix& x) {
      return covariance->multiply_factor(x);
    };
  }
  return roots;
}

henderson::ResponseModel as_response_model(
    const Rcpp::List& list, const henderson::DataRows& rows,
    const std::vector<henderson::TermStructures>& structures) {
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
  model.relate = level_roots(structures);
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

// Rows with a Vector of some size from each replicate; not a number where it has none.
template <class Take>
Eigen::MatrixXd rows_of(const std::vector<henderson::Replicate>& replicates, Eigen::Index size,
                        const Take& take) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  Eigen::MatrixXd all = Eigen::MatrixXd::Constant(replicates.size(), size, kNan);
  for (std::size_t k = 0; k < replicates.size(); ++k) {
    const Eigen::VectorXd own = take(replicates[k]);
    if (own.size() == size) all.row(k) = own.transpose();
  }
  return all;
}

// What is only there if it was asked for: list(errors, error_variances (a row each); beta_variance,
// theta_covariance (k + 1 squared columns), free (a row each)), NULL if not.
Rcpp::List wrap_wishes(const std::vector<henderson::Replicate>& replicates,
                       const henderson::ReplicateWishes& wishes, Eigen::Index n_theta,
                       Eigen::Index p) {
  using henderson::Replicate;
  Rcpp::List result =
      Rcpp::List::create(Rcpp::_["errors"] = R_NilValue, Rcpp::_["error_variances"] = R_NilValue,
                         Rcpp::_["beta_variance"] = R_NilValue,
                         Rcpp::_["theta_covariance"] = R_NilValue, Rcpp::_["free"] = R_NilValue);
  if (wishes.predicted != nullptr) {
    const Eigen::Index rows = wishes.predicted->x.rows();
    result["errors"] = rows_of(replicates, rows, [](const Replicate& own) { return own.errors; });
    if (wishes.variances) {
      result["error_variances"] =
          rows_of(replicates, rows, [](const Replicate& own) { return own.error_variances; });
    }
  } else if (wishes.variances) {
    result["beta_variance"] = rows_of(replicates, p, [](const Replicate& own) {
      return Eigen::VectorXd(own.beta_covariance.diagonal());
    });
    result["theta_covariance"] =
        rows_of(replicates, (n_theta + 1) * (n_theta + 1), [](const Replicate& own) {
          const Eigen::MatrixXd& all = own.theta_covariance;
          return Eigen::VectorXd(Eigen::Map<const Eigen::VectorXd>(all.data(), all.size()));
        });
    result["free"] = rows_of(replicates, n_theta, [](const Replicate& own) {
      Eigen::VectorXd free(own.is_free.size());
      for (Eigen::Index i = 0; i < free.size(); ++i) free[i] = own.is_free[i];
      return free;
    });
  }
  return result;
}

henderson::PredictionRows as_predicted(const Rcpp::List& list, const OrderedRows& ordered) {
  henderson::PredictionRows rows =
      as_prediction_rows(Rcpp::as<Eigen::MatrixXd>(list["x"]), list["terms"], *ordered.moments);
  for (std::size_t t = 0; t < rows.terms.size(); ++t) {
    for (int& level : rows.terms[t].level) {
      if (level == 0) Rcpp::stop("internal: a new level has no error of prediction");
      if (!ordered.position[t].empty()) level = ordered.position[t][level - 1];
    }
  }
  return rows;
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
// beta (a row each), sigma, criterion, singular, certain), not a number where there is no fit, and
// `wished` as wrap_wishes() has it.
// model: list(kind ("parametric", "resampled", "signs"), mean, effects (matrices by factor term),
// sigma, residuals, cluster, n_clusters), see data/drawn_response.h, and `constraints` (convert.h)
// or NULL; the mean is X beta.
// wishes: list(variances, predicted (NULL or list(x, terms) as as_prediction_rows() takes them)).
// [[Rcpp::export(rng = false)]]
Rcpp::List bootstrap_cpp(SEXP prepared, const Rcpp::List& model, const Eigen::VectorXd& theta,
                         const Eigen::VectorXd& beta, bool reml, double seed, double first,
                         int count, int threads, const Rcpp::List& wishes) {
  const UserInterrupts interruptible;
  Prepared* own = as_prepared(prepared);
  const OrderedRows ordered(own);
  const std::vector<henderson::TermStructures> structures = own->structures();
  henderson::BootstrapPlan plan;
  plan.seed = static_cast<std::uint64_t>(static_cast<std::int64_t>(seed));
  plan.first = static_cast<std::uint64_t>(first);
  plan.count = count;
  plan.threads = threads;
  henderson::Constraints constraints;
  if (!Rf_isNull(model["constraints"])) {
    constraints = as_constraints(model["constraints"]);
    plan.constraints = &constraints;
  }
  henderson::ReplicateWishes wanted;
  wanted.variances = Rcpp::as<bool>(wishes["variances"]);
  henderson::PredictionRows predicted;
  if (!Rf_isNull(wishes["predicted"])) {
    predicted = as_predicted(wishes["predicted"], ordered);
    wanted.predicted = &predicted;
  }
  if (beta.size() != ordered.moments->p()) Rcpp::stop("internal: beta has a wrong length");
  const std::vector<henderson::Replicate> replicates =
      henderson::bootstrap(as_response_model(model, ordered.rows, structures), *ordered.moments,
                           structures, ordered.rows, theta, beta, reml, plan, wanted);
  Rcpp::List result = wrap_replicates(replicates, theta.size(), beta.size());
  result["wished"] = wrap_wishes(replicates, wanted, theta.size(), beta.size());
  return result;
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
  Prepared* design = as_prepared(prepared);
  const OrderedRows ordered(design);
  const henderson::ResponseModel own = as_response_model(model, ordered.rows, design->structures());
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
