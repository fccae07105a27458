// Cross-products from rows, in two passes over them.
#ifndef HENDERSON_DATA_ACCUMULATE_H_
#define HENDERSON_DATA_ACCUMULATE_H_

#include "algebra/types.h"
#include "data/cross_products.h"
#include "data/gram.h"
#include "data/rows.h"

namespace henderson {

CrossProducts accumulate(const DataRows& rows, const GramResult& gram);

// Puts another response into moments of the same rows, in two passes over it and what it meets:
// about its own least-squares fit, as accumulate() does.
void replace_response(const DataRows& rows, CrossProducts* moments);

}  // namespace henderson

#endif  // HENDERSON_DATA_ACCUMULATE_H_
