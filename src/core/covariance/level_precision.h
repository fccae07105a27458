// A known precision of the levels of a term: relationships among animals, neighbourhoods.
#ifndef HENDERSON_COVARIANCE_LEVEL_PRECISION_H_
#define HENDERSON_COVARIANCE_LEVEL_PRECISION_H_

#include <vector>

#include "algebra/types.h"

namespace henderson {

// Lower triangle of a symmetric matrix by columns.
struct SparseLower {
  int size = 0;
  std::vector<Index> start;  // size + 1
  std::vector<int> row;      // >= its column
  std::vector<double> value;
};

// The levels' random effects have the covariance matrix K (x) Gamma. Empty: K = I.
struct LevelPrecision {
  SparseLower inverse;  // K^-1, with all of its diagonal
  double log_det = 0;   // log|K|

  bool empty() const { return inverse.size == 0; }
};

}  // namespace henderson

#endif  // HENDERSON_COVARIANCE_LEVEL_PRECISION_H_
