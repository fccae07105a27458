#include "likelihood/held.h"

#include <cmath>
#include <limits>
#include <utility>

#include "algebra/interrupt.h"
#include "likelihood/traces.h"

namespace henderson {

namespace {

constexpr double kLog2Pi = 1.83787706640934548356;

Coordinates without(const Coordinates& all, int held) {
  Coordinates rest;
  rest.size = all.size + (held < 0 ? 1 : 0);
  for (Cone cone : all.cones) {
    if (cone.first == held) continue;
    if (held >= 0 && cone.first > held) --cone.first;
    rest.cones.push_back(cone);
  }
  return rest;
}

}  // namespace

HeldObjective::HeldObjective(GaussianObjective* objective, RandomPart random, int held,
                             const Vector& at)
    : objective_(*objective),
      random_(std::move(random)),
      held_(held),
      coordinates_(without(random_.coordinates(), held)),
      factor_(objective->system().layout) {
  objective_.value_at(at);
  log_variance_ = std::log(objective_.factor().residual_ss() / objective_.degrees());
  constant_ = objective_.unit_constant() + objective_.degrees() * (kLog2Pi + log_variance_);
}

Vector HeldObjective::complete(const Vector& x) const {
  if (held_ < 0) return x;
  Vector all(x.size() + 1);
  all << x.head(held_), held_value_, x.tail(x.size() - held_);
  return all;
}

Vector HeldObjective::reduce(const Vector& all) const {
  if (held_ < 0) return all;
  Vector x(all.size() - 1);
  x << all.head(held_), all.tail(all.size() - held_ - 1);
  return x;
}

std::vector<Matrix> HeldObjective::relative_factors(const Vector& all) const {
  const Index k = random_.n_parameters();
  std::vector<Matrix> lambda = random_.factors(all.head(k));
  for (Matrix& own : lambda) own *= std::exp(-0.5 * all[k]);
  return lambda;
}

double HeldObjective::sigma(const Vector& all) const {
  return objective_.basis().y_scale * std::exp(0.5 * (log_variance_ + all[random_.n_parameters()]));
}

bool HeldObjective::factorize(const Vector& all) {
  check_interrupt();
  point_.resize(0);
  if (!GaussianObjective::usable(all) || std::abs(all[random_.n_parameters()]) > 600) return false;
  if (!factor_.factorize(objective_.system(), relative_factors(all))) return false;
  point_ = all;
  return true;
}

// Of directions z and, after them, the covariance matrices of the terms themselves: those of
// (z, tau).
Curvature HeldObjective::merge(const Curvature& parts, double tau, Order order) const {
  const Index k = random_.n_parameters();
  const Index n = parts.expected.size();
  const double m = objective_.degrees();
  const double r2 = factor_.residual_ss() * std::exp(-log_variance_ - tau);
  Matrix map = Matrix::Zero(n, k + 1);
  map.topLeftCorner(k, k).setIdentity();
  map.col(k).tail(n - k).setConstant(-1);
  Curvature result;
  result.score = parts.score;
  result.expected = map.transpose() * parts.expected;
  result.observed = map.transpose() * parts.observed;
  const auto complete_form = [&](const Matrix& form, const Vector& slope, double corner) {
    Matrix whole = map.transpose() * form * map;
    const Vector along = map.transpose() * slope;  // of V with each direction
    whole.col(k) += along;
    whole.row(k) += along.transpose();
    whole(k, k) += corner;
    return whole;
  };
  if (parts.average.size() > 0) {
    result.average = order == Order::kMatched ? complete_form(parts.average, parts.expected, m)
                                              : complete_form(parts.average, parts.observed, r2);
  }
  if (parts.traces.size() > 0) result.traces = complete_form(parts.traces, parts.expected, m);
  result.expected[k] += m;
  result.observed[k] += r2;
  return result;
}

Evaluation HeldObjective::evaluate_all(const Vector& all, Order order, Chart chart) {
  Evaluation result;
  if (!factorize(all)) return result;
  const Index k = random_.n_parameters();
  const double m = objective_.degrees();
  const double variance = std::exp(log_variance_ + all[k]);
  const double log_det = factor_.log_det_m() + (objective_.reml() ? factor_.log_det_x() : 0.0);
  const double value = log_det + m * all[k] + factor_.residual_ss() / variance + constant_;
  if (!std::isfinite(value)) return result;
  result.value = value;
  result.rounding = objective_.rounding(factor_);
  if (order == Order::kValue) return result;
  Modes modes(factor_, objective_.reml(), m);
  modes.scale = 1 / variance;
  if (order != Order::kTraces) take_traces(&factor_, &modes);
  const double shrink = std::exp(-all[k]);
  std::vector<CovarianceDirection> directions = random_.directions(all.head(k), chart);
  for (CovarianceDirection& direction : directions) direction.gamma *= shrink;
  for (std::size_t t = 0; t < factor_.lambda().size(); ++t) {
    const Matrix& lambda = factor_.lambda()[t];
    directions.push_back({static_cast<int>(t), lambda * lambda.transpose()});
  }
  const Curvature here = merge(curvature(modes, directions, order), all[k], order);
  result.expected = here.expected;
  result.gradient = here.expected - here.observed;
  if (order == Order::kGradient) return result;
  std::vector<Matrix> score = here.score;
  for (Matrix& own : score) own *= shrink;
  Matrix bend = Matrix::Zero(k + 1, k + 1);
  bend.topLeftCorner(k, k) = random_.bend(all.head(k), chart, score);
  bend(k, k) = result.gradient[k];
  result.exact = order == Order::kTraces;
  result.hessian = hessian(here, std::numeric_limits<double>::infinity(), bend);
  result.metric = result.exact ? here.traces : here.average;
  return result;
}

Evaluation HeldObjective::evaluate(const Vector& x, Order order, Chart chart) {
  Evaluation result = evaluate_all(complete(x), order, chart);
  if (held_ < 0) return result;
  for (Vector* own : {&result.expected, &result.gradient}) {
    if (own->size() > 0) *own = reduce(*own);
  }
  for (Matrix* own : {&result.hessian, &result.metric}) {
    if (own->size() == 0) continue;
    Matrix rows(x.size(), own->cols());
    for (Index c = 0; c < own->cols(); ++c) rows.col(c) = reduce(own->col(c));
    own->resize(x.size(), x.size());
    for (Index r = 0; r < x.size(); ++r) own->row(r) = reduce(rows.row(r).transpose()).transpose();
  }
  return result;
}

FullRounding HeldObjective::full_rounding(const Vector& x) {
  constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
  if (point_ != complete(x)) factorize(complete(x));
  return {objective_.rounding(factor_) + 2 * kEpsilon * factor_.leaf_cancellation(), 0};
}

}  // namespace henderson
