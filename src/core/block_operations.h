// Products of right-hand sides with A = Z'WZ and with Lambda, in the layout of the blocked factor:
// a right-hand side per row, a random coefficient per column, the leaf's and the remainder's apart.
#ifndef HENDERSON_BLOCK_OPERATIONS_H_
#define HENDERSON_BLOCK_OPERATIONS_H_

#include <vector>

#include "block_system.h"
#include "types.h"

namespace henderson {

// (leaf_out, remainder_out) = (leaf, remainder) A.
void multiply_cross_products(const BlockSystem& system, const Matrix& leaf, const Matrix& remainder,
                             Matrix* leaf_out, Matrix* remainder_out);

// (leaf, remainder) := (leaf, remainder) Lambda', or times Lambda with transpose.
void apply_lambda(const BlockSystem& system, const std::vector<Matrix>& lambda, Matrix* leaf,
                  Matrix* remainder, bool transpose);
// The same for the remainder's columns only, the first of the matrix; further columns stay.
void apply_lambda_to_remainder(const BlockSystem& system, const std::vector<Matrix>& lambda,
                               Matrix* remainder, bool transpose);

}  // namespace henderson

#endif  // HENDERSON_BLOCK_OPERATIONS_H_
