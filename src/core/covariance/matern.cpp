// mat: Matern's correlation of columns at distance h, range a and smoothness nu,
//   R = 2^(1 - nu) / Gamma(nu) (h / a)^nu K_nu(h / a).
// They are moved by l = a sqrt(2 nu), which means the same for all nu, as exp(-h_0 / l) between 0
// and 1, h_0 the smallest distance, and by log nu between its bounds, each by an angle.
#include <algorithm>
#include <cmath>
#include <limits>

#include "covariance/distance.h"
#include "covariance/registry.h"

namespace henderson {

namespace {

constexpr double kSmoothest = 20;
constexpr double kRoughest = 0.05;
constexpr double kStart = 0.3;

// R and its derivatives by x = h / a and nu.
struct MaternValue {
  double value, by_x, by_nu;
};

double digamma(double x) {
  double sum = 0;
  for (; x < 10; ++x) sum -= 1 / x;
  const double y = 1 / (x * x);
  return sum + std::log(x) - 0.5 / x -
         y * (1.0 / 12 - y * (1.0 / 120 - y * (1.0 / 252 - y * (1.0 / 240 - y / 132))));
}

// K_nu(x) = int_0^inf exp(-x cosh t) cosh(nu t) dt and its derivatives under the integral, by the
// trapezoidal rule, which converges beyond any power of the step for integrands that fall as these.
// Everything is relative to the factor in front, by logarithms.
MaternValue matern(double x, double nu) {
  const double front = (1 - nu) * std::log(2.0) - std::lgamma(nu) + nu * std::log(x);
  constexpr double kStep = 1.0 / 64;
  double k = 0;
  double k_x = 0;
  double k_nu = 0;
  for (int i = 0;; ++i) {
    const double t = i * kStep;
    const double far = nu * t - x * std::cosh(t) + front;
    if (far < -45 && x * std::sinh(t) > nu) break;
    const double weight = (i == 0 ? 0.5 : 1.0) * kStep * std::exp(far);
    const double even = 0.5 * (1 + std::exp(-2 * nu * t));  // cosh(nu t) exp(-nu t)
    const double odd = 0.5 * (1 - std::exp(-2 * nu * t));
    k += weight * even;
    k_x -= weight * std::cosh(t) * even;
    k_nu += weight * t * odd;
  }
  return {k, k * nu / x + k_x, k * (std::log(x / 2) - digamma(nu)) + k_nu};
}

class Matern : public Correlation {
 public:
  Matern(int v, const StructureSettings& settings)
      : v_(v),
        settings_(settings),
        distance_(position_distances(v, settings.positions)),
        h0_(smallest_distance(distance_)),
        near_(0),
        log_nu_(std::log(kRoughest), std::log(kSmoothest)) {}

  int n_parameters() const override { return v_ > 1 ? 2 : 0; }
  Vector start() const override {
    Vector phi(n_parameters());
    if (v_ > 1) phi << near_.angle(kStart), log_nu_.angle(std::log(0.5));
    return phi;
  }
  std::vector<Vector> other_starts() const override {
    Vector phi(n_parameters());
    if (v_ > 1) phi << near_.angle(0.9), log_nu_.angle(std::log(1.5));
    return {phi};
  }
  std::vector<NestedCorrelation> nested() const override {
    if (v_ == 1) return {};
    return {{make_exponential(v_, settings_),
             [](const Vector& range) { return Vector(Eigen::Vector2d(range[0], 0.5)); }}};
  }
  Matrix matrix(const Vector& phi) const override {
    Matrix r = Matrix::Identity(v_, v_);
    if (v_ == 1) return r;
    each_pair(phi, &r, [](double, double, const MaternValue& m) { return m.value; });
    return r;
  }
  Matrix derivative(const Vector& phi, int i) const override {
    Matrix r = Matrix::Zero(v_, v_);
    const Matrix by = jacobian(phi);
    const double by_a = by(0, i);
    const double by_nu = by(1, i);
    each_pair(phi, &r, [by_a, by_nu](double x, double a, const MaternValue& m) {
      return -m.by_x * x / a * by_a + m.by_nu * by_nu;
    });
    return r;
  }
  Vector to_theta(const Vector& phi) const override {
    if (v_ == 1) return phi;
    const double nu = std::exp(log_nu_.value(phi[1]));
    return Eigen::Vector2d(length(phi[0]) / std::sqrt(2 * nu), nu);
  }
  Vector from_theta(const Vector& theta) const override {
    if (v_ == 1) return theta;
    const double nu = std::min(std::max(theta[1], kRoughest), kSmoothest);
    const double l = std::max(theta[0], 0.0) * std::sqrt(2 * nu);
    return Eigen::Vector2d(near_.angle(std::exp(-h0_ / l)), log_nu_.angle(std::log(nu)));
  }
  Matrix jacobian(const Vector& phi) const override {
    if (v_ == 1) return Matrix(0, 0);
    const Vector theta = to_theta(phi);
    const double l = length(phi[0]);
    const double by_log_nu = log_nu_.slope(phi[1]);
    Matrix result(2, 2);
    result << l * l / (h0_ * std::exp(-h0_ / l)) * near_.slope(phi[0]) / std::sqrt(2 * theta[1]),
        -0.5 * theta[0] * by_log_nu, 0, theta[1] * by_log_nu;
    return result;
  }

 private:
  // l, within what its correlations have digits for
  double length(double phi) const {
    const double r = std::min(std::max(near_.value(phi), 1e-300), 1 - 1e-12);
    return -h0_ / std::log(r);
  }
  template <class Value>
  void each_pair(const Vector& phi, Matrix* r, const Value& value) const {
    const Vector theta = to_theta(phi);
    for (int j = 0; j < v_; ++j) {
      for (int i = j + 1; i < v_; ++i) {
        const double x = distance_(i, j) / theta[0];
        (*r)(i, j) = (*r)(j, i) = value(x, theta[0], matern(x, theta[1]));
      }
    }
  }

  int v_;
  StructureSettings settings_;
  Matrix distance_;
  double h0_;
  Bounded near_, log_nu_;
};

}  // namespace

std::unique_ptr<Correlation> make_matern(int v, const StructureSettings& settings) {
  return std::make_unique<Matern>(v, settings);
}

}  // namespace henderson
