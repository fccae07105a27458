#include "likelihood/gaussian.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "algebra/interrupt.h"
#include "algebra/symmetric.h"
#include "equations/products.h"
#include "likelihood/curvature.h"
#include "likelihood/expected_information.h"
#include "likelihood/traces.h"

namespace henderson {

namespace {

constexpr double kPi = 3.14159265358979323846;

std::vector<int> levels_of(const CrossProducts& moments) {
  std::vector<int> levels;
  for (const TermSums& term : moments.terms) levels.push_back(term.n_levels);
  return levels;
}

}  // namespace

GaussianObjective::GaussianObjective(const CrossProducts& moments,
                                     const std::vector<TermStructures>& structures, bool reml)
    : moments_(moments),
      reml_(reml),
      system_(new Equations(
          std::make_shared<const Layout>(*moments.incidence, level_precisions(structures)),
          standardize(moments, structures), moments)),
      random_(structures, levels_of(moments), basis().z_map, basis().z_inverse),
      entries_(random_.entries()),
      centred_beta_(Vector::Zero(moments.p())),
      factor_(new Factor(system_->layout)) {
  count_rows();
}

void GaussianObjective::count_rows() {
  m_ = reml_ ? moments_.n - moments_.p() : moments_.n;
  constant_ =
      m_ * (1 + std::log(2 * kPi / m_)) + 2 * m_ * std::log(basis().y_scale) - moments_.sum_log_w;
  if (reml_) constant_ += 2 * basis().x_scale.array().log().sum();
}

Matrix GaussianObjective::fixed_map() const {
  Matrix map = Matrix::Identity(moments_.p(), moments_.p());
  if (moments_.intercept() >= 0) {
    for (int c = 0; c < moments_.p(); ++c) {
      if (c != moments_.intercept()) map(moments_.intercept(), c) = -moments_.shifts.x[c];
    }
  }
  return map * basis().x_scale.cwiseInverse().asDiagonal();
}

const Modes& GaussianObjective::modes() {
  // without parameters a point tells nothing
  if (modes_point_.size() != point_.size() || modes_point_ != point_ || point_.size() == 0) {
    modes_ = Modes(*factor_, reml_, m_);
    modes_point_ = point_;
  }
  return modes_;
}

const Modes& GaussianObjective::modes_at(const Vector& x) {
  value_at(x);
  modes();
  if (modes_.inverse_blocks.empty()) take_traces(factor_.get(), &modes_);
  return modes_;
}

double GaussianObjective::value_at(const Vector& x) {
  const bool known = x.size() > 0 && point_.size() == x.size() && point_ == x;
  return known ? point_value_ : value(x);
}

double GaussianObjective::unit_constant() const {
  return constant_ - m_ * (1 + std::log(2 * kPi / m_));
}

bool GaussianObjective::usable(const Vector& theta) {
  return theta.allFinite() && (theta.size() == 0 || theta.cwiseAbs().maxCoeff() < 1e150);
}

double GaussianObjective::value(const Vector& x) {
  check_interrupt();
  point_ = x;
  point_value_ = std::numeric_limits<double>::infinity();
  if (!usable(x) || !factor_->factorize(*system_, random_.factors(x))) return point_value_;
  const double log_det = factor_->log_det_m() + (reml_ ? factor_->log_det_x() : 0.0);
  const double value = log_det + m_ * std::log(factor_->residual_ss()) + constant_;
  if (std::isfinite(value)) point_value_ = value;
  return point_value_;
}

// Rounding of a sum of logs, and of what is inside them: r^2 and the pivots of X'V^-1 X and of the
// remainder are what is left of the corresponding diagonal elements, and keep their rounding.
double GaussianObjective::rounding(const Factor& factor) const {
  double size = std::abs(factor.log_det_m()) + std::abs(factor.log_det_x()) +
                m_ * (1 + std::abs(std::log(factor.residual_ss()))) + std::abs(constant_);
  const Vector& dense = factor.xy_diagonal();
  const int p = system_->layout->p;
  size += residual_cancellation(factor) + factor.remainder_cancellation();
  for (int c = 0; reml_ && c < p; ++c) {
    const double pivot = factor.x_factor()(c, c);
    size += dense[c] / (pivot * pivot);
  }
  return 2 * std::numeric_limits<double>::epsilon() * size;
}

// Small columns of Lambda have no part in the cancellation, and may become zero: their share of the
// effects is left out, so that B is in the range of the others.
bool GaussianObjective::centre_levels(const RowSource& source, const Vector& x) {
  constexpr double kLarge = 1;
  if (system_->centred() || system_->layout->any_precision()) return false;
  if (!std::isfinite(value(x))) return false;
  std::vector<Matrix> large = factor_->lambda();
  bool any = false;
  for (Matrix& own : large) {
    for (Index c = 0; c < own.cols(); ++c) {
      if (std::abs(own(c, c)) > kLarge) {
        any = true;
      } else {
        own.col(c).setZero();
      }
    }
  }
  if (!any) return false;
  Coefficients effects = factor_->rhs();
  factor_->solve_backward(&effects);
  apply_lambda(*system_, large, &effects, false);
  centred_beta_ = factor_->beta();
  henderson::centre_levels(source, moments_, centred_beta_, std::move(effects), system_.get());
  point_.resize(0);
  modes_point_.resize(0);
  return true;
}

// An error e of the criterion hides changes of log sigma of sqrt(2 e / m); collinear predictors
// have no part in this.
FullRounding GaussianObjective::full_rounding(const Vector& x) {
  constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
  value_at(x);
  return {rounding() + 2 * kEpsilon * factor_->leaf_cancellation(),
          std::sqrt(4 * kEpsilon * variance_cancellation() / m_)};
}

double GaussianObjective::residual_cancellation(const Factor& factor) const {
  return m_ * factor.xy_diagonal()[system_->layout->p] / factor.residual_ss();
}

double GaussianObjective::variance_cancellation() const {
  return residual_cancellation(*factor_) + factor_->remainder_cancellation() +
         factor_->leaf_cancellation();
}

bool GaussianObjective::centring_helps() const {
  constexpr double kMuch = 1e5;  // squared ratio of the effects to the residuals, on average
  const double own = factor_->remainder_cancellation() + factor_->leaf_cancellation();
  return residual_cancellation(*factor_) > std::max(kMuch * m_, 1e4 * own);
}

void GaussianObjective::refill() {
  system_->fill(moments_);
  count_rows();
  centred_beta_.setZero();
  point_.resize(0);
  modes_point_.resize(0);
}

void GaussianObjective::refill_response() {
  const Index p = moments_.p();
  ResponseSums response;
  response.xy = moments_.xy.col(p);
  for (const TermSums& term : moments_.terms) response.zy.push_back(term.xy.row(p).transpose());
  system_->set_response(response);
  centred_beta_.setZero();
  point_.resize(0);
  modes_point_.resize(0);
}

Index GaussianObjective::traces_width() const {
  return system_->layout->remainder_size() == 0 ? 0 : ExpectedInformation::width(*system_, reml_);
}

TraceCost GaussianObjective::trace_cost() const {
  const Index width = traces_width();
  return width <= 64 ? TraceCost::kLittle : width <= 400 ? TraceCost::kMuch : TraceCost::kTooMuch;
}

Evaluation GaussianObjective::evaluate(const Vector& x, Order order, Chart chart) {
  Evaluation result;
  result.value = value_at(x);
  if (!std::isfinite(result.value)) return result;
  result.rounding = rounding();
  result.residual_df = m_;
  if (order == Order::kValue) return result;
  // The blocks of M^-1 cost next to nothing here and serve the conditional variances afterwards.
  if (modes().expected.empty() && order != Order::kTraces) take_traces(factor_.get(), &modes_);
  const Curvature here = curvature(modes_, random_.directions(x, chart), order);
  if (order == Order::kTraces) keep_scores(here.score, &modes_);
  result.expected = here.expected;
  result.gradient = here.expected - here.observed;
  if (order == Order::kGradient) return result;
  result.exact = order == Order::kTraces;
  result.hessian = hessian(here, m_, random_.bend(x, chart, here.score));
  result.metric = result.exact ? here.traces : here.average;
  return result;
}

NaturalGradient evaluate_deviance(GaussianObjective* deviance, const Vector& theta, bool gradient) {
  NaturalGradient result;
  result.value = std::numeric_limits<double>::infinity();
  if (!GaussianObjective::usable(theta)) return result;
  std::vector<Matrix> rotations;
  const Vector x = deviance->random().to_standard(theta, &rotations);
  result.value = deviance->value(x);
  if (gradient && std::isfinite(result.value)) {
    const Modes& modes = deviance->modes_at(x);
    result.gradient = deviance->random().natural_gradient(theta, factor_gradient(modes),
                                                          scores(modes), rotations);
  }
  return result;
}

}  // namespace henderson
