// All that a search knows of what it minimizes.
#ifndef HENDERSON_SEARCH_OBJECTIVE_H_
#define HENDERSON_SEARCH_OBJECTIVE_H_

#include <limits>

#include "algebra/types.h"
#include "search/coordinates.h"

namespace henderson {

// What of an evaluation is wanted, each with what stands before it but kMatched and kTraces.
//  kMatched: a gradient and a stand-in for the Hessian that is good far from the minimum;
//  kAverage: the Hessian by average information, a mean of the observed and the expected one;
//  kTraces: the exact Hessian.
enum class Order { kValue, kGradient, kMatched, kAverage, kTraces };

struct Evaluation {
  double value = std::numeric_limits<double>::infinity();  // infinite where it is undefined
  double rounding = 0;                                     // error to be expected in the value
  Vector gradient;
  // Of the gradient, which is expected - observed; by coordinates tr(D dGamma).
  Vector expected;
  Matrix hessian;  // approximate unless exact
  Matrix metric;   // Fisher information or a stand-in, positive semidefinite
  bool exact = false;
  // m if a scale sigma^2 is profiled out: the Hessian has -observed observed'/m; else infinite.
  double residual_df = std::numeric_limits<double>::infinity();
};

// What the exact Hessian costs, beside a gradient: no more, some tens of it, or more than it pays.
enum class TraceCost { kLittle, kMuch, kTooMuch };

// Rounding with what only a pass over all levels tells.
struct FullRounding {
  double value = 0;  // error to be expected in the value
  double scale = 0;  // what is unknown of the profiled scale, relative to it
};

class Objective {
 public:
  virtual ~Objective() = default;
  virtual const Coordinates& coordinates() const = 0;
  // Depends on its arguments only; what was computed for the last x may be kept.
  virtual Evaluation evaluate(const Vector& x, Order order, Chart chart) = 0;
  virtual FullRounding full_rounding(const Vector& x) = 0;
  virtual TraceCost trace_cost() const = 0;

  double value(const Vector& x) { return evaluate(x, Order::kValue, Chart::kFactor).value; }
};

}  // namespace henderson

#endif  // HENDERSON_SEARCH_OBJECTIVE_H_
