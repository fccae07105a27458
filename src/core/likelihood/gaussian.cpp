#include "likelihood/gaussian.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "algebra/interrupt.h"
#include "algebra/symmetric.h"
#include "equations/products.h"
#include "likelihood/expected_information.h"

namespace henderson {

namespace {

constexpr double kPi = 3.14159265358979323846;

}  // namespace

GaussianObjective::GaussianObjective(
    const CrossProducts& moments, const std::vector<std::vector<CovarianceStructure>>& structures,
    bool reml)
    : moments_(moments),
      structures_(structures),
      reml_(reml),
      m_(reml ? moments.n - moments.p : moments.n),
      basis_(standardize(moments, structures)),
      centred_beta_(Vector::Zero(moments.p)),
      system_(new Equations(build_equations(moments, basis_))),
      factor_(new Factor(*system_)) {
  int n_parameters = 0;
  for (const std::vector<CovarianceStructure>& term : structures) {
    for (const CovarianceStructure& structure : term) {
      n_parameters += structure.n_parameters();
    }
  }
  entries_.resize(n_parameters);
  for (std::size_t t = 0; t < structures.size(); ++t) {
    for (const CovarianceStructure& structure : structures[t]) {
      const std::vector<LambdaEntry> own = lambda_entries(structure, static_cast<int>(t));
      std::copy(own.begin(), own.end(), entries_.begin() + structure.first_parameter);
    }
  }
  coordinates_.size = n_parameters;
  for (std::size_t t = 0; t < structures.size(); ++t) {
    const double levels = moments.terms[t].n_levels;
    for (const CovarianceStructure& s : structures[t]) {
      if (s.kind == StructureKind::kUnstructured) {
        coordinates_.cones.push_back({s.first_parameter, s.n_columns, levels});
      } else {
        for (int c = 0; c < s.n_columns; ++c) {
          coordinates_.cones.push_back({s.first_parameter + c, 1, levels});
        }
      }
    }
  }
  constant_ =
      m_ * (1 + std::log(2 * kPi / m_)) + 2 * m_ * std::log(basis_.y_scale) - moments.sum_log_w;
  if (reml) constant_ += 2 * basis_.x_scale.array().log().sum();
}

std::vector<Matrix> GaussianObjective::unpack(const Vector& x) const {
  std::vector<Matrix> lambda;
  for (const TermSums& term : moments_.terms) lambda.push_back(Matrix::Zero(term.v, term.v));
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    lambda[entries_[i].term](entries_[i].row, entries_[i].column) = x[i];
  }
  return lambda;
}

Vector GaussianObjective::pack(const std::vector<Matrix>& lambda) const {
  Vector x(n_parameters());
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    x[i] = lambda[entries_[i].term](entries_[i].row, entries_[i].column);
  }
  return x;
}

Matrix GaussianObjective::fixed_map() const {
  Matrix map = Matrix::Identity(moments_.p, moments_.p);
  if (moments_.intercept >= 0) {
    for (int c = 0; c < moments_.p; ++c) {
      if (c != moments_.intercept) map(moments_.intercept, c) = -moments_.x_shift[c];
    }
  }
  return map * basis_.x_scale.cwiseInverse().asDiagonal();
}

Vector GaussianObjective::standard_start() const {
  Vector x = Vector::Zero(n_parameters());
  for (const Cone& cone : coordinates_.cones) {
    for (int c = 0; c < cone.size; ++c) x[cone.pivot(c)] = 1;
  }
  return x;
}

const DevianceDerivatives& GaussianObjective::derivatives_at(const Vector& x) {
  value_at(x);
  if (last_point_.size() != x.size() || last_point_ != x) {
    take_derivatives(HessianKind::kNone, CurvatureKind::kNone);
  }
  return last_;
}

double GaussianObjective::value_at(const Vector& x) {
  return point_.size() == x.size() && point_ == x ? point_value_ : value(x);
}

bool GaussianObjective::usable(const Vector& theta) {
  return theta.allFinite() && (theta.size() == 0 || theta.cwiseAbs().maxCoeff() < 1e150);
}

double GaussianObjective::value(const Vector& x) {
  check_interrupt();
  point_ = x;
  point_value_ = std::numeric_limits<double>::infinity();
  if (!usable(x) || !factor_->factorize(unpack(x))) return point_value_;
  const double log_det = factor_->log_det_m() + (reml_ ? factor_->log_det_x() : 0.0);
  const double value = log_det + m_ * std::log(factor_->residual_ss()) + constant_;
  if (std::isfinite(value)) point_value_ = value;
  return point_value_;
}

// Rounding of a sum of logs, and of what is inside them: r^2 and the pivots of X'V^-1 X and of the
// remainder are what is left of the corresponding diagonal elements, and keep their rounding.
double GaussianObjective::rounding() const {
  double size = std::abs(factor_->log_det_m()) + std::abs(factor_->log_det_x()) +
                m_ * (1 + std::abs(std::log(factor_->residual_ss()))) + std::abs(constant_);
  const Vector& dense = factor_->xy_diagonal();
  const int p = system_->p;
  size += residual_cancellation() + factor_->remainder_cancellation();
  for (int c = 0; reml_ && c < p; ++c) {
    const double pivot = factor_->x_factor()(c, c);
    size += dense[c] / (pivot * pivot);
  }
  return 2 * std::numeric_limits<double>::epsilon() * size;
}

// Small columns of Lambda have no part in the cancellation, and may become zero: their share of the
// effects is left out, so that B is in the range of the others.
bool GaussianObjective::centre_levels(const RowSource& source, const Vector& x) {
  constexpr double kLarge = 1;
  if (system_->centred() || !std::isfinite(value(x))) return false;
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
  Matrix leaf = factor_->leaf_rhs();
  Matrix remainder = factor_->remainder_rhs();
  factor_->solve_backward(&leaf, &remainder);
  apply_lambda(*system_, large, &leaf, &remainder, false);
  centred_beta_ = factor_->beta();
  henderson::centre_levels(source, moments_, basis_, centred_beta_, std::move(leaf),
                           std::move(remainder), system_.get());
  point_.resize(0);
  last_point_.resize(0);
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

double GaussianObjective::residual_cancellation() const {
  return m_ * factor_->xy_diagonal()[system_->p] / factor_->residual_ss();
}

double GaussianObjective::variance_cancellation() const {
  return residual_cancellation() + factor_->remainder_cancellation() + factor_->leaf_cancellation();
}

bool GaussianObjective::centring_helps() const {
  constexpr double kMuch = 1e5;  // squared ratio of the effects to the residuals, on average
  const double own = factor_->remainder_cancellation() + factor_->leaf_cancellation();
  return residual_cancellation() > std::max(kMuch * m_, 1e4 * own);
}

void GaussianObjective::uncentre_levels() {
  *system_ = build_equations(moments_, basis_);
  centred_beta_.setZero();
  point_.resize(0);
  last_point_.resize(0);
}

Index GaussianObjective::traces_width() const {
  return system_->n_terms() == 1 ? 0 : ExpectedInformation::width(*system_, reml_);
}

DevianceDerivatives GaussianObjective::differentiate(HessianKind hessian, CurvatureKind curvature,
                                                     bool inverse_blocks) {
  DerivativeRequest request;
  request.reml = reml_;
  request.m = m_;
  request.hessian = hessian;
  request.curvature = curvature;
  request.inverse_blocks = inverse_blocks;
  return henderson::differentiate(factor_.get(), entries_, request);
}

void GaussianObjective::take_derivatives(HessianKind hessian, CurvatureKind curvature) {
  // The blocks of M^-1 cost next to nothing here and serve the conditional variances afterwards.
  last_ = differentiate(hessian, curvature, true);
  last_point_ = point_;
}

const GammaCurvature& GaussianObjective::gamma_curvature(CurvatureKind kind) {
  take_derivatives(HessianKind::kNone, kind);
  return last_.curvature;
}

const Matrix& GaussianObjective::hessian(bool exact) {
  take_derivatives(exact ? HessianKind::kExact : HessianKind::kAverageInformation,
                   CurvatureKind::kNone);
  return last_.hessian;
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
  if (chart == Chart::kCovariance) {
    take_covariance_derivatives(order, &result);
  } else {
    take_factor_derivatives(order, &result);
  }
  return result;
}

void GaussianObjective::take_covariance_derivatives(Order order, Evaluation* result) {
  if (order == Order::kGradient) {
    const DevianceDerivatives& parts = derivatives_at(point_);
    result->gradient = Vector::Zero(n_parameters());
    result->expected = Vector::Zero(n_parameters());
    for (int i = 0; i < n_parameters(); ++i) {
      const LambdaEntry& e = entries_[i];
      const double factor = e.row == e.column ? 1 : 2;
      result->gradient[i] = factor * parts.score[e.term](e.row, e.column);
      result->expected[i] = factor * parts.expected[e.term](e.row, e.column);
    }
    return;
  }
  const GammaCurvature& c = gamma_curvature(order == Order::kMatched   ? CurvatureKind::kMatched
                                            : order == Order::kAverage ? CurvatureKind::kAverage
                                                                       : CurvatureKind::kTrace);
  result->expected = c.expected;
  result->gradient = c.expected - c.observed;
  result->hessian = c.average - c.observed * c.observed.transpose() / m_;
  result->metric = c.average;
  if (order != Order::kTraces) return;
  result->hessian += c.average - c.trace;
  result->metric = c.trace;
  result->exact = true;
}

void GaussianObjective::take_factor_derivatives(Order order, Evaluation* result) {
  if (order == Order::kGradient) {
    result->gradient = pack(derivatives_at(point_).lambda_gradient);
    return;
  }
  result->exact = order == Order::kTraces;
  result->hessian = hessian(result->exact);
  result->gradient = pack(last_.lambda_gradient);
}

namespace {

// F = L Q' structure by structure: a diagonal structure stays diagonal, an unstructured one is
// brought back to lower triangular form.
Matrix refactor(const Matrix& factor, const std::vector<CovarianceStructure>& structures,
                Matrix* rotation) {
  const Index v = factor.rows();
  Matrix result = Matrix::Zero(v, v);
  *rotation = Matrix::Identity(v, v);
  for (const CovarianceStructure& structure : structures) {
    const int a = structure.first_column;
    const int w = structure.n_columns;
    if (structure.kind == StructureKind::kDiagonal ||
        factor.block(a, a, w, w).isLowerTriangular(0)) {
      result.block(a, a, w, w) = factor.block(a, a, w, w);
      continue;
    }
    Matrix own;
    result.block(a, a, w, w) = canonical_factor(factor.block(a, a, w, w), &own);
    rotation->block(a, a, w, w) = own;
  }
  return result;
}

}  // namespace

Vector GaussianObjective::to_standard(const Vector& theta, std::vector<Matrix>* rotations) const {
  std::vector<Matrix> lambda = unpack(theta);
  for (std::size_t t = 0; t < lambda.size(); ++t) {
    Matrix rotation;
    lambda[t] = refactor(basis_.z_map[t] * lambda[t], structures_[t], &rotation);
    if (rotations != nullptr) rotations->push_back(rotation);
  }
  return pack(lambda);
}

Vector GaussianObjective::to_natural(const Vector& x, std::vector<Matrix>* rotations) const {
  std::vector<Matrix> lambda = unpack(x);
  for (std::size_t t = 0; t < lambda.size(); ++t) {
    Matrix rotation;
    lambda[t] = refactor(basis_.z_inverse[t] * lambda[t], structures_[t], &rotation);
    for (Index c = 0; c < lambda[t].cols(); ++c) {
      if (lambda[t](c, c) < 0) {
        lambda[t].col(c) = -lambda[t].col(c);
        rotation.col(c) = -rotation.col(c);
      }
    }
    if (rotations != nullptr) rotations->push_back(rotation);
  }
  return pack(lambda);
}

Vector natural_gradient(const GaussianObjective& deviance,
                        const std::vector<Matrix>& standard_gradient,
                        const std::vector<Matrix>& rotations) {
  std::vector<Matrix> gradient;
  for (std::size_t t = 0; t < standard_gradient.size(); ++t) {
    gradient.push_back(deviance.basis().z_map[t].transpose() * standard_gradient[t] *
                       rotations[t].transpose());
  }
  return deviance.pack(gradient);
}

NaturalGradient evaluate_deviance(GaussianObjective* deviance, const Vector& theta, bool gradient) {
  NaturalGradient result;
  result.value = std::numeric_limits<double>::infinity();
  if (!GaussianObjective::usable(theta)) return result;
  std::vector<Matrix> rotations;
  result.value = deviance->value(deviance->to_standard(theta, &rotations));
  if (gradient && std::isfinite(result.value)) {
    const DevianceDerivatives parts =
        deviance->differentiate(HessianKind::kNone, CurvatureKind::kNone, false);
    result.gradient = natural_gradient(*deviance, parts.lambda_gradient, rotations);
  }
  return result;
}

}  // namespace henderson
