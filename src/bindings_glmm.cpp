// Generalized linear mixed models: what R calls.
#include <memory>
#include <new>
#include <stdexcept>
#include <string>

#include "convert.h"
#include "equations/level_order.h"
#include "family/family.h"
#include "fit/fit_glmm.h"
#include "henderson_types.h"
#include "prepared.h"

using henderson::Index;

namespace {

// list(family, link, y, weight, trials, offset (double vectors or NULL)) of R, borrowed.
struct ResponseInput {
  explicit ResponseInput(const Rcpp::List& list, Index n) {
    response.y = read(list["y"], n);
    response.weight = read(list["weight"], n);
    response.trials = read(list["trials"], n);
    response.offset = read(list["offset"], n);
    if (response.y == nullptr) Rcpp::stop("internal: no response");
    try {
      family = henderson::make_family(Rcpp::as<std::string>(list["family"]),
                                      henderson::make_link(Rcpp::as<std::string>(list["link"])));
    } catch (const std::invalid_argument& unknown) {
      Rcpp::stop("internal: %s", unknown.what());
    }
  }

  henderson::GeneralizedResponse response;
  std::unique_ptr<henderson::Family> family;

 private:
  static const double* read(SEXP object, Index n) {
    if (Rf_isNull(object)) return nullptr;
    if (TYPEOF(object) != REALSXP || XLENGTH(object) != n) {
      Rcpp::stop("internal: a part of the response is no number for each row");
    }
    return REAL_RO(object);
  }
};

Rcpp::List fit_generalized(Prepared* prepared, const Rcpp::List& response,
                           const Rcpp::List& options) {
  const OrderedRows ordered(prepared);
  const ResponseInput input(response, ordered.rows.n);
  henderson::LaplaceObjective objective(ordered.rows, *ordered.moments, prepared->structures(),
                                        input.response, *input.family);
  henderson::GeneralizedFit result = henderson::fit_glmm(&objective, as_fit_options(options));
  henderson::restore_levels(prepared->order(), &result.fit);
  const bool defined = result.fit.status != henderson::SearchStatus::kUndefined;
  Rcpp::NumericVector eta(defined ? ordered.rows.n : 0);
  if (defined) std::copy_n(objective.mode().eta().data(), ordered.rows.n, eta.begin());
  Rcpp::List answer = wrap_fit(result.fit, ordered.moments->n, eta);
  Rcpp::List point = answer["point"];
  point["log_phi"] = result.log_phi;
  point["covariance"] = result.covariance;
  point["joint"] = result.joint;
  answer["point"] = point;
  return answer;
}

}  // namespace

// The answer of fit_cpp() of a generalized model, whose fitted values are those of the linear
// predictor, with log_phi, covariance (of theta, beta, log phi) and joint (is it that of all of
// them?) added to the point. sigma is 1.
// [[Rcpp::export(rng = false)]]
Rcpp::List fit_glmm_cpp(SEXP prepared, const Rcpp::List& response, const Rcpp::List& options) {
  const UserInterrupts interruptible;
  try {
    return fit_generalized(as_prepared(prepared), response, options);
  } catch (const std::bad_alloc&) {
    return wrap_out_of_memory();
  }
}

// Of rows, all by log phi (or none): log densities, s, W, W', means.
// [[Rcpp::export(rng = false)]]
Rcpp::List family_values_cpp(const Rcpp::List& response, const Eigen::VectorXd& eta,
                             double log_phi) {
  const Index n = eta.size();
  const ResponseInput input(response, n);
  const henderson::FamilyRows rows = input.response.block(0, n, eta.data());
  Eigen::VectorXd density(n), s(n), w(n), fisher(n), dw(n), mean(n);
  Eigen::MatrixXd by_phi = Eigen::MatrixXd::Zero(n, 3);
  input.family->evaluate(rows, log_phi, {density.data(), s.data(), w.data(), fisher.data()});
  input.family->slopes(
      rows, log_phi, {dw.data(), by_phi.col(0).data(), by_phi.col(1).data(), by_phi.col(2).data()});
  for (Index i = 0; i < n; ++i) {
    density[i] += input.family->constant(rows, i, log_phi);
    mean[i] = input.family->link().mean(eta[i]).mu;
  }
  return Rcpp::List::create(Rcpp::_["log_density"] = density, Rcpp::_["s"] = s, Rcpp::_["w"] = w,
                            Rcpp::_["fisher"] = fisher, Rcpp::_["dw"] = dw, Rcpp::_["mean"] = mean,
                            Rcpp::_["by_phi"] = by_phi);
}
