#include "search/covariance_search.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "algebra/eigen_decompositions.h"
#include "algebra/symmetric.h"

namespace henderson {

namespace {

// Predicted decrease from which a minimum is near, and where the Hessian has no traces in every
// step. Below them the steps of a Newton method save evaluations, above them those of Fisher
// scoring (design/decisions.md, "search/").
constexpr double kNear = 3;
constexpr double kNearBare = 1;
constexpr double kRidge = 1e-5;  // holds parameters of which the data say nothing

}  // namespace

// ---- coordinates --------------------------------------------------------------------------------

// Of Gamma = F F' / (1 + relative change of sigma^2).
Vector CovarianceSearch::factors_of(const ConeStep& step, double variance_change) const {
  const double scale = 1 / std::sqrt(std::min(std::max(1 + variance_change, 0.1), 10.0));
  Vector x = step.x;
  for (std::size_t k = 0; k < coordinates_.cones.size(); ++k) {
    set_cone_matrix(coordinates_.cones[k], canonical_factor(scale * step.factors[k], nullptr), &x);
  }
  return x;
}

double CovarianceSearch::evaluate(const Vector& x) {
  ++result_.evaluations;
  const Evaluation there =
      objective_.evaluate(coordinates_.keep_off_zero(x), Order::kValue, Chart::kCovariance);
  rounding_ = there.rounding;
  return there.value;
}

// ---- derivatives --------------------------------------------------------------------------------

void CovarianceSearch::differentiate() {
  const TraceCost cost = objective_.trace_cost();
  Order order = near_ ? Order::kAverage : Order::kMatched;
  const bool first = near_ && !secant_known_ && cost != TraceCost::kTooMuch;
  if (cost == TraceCost::kLittle || first) order = Order::kTraces;
  here_ = objective_.evaluate(coordinates_.keep_off_zero(result_.x), order, Chart::kCovariance);
  gamma_ = coordinates_.covariances(result_.x);
  if (first && cost != TraceCost::kLittle) {
    // The exact Hessian is the average information plus this, which varies slowly.
    const Vector observed = here_.expected - here_.gradient;
    const Matrix profiled = observed * observed.transpose() / here_.residual_df;
    secant_ = 0.5 * (here_.hessian - here_.metric + profiled);
    secant_known_ = true;
    here_.metric += secant_;
    here_.hessian -= secant_;
    here_.exact = false;
  }
}

void CovarianceSearch::come_near() {
  if (near_) return;
  near_ = true;
  if (objective_.trace_cost() == TraceCost::kLittle) return;
  evaluate(result_.x);
  differentiate();
}

// kRidge tr((Gamma + I)^-1 dGamma (Gamma + I)^-1 dGamma), and kRidge for a free coordinate.
Matrix CovarianceSearch::ridge() const {
  const Index r = gamma_.size();
  Matrix result = kRidge * Matrix::Identity(r, r);
  Vector unit = Vector::Zero(r);
  for (const Cone& cone : coordinates_.cones) {
    const Matrix identity = Matrix::Identity(cone.size, cone.size);
    const Matrix inverse = Matrix(cone_matrix(cone, gamma_) + identity).llt().solve(identity);
    Vector column = Vector::Zero(r);
    for (int i = cone.first; i < cone.first + cone.n_coordinates(); ++i) {
      unit[i] = 1;
      Matrix moved = 2 * inverse * cone_matrix(cone, unit) * inverse;
      moved.diagonal() *= 0.5;
      set_cone_matrix(cone, moved, &column);
      result.col(i) = kRidge * column;
      unit[i] = 0;
    }
  }
  return result;
}

// ---- steps --------------------------------------------------------------------------------------

// Fisher scoring. With sigma^2 = 1 + d the deviance of (sigma^2, Sigma) has the expected Hessian
//   [m - 2 c'gamma + gamma'T gamma, (c - T gamma)'; ., T],  c_i = tr(D E_i), T_ij = tr(D E_i D
//   E_j),
// and the gradient (-s'gamma, s); sigma^2 is eliminated, Sigma' moves in the cone, and
// Gamma' = Sigma' / (1 + d).
CovarianceSearch::Proposal CovarianceSearch::far_step() const {
  const std::vector<Cone>& cones = coordinates_.cones;
  const Vector& s = here_.gradient;
  const double m = here_.residual_df;
  const Matrix t = metric();
  Proposal proposal;
  if (!std::isfinite(m) || !coordinates_.free().empty()) {
    // Sigma = sigma^2 Gamma is no coordinate: sigma^2 is eliminated where it is
    const Matrix b = t - here_.expected * here_.expected.transpose() / m;
    proposal.step = solve_cone_program(cones, gamma_, s, positive_definite(b));
    return proposal;
  }
  const Vector t_gamma = t * gamma_;
  const double pivot = std::max(m - 2 * here_.expected.dot(gamma_) + gamma_.dot(t_gamma), 1e-3 * m);
  const Vector coupling = (here_.expected - t_gamma) / pivot;
  const double own = -s.dot(gamma_);
  const Matrix b = positive_definite(t - pivot * coupling * coupling.transpose());
  proposal.step = solve_cone_program(cones, gamma_, s - own * coupling, b);
  proposal.variance_change = -(own / pivot + coupling.dot(proposal.step.x - gamma_));
  return proposal;
}

CovarianceSearch::Proposal CovarianceSearch::near_step() const {
  SmoothModel model{gamma_, here_.gradient, here_.expected, here_.hessian + secant_, metric()};
  const FixedRankStep fixed = fixed_rank_step(coordinates_, model, damping_);
  Proposal proposal;
  if (fixed.found) {
    proposal.step = fixed.step;
    return proposal;
  }
  // Where the deviance is convex along the path of fixed rank, negative curvature across it is
  // outweighed by the cone's own.
  const Matrix metric = positive_definite(model.metric);
  const DampedHessian hessian = damp(model.hessian, metric, fixed.convex ? 0.01 : 0, damping_);
  proposal.step = solve_cone_program(coordinates_.cones, gamma_, model.gradient, hessian.matrix);
  return proposal;
}

bool CovarianceSearch::negligible(double decrease) const {
  return decrease <= std::max(options_.tolerance, 20 * rounding_);
}

// Takes the step, or a more and more damped one; false when the search is over. A step that is
// predicted to gain less than the tolerance is the last one; it only must not do harm, nor one
// whose gain would drown in rounding.
bool CovarianceSearch::attempt(Proposal* proposal, double* ratio) {
  constexpr int kAttempts = 30;
  for (int k = 0; k < kAttempts; ++k) {
    if (result_.evaluations >= budget_) {
      result_.status = SearchStatus::kMaxEvaluations;
      return false;
    }
    const bool unseen = negligible(proposal->step.decrease);
    const Vector x = factors_of(proposal->step, proposal->variance_change);
    const double value = evaluate(x);
    *ratio = (result_.value - value) / proposal->step.decrease;
    if (unseen ? value <= result_.value + 50 * rounding_ : *ratio > 1e-3) {
      result_.x = x;
      result_.value = value;
      ++result_.iterations;
      if (unseen) unseen_ = proposal->step.decrease;
      return proposal->step.decrease > options_.tolerance;
    }
    if (unseen) return false;
    come_near();
    damping_ = std::max(5 * damping_, 0.2);
    *proposal = propose();
  }
  result_.status = SearchStatus::kRadiusCollapsed;
  return false;
}

void CovarianceSearch::update_damping(double ratio) {
  if (ratio > 0.75) damping_ = damping_ < 0.02 ? 0 : damping_ / 5;
  if (ratio < 0.25) damping_ *= 2;
}

// Structured symmetric rank-one correction of a Hessian without traces: what it is off by varies
// slowly, and secant pairs reveal it.
void CovarianceSearch::follow(const Vector& old_gamma, const Vector& old_gradient, double ratio) {
  if (!(ratio > 0.2 && ratio < 5)) {
    secant_.setZero();
    secant_known_ = false;
    return;
  }
  const Vector step = gamma_ - old_gamma;
  const Vector residual = here_.gradient - old_gradient - (here_.hessian + secant_) * step;
  const double curvature = residual.dot(step);
  if (std::abs(curvature) > 1e-6 * residual.norm() * step.norm()) {
    secant_ += residual * residual.transpose() / curvature;
  }
}

bool CovarianceSearch::advance() {
  Proposal proposal = propose();
  // Rounding in a nearly flat model: a damped one has a step.
  for (int k = 0; k < 8 && !(proposal.step.decrease >= 0); ++k) {
    come_near();
    damping_ = std::max(5 * damping_, 0.2);
    proposal = propose();
  }
  if (damping_ > 0 && proposal.step.decrease <= 1e-5) {
    damping_ = 0;
    proposal = propose();
  }
  result_.trace.push_back({result_.evaluations, result_.value, proposal.step.decrease, damping_});
  if (!(proposal.step.decrease >= -options_.tolerance)) {
    result_.status = SearchStatus::kRadiusCollapsed;
    return false;
  }
  // Steps that rounding hides go on as long as they get shorter.
  const double least = std::isfinite(unseen_) ? 0.5 * unseen_ : unseen_;
  if (proposal.step.decrease <= 1e-2 * options_.tolerance || proposal.step.decrease > least) {
    return false;
  }
  double ratio = 0;
  if (!attempt(&proposal, &ratio)) return false;
  update_damping(ratio);
  const bool was_near = near_;
  const Vector old_gamma = gamma_;
  const Vector old_gradient = here_.gradient;
  const double near = objective_.trace_cost() == TraceCost::kLittle ? kNear : kNearBare;
  near_ = near_ || proposal.step.decrease < near || ratio < 0.1;
  differentiate();
  if (was_near && !here_.exact) follow(old_gamma, old_gradient, ratio);
  return true;
}

// ---- search -------------------------------------------------------------------------------------

bool CovarianceSearch::begin(const Vector& start) {
  ConeStep given;
  given.x = start;
  for (const Cone& cone : coordinates_.cones) {
    given.factors.push_back(cone_factor(cone, start));
    // squares that overflow would be taken for zeros
    if (!(given.factors.back() * given.factors.back().transpose()).allFinite()) {
      result_.x = start;
      return false;
    }
  }
  result_.x = factors_of(given, 0);
  result_.value = evaluate(result_.x);
  near_ = false;
  damping_ = 0;
  unseen_ = std::numeric_limits<double>::infinity();
  secant_ = Matrix::Zero(start.size(), start.size());
  secant_known_ = false;
  return std::isfinite(result_.value);
}

bool CovarianceSearch::reached(const SearchResult& known) const {
  const Vector other = coordinates_.covariances(known.x);
  return near_ && result_.value < known.value + 0.1 && (gamma_ - other).norm() < 0.1 * other.norm();
}

// A second search is to cost little unless it pays: not when it is near a worse minimum, of which
// Newton's predicted decrease gives the size, nor when it takes long.
bool CovarianceSearch::hopeless(const SearchResult& known) const {
  constexpr int kPatience = 24;
  const double within_reach = 10 * result_.trace.back().predicted_decrease;
  if (near_ && result_.value - within_reach > known.value) return true;
  return result_.evaluations >= kPatience && result_.value >= known.value;
}

// The criterion can have several minima, and that of larger variances is the better one more often
// than not.
void CovarianceSearch::look_wider(Wider wider) {
  constexpr double kWider = 3;
  if (wider == Wider::kNo || result_.evaluations >= budget_) return;
  const bool outwards = here_.gradient.dot(gamma_) < 0;
  if (wider == Wider::kIfOutwards && !outwards) return;
  Vector x = result_.x;
  for (const Cone& cone : coordinates_.cones) x.segment(cone.first, cone.n_coordinates()) *= kWider;
  const double value = evaluate(x);
  if (!(value < result_.value)) return;
  result_.x = x;
  result_.value = value;
  differentiate();
}

SearchResult CovarianceSearch::run(const Vector& start, int used, Wider wider,
                                   const SearchResult* known) {
  result_ = SearchResult();
  result_.evaluations = used;
  // what takes longer is better left to the search over factors
  constexpr int kPatience = 60;
  budget_ = std::min(options_.max_evaluations, used + kPatience);
  if (!begin(start)) {
    result_.status = SearchStatus::kUndefined;
    return result_;
  }
  differentiate();
  look_wider(wider);
  while (advance()) {
    if (known != nullptr && (reached(*known) || hopeless(*known))) break;
  }
  return result_;
}

}  // namespace henderson
