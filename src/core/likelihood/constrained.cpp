#include "likelihood/constrained.h"

#include <algorithm>
#include <utility>

namespace henderson {

ConstrainedObjective::ConstrainedObjective(AbsoluteObjective* held,
                                           std::vector<ConstrainedCoordinate> all,
                                           std::vector<CovariancePrior> priors)
    : held_(*held),
      all_(std::move(all)),
      is_deviation_(all_.size(), 0),
      priors_(std::move(priors)) {
  for (const ConstrainedCoordinate& one : all_) {
    coordinates_.size = std::max(coordinates_.size, one.free + 1);
  }
  std::vector<int> cone_at(coordinates_.size, -1);
  for (Cone cone : held_.coordinates().cones) {
    if (cone.size == 1) is_deviation_[cone.first] = 1;
    cone.first = all_[cone.first].free;
    if (cone.first < 0) continue;
    int& known = cone_at[cone.first];
    if (known >= 0) {
      coordinates_.cones[known].levels += cone.levels;
      continue;
    }
    known = static_cast<int>(coordinates_.cones.size());
    coordinates_.cones.push_back(cone);
  }
}

Vector ConstrainedObjective::complete(const Vector& x) const {
  Vector all(static_cast<Index>(all_.size()));
  for (Index i = 0; i < all.size(); ++i) {
    all[i] = all_[i].free < 0 ? all_[i].value : all_[i].rate * x[all_[i].free];
  }
  return all;
}

Vector ConstrainedObjective::reduce(const Vector& all) const {
  Vector x = Vector::Zero(coordinates_.size);
  for (Index i = 0; i < all.size(); ++i) {
    if (all_[i].free >= 0) x[all_[i].free] = all[i] / all_[i].rate;
  }
  return x;
}

// In the chart of covariances a deviation's coordinate is its square.
Matrix ConstrainedObjective::jacobian(Chart chart) const {
  Matrix result = Matrix::Zero(static_cast<Index>(all_.size()), coordinates_.size);
  for (Index i = 0; i < result.rows(); ++i) {
    if (all_[i].free < 0) continue;
    const bool square = chart == Chart::kCovariance && is_deviation_[i];
    result(i, all_[i].free) = square ? all_[i].rate * all_[i].rate : all_[i].rate;
  }
  return result;
}

Evaluation ConstrainedObjective::evaluate(const Vector& x, Order order, Chart chart) {
  const Vector all = complete(x);
  Evaluation result = held_.evaluate(all, order, chart);
  for (const CovariancePrior& prior : priors_) add_prior(prior, all, chart, &result);
  const Matrix moved = jacobian(chart);
  for (Vector* own : {&result.expected, &result.gradient}) {
    if (own->size() > 0) *own = (moved.transpose() * *own).eval();
  }
  for (Matrix* own : {&result.hessian, &result.metric}) {
    if (own->size() > 0) *own = (moved.transpose() * *own * moved).eval();
  }
  return result;
}

}  // namespace henderson
