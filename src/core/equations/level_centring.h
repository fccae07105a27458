// Cross-products of [X y] about their own random effects, for fits in which these are so large that
// the ordinary ones cancel.
//
// r^2 and X'V^-1 X are what is left of y'y and X'X after the levels' part is taken off: at a
// variance ratio of 1e12 four digits. With any coefficients B, [X y] = [X~ y~] + Z B', and the
// penalized least-squares problem in w = u - Lambda^-1 B' (1, -beta) has the cross-products
//   Lambda'Z'W[X~ y~] - Lambda^-1 B',  [X~ y~]'W[X~ y~] + B Lambda^-T Lambda^-1 B':
// sums of positive parts that are small where B are the random effects of X's columns and y
// themselves. The same model, criterion and derivatives, to the digits of the rows.
#ifndef HENDERSON_EQUATIONS_LEVEL_CENTRING_H_
#define HENDERSON_EQUATIONS_LEVEL_CENTRING_H_

#include <vector>

#include "algebra/types.h"
#include "data/cross_products.h"
#include "data/rows.h"
#include "equations/equations.h"

namespace henderson {

// The rows of the cross-products, and the order of their levels there (equations/level_order.h).
struct RowSource {
  const DataRows& rows;
  const std::vector<std::vector<int>>& original;  // [term][position]: the level; empty: as it was
};

// y is taken about X beta first, then [X y] about Z B'. beta and B (of X and y as they are in the
// system) in the system's order and standardized units. One pass over the rows.
void centre_levels(const RowSource& source, const CrossProducts& moments, const Vector& beta,
                   Coefficients b, Equations* system);

}  // namespace henderson

#endif  // HENDERSON_EQUATIONS_LEVEL_CENTRING_H_
