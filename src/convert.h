// Conversion between R's objects and the core's: the only other hand-written Rcpp is
// bindings_*.cpp.
#ifndef HENDERSON_CONVERT_H_
#define HENDERSON_CONVERT_H_

#include <memory>
#include <vector>

#include "algebra/interrupt.h"
#include "covariance/random_part.h"
#include "covariance/structure.h"
#include "data/cross_products.h"
#include "fit/constraints.h"
#include "fit/fit_lmm.h"
#include "henderson_types.h"
#include "inference/contrasts.h"
#include "inference/prediction.h"

// First in every exported function: lets the user interrupt what it calls.
struct UserInterrupts : henderson::InterruptScope {
  UserInterrupts() : henderson::InterruptScope(Rcpp::checkUserInterrupt) {}
};

// Rows of data as R holds them; the R objects must outlive the result (nothing is copied).
// design: list(X, y, weights (or NULL), intercept (1-based or 0), terms), each of terms a block
// term: list(columns = list of numeric vectors or NULL for ones, level, n_levels).
henderson::DataRows as_data_rows(const Rcpp::List& design);

// The plain list that stands for cross-products in R (format_version 2), with the `specs` of a
// design or of other cross-products.
Rcpp::List wrap_cross_products(const henderson::CrossProducts& moments, SEXP specs);
henderson::CrossProducts as_cross_products(const Rcpp::List& list);

// A covariance structure from its spec: list(name (of covariance/registry.h), columns (integer:
// positions in its factor term), parameters (integer: positions in theta), data (the precision
// of its term's levels, or NULL), settings (NULL, or list(positions (v x dimensions)) or
// list(rank))).
std::shared_ptr<const henderson::CovarianceStructure> as_structure(const Rcpp::List& spec);

// `specs` of a design or of cross-products: for each factor term the list of its specs, in the
// order of the columns.
std::vector<henderson::TermStructures> as_structures(const Rcpp::List& list,
                                                     const henderson::CrossProducts& moments);

// Rows to predict. terms: one list(z, level) per block term of the cross-products, level 0 for a
// new one; an empty list for the population mean.
henderson::PredictionRows as_prediction_rows(const Eigen::MatrixXd& x, const Rcpp::List& terms,
                                             const henderson::CrossProducts& moments);

// The one answer of a fit: list(status, point, random, fitted, evidence, curvature), all names
// always. point: theta and what there is to say at it; random: by factor term; evidence: of the
// search, that the point is a minimum.
Rcpp::List wrap_fit(const henderson::FitResult& result, double n,
                    const Rcpp::NumericVector& fitted);
Rcpp::List wrap_out_of_memory();

// What tests of fixed effects are made from, by the names of its members.
Rcpp::List wrap_contrast_parts(const henderson::ContrastParts& parts);

henderson::FitOptions as_fit_options(const Rcpp::List& options);

// list(sigma (number or NA: free), theta, row, column (1-based), deviation (logical), value (NA:
// not held), group (NA: of none), priors), the six before priors with an entry for each parameter;
// priors: one list(theta (1-based), wishart (logical), degrees, precision (matrix or NULL), rate,
// relative (logical)) each.
henderson::Constraints as_constraints(const Rcpp::List& list);

#endif  // HENDERSON_CONVERT_H_
