// Conversion between R's objects and the core's: the only other hand-written Rcpp is
// bindings_*.cpp.
#ifndef HENDERSON_CONVERT_H_
#define HENDERSON_CONVERT_H_

#include <vector>

#include "algebra/interrupt.h"
#include "covariance/random_part.h"
#include "covariance/structure.h"
#include "data/cross_products.h"
#include "fit/fit_lmm.h"
#include "henderson_types.h"

// First in every exported function: lets the user interrupt what it calls.
struct UserInterrupts : henderson::InterruptScope {
  UserInterrupts() : henderson::InterruptScope(Rcpp::checkUserInterrupt) {}
};

// Rows of data as R holds them; the R objects must outlive the result (nothing is copied).
// design: list(X, y, weights (or NULL), intercept (1-based or 0), terms), each of terms a block
// term: list(columns = list of numeric vectors or NULL for ones, level, n_levels).
henderson::DataRows as_data_rows(const Rcpp::List& design);

// The plain list that stands for cross-products in R (format_version 2), with the `structures` of a
// design or of other cross-products.
Rcpp::List wrap_cross_products(const henderson::CrossProducts& moments, SEXP structures);
henderson::CrossProducts as_cross_products(const Rcpp::List& list);

// `structures` of a design or of cross-products: for each term an integer matrix with rows kind (0
// us, 1 diag), first column, number of columns, first parameter, all 0-based.
std::vector<henderson::TermStructures> as_structures(const Rcpp::List& list,
                                                     const henderson::CrossProducts& moments);

Rcpp::List wrap_fit(const henderson::FitResult& result);

henderson::FitOptions as_fit_options(const Rcpp::List& options);

#endif  // HENDERSON_CONVERT_H_
