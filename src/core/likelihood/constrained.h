// The criterion with sigma^2 as a coordinate (likelihood/absolute.h), where coordinates are held at
// a value or multiples of each other, and priors add to it.
#ifndef HENDERSON_LIKELIHOOD_CONSTRAINED_H_
#define HENDERSON_LIKELIHOOD_CONSTRAINED_H_

#include <vector>

#include "algebra/types.h"
#include "likelihood/absolute.h"
#include "likelihood/prior.h"
#include "search/coordinates.h"
#include "search/objective.h"

namespace henderson {

// One coordinate of (z, tau): rate * x[free], or `value` where free is -1.
struct ConstrainedCoordinate {
  int free = -1;
  double rate = 1;
  double value = 0;
};

class ConstrainedObjective : public Objective {
 public:
  // held: of all coordinates. all: those of (z, tau). Entries of cones larger than one are free, of
  // rate 1, in their order; multiples of each other are cones of one, and their rates positive.
  // With priors there are no second derivatives by covariances.
  ConstrainedObjective(AbsoluteObjective* held, std::vector<ConstrainedCoordinate> all,
                       std::vector<CovariancePrior> priors);

  const Coordinates& coordinates() const override { return coordinates_; }
  Evaluation evaluate(const Vector& x, Order order, Chart chart) override;
  FullRounding full_rounding(const Vector& x) override { return held_.full_rounding(complete(x)); }
  TraceCost trace_cost() const override { return held_.trace_cost(); }

  // (z, tau) at x, and an x from which it comes.
  Vector complete(const Vector& x) const;
  Vector reduce(const Vector& all) const;

 private:
  // d(z, tau)/dx in a chart.
  Matrix jacobian(Chart chart) const;

  AbsoluteObjective& held_;
  std::vector<ConstrainedCoordinate> all_;
  std::vector<char> is_deviation_;  // a cone of one
  std::vector<CovariancePrior> priors_;
  Coordinates coordinates_;
};

}  // namespace henderson

#endif  // HENDERSON_LIKELIHOOD_CONSTRAINED_H_
