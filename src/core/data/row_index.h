// Sums over the rows with other weights, again and again: each row knows the places of its numbers.
#ifndef HENDERSON_DATA_ROW_INDEX_H_
#define HENDERSON_DATA_ROW_INDEX_H_

#include <vector>

#include "algebra/types.h"
#include "data/cross_products.h"
#include "data/rows.h"

namespace henderson {

// By pair of terms and row: the entry of the levels that the row is in.
using RowIndex = std::vector<std::vector<int>>;

// Of rows whose levels all meet in the incidence (std::invalid_argument otherwise).
RowIndex index_rows(const DataRows& rows, const Incidence& incidence);

// Rows, their places and the shifts that columns are taken about.
struct IndexedRows {
  const DataRows& rows;
  const Shifts& shifts;
  const RowIndex& index;
};

// Rows [first, first + count): eta += Z b; b of each term v x J, of centred columns.
void add_random(const IndexedRows& data, const std::vector<Matrix>& b, Index first, Index count,
                double* eta);
// sums += Z'WZ, w being that of these rows.
void add_squares(const IndexedRows& data, Index first, Index count, const double* w,
                 CrossProducts* sums);
// by_level += Z'values, v x J of each term.
void add_values(const IndexedRows& data, Index first, Index count, const double* values,
                std::vector<Matrix>* by_level);
// The same for p columns of values (count x p): p x (v J) of each term.
void add_columns(const IndexedRows& data, Index first, const Matrix& values,
                 std::vector<Matrix>* by_level);
// out_i = <inverse, d(Z'WZ)/dw_i>, with a symmetric matrix in the places of the cross-products:
// z_i'C z_i, the leverages for C = Lambda M^-1 Lambda'.
void leverages(const IndexedRows& data, const CrossProducts& inverse, Index first, Index count,
               double* out);

}  // namespace henderson

#endif  // HENDERSON_DATA_ROW_INDEX_H_
