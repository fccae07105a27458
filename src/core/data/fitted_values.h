#ifndef HENDERSON_DATA_FITTED_VALUES_H_
#define HENDERSON_DATA_FITTED_VALUES_H_

#include <vector>

#include "algebra/types.h"
#include "data/cross_products.h"
#include "data/rows.h"

namespace henderson {

// Fitted values X beta + Z b of all rows, in one pass, and the sum of w (y - fitted)^2, which is
// returned. beta is relative to y_shift, and both are for columns centred as the sums are;
// modes: v x J per block term.
double fit_rows(const DataRows& rows, const CrossProducts& sums, const Vector& beta,
                const std::vector<Matrix>& modes, double* fitted);

}  // namespace henderson

#endif  // HENDERSON_DATA_FITTED_VALUES_H_
