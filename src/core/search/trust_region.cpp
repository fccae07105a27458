#include "search/trust_region.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "algebra/eigen_decompositions.h"

namespace henderson {

namespace {

struct Step {
  Vector s;
  double predicted = 0;  // decrease of the quadratic model with |eig(H)|
  Matrix model;          // that model's Hessian on the free coordinates, embedded
};

class TrustRegion {
 public:
  TrustRegion(Objective* objective, const TrustRegionOptions& options)
      : objective_(*objective), options_(options), improved_(options.exact) {}

  SearchResult run(const Vector& start);
  bool improved() const { return improved_; }

 private:
  bool floored(Index i) const { return options_.floors.size() > 0 && options_.floors[i] > 0; }
  Vector apply_floors(const Vector& x, const Vector& previous) const;
  Step newton_step(const Vector& x, const Vector& g, const Matrix& h, double radius) const;
  double evaluate(const Vector& x) {
    ++result_.evaluations;
    const Evaluation there = objective_.evaluate(x, Order::kValue, Chart::kFactor);
    rounding_ = there.rounding;
    return there.value;
  }
  void differentiate(const Vector& x, Vector* gradient, Matrix* hessian);
  // One step; false when the iteration is over.
  bool iterate();
  bool settle(const Step& step);
  void finish(SearchStatus status) { result_.status = status; }

  // The Hessian model at the current point: the function's own plus the secant correction.
  Matrix model_hessian() const { return hessian_ + correction_; }
  void update_correction(const Vector& step, const Vector& change);
  void consider_correction(const Vector& step, const Vector& change, double predicted,
                           double ratio);

  Objective& objective_;
  const TrustRegionOptions& options_;
  SearchResult result_;
  double rounding_ = 0;  // of the value last evaluated
  Vector gradient_;      // at result_.x
  Matrix hessian_;
  Matrix correction_;
  bool correcting_ = false;
  bool exact_ = false;  // the Hessian is exact: its negative eigenvalues mean what they say
  bool improved_;       // it is asked for
  double radius_ = 1;
};

void TrustRegion::differentiate(const Vector& x, Vector* gradient, Matrix* hessian) {
  const Order order = improved_ ? Order::kTraces : Order::kAverage;
  Evaluation there = objective_.evaluate(x, order, Chart::kFactor);
  *gradient = std::move(there.gradient);
  *hessian = std::move(there.hessian);
}

// The correction is used only where it pays: near the minimum (predicted decrease below a tenth of
// a unit of deviance) and only once the approximate Hessian has been seen to converge slowly.
void TrustRegion::consider_correction(const Vector& step, const Vector& change, double predicted,
                                      double ratio) {
  if (!(ratio > 0.2 && ratio < 5)) {
    correcting_ = false;
    correction_.setZero();
    return;
  }
  if (!correcting_) {
    const double next = newton_step(result_.x, gradient_, hessian_, radius_).predicted;
    const bool slow = predicted < 0.1 && next > 0.02 * predicted;
    if (slow && !improved_ && objective_.trace_cost() != TraceCost::kTooMuch) {
      exact_ = true;
      improved_ = true;
      differentiate(result_.x, &gradient_, &hessian_);
      return;
    }
    correcting_ = slow;
  }
  if (correcting_) update_correction(step, change);
}

// Structured symmetric rank-one update: the approximate Hessian is off by a slowly varying matrix,
// which secant pairs reveal. Turns the linear convergence of an approximation into a superlinear
// one.
void TrustRegion::update_correction(const Vector& step, const Vector& change) {
  const Vector residual = change - model_hessian() * step;
  const double curvature = residual.dot(step);
  if (std::abs(curvature) > 1e-6 * residual.norm() * step.norm()) {
    correction_ += residual * residual.transpose() / curvature;
  }
}

Vector TrustRegion::apply_floors(const Vector& x, const Vector& previous) const {
  Vector result = x;
  for (Index i = 0; i < x.size(); ++i) {
    if (floored(i) && std::abs(x[i]) < options_.floors[i]) {
      result[i] = previous[i] < 0 ? -options_.floors[i] : options_.floors[i];
    }
  }
  return result;
}

// Minimises c's + s'diag(curvature)s / 2 within the radius, by bisection on the shift of the
// curvature (More & Sorensen 1983). A negative curvature puts the solution on the boundary.
Vector constrained_step(const Vector& c, const Vector& curvature, double radius) {
  const auto solve = [&](double shift) {
    return Vector(-(c.array() / (curvature.array() + shift)).matrix());
  };
  const double lowest = curvature.minCoeff();
  double low = lowest > 0 ? 0 : -lowest * (1 + 1e-8);
  Vector s = solve(low);
  if (s.norm() <= radius) {
    if (lowest > 0) return s;
    // The gradient has (nearly) no part along the negative direction: complete the step with it.
    Index which;
    curvature.minCoeff(&which);
    const double missing = std::sqrt(std::max(radius * radius - s.squaredNorm(), 0.0));
    s[which] += c[which] > 0 ? -missing : missing;
    return s;
  }
  double high = low + c.norm() / radius;
  for (int k = 0; k < 80; ++k) {
    const double middle = 0.5 * (low + high);
    (solve(middle).norm() > radius ? low : high) = middle;
  }
  return solve(high);
}

Step TrustRegion::newton_step(const Vector& x, const Vector& g, const Matrix& h,
                              double radius) const {
  std::vector<Index> free;
  for (Index i = 0; i < x.size(); ++i) {
    const bool at_floor = floored(i) && std::abs(x[i]) <= options_.floors[i] * (1 + 1e-9);
    const bool held = at_floor && g[i] * (x[i] < 0 ? -1 : 1) >= 0;
    if (!held && (options_.fixed.empty() || !options_.fixed[i])) free.push_back(i);
  }
  Step step;
  step.s = Vector::Zero(x.size());
  step.model = Matrix::Zero(x.size(), x.size());
  const Index n = static_cast<Index>(free.size());
  if (n == 0) return step;
  Matrix reduced(n, n);
  Vector slope(n);
  for (Index a = 0; a < n; ++a) {
    slope[a] = g[free[a]];
    for (Index b = 0; b < n; ++b) reduced(a, b) = h(free[a], free[b]);
  }
  Eigen::SelfAdjointEigenSolver<Matrix> eigen(reduced);
  Vector curvature = eigen.eigenvalues();
  const double largest = curvature.cwiseAbs().maxCoeff();
  if (!exact_) curvature = curvature.cwiseAbs();
  const double smallest = std::max(1e-9 * largest, 1e-300);
  for (Index i = 0; i < n; ++i) {
    if (std::abs(curvature[i]) < smallest) curvature[i] = smallest;
  }
  const Vector c = eigen.eigenvectors().transpose() * slope;
  const Vector s = constrained_step(c, curvature, radius);
  step.predicted = -(c.dot(s) + 0.5 * (curvature.array() * s.array().square()).sum());
  const Vector full = eigen.eigenvectors() * s;
  const Matrix model =
      eigen.eigenvectors() * curvature.asDiagonal() * eigen.eigenvectors().transpose();
  for (Index a = 0; a < n; ++a) {
    step.s[free[a]] = full[a];
    for (Index b = 0; b < n; ++b) step.model(free[a], free[b]) = model(a, b);
  }
  return step;
}

// The predicted decrease is below the tolerance or cannot be seen in the value any more: take the
// step if it shrinks the gradient, in the metric of the Hessian, and stay otherwise.
bool TrustRegion::settle(const Step& step) {
  const Vector x = result_.x;
  const Vector moved = apply_floors(x + step.s, x);
  const double value = evaluate(moved);
  if (value <= result_.value + 50 * rounding_) {
    Vector gradient;
    Matrix hessian;
    differentiate(moved, &gradient, &hessian);
    const double next = newton_step(moved, gradient, hessian + correction_, radius_).predicted;
    if (next < 0.5 * step.predicted) {
      result_.x = moved;
      result_.value = value;
      gradient_ = gradient;
      hessian_ = hessian;
      return next > options_.tolerance;
    }
  }
  result_.value = evaluate(x);
  differentiate(x, &gradient_, &hessian_);
  return false;
}

bool TrustRegion::iterate() {
  const Vector x = result_.x;
  for (int attempt = 0; attempt < 40; ++attempt) {
    const Step step = newton_step(x, gradient_, model_hessian(), radius_);
    result_.trace.push_back({result_.evaluations, result_.value, step.predicted, radius_});
    if (step.predicted <= 1e-4 * options_.tolerance) return false;
    if (result_.evaluations >= options_.max_evaluations) {
      finish(SearchStatus::kMaxEvaluations);
      return false;
    }
    // A decrease of 1e-12 still leaves 1e-6 of a parameter's scale: one more step settles it.
    if (step.predicted <= std::max(options_.tolerance, 20 * rounding_)) {
      return settle(step);
    }
    const Vector moved = apply_floors(x + step.s, x);
    const Vector actual = moved - x;
    const double predicted = -(gradient_.dot(actual) + 0.5 * actual.dot(step.model * actual));
    const double value = evaluate(moved);
    const double gain = result_.value - value;
    const double ratio = gain / std::max(predicted, 0.1 * step.predicted);
    if (ratio > 1e-4) {
      if (ratio > 0.75) radius_ = std::max(radius_, 2 * actual.norm());
      if (ratio < 0.25) radius_ = 0.5 * actual.norm();
      const Vector old_gradient = gradient_;
      result_.x = moved;
      result_.value = value;
      ++result_.iterations;
      differentiate(result_.x, &gradient_, &hessian_);
      consider_correction(actual, gradient_ - old_gradient, step.predicted, ratio);
      return true;
    }
    radius_ = 0.3 * actual.norm();
    if (radius_ < 1e-10) break;
  }
  finish(SearchStatus::kRadiusCollapsed);
  result_.value = evaluate(x);
  differentiate(x, &gradient_, &hessian_);
  return false;
}

SearchResult TrustRegion::run(const Vector& start) {
  radius_ = std::max(options_.initial_radius, 0.5 * start.norm());
  result_.evaluations = options_.used;
  result_.x = start;
  result_.value = evaluate(start);
  if (!std::isfinite(result_.value)) {
    finish(SearchStatus::kUndefined);
    return result_;
  }
  differentiate(result_.x, &gradient_, &hessian_);
  correction_ = Matrix::Zero(start.size(), start.size());
  while (iterate()) {
  }
  return result_;
}

}  // namespace

SearchResult minimize(Objective* objective, const Vector& start, const TrustRegionOptions& options,
                      bool* exact) {
  TrustRegion search(objective, options);
  const SearchResult result = search.run(start);
  if (exact != nullptr) *exact = search.improved();
  return result;
}

}  // namespace henderson
