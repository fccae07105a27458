#include <RcppEigen.h>

#include "convert.h"

// Cross-products of a design (convert.h) as a plain list. The rank of X is the caller's business.
// [[Rcpp::export]]
Rcpp::List cross_products_cpp(const Rcpp::List& design) {
  const henderson::DataRows rows = as_data_rows(design);
  return wrap_cross_products(
      henderson::accumulate(rows, henderson::dense_gram(rows), Rcpp::checkUserInterrupt));
}

// Sum of two lists of cross-products with equal terms and levels, about the shifts of the first.
// [[Rcpp::export]]
Rcpp::List merge_cross_products_cpp(const Rcpp::List& a, const Rcpp::List& b) {
  henderson::CrossProducts moments = as_cross_products(a);
  moments.merge(as_cross_products(b));
  return wrap_cross_products(moments);
}
