// Cross-products from rows, in two passes over them.
#ifndef HENDERSON_DATA_ACCUMULATE_H_
#define HENDERSON_DATA_ACCUMULATE_H_

#include <vector>

#include "algebra/types.h"
#include "data/cross_products.h"
#include "data/gram.h"
#include "data/rows.h"

namespace henderson {

// The means of covariates, of X those of the gram, and the least-squares fit of y.
Shifts usual_shifts(const DataRows& rows, const GramResult& gram);
// About these, or about others, of which those of X are the gram's.
CrossProducts accumulate(const DataRows& rows, const GramResult& gram);
CrossProducts accumulate(const DataRows& rows, const GramResult& gram, const Shifts& shifts);

// Adds `factor` times the products of some rows (0-based; -1 takes them out), about the shifts of
// the sums. Their levels must meet in the incidence (std::invalid_argument, nothing added).
void add_rows(const DataRows& rows, const std::vector<Index>& which, double factor,
              CrossProducts* sums);

// Puts another response into sums over the same rows, in two passes over it and what it meets:
// about its own least-squares fit, as accumulate() does.
void replace_response(const DataRows& rows, CrossProducts* sums);

}  // namespace henderson

#endif  // HENDERSON_DATA_ACCUMULATE_H_
