#include <catch.h>

#include <cmath>

#include "search/trust_region.h"

using namespace henderson;

namespace {

// What the trust region asks of an objective, for functions that are no deviances.
class Function : public Objective {
 public:
  explicit Function(int size) { coordinates_.size = size; }
  const Coordinates& coordinates() const override { return coordinates_; }
  FullRounding full_rounding(const Vector&) override { return {1e-16, 0}; }
  TraceCost trace_cost() const override { return TraceCost::kTooMuch; }
  Evaluation evaluate(const Vector& x, Order, Chart) override {
    Evaluation result;
    result.rounding = 1e-16;
    compute(x, &result);
    return result;
  }

 private:
  virtual void compute(const Vector& x, Evaluation* result) = 0;
  Coordinates coordinates_;
};

// Rosenbrock's valley, with its exact Hessian or a crude one.
class Valley : public Function {
 public:
  explicit Valley(bool exact) : Function(2), exact_(exact) {}

 private:
  void compute(const Vector& x, Evaluation* result) override {
    const double d = x[1] - x[0] * x[0];
    result->value = 100 * std::pow(d, 2) + std::pow(1 - x[0], 2);
    result->gradient.resize(2);
    result->gradient << -400 * x[0] * d - 2 * (1 - x[0]), 200 * d;
    result->hessian.resize(2, 2);
    if (exact_) {
      result->hessian << -400 * (d - 2 * x[0] * x[0]) + 2, -400 * x[0], -400 * x[0], 200;
    } else {
      result->hessian << 802, -400, -400, 200;  // that at the minimum, wherever we are
    }
  }
  bool exact_;
};

// (x^2 - a)^2: x = 0 is always stationary; the minimum is at sqrt(a), or at zero for a < 0.
class Boundary : public Function {
 public:
  explicit Boundary(double a) : Function(1), a_(a) {}

 private:
  void compute(const Vector& x, Evaluation* result) override {
    const double d = x[0] * x[0] - a_;
    result->value = d * d;
    result->gradient = Vector::Constant(1, 4 * x[0] * d);
    result->hessian = Matrix::Constant(1, 1, 12 * x[0] * x[0] - 4 * a_);
  }
  double a_;
};

}  // namespace

TEST_CASE("the trust region follows a curved valley") {
  Vector start(2);
  start << -1.2, 1;
  for (const bool exact : {true, false}) {
    Valley valley(exact);
    TrustRegionOptions options;
    options.max_evaluations = 2000;
    const SearchResult result = minimize(&valley, start, options);
    CHECK(result.status == SearchStatus::kConverged);
    CHECK((result.x - Vector::Ones(2)).norm() < 1e-5);
  }
}

TEST_CASE("a floor holds a coordinate that wants to be zero, and lets go of one that does not") {
  TrustRegionOptions options;
  options.floors = Vector::Constant(1, 1e-5);
  Boundary inside(0.25);
  CHECK(minimize(&inside, Vector::Constant(1, 1e-5), options).x[0] == Approx(0.5).epsilon(1e-6));
  Boundary outside(-1);
  const SearchResult result = minimize(&outside, Vector::Constant(1, 0.7), options);
  CHECK(std::abs(result.x[0]) <= 1.0001e-5);
  CHECK(result.status == SearchStatus::kConverged);
}

TEST_CASE("an exhausted budget and an undefined start are reported") {
  Vector start(2);
  start << -1.2, 1;
  Valley valley(true);
  TrustRegionOptions options;
  options.max_evaluations = 3;
  CHECK(minimize(&valley, start, options).status == SearchStatus::kMaxEvaluations);
  start[0] = std::numeric_limits<double>::quiet_NaN();
  CHECK(minimize(&valley, start, options).status == SearchStatus::kUndefined);
}
