#include "henderson_types.h"

#include <new>

#include "algebra/gemm.h"
#include "convert.h"
#include "data/accumulate.h"
#include "equations/level_order.h"
#include "fit/fit_lmm.h"
#include "likelihood/gaussian.h"

namespace {

// Leaves the moments as they are. They are handed back (`cross_products`) if they are no larger
// than options$keep_bytes: after the fit, when the factor is gone.
Rcpp::List fit_rows_and_moments(const henderson::DataRows& rows, const Rcpp::List& design,
                                const Rcpp::List& options, henderson::CrossProducts* moments) {
  const henderson::LevelOrder order = henderson::sort_levels(moments);
  const henderson::RowSource source{rows, order.original};
  henderson::FitResult result = henderson::fit_lmm(*moments, as_structures(design, *moments),
                                                   as_fit_options(options), &source);
  henderson::restore_levels(order, &result);
  const bool defined = result.modes.size() == rows.terms.size();
  Rcpp::NumericVector fitted(defined ? Rcpp::no_init(rows.n) : Rcpp::no_init(0));
  if (defined) henderson::refine_residual(rows, *moments, &result, fitted.begin());
  Rcpp::List list = wrap_fit(result);
  result = henderson::FitResult();
  if (defined) list["fitted"] = fitted;
  list["n"] = moments->n;
  double keep = 0;
  if (options.containsElementNamed("keep_bytes")) keep = Rcpp::as<double>(options["keep_bytes"]);
  if (defined && moments->bytes() <= keep) {
    henderson::restore_levels(order, moments);
    list["cross_products"] = wrap_cross_products(*moments, design["specs"]);
  }
  return list;
}

Rcpp::List fit_design(const Rcpp::List& design, const Rcpp::List& options, bool rank_checked) {
  const henderson::DataRows rows = as_data_rows(design);
  const henderson::GramResult gram = henderson::dense_gram(rows);
  // lm() drops a column whose residual norm is below 1e-7 of its norm: a squared pivot of 1e-14,
  // which a Gram matrix cannot resolve. Anything below 1e-9 goes to the QR.
  if (!rank_checked && rows.p > 0 && !(gram.smallest_pivot > 1e-9)) {
    return Rcpp::List::create(Rcpp::_["smallest_pivot"] = gram.smallest_pivot);
  }
  henderson::CrossProducts moments = henderson::accumulate(rows, gram);
  return fit_rows_and_moments(rows, design, options, &moments);
}

}  // namespace

// Fits a design (convert.h). When X may be rank deficient nothing is fitted: the result is
// list(smallest_pivot), and the caller decides by QR and calls again with rank_checked. Without
// memory for the factor it is list(out_of_memory = TRUE).
// [[Rcpp::export(rng = false)]]
Rcpp::List fit_design_cpp(const Rcpp::List& design, const Rcpp::List& options, bool rank_checked) {
  const UserInterrupts interruptible;
  try {
    return fit_design(design, options, rank_checked);
  } catch (const std::bad_alloc&) {
    return Rcpp::List::create(Rcpp::_["out_of_memory"] = true);
  }
}

// The same with another response in place of that of `moments`, cross-products of these rows.
// [[Rcpp::export(rng = false)]]
Rcpp::List refit_design_cpp(const Rcpp::List& design, const Rcpp::List& moments,
                            const Rcpp::List& options) {
  const UserInterrupts interruptible;
  const henderson::DataRows rows = as_data_rows(design);
  try {
    henderson::CrossProducts own = as_cross_products(moments);
    if (own.p != rows.p || own.terms.size() != rows.terms.size()) {
      Rcpp::stop("internal: cross-products of another design");
    }
    for (std::size_t t = 0; t < own.terms.size(); ++t) {
      if (own.terms[t].n_levels != rows.terms[t].n_levels ||
          own.terms[t].v != static_cast<int>(rows.terms[t].columns.size())) {
        Rcpp::stop("internal: cross-products of other terms");
      }
    }
    henderson::replace_response(rows, &own);
    return fit_rows_and_moments(rows, design, options, &own);
  } catch (const std::bad_alloc&) {
    return Rcpp::List::create(Rcpp::_["out_of_memory"] = true);
  }
}

// The same from cross-products alone (no fitted values).
// [[Rcpp::export(rng = false)]]
Rcpp::List fit_cross_products_cpp(const Rcpp::List& moments, const Rcpp::List& options) {
  const UserInterrupts interruptible;
  const henderson::CrossProducts own = as_cross_products(moments);
  return wrap_fit(henderson::fit_lmm(own, as_structures(moments, own), as_fit_options(options)));
}

namespace {

// Cross-products with their symbolic factorization, which is most of the work of one evaluation.
struct DevianceEvaluator {
  DevianceEvaluator(const Rcpp::List& list, bool reml)
      : moments(as_cross_products(list)), deviance(moments, as_structures(list, moments), reml) {}
  const henderson::CrossProducts moments;
  henderson::GaussianObjective deviance;
};

SEXP evaluator_tag() { return Rf_install("henderson_deviance_evaluator"); }

Rcpp::List evaluate(henderson::GaussianObjective* deviance, const Eigen::VectorXd& theta,
                    bool gradient) {
  if (theta.size() != deviance->n_parameters()) Rcpp::stop("internal: theta has a wrong length");
  const henderson::NaturalGradient result = henderson::evaluate_deviance(deviance, theta, gradient);
  return Rcpp::List::create(Rcpp::_["value"] = result.value, Rcpp::_["gradient"] = result.gradient);
}

}  // namespace

// An evaluator for deviance_at_cpp(): an external pointer, nil once it has been saved and loaded.
// [[Rcpp::export(rng = false)]]
SEXP deviance_evaluator_cpp(const Rcpp::List& moments, bool reml) {
  const UserInterrupts interruptible;
  return Rcpp::XPtr<DevianceEvaluator>(new DevianceEvaluator(moments, reml), true, evaluator_tag());
}

// Profiled criterion at theta (natural parametrization) with its gradient if wanted; NULL from an
// evaluator that is nil.
// [[Rcpp::export(rng = false)]]
SEXP deviance_at_cpp(SEXP evaluator, const Eigen::VectorXd& theta, bool gradient) {
  const UserInterrupts interruptible;
  if (TYPEOF(evaluator) != EXTPTRSXP || R_ExternalPtrTag(evaluator) != evaluator_tag()) {
    Rcpp::stop("internal: not an evaluator");
  }
  const Rcpp::XPtr<DevianceEvaluator> own(evaluator);
  if (own.get() == nullptr) return R_NilValue;
  return evaluate(&own->deviance, theta, gradient);
}

// The same, once.
// [[Rcpp::export(rng = false)]]
Rcpp::List evaluate_deviance_cpp(const Rcpp::List& moments, const Eigen::VectorXd& theta, bool reml,
                                 bool gradient) {
  const UserInterrupts interruptible;
  DevianceEvaluator own(moments, reml);
  return evaluate(&own.deviance, theta, gradient);
}

// Name of the matrix-product kernel in use ("eigen", "avx2", "avx512"), after choosing another one
// if a name is given that the processor supports. For benchmarks and tests.
// [[Rcpp::export(rng = false)]]
std::string gemm_kernel_cpp(const std::string& choose = "") {
  const UserInterrupts interruptible;
  const std::vector<std::pair<std::string, henderson::GemmKernel>> kernels = {
      {"eigen", henderson::GemmKernel::kEigen},
      {"avx2", henderson::GemmKernel::kAvx2},
      {"avx512", henderson::GemmKernel::kAvx512}};
  std::string current;
  for (const auto& kernel : kernels) {
    if (kernel.first == choose) henderson::set_gemm_kernel(kernel.second);
  }
  for (const auto& kernel : kernels) {
    if (kernel.second == henderson::gemm_kernel()) current = kernel.first;
  }
  return current;
}
