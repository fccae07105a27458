// What the passes over the rows share.
#ifndef HENDERSON_DATA_LEVEL_VALUES_H_
#define HENDERSON_DATA_LEVEL_VALUES_H_

#include "data/cross_products.h"
#include "data/rows.h"

namespace henderson {

// Where there are more sums by level than fit in the cache they are fetched this many rows ahead:
// the levels of the rows to come are known, and waiting for memory row by row would cost.
constexpr Index kAhead = 24;
constexpr Index kCacheDoubles = 32768;

// A value of a centred column of Z.
inline double z_value(const BlockTermRows& term, const Vector& shift, int c, Index i) {
  return (term.columns[c] == nullptr ? 1.0 : term.columns[c][i]) - shift[c];
}

}  // namespace henderson

#endif  // HENDERSON_DATA_LEVEL_VALUES_H_
