#include "henderson_types.h"

#include "convert.h"
#include "data/accumulate.h"
#include "equations/equations.h"
#include "equations/standardization.h"

// Cross-products of a design (convert.h) as a plain list. The rank of X is the caller's business.
// [[Rcpp::export(rng = false)]]
Rcpp::List cross_products_cpp(const Rcpp::List& design) {
  const UserInterrupts interruptible;
  const henderson::DataRows rows = as_data_rows(design);
  return wrap_cross_products(henderson::accumulate(rows, henderson::dense_gram(rows)),
                             design["specs"]);
}

// Sum of two lists of cross-products with equal terms and levels, about the shifts of the first.
// [[Rcpp::export(rng = false)]]
Rcpp::List merge_cross_products_cpp(const Rcpp::List& a, const Rcpp::List& b) {
  const UserInterrupts interruptible;
  henderson::CrossProducts moments = as_cross_products(a);
  moments.merge(as_cross_products(b));
  return wrap_cross_products(moments, a["specs"]);
}

// Bytes of the Cholesky factor of the augmented system that these cross-products give: the blocks
// of the first term, their panels, the supernodes of the others, and the rows of [X y]. For
// benchmarks.
// [[Rcpp::export(rng = false)]]
double factor_bytes_cpp(const Rcpp::List& moments) {
  const UserInterrupts interruptible;
  const henderson::CrossProducts cross_products = as_cross_products(moments);
  const auto structures = as_structures(moments, cross_products);
  const henderson::Equations system = henderson::build_equations(
      cross_products, henderson::standardize(cross_products, structures));
  const double values = static_cast<double>(system.leaf_diagonal.size()) +
                        static_cast<double>(system.panel_values.size()) +
                        static_cast<double>(system.supernodes.n_values()) +
                        static_cast<double>(system.zxy.size());
  return values * sizeof(double);
}
