#include <memory>

#include "convert.h"
#include "equations/equations.h"
#include "equations/level_order.h"
#include "equations/standardization.h"
#include "henderson_types.h"
#include "prepared.h"

// Cross-products as a plain list, in the order of levels that R knows; NULL if they take more than
// `bytes`. The rank of X is the caller's business.
// [[Rcpp::export(rng = false)]]
SEXP cross_products_cpp(SEXP prepared, double bytes) {
  const UserInterrupts interruptible;
  Prepared* own = as_prepared(prepared);
  const std::shared_ptr<const henderson::CrossProducts> moments = own->moments();
  if (!(moments->bytes() <= bytes)) return R_NilValue;
  if (!own->is_sorted()) return wrap_cross_products(*moments, own->specs());
  henderson::CrossProducts restored = *moments;
  henderson::restore_levels(own->order(), &restored);
  return wrap_cross_products(restored, own->specs());
}

// a + factor b of two lists of cross-products with equal terms and levels, about the shifts of the
// first.
// [[Rcpp::export(rng = false)]]
Rcpp::List add_cross_products_cpp(const Rcpp::List& a, const Rcpp::List& b, double factor = 1) {
  const UserInterrupts interruptible;
  henderson::CrossProducts sum = as_cross_products(a);
  henderson::add(as_cross_products(b), factor, &sum);
  return wrap_cross_products(sum, a["specs"]);
}

// Bytes of the Cholesky factor of the augmented system that these cross-products give: the blocks
// of the first term, their panels, the supernodes of the others, and the rows of [X y]. For
// benchmarks.
// [[Rcpp::export(rng = false)]]
double factor_bytes_cpp(const Rcpp::List& moments) {
  const UserInterrupts interruptible;
  const henderson::CrossProducts cross_products = as_cross_products(moments);
  const auto structures = as_structures(moments, cross_products);
  const henderson::Equations system(
      std::make_shared<const henderson::Layout>(*cross_products.incidence),
      henderson::standardize(cross_products, structures), cross_products);
  const double values = static_cast<double>(system.leaf_diagonal.size()) +
                        static_cast<double>(system.panel_values.size()) +
                        static_cast<double>(system.layout->supernodes.n_values()) +
                        static_cast<double>(system.zxy.size());
  return values * sizeof(double);
}
