#include "search/covariance_search.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "algebra/eigen_decompositions.h"
#include "algebra/symmetric.h"

namespace henderson {

namespace {

constexpr double kFloor = 1e-7;  // |Lambda_cc| where derivatives are taken: they divide by it
constexpr double kNear = 3;      // predicted decrease from which a minimum is near,
constexpr double kNearBare = 1;  // and where the Hessian has no traces in every step
constexpr double kRidge = 1e-5;  // holds parameters of which the data say nothing

}  // namespace

CovarianceSearch::CovarianceSearch(GaussianObjective* deviance, const SearchOptions& options)
    : deviance_(*deviance), options_(options) {
  for (const TermSums& term : deviance->moments().terms) {
    const double levels = term.n_levels;
    for (const CovarianceStructure& s : term.structures) {
      if (s.kind == StructureKind::kUnstructured) {
        cones_.push_back({s.first_parameter, s.n_columns, levels});
      } else {
        for (int c = 0; c < s.n_columns; ++c) cones_.push_back({s.first_parameter + c, 1, levels});
      }
    }
  }
}

// ---- parameters ---------------------------------------------------------------------------------

Vector CovarianceSearch::keep_off_zero(const Vector& x) const {
  return deviance_.keep_off_zero(x, kFloor);
}

Vector CovarianceSearch::gamma_of(const Vector& x) const {
  Vector gamma(x.size());
  for (const Cone& cone : cones_) {
    const Matrix lambda = cone_matrix(cone, x).triangularView<Eigen::Lower>();
    set_cone_matrix(cone, lambda * lambda.transpose(), &gamma);
  }
  return gamma;
}

// Of Gamma = F F' / (1 + relative change of sigma^2).
Vector CovarianceSearch::lambda_of(const std::vector<Matrix>& factors,
                                   double variance_change) const {
  const double scale = 1 / std::sqrt(std::min(std::max(1 + variance_change, 0.1), 10.0));
  Vector x(deviance_.n_parameters());
  for (std::size_t k = 0; k < cones_.size(); ++k) {
    set_cone_matrix(cones_[k], canonical_factor(scale * factors[k], nullptr), &x);
  }
  return x;
}

bool CovarianceSearch::singular(const SearchResult& result) const {
  for (int i = 0; i < deviance_.n_parameters(); ++i) {
    if (deviance_.is_diagonal(i) && result.x[i] == 0) return true;
  }
  return false;
}

Vector CovarianceSearch::complement(const SearchResult& optimum) const {
  const Vector gamma = gamma_of(optimum.x);
  std::vector<Matrix> factors;
  for (const Cone& cone : cones_) {
    const Eigen::SelfAdjointEigenSolver<Matrix> eigen(cone_matrix(cone, gamma));
    const Vector root = (1 + 10 * eigen.eigenvalues().array().max(0)).rsqrt();
    factors.push_back(eigen.eigenvectors() * root.asDiagonal());
  }
  return lambda_of(factors, 0);
}

double CovarianceSearch::evaluate(const Vector& x) {
  ++result_.evaluations;
  return deviance_.value(keep_off_zero(x));
}

// ---- derivatives --------------------------------------------------------------------------------

// At the point last evaluated, which is result_.x.
void CovarianceSearch::differentiate() {
  CurvatureKind kind = near_ ? CurvatureKind::kAverage : CurvatureKind::kMatched;
  const bool first = near_ && !secant_known_ && deviance_.exact_hessian_pays();
  if (deviance_.traces_are_cheap() || first) kind = CurvatureKind::kTrace;
  curvature_ = deviance_.gamma_curvature(kind);
  gamma_ = gamma_of(result_.x);
  if (first && !deviance_.traces_are_cheap()) {
    // The exact Hessian is the average information plus this, which varies slowly.
    secant_ = curvature_.average - curvature_.trace;
    secant_known_ = true;
    curvature_.trace.resize(0, 0);
  }
}

// Derivatives for the far phase serve the near one only if they have traces.
void CovarianceSearch::come_near() {
  if (near_) return;
  near_ = true;
  if (deviance_.traces_are_cheap()) return;
  evaluate(result_.x);
  differentiate();
}

// kRidge tr((Gamma + I)^-1 dGamma (Gamma + I)^-1 dGamma)
Matrix CovarianceSearch::ridge() const {
  const Index r = gamma_.size();
  Matrix result = Matrix::Zero(r, r);
  Vector unit = Vector::Zero(r);
  for (const Cone& cone : cones_) {
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

Matrix CovarianceSearch::average_hessian() const {
  return curvature_.average -
         curvature_.observed * curvature_.observed.transpose() / deviance_.degrees() + secant_;
}

SmoothModel CovarianceSearch::near_model() const {
  SmoothModel model;
  model.gamma = gamma_;
  model.gradient = gradient();
  model.expected = curvature_.expected;
  const bool traced = curvature_.trace.size() > 0;
  model.hessian = average_hessian();
  if (traced) model.hessian += curvature_.average - curvature_.trace;
  model.metric = (traced ? curvature_.trace : curvature_.average) + ridge();
  return model;
}

// ---- steps --------------------------------------------------------------------------------------

// Fisher scoring. With sigma^2 = 1 + d the deviance of (sigma^2, Sigma) has the expected Hessian
//   [m - 2 c'gamma + gamma'T gamma, (c - T gamma)'; ., T],  c_i = tr(D E_i), T_ij = tr(D E_i D
//   E_j),
// and the gradient (-s'gamma, s); sigma^2 is eliminated, Sigma' moves in the cone, and
// Gamma' = Sigma' / (1 + d).
CovarianceSearch::Proposal CovarianceSearch::far_step() const {
  const Vector s = gradient();
  const double m = deviance_.degrees();
  const Matrix t = (curvature_.trace.size() > 0 ? curvature_.trace : curvature_.average) + ridge();
  const Vector t_gamma = t * gamma_;
  const double pivot =
      std::max(m - 2 * curvature_.expected.dot(gamma_) + gamma_.dot(t_gamma), 1e-3 * m);
  const Vector coupling = (curvature_.expected - t_gamma) / pivot;
  const double own = -s.dot(gamma_);
  const Matrix b = positive_definite(t - pivot * coupling * coupling.transpose());
  Proposal proposal;
  proposal.step = solve_cone_program(cones_, gamma_, s - own * coupling, b);
  proposal.variance_change = -(own / pivot + coupling.dot(proposal.step.x - gamma_));
  return proposal;
}

CovarianceSearch::Proposal CovarianceSearch::near_step() const {
  const SmoothModel model = near_model();
  const FixedRankStep fixed = fixed_rank_step(cones_, model, damping_);
  Proposal proposal;
  if (fixed.found) {
    proposal.step = fixed.step;
    return proposal;
  }
  // Where the deviance is convex along the path of fixed rank, negative curvature across it is
  // outweighed by the cone's own.
  const Matrix metric = positive_definite(model.metric);
  const DampedHessian hessian = damp(model.hessian, metric, fixed.convex ? 0.01 : 0, damping_);
  proposal.step = solve_cone_program(cones_, gamma_, model.gradient, hessian.matrix);
  return proposal;
}

bool CovarianceSearch::negligible(double decrease) const {
  return decrease <= std::max(options_.tolerance, 20 * deviance_.noise());
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
    const Vector x = lambda_of(proposal->step.factors, proposal->variance_change);
    const double value = evaluate(x);
    *ratio = (result_.value - value) / proposal->step.decrease;
    if (unseen ? value <= result_.value + 50 * deviance_.noise() : *ratio > 1e-3) {
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
  const Vector residual = gradient() - old_gradient - average_hessian() * step;
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
  const Vector old_gradient = gradient();
  const double near = deviance_.traces_are_cheap() ? kNear : kNearBare;
  near_ = near_ || proposal.step.decrease < near || ratio < 0.1;
  differentiate();
  if (was_near && curvature_.trace.size() == 0) follow(old_gamma, old_gradient, ratio);
  return true;
}

// ---- search -------------------------------------------------------------------------------------

bool CovarianceSearch::begin(const Vector& start) {
  result_.x = start;
  std::vector<Matrix> factors;
  for (const Cone& cone : cones_) {
    factors.push_back(cone_matrix(cone, start).triangularView<Eigen::Lower>());
    // squares that overflow would be taken for zeros
    if (!(factors.back() * factors.back().transpose()).allFinite()) return false;
  }
  result_.x = lambda_of(factors, 0);
  result_.value = evaluate(result_.x);
  near_ = false;
  damping_ = 0;
  unseen_ = std::numeric_limits<double>::infinity();
  secant_ = Matrix::Zero(start.size(), start.size());
  secant_known_ = false;
  return std::isfinite(result_.value);
}

bool CovarianceSearch::reached(const SearchResult& known) const {
  const Vector other = gamma_of(known.x);
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

namespace {

enum class Slopes { kNone, kCentred, kFar };

// Columns of Z besides that of ones: those that are centred or vary about zero, and those that are
// mostly their mean, which can take the part of an intercept. Told by the angle with X's column of
// ones.
Slopes find_slopes(const CrossProducts& moments) {
  constexpr double kConstant = 1 - 1e-9;  // squared cosine of the angle with the column of ones
  constexpr double kFar = 0.5;
  if (moments.intercept < 0) return Slopes::kCentred;
  const double n = moments.xy(moments.intercept, moments.intercept);
  Slopes found = Slopes::kNone;
  for (const TermSums& term : moments.terms) {
    const Vector squares = term.diagonal.rowwise().sum();
    for (int c = 0; c < term.v; ++c) {
      double sum = 0;
      for (int j = 0; j < term.n_levels; ++j) sum += term.xy(moments.intercept, j * term.v + c);
      const double cosine2 = sum * sum / (n * squares[c * (term.v + 1)]);
      if (!(cosine2 < kConstant)) continue;
      if (cosine2 > kFar) return Slopes::kFar;
      found = Slopes::kCentred;
    }
  }
  return found;
}

}  // namespace

// The criterion can have several minima, with random slopes above all, and that of larger variances
// is the better one more often than not. Where it falls outwards from the default start, or where
// a slope can take the part of an intercept, a point further out is tried.
void CovarianceSearch::look_wider() {
  constexpr double kWider = 3;
  if (result_.evaluations >= budget_) return;
  const Slopes slopes = find_slopes(deviance_.moments());
  const bool outwards = gradient().dot(gamma_) < 0;
  if (slopes == Slopes::kNone || (slopes == Slopes::kCentred && !outwards)) return;
  const Vector wider = kWider * result_.x;
  const double value = evaluate(wider);
  if (!(value < result_.value)) return;
  result_.x = wider;
  result_.value = value;
  differentiate();
}

SearchResult CovarianceSearch::run(const Vector& start, int used, const SearchResult* known) {
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
  if (start == deviance_.standard_start()) look_wider();
  while (advance()) {
    if (known != nullptr && (reached(*known) || hopeless(*known))) break;
  }
  return result_;
}

}  // namespace henderson
