// Trust-region Newton minimiser of a smooth function given through its value, gradient and an
// approximate Hessian. It knows nothing of models.
//
// Steps minimise the quadratic model within a radius, with |eig(H)| (so that saddle points repel)
// as long as the Hessian is approximate; see SmoothFunction::improve_hessian().
// A coordinate with a positive floor is kept at |x_i| >= floor_i, and held there while the gradient
// pushes it towards zero. Stops one step after the model predicts a decrease of at most
// `tolerance`, or when the decrease is below the function's rounding noise and the gradient no
// longer shrinks.
#ifndef HENDERSON_SEARCH_TRUST_REGION_H_
#define HENDERSON_SEARCH_TRUST_REGION_H_

#include <limits>
#include <vector>

#include "algebra/types.h"
#include "search/result.h"

namespace henderson {

class SmoothFunction {
 public:
  virtual ~SmoothFunction() = default;
  // +infinity where the function is undefined.
  virtual double value(const Vector& x) = 0;
  // At the point of the last call of value().
  virtual void derivatives(Vector* gradient, Matrix* hessian) = 0;
  // Rounding error to be expected in value(), at the point of its last call.
  virtual double noise() const = 0;
  // Asked for when convergence is slow: true if derivatives() will give a better Hessian from now
  // on.
  virtual bool improve_hessian() { return false; }
};

struct TrustRegionOptions {
  int used = 0;  // evaluations before this search, which count
  int max_evaluations = 200;
  double tolerance = 1e-12;
  double initial_radius = 1.0;
  Vector floors;            // empty: none
  std::vector<bool> fixed;  // empty: none; coordinates that stay as they are
  // Value at the start if the caller has just evaluated it there; NaN: not known.
  double start_value = std::numeric_limits<double>::quiet_NaN();
};

// Leaves the function evaluated (value and derivatives) at the result's x.
SearchResult minimize(SmoothFunction* function, const Vector& start,
                      const TrustRegionOptions& options);

}  // namespace henderson

#endif  // HENDERSON_SEARCH_TRUST_REGION_H_
