// The same sums seen otherwise: more levels, another order of levels and terms, fewer columns.
#ifndef HENDERSON_DATA_REARRANGE_H_
#define HENDERSON_DATA_REARRANGE_H_

#include <vector>

#include "data/cross_products.h"

namespace henderson {

// Of each term, as it is numbered before:
struct NewLevels {
  std::vector<int> position;  // where each level goes, -1: it goes, as it has no rows; empty: it
                              // keeps its number
  int n_levels = 0;           // afterwards; levels where none goes have no rows
};

// Term k is the one that was order[k]; each of them occurs once (std::invalid_argument).
CrossProducts rearrange(const CrossProducts& sums, const std::vector<int>& order,
                        const std::vector<NewLevels>& levels);

// Of the model that has only some columns of X, and of each term (0-based). Terms
// without a column are not part of it. About the least-squares fit of y on what is left of X, and
// about the means of columns only if their column of ones stays.
CrossProducts select_columns(const CrossProducts& sums, const std::vector<int>& x,
                             const std::vector<std::vector<int>>& z);

// Squared length of each column of X beside the earlier ones, over what it is by itself; about a
// mean where there is a column of ones. Columns below kRankPivot count as combinations of these.
constexpr double kRankPivot = 1e-13;
Vector relative_pivots(const CrossProducts& sums);

}  // namespace henderson

#endif  // HENDERSON_DATA_REARRANGE_H_
