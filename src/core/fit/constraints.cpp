#include "fit/constraints.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "algebra/eigen_decompositions.h"
#include "algebra/symmetric.h"
#include "covariance/separated.h"
#include "fit/nearby_minimum.h"
#include "fit/starts.h"

namespace henderson {

namespace {

bool is_wide(const PlacedStructure& own) {
  return own.structure->basis() == Basis::kAny && own.n_columns() > 1;
}

bool holds(const PlacedStructure& own, int theta) {
  return theta >= own.first_parameter && theta < own.first_parameter + own.n_parameters();
}

// The effects of an unstructured term in an order in which each correlation that is named is a
// coordinate: all of them are with one effect, or none is free.
std::vector<int> effect_order(const PlacedStructure& own, const Constraints& constraints) {
  const int v = own.n_columns();
  std::vector<std::vector<int>> pairs;
  int n_held = 0;
  for (const ConstrainedParameter& one : constraints.parameters) {
    if (one.is_deviation || !holds(own, one.theta)) continue;
    pairs.push_back({one.row, one.column});
    if (std::isfinite(one.value)) ++n_held;
  }
  int first = 0;
  if (!pairs.empty() && n_held < v * (v - 1) / 2) {
    first = -1;
    for (const int candidate : pairs.front()) {
      const bool common = std::all_of(pairs.begin(), pairs.end(), [&](const auto& pair) {
        return pair[0] == candidate || pair[1] == candidate;
      });
      if (common) first = candidate;
    }
    if (first < 0) throw std::invalid_argument("correlations must share one effect");
  }
  std::vector<int> order = {first};
  for (int i = 0; i < v; ++i) {
    if (i != first) order.push_back(i);
  }
  return order;
}

ConstrainedCoordinate held_at(double value) {
  ConstrainedCoordinate one;
  one.value = value;
  return one;
}

}  // namespace

ConstrainedFit::ConstrainedFit(GaussianObjective* objective, const Constraints& constraints)
    : profiled_(*objective) {
  separate(constraints);
  absolute_ = std::make_unique<AbsoluteObjective>(objective, *random_, objective->random().start());
  sigma_0_ = absolute_->sigma(Vector::Zero(random_->n_parameters() + 1));
  hold(constraints);
  std::vector<CovariancePrior> priors;
  for (const TermPrior& prior : constraints.priors) {
    for (CovariancePrior& one : priors_on(prior)) priors.push_back(std::move(one));
  }
  constrained_ = std::make_unique<ConstrainedObjective>(absolute_.get(), all_, std::move(priors));
}

void ConstrainedFit::separate(const Constraints& constraints) {
  std::vector<TermStructures> structures = profiled_.random().structures();
  std::vector<Matrix> bases = profiled_.basis().z_map;
  std::vector<Matrix> inverses = profiled_.basis().z_inverse;
  std::vector<int> levels;
  for (const TermSums& sums : profiled_.moments().terms) levels.push_back(sums.n_levels);
  for (std::size_t t = 0; t < structures.size(); ++t) {
    for (PlacedStructure& placed : structures[t]) {
      const bool constrained =
          std::any_of(constraints.parameters.begin(), constraints.parameters.end(),
                      [&](const auto& one) { return holds(placed, one.theta); });
      if (!is_wide(placed) || !constrained) continue;
      Separation own{t, placed, effect_order(placed, constraints), Vector()};
      const int v = placed.n_columns();
      const int first = placed.first_column;
      own.unit = inverses[t].block(first, first, v, v).rowwise().norm();
      Matrix map(v, v);
      for (int k = 0; k < v; ++k) {
        map.col(k) = own.unit[own.order[k]] * bases[t].block(first, first + own.order[k], v, 1);
      }
      placed.structure = make_separated(map);
      bases[t].block(first, first, v, v).setIdentity();
      inverses[t].block(first, first, v, v).setIdentity();
      separations_.push_back(std::move(own));
    }
  }
  random_ = std::make_unique<RandomPart>(std::move(structures), levels, std::move(bases),
                                         std::move(inverses));
}

ConstrainedFit::Place ConstrainedFit::place(const ConstrainedParameter& parameter) const {
  Place result;
  for (const Separation& separation : separations_) {
    if (!holds(separation.own, parameter.theta)) continue;
    const std::vector<int>& order = separation.order;
    const auto where = [&](int effect) {
      return static_cast<int>(std::find(order.begin(), order.end(), effect) - order.begin());
    };
    const int row = where(parameter.row);
    if (parameter.is_deviation) {
      result.at = separation.own.first_parameter + row;
      result.unit = sigma_0_ * separation.unit[parameter.row];
      result.coordinate = parameter.value / result.unit;
    } else {
      const int column = where(parameter.column);
      result.at =
          separation.own.first_parameter +
          separated_angle(separation.own.n_columns(), std::max(row, column), std::min(row, column));
      result.coordinate = std::asin(parameter.value);
    }
    return result;
  }
  const RandomPart& random = profiled_.random();
  Vector theta = random.to_natural(random.start());
  theta[parameter.theta] = parameter.is_deviation ? 1 : parameter.value;
  const double coordinate = random.to_standard(theta)[parameter.theta];
  result.at = parameter.theta;
  if (parameter.is_deviation) {
    result.unit = sigma_0_ / coordinate;
    result.coordinate = parameter.value / result.unit;
  } else {
    result.coordinate = coordinate;
  }
  return result;
}

void ConstrainedFit::hold(const Constraints& constraints) {
  const int k = random_->n_parameters();
  all_.assign(k + 1, ConstrainedCoordinate());
  std::vector<char> held(k + 1, 0);
  if (std::isfinite(constraints.sigma)) {
    all_[k] = held_at(2 * std::log(constraints.sigma / sigma_0_));
    held[k] = 1;
  }
  std::vector<std::pair<int, Place>> members;  // of groups
  for (const ConstrainedParameter& one : constraints.parameters) {
    const Place own = place(one);
    if (std::isfinite(one.value)) {
      all_[own.at] = held_at(own.coordinate);
      held[own.at] = 1;
    } else if (one.group >= 0) {
      members.push_back({one.group, own});
    }
  }
  // all correlations of a term: angles of its factor, together
  for (const Separation& separation : separations_) {
    const int v = separation.own.n_columns();
    Matrix r = Matrix::Identity(v, v);
    int count = 0;
    for (const ConstrainedParameter& one : constraints.parameters) {
      if (one.is_deviation || !std::isfinite(one.value)) continue;
      if (!holds(separation.own, one.theta)) continue;
      const std::vector<int>& order = separation.order;
      const auto a = std::find(order.begin(), order.end(), one.row) - order.begin();
      const auto b = std::find(order.begin(), order.end(), one.column) - order.begin();
      r(a, b) = r(b, a) = one.value;
      ++count;
    }
    if (count == 0 || count < v * (v - 1) / 2) continue;
    const Vector angles = separated_parameters(r).tail(v * (v - 1) / 2);
    for (Index i = 0; i < angles.size(); ++i) {
      all_[separation.own.first_parameter + v + i] = held_at(angles[i]);
    }
  }
  // the first of a group stands for all
  std::vector<int> follows(k + 1, -1);
  for (std::size_t i = 0; i < members.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (members[j].first != members[i].first) continue;
      follows[members[i].second.at] = members[j].second.at;
      all_[members[i].second.at].rate = members[j].second.unit / members[i].second.unit;
      break;
    }
  }
  int next = 0;
  for (int i = 0; i <= k; ++i) {
    if (!held[i] && follows[i] < 0) all_[i].free = next++;
  }
  for (int i = 0; i <= k; ++i) {
    if (follows[i] >= 0) all_[i].free = all_[follows[i]].free;
  }
}

// In units of the coordinates: Sigma = sigma_0^2 K^-1 L L' K^-T, over sigma^2 without sigma_0.
std::vector<CovariancePrior> ConstrainedFit::priors_on(const TermPrior& prior) const {
  std::vector<CovariancePrior> result;
  const std::vector<TermStructures>& structures = profiled_.random().structures();
  for (std::size_t t = 0; t < structures.size(); ++t) {
    for (const PlacedStructure& own : structures[t]) {
      if (!holds(own, prior.theta)) continue;
      const double size = prior.relative ? 1 : sigma_0_;
      for (Cone cone : own.structure->cones()) {
        CovariancePrior one;
        one.relative = prior.relative;
        const int v = cone.size;
        const int column = own.first_column + (v > 1 ? 0 : cone.first);
        cone.first += own.first_parameter;
        one.cone = cone;
        const Matrix inverse = size * profiled_.basis().z_inverse[t].block(column, column, v, v);
        // of a matrix of one log|S| is that of log s, twice
        one.log_weight = prior.wishart ? prior.degrees - v - 1 : prior.degrees - 1;
        if (prior.wishart && prior.precision.size() > 0) {
          one.precision = inverse.transpose() * prior.precision * inverse;
        }
        if (!prior.wishart) one.rate = prior.rate * std::abs(inverse(0, 0));
        result.push_back(std::move(one));
      }
    }
  }
  return result;
}

Vector ConstrainedFit::start(double wider) const {
  const int k = random_->n_parameters();
  Vector all(k + 1);
  all << random_->start(), 0;
  const double size = all_[k].free < 0 ? std::exp(0.5 * all_[k].value) : 1.0;
  for (const Cone& cone : random_->coordinates().cones) {
    all.segment(cone.first, cone.n_coordinates()) *= wider * size;
  }
  return constrained_->reduce(all);
}

ConstrainedFit::Coordinate ConstrainedFit::coordinate_of(
    const ConstrainedParameter& parameter) const {
  const Place own = place(parameter);
  return {all_[own.at].free, own.unit * all_[own.at].rate};
}

ConstrainedFit::Coordinate ConstrainedFit::coordinate_of_sigma() const {
  return {all_.back().free, sigma_0_};
}

// Beside those of any coordinates: free correlations of either sign.
std::vector<Vector> ConstrainedFit::other_starts(const Vector& x) const {
  constexpr double kAngle = 1.2;  // a correlation of 0.93
  std::vector<Vector> starts = henderson::other_starts(constrained_->coordinates(), x);
  for (const Separation& separation : separations_) {
    for (const double angle : {kAngle, -kAngle}) {
      Vector other = x;
      for (int i = separation.own.n_columns(); i < separation.own.n_parameters(); ++i) {
        const int free = all_[separation.own.first_parameter + i].free;
        if (free >= 0) other[free] = angle;
      }
      if (other != x) starts.push_back(std::move(other));
    }
  }
  return starts;
}

Vector ConstrainedFit::coordinates_of(const Vector& theta, double sigma) const {
  const int k = random_->n_parameters();
  const double size = sigma / sigma_0_;
  Vector all(k + 1);
  all << profiled_.random().to_standard(theta), 2 * std::log(size);
  for (const Cone& cone : profiled_.random().coordinates().cones) {
    all.segment(cone.first, cone.n_coordinates()) *= size;
  }
  const std::vector<Matrix> lambda = profiled_.random().natural_factors(theta);
  for (const Separation& separation : separations_) {
    const int v = separation.own.n_columns();
    const int first = separation.own.first_column;
    const Matrix own = size * lambda[separation.term].block(first, first, v, v);
    Matrix rows(v, v);
    for (int i = 0; i < v; ++i) {
      rows.row(i) = own.row(separation.order[i]) / separation.unit[separation.order[i]];
    }
    all.segment(separation.own.first_parameter, separation.own.n_parameters()) =
        separated_parameters(rows * rows.transpose());
  }
  return all;
}

Vector ConstrainedFit::start_for_other_data(const Vector& theta, double sigma) const {
  constexpr double kWidest = 1.4;  // a correlation of 0.985
  Vector start =
      henderson::start_for_other_data(constrained_->coordinates(), from_natural(theta, sigma));
  for (const Separation& separation : separations_) {
    for (int i = separation.own.n_columns(); i < separation.own.n_parameters(); ++i) {
      const int free = all_[separation.own.first_parameter + i].free;
      if (free >= 0) start[free] = std::min(std::max(start[free], -kWidest), kWidest);
    }
  }
  return start;
}

Vector ConstrainedFit::from_natural(const Vector& theta, double sigma) const {
  return constrained_->reduce(coordinates_of(theta, sigma));
}

Vector ConstrainedFit::standardized(const Vector& x) const {
  const int k = random_->n_parameters();
  const Vector all = constrained_->complete(x);
  Vector result = all.head(k);
  const double shrink = std::exp(-0.5 * all[k]);
  for (const Cone& cone : random_->coordinates().cones) {
    result.segment(cone.first, cone.n_coordinates()) *= shrink;
  }
  if (!separations_.empty()) {
    const std::vector<Matrix> lambda = absolute_->relative_factors(all);
    for (const Separation& separation : separations_) {
      Cone cone;
      cone.first = separation.own.first_parameter;
      cone.size = separation.own.n_columns();
      const int first = separation.own.first_column;
      set_cone_matrix(cone, lambda[separation.term].block(first, first, cone.size, cone.size),
                      &result);
    }
  }
  return profiled_.coordinates().canonical(result);
}

namespace {

// Natural theta and log sigma^2 by the coordinates, by central differences of what has no rounding
// of the data in it.
Matrix natural_jacobian(const ConstrainedFit& fit, const RandomPart& random, const Vector& x) {
  constexpr double kStep = 1e-6;
  const auto natural = [&](const Vector& point) {
    Vector psi(random.n_parameters() + 1);
    psi << random.to_natural(fit.standardized(point)), 2 * std::log(fit.sigma(point));
    return psi;
  };
  Matrix jacobian(random.n_parameters() + 1, x.size());
  for (Index i = 0; i < x.size(); ++i) {
    const double step = kStep * std::max(1.0, std::abs(x[i]));
    Vector above = x;
    Vector below = x;
    above[i] += step;
    below[i] -= step;
    jacobian.col(i) = (natural(above) - natural(below)) / (above[i] - below[i]);
  }
  return jacobian;
}

// Coordinates of columns of Lambda that are not empty, and free ones.
std::vector<int> moving_coordinates(const Coordinates& coordinates, const Vector& x) {
  std::vector<int> moving(coordinates.size, 1);
  for (const Cone& cone : coordinates.cones) {
    for (int c = 0; c < cone.size; ++c) {
      const int first = cone.pivot(c);
      if (x[first] == 0) std::fill_n(moving.begin() + first, cone.size - c, 0);
    }
  }
  return moving;
}

}  // namespace

ContrastParts constrained_parts(GaussianObjective* deviance, const Constraints& constraints,
                                const Vector& theta, double sigma) {
  ConstrainedFit fit(deviance, constraints);
  ConstrainedObjective& objective = fit.objective();
  const Index k = theta.size();
  ContrastParts parts = fixed_parts(deviance, theta);
  parts.degrees = std::numeric_limits<double>::infinity();
  parts.phi_moves.conservativeResize(Eigen::NoChange, k + 1);
  parts.phi_moves.col(k).setZero();
  parts.offset = Vector::Unit(k + 1, k);
  parts.weight = Matrix::Zero(k + 1, k + 1);
  const Vector x = objective.coordinates().canonical(fit.from_natural(theta, sigma));
  if (x.size() == 0) return parts;
  parts.exact_hessian = objective.trace_cost() != TraceCost::kTooMuch;
  const Order order = parts.exact_hessian ? Order::kTraces : Order::kAverage;
  parts.hessian =
      objective.evaluate(objective.coordinates().keep_off_zero(x), order, Chart::kFactor).hessian;
  parts.free = moving_coordinates(objective.coordinates(), x);
  for (Index i = 0; i < x.size(); ++i) {
    if (parts.free[i] != 0) continue;
    parts.hessian.row(i).setZero();
    parts.hessian.col(i).setZero();
  }
  const Matrix jacobian = natural_jacobian(fit, deviance->random(), x);
  parts.weight = jacobian * scaled_inverse(parts.hessian, 1e-9) * jacobian.transpose();
  return parts;
}

}  // namespace henderson
