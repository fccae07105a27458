#include "likelihood/absolute.h"

#include <cmath>
#include <limits>
#include <utility>

#include "algebra/interrupt.h"
#include "likelihood/traces.h"

namespace henderson {

namespace {

constexpr double kLog2Pi = 1.83787706640934548356;

}  // namespace

AbsoluteObjective::AbsoluteObjective(GaussianObjective* objective, RandomPart random,
                                     const Vector& at)
    : objective_(*objective),
      random_(std::move(random)),
      coordinates_(random_.coordinates()),
      factor_(objective->system().layout) {
  ++coordinates_.size;
  objective_.value_at(at);
  log_variance_ = std::log(objective_.factor().residual_ss() / objective_.degrees());
  constant_ = objective_.unit_constant() + objective_.degrees() * (kLog2Pi + log_variance_);
}

std::vector<Matrix> AbsoluteObjective::relative_factors(const Vector& all) const {
  const Index k = random_.n_parameters();
  std::vector<Matrix> lambda = random_.factors(all.head(k));
  for (Matrix& own : lambda) own *= std::exp(-0.5 * all[k]);
  return lambda;
}

double AbsoluteObjective::sigma(const Vector& all) const {
  return objective_.basis().y_scale * std::exp(0.5 * (log_variance_ + all[random_.n_parameters()]));
}

bool AbsoluteObjective::factorize(const Vector& all) {
  check_interrupt();
  point_.resize(0);
  if (!GaussianObjective::usable(all) || std::abs(all[random_.n_parameters()]) > 600) return false;
  if (!factor_.factorize(objective_.system(), relative_factors(all))) return false;
  point_ = all;
  return true;
}

// Of directions z and, after them, the covariance matrices of the terms themselves: those of
// (z, tau).
Curvature AbsoluteObjective::merge(const Curvature& parts, double tau, Order order) const {
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

Evaluation AbsoluteObjective::evaluate(const Vector& all, Order order, Chart chart) {
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

FullRounding AbsoluteObjective::full_rounding(const Vector& all) {
  constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
  if (point_ != all) factorize(all);
  return {objective_.rounding(factor_) + 2 * kEpsilon * factor_.leaf_cancellation(), 0};
}

}  // namespace henderson
