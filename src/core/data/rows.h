// Rows of data as the core reads them.
#ifndef HENDERSON_DATA_ROWS_H_
#define HENDERSON_DATA_ROWS_H_

#include <vector>

#include "algebra/types.h"

namespace henderson {

// Rows of data, borrowed from the caller for the duration of one call.
struct BlockTermRows {
  std::vector<const double*> columns;  // one per z column; nullptr is the column of ones
  const int* level = nullptr;          // 1-based
  int n_levels = 0;
};

struct DataRows {
  Index n = 0;
  int p = 0;
  const double* x = nullptr;         // n x p
  const double* y = nullptr;         // offset already subtracted
  const double* weights = nullptr;   // nullptr: all one; zero rows are left out
  int intercept = -1;                // index of X's column of ones, -1 if there is none
  std::vector<BlockTermRows> terms;  // by decreasing number of levels
};

inline double weight_of(const DataRows& rows, Index i) {
  return rows.weights == nullptr ? 1.0 : rows.weights[i];
}

inline bool is_ones(const BlockTermRows& term) {
  return term.columns.size() == 1 && term.columns[0] == nullptr;
}

}  // namespace henderson

#endif  // HENDERSON_DATA_ROWS_H_
