// The standardized cross-products in the layout of the blocked factorization. Leaf, remainder and
// the dense columns [X y], kept as rows (equations/layout.h). Lower triangle:
//
//   A_00                                 leaf_diagonal: a block for each level
//         A_11
//               A_22
//   A_r0  A_r1  A_r2  A_rr                 panel_values: rows that a level meets; remainder_values
//   Y_0   Y_1   Y_2   Y_r  [X y]'W[X y]    zxy: leaf, remainder; xy
//
// The factor (equations/factor.h) has the same places, but fills A_rr by supernodes. A drawing with
// sizes: vignettes/algorithm.Rmd, "The blocked Cholesky factor".
#ifndef HENDERSON_EQUATIONS_EQUATIONS_H_
#define HENDERSON_EQUATIONS_EQUATIONS_H_

#include <memory>
#include <vector>

#include "algebra/types.h"
#include "data/cross_products.h"
#include "equations/coefficients.h"
#include "equations/layout.h"
#include "equations/standardization.h"

namespace henderson {

// Sums of another response about the same shifts of X and Z: a response's part of CrossProducts.
struct ResponseSums {
  Vector xy;               // [X y]'Wy
  std::vector<Vector> zy;  // Z_t'Wy of each term
};

struct Equations {
  Equations(std::shared_ptr<const Layout> layout, Standardization basis,
            const CrossProducts& numbers);

  // Other numbers in the same layout and basis, in time of the numbers.
  void fill(const CrossProducts& numbers);
  // The row of y only.
  void set_response(const ResponseSums& response);

  std::shared_ptr<const Layout> layout;
  Standardization basis;

  Matrix leaf_diagonal;                  // A_jj, v0 v0 x J0
  std::vector<double> panel_values;      // A_rj: R_j x v0, column-major, at panel_start[j] v0
  std::vector<double> remainder_values;  // A_rr by blocks
  Coefficients zxy;                      // [X y]'Wz, P right-hand sides
  Matrix xy;                             // P x P

  // B of [X y] = [X~ y~] + Z B' where levels are centred (equations/level_centring.h), in the
  // layout of zxy, which then are products of [X~ y~], as xy is. Empty: B = 0.
  Coefficients centre;
  bool centred() const { return centre.size() > 0; }

  const double* panel(Index j) const {
    return panel_values.data() + layout->panel_start[j] * layout->leaf_size();
  }
};

}  // namespace henderson

#endif  // HENDERSON_EQUATIONS_EQUATIONS_H_
