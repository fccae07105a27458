#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "algebra/gemm.h"
#include "convert.h"
#include "equations/level_order.h"
#include "fit/fit_constrained.h"
#include "fit/fit_lmm.h"
#include "henderson_types.h"
#include "likelihood/gaussian.h"
#include "prepared.h"
#include "residual_input.h"

// First step of a fit: list(pointer, rank_pivot) of a design (convert.h), of cross-products, or of
// cross-products whose response is to be that of the design. Where rank_pivot, the smallest squared
// pivot of X with columns of length one, is near zero, the caller decides by QR what columns X has.
// [[Rcpp::export(rng = false)]]
Rcpp::List prepare_cpp(SEXP design, SEXP moments) {
  const UserInterrupts interruptible;
  const Rcpp::RObject pointer = wrap_prepared(design, moments);
  return Rcpp::List::create(Rcpp::_["pointer"] = pointer,
                            Rcpp::_["rank_pivot"] = as_prepared(pointer)->rank_pivot());
}

// Gives back the memory of prepare_cpp() at once: R does not know how much it is.
// [[Rcpp::export(rng = false)]]
void release_cpp(SEXP pointer) {
  as_prepared(pointer);
  Rcpp::XPtr<Prepared>(pointer).release();
  R_SetExternalPtrProtected(pointer, R_NilValue);
}

namespace {

Rcpp::List fit_prepared(Prepared* prepared, const Rcpp::List& options) {
  if (!Rf_isNull(prepared->residual())) return fit_with_residual(prepared, options);
  const std::shared_ptr<const henderson::CrossProducts> moments = prepared->moments();
  const henderson::DataRows& rows = prepared->rows();
  const henderson::RowSource source{rows, prepared->order().original};
  const std::vector<henderson::TermStructures> structures = prepared->structures();
  const henderson::FitOptions own = as_fit_options(options);
  const bool constrained = options.containsElementNamed("constraints");
  henderson::FitResult result =
      constrained
          ? henderson::fit_constrained(*moments, structures, own,
                                       as_constraints(options["constraints"]))
          : henderson::fit_lmm(*moments, structures, own, prepared->has_rows() ? &source : nullptr);
  henderson::restore_levels(prepared->order(), &result);
  const bool wanted = prepared->has_rows() && result.modes.size() == rows.terms.size();
  Rcpp::NumericVector fitted(wanted ? Rcpp::no_init(rows.n) : Rcpp::no_init(0));
  if (wanted) {
    henderson::refine_residual(rows, *moments, structures, &result, fitted.begin());
  }
  return wrap_fit(result, moments->n, fitted);
}

}  // namespace

// Second step of a fit, as often as wanted: list(status ("fitted", "undefined", "out_of_memory"),
// point, random, fitted (empty without rows), evidence, curvature), see wrap_fit().
// [[Rcpp::export(rng = false)]]
Rcpp::List fit_cpp(SEXP prepared, const Rcpp::List& options) {
  const UserInterrupts interruptible;
  try {
    return fit_prepared(as_prepared(prepared), options);
  } catch (const std::bad_alloc&) {
    return wrap_out_of_memory();
  }
}

namespace {

// Cross-products with their symbolic factorization, which is most of the work of one evaluation.
struct DevianceEvaluator {
  DevianceEvaluator(const std::shared_ptr<const henderson::CrossProducts>& own,
                    const std::vector<henderson::TermStructures>& structures, bool reml)
      : moments(own), deviance(*moments, structures, reml) {}
  const std::shared_ptr<const henderson::CrossProducts> moments;
  henderson::GaussianObjective deviance;
};

// Of what prepare_cpp() points to, or of the list of cross-products.
std::unique_ptr<DevianceEvaluator> make_evaluator(SEXP moments, bool reml) {
  if (TYPEOF(moments) == EXTPTRSXP) {
    Prepared* prepared = as_prepared(moments);
    const auto own = prepared->moments();
    return std::make_unique<DevianceEvaluator>(own, prepared->structures(), reml);
  }
  const Rcpp::List list(moments);
  const auto own = std::make_shared<const henderson::CrossProducts>(as_cross_products(list));
  return std::make_unique<DevianceEvaluator>(own, as_structures(list, *own), reml);
}

SEXP evaluator_tag() { return Rf_install("henderson_deviance_evaluator"); }

Rcpp::List evaluate(henderson::GaussianObjective* deviance, const Eigen::VectorXd& theta,
                    bool gradient) {
  if (theta.size() != deviance->n_parameters()) Rcpp::stop("internal: theta has a wrong length");
  const henderson::NaturalGradient result = henderson::evaluate_deviance(deviance, theta, gradient);
  return Rcpp::List::create(Rcpp::_["value"] = result.value, Rcpp::_["gradient"] = result.gradient);
}

}  // namespace

// An evaluator for deviance_at_cpp(), of cross-products (a list, or as prepared): an external
// pointer, nil once it has been saved and loaded.
// [[Rcpp::export(rng = false)]]
SEXP deviance_evaluator_cpp(SEXP moments, bool reml) {
  const UserInterrupts interruptible;
  std::unique_ptr<DevianceEvaluator> own = make_evaluator(moments, reml);
  return Rcpp::XPtr<DevianceEvaluator>(own.release(), true, evaluator_tag());
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
Rcpp::List evaluate_deviance_cpp(SEXP moments, const Eigen::VectorXd& theta, bool reml,
                                 bool gradient) {
  const UserInterrupts interruptible;
  return evaluate(&make_evaluator(moments, reml)->deviance, theta, gradient);
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
