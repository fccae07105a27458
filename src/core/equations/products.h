// Products of right-hand sides with A = Z'WZ and with Lambda, in the layout of the blocked factor.
#ifndef HENDERSON_EQUATIONS_PRODUCTS_H_
#define HENDERSON_EQUATIONS_PRODUCTS_H_

#include <vector>

#include "algebra/types.h"
#include "equations/equations.h"

namespace henderson {

// in A.
Coefficients multiply_cross_products(const Equations& system, const Coefficients& in);

// The two parts of it, for r right-hand sides: out = remainder A_rr, and the products of some leaf
// levels (r x v0 levels, of which leaf_out is overwritten) with their own blocks and with the
// remainder (r x q_r).
void multiply_remainder(const Equations& system, Index r, const Matrix& remainder, Matrix* out);
void multiply_leaf(const Equations& system, Index first, Index levels, Index r, const double* leaf,
                   const double* remainder, double* leaf_out, double* remainder_out);

// out_j = in_j right for leaf levels that follow each other, r right-hand sides each.
void multiply_levels(const Matrix& right, Index r, Index levels, const double* in, double* out);
// rhs := rhs Lambda', or times Lambda with transpose.
void apply_lambda(const Equations& system, const std::vector<Matrix>& lambda, Coefficients* rhs,
                  bool transpose);
// The same for the remainder's columns only, the first of the matrix; further columns stay.
void apply_lambda_to_remainder(const Equations& system, const std::vector<Matrix>& lambda,
                               Matrix* remainder, bool transpose);

// rows := rows K of the terms whose levels have a known precision (covariance/level_precision.h).
void spread_over_levels(const Layout& layout, Coefficients* rows);

}  // namespace henderson

#endif  // HENDERSON_EQUATIONS_PRODUCTS_H_
