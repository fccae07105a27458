// An objective one of whose coordinates is held.
#ifndef HENDERSON_SEARCH_HELD_COORDINATE_H_
#define HENDERSON_SEARCH_HELD_COORDINATE_H_

#include "algebra/types.h"
#include "search/coordinates.h"
#include "search/objective.h"

namespace henderson {

class HeldCoordinate : public Objective {
 public:
  // held: a coordinate of `whole` that is free or a cone of one.
  HeldCoordinate(Objective* whole, int held);

  const Coordinates& coordinates() const override { return coordinates_; }
  Evaluation evaluate(const Vector& x, Order order, Chart chart) override;
  FullRounding full_rounding(const Vector& x) override { return whole_.full_rounding(complete(x)); }
  TraceCost trace_cost() const override { return whole_.trace_cost(); }

  void hold(double value) { value_ = value; }
  // All coordinates from those that are not held, and the reverse.
  Vector complete(const Vector& x) const;
  Vector reduce(const Vector& all) const;

 private:
  Objective& whole_;
  int held_;
  double value_ = 0;
  Coordinates coordinates_;
  std::vector<int> others_;
};

}  // namespace henderson

#endif  // HENDERSON_SEARCH_HELD_COORDINATE_H_
