#include "search/held_coordinate.h"

#include "algebra/symmetric.h"

namespace henderson {

HeldCoordinate::HeldCoordinate(Objective* whole, int held) : whole_(*whole), held_(held) {
  const Coordinates& all = whole_.coordinates();
  coordinates_.size = all.size - 1;
  for (Cone cone : all.cones) {
    if (cone.first == held) continue;
    if (cone.first > held) --cone.first;
    coordinates_.cones.push_back(cone);
  }
  for (int i = 0; i < all.size; ++i) {
    if (i != held) others_.push_back(i);
  }
}

Vector HeldCoordinate::complete(const Vector& x) const {
  Vector all(x.size() + 1);
  all << x.head(held_), value_, x.tail(x.size() - held_);
  return all;
}

Vector HeldCoordinate::reduce(const Vector& all) const { return subvector(all, others_); }

Evaluation HeldCoordinate::evaluate(const Vector& x, Order order, Chart chart) {
  Evaluation result = whole_.evaluate(complete(x), order, chart);
  for (Vector* own : {&result.expected, &result.gradient}) {
    if (own->size() > 0) *own = subvector(*own, others_);
  }
  for (Matrix* own : {&result.hessian, &result.metric}) {
    if (own->size() > 0) *own = submatrix(*own, others_);
  }
  return result;
}

}  // namespace henderson
