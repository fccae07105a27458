// The derivative of the criterion by the cross-products themselves.
#ifndef HENDERSON_LIKELIHOOD_RESIDUAL_GRADIENT_H_
#define HENDERSON_LIKELIHOOD_RESIDUAL_GRADIENT_H_

#include "algebra/types.h"
#include "data/cross_products.h"
#include "equations/factor.h"

namespace henderson {

// Of A = [Z X y]'R^-1[Z X y]: dd = <determinants + residual, dA> + dlog|R| with
//   determinants = blkdiag(Lambda M^-1 Lambda', 0, 0), REML: + T Phi T',  T = [-Lambda U; I; 0],
//   residual = (m/r^2) e e',  e = [-b; -beta; 1],
// U = M^-1 Lambda'Z'R^-1 X. In the places of cross-products (data/residual_sums.h), in the units of
// their columns.
struct CrossProductGradient {
  CrossProducts determinants;
  CrossProducts residual;
};

// The factor is overwritten by its selected inverse. numbers: of the factor's equations; of them
// only the shape is used. m: n, or n - p for REML.
CrossProductGradient cross_product_gradient(Factor* factor, const CrossProducts& numbers, bool reml,
                                            double m);

}  // namespace henderson

#endif  // HENDERSON_LIKELIHOOD_RESIDUAL_GRADIENT_H_
