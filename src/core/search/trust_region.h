// Trust-region Newton minimiser of an objective in the chart of factors.
//
// Steps minimise the quadratic model within a radius, with |eig(H)| (so that saddle points repel)
// as long as the Hessian is approximate; where that converges slowly, and it pays, the exact one
// takes over.
// A coordinate with a positive floor is kept at |x_i| >= floor_i, and held there while the gradient
// pushes it towards zero. Stops one step after the model predicts a decrease of at most
// `tolerance`, or when the decrease is below the function's rounding noise and the gradient no
// longer shrinks.
#ifndef HENDERSON_SEARCH_TRUST_REGION_H_
#define HENDERSON_SEARCH_TRUST_REGION_H_

#include <vector>

#include "algebra/types.h"
#include "search/objective.h"
#include "search/result.h"

namespace henderson {

struct TrustRegionOptions {
  int used = 0;  // evaluations before this search, which count
  int max_evaluations = 200;
  double tolerance = 1e-12;
  double initial_radius = 1.0;
  bool exact = false;       // the exact Hessian from the start
  Vector floors;            // empty: none
  std::vector<bool> fixed;  // empty: none; coordinates that stay as they are
};

// *exact: whether the exact Hessian was taken to.
SearchResult minimize(Objective* objective, const Vector& start, const TrustRegionOptions& options,
                      bool* exact = nullptr);

}  // namespace henderson

#endif  // HENDERSON_SEARCH_TRUST_REGION_H_
