// Which levels of two terms meet, and Z_t'WZ_s of those that do.
#ifndef HENDERSON_DATA_PAIRS_H_
#define HENDERSON_DATA_PAIRS_H_

#include <vector>

#include "data/cross_products.h"
#include "data/rows.h"

namespace henderson {

// [t][s - t - 1]: for each level of term t the only level of term s that its rows are in (-1: it
// has no rows). Empty if t is not nested in s.
using Enclosing = std::vector<std::vector<std::vector<int>>>;

Enclosing find_all_enclosing(const DataRows& rows);

// The pattern and the values of all pairs of terms, given the sums of the terms.
struct PairSums {
  std::vector<Pair> pattern;
  std::vector<std::vector<double>> values;
};
PairSums accumulate_pairs(const DataRows& rows, const Enclosing& enclosing,
                          const std::vector<Vector>& shifts, const std::vector<TermSums>& sums);

}  // namespace henderson

#endif  // HENDERSON_DATA_PAIRS_H_
