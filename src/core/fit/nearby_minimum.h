// The minimum next to a point, for models that differ a little from one that has been fitted.
#ifndef HENDERSON_FIT_NEARBY_MINIMUM_H_
#define HENDERSON_FIT_NEARBY_MINIMUM_H_

#include <vector>

#include "algebra/types.h"
#include "search/certificate.h"
#include "search/objective.h"
#include "search/result.h"

namespace henderson {

struct NearbyMinimum {
  SearchResult found;  // kUndefined: there is no criterion at the start, nor a certificate
  Certificate certificate;
};

// The search over covariances, then that over factors where the first one's end is no minimum and
// the second one's is not higher. One start: of several minima the nearest.
NearbyMinimum search_nearby(Objective* objective, const Vector& start,
                            const SearchOptions& options);

// From other starts, each search for as long as it does not come near the lowest minimum known or
// a higher one. kUndefined: none is lower than `known`.
NearbyMinimum search_elsewhere(Objective* objective, const std::vector<Vector>& starts,
                               const SearchResult& known, const SearchOptions& options);

// Puts `other` in the place of `best` where it is lower, or certain and no higher; evaluations are
// those of both.
void take_better(NearbyMinimum other, NearbyMinimum* best);

// A start for other data than those it was estimated from: a variance of zero has no way out of its
// own there.
Vector start_for_other_data(const Coordinates& coordinates, const Vector& x);

}  // namespace henderson

#endif  // HENDERSON_FIT_NEARBY_MINIMUM_H_
