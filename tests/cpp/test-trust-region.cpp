#include <catch.h>
#include <cmath>

#include "search/trust_region.h"

using namespace henderson;

namespace {

// Rosenbrock's valley, with its exact Hessian or a crude diagonal one.
class Valley : public SmoothFunction {
 public:
  explicit Valley(bool exact) : exact_(exact) {}
  double value(const Vector& x) override {
    x_ = x;
    return 100 * std::pow(x[1] - x[0] * x[0], 2) + std::pow(1 - x[0], 2);
  }
  void derivatives(Vector* g, Matrix* h) override {
    const double d = x_[1] - x_[0] * x_[0];
    g->resize(2);
    *g << -400 * x_[0] * d - 2 * (1 - x_[0]), 200 * d;
    h->resize(2, 2);
    if (exact_) {
      *h << -400 * (d - 2 * x_[0] * x_[0]) + 2, -400 * x_[0], -400 * x_[0], 200;
    } else {
      *h << 802, -400, -400, 200;  // the Hessian at the minimum, wherever we are
    }
  }
  double noise() const override { return 1e-16; }

 private:
  bool exact_;
  Vector x_ = Vector::Zero(2);
};

// (x^2 - a)^2: x = 0 is always stationary; the minimum is at sqrt(a), or at zero for a < 0.
class Boundary : public SmoothFunction {
 public:
  explicit Boundary(double a) : a_(a) {}
  double value(const Vector& x) override {
    x_ = x[0];
    return std::pow(x_ * x_ - a_, 2);
  }
  void derivatives(Vector* g, Matrix* h) override {
    *g = Vector::Constant(1, 4 * x_ * (x_ * x_ - a_));
    *h = Matrix::Constant(1, 1, 12 * x_ * x_ - 4 * a_);
  }
  double noise() const override { return 1e-16; }

 private:
  double a_;
  double x_ = 0;
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
