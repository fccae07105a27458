// The order in which levels are worked through.
//
// Users number levels as they like: the students of a class may be spread over a million numbers.
// Where a term is nested in another, or nearly, levels that meet the same level of the other are
// put next to each other, so that what they update together is in the cache together. The model
// does not change; results are put back in the user's order.
#ifndef HENDERSON_EQUATIONS_LEVEL_ORDER_H_
#define HENDERSON_EQUATIONS_LEVEL_ORDER_H_

#include <vector>

#include "data/cross_products.h"

namespace henderson {

struct LevelOrder {
  std::vector<std::vector<int>> original;  // [term][position]: the user's level; empty: as it was
};

// Sorts the levels of the moments, unless the first term has fewer than `least` of them: these fit
// in the cache in any order.
LevelOrder sort_levels(CrossProducts* moments, int least = 4096);

// What is stored by levels of one term, a column each, in the user's order.
Matrix restore_columns(const LevelOrder& order, int term, const Matrix& columns);
// Puts sorted cross-products back.
void restore_levels(const LevelOrder& order, CrossProducts* moments);

}  // namespace henderson

#endif  // HENDERSON_EQUATIONS_LEVEL_ORDER_H_
