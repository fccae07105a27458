// ou, exp, gau: R_ij = r^((h_ij / h_0)^power), r the correlation at the smallest distance h_0, by
// an angle between 0 and 1. That is as easy for distances of any unit, and smooth at r = 0.
//   ou:  theta = r^(1 / h_0), the correlation at distance 1; positions on a line
//   exp: exp(-h / theta)
//   gau: exp(-(h / theta)^2)
#include "covariance/distance.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "covariance/registry.h"

namespace henderson {

Matrix position_distances(int v, const Matrix& positions) {
  if (positions.rows() != v) throw std::invalid_argument("positions are not one for each column");
  Matrix h = Matrix::Zero(v, v);
  for (int j = 0; j < v; ++j) {
    for (int i = j + 1; i < v; ++i) {
      h(i, j) = h(j, i) = (positions.row(i) - positions.row(j)).norm();
      if (!(h(i, j) > 0)) throw std::invalid_argument("two positions are at one place");
    }
  }
  return h;
}

double smallest_distance(const Matrix& distances) {
  double smallest = std::numeric_limits<double>::infinity();
  for (Index j = 0; j < distances.cols(); ++j) {
    for (Index i = j + 1; i < distances.rows(); ++i) smallest = std::min(smallest, distances(i, j));
  }
  return std::isfinite(smallest) ? smallest : 1;
}

namespace {

constexpr double kStart = 0.3;
// of the exponent at the smallest distance, so that a range is finite
constexpr double kLeast = 1e-15;

enum class Reported { kCorrelation, kRange };

class Decay : public Correlation {
 public:
  Decay(int v, const Matrix& positions, double power, Reported reported)
      : v_(v), power_(power), reported_(reported), bounds_(0) {
    const Matrix h = position_distances(v, positions);
    h0_ = smallest_distance(h);
    exponent_ = (h / h0_).array().pow(power);
  }

  int n_parameters() const override { return v_ > 1 ? 1 : 0; }
  Vector start() const override { return Vector::Constant(n_parameters(), bounds_.angle(kStart)); }
  std::vector<Vector> other_starts() const override {
    return {Vector::Constant(n_parameters(), bounds_.angle(0.9))};
  }
  Matrix matrix(const Vector& phi) const override {
    if (v_ == 1) return Matrix::Ones(1, 1);
    const double r = bounds_.value(phi[0]);
    return exponent_.unaryExpr([r](double e) { return e == 0 ? 1 : std::pow(r, e); });
  }
  Matrix derivative(const Vector& phi, int) const override {
    const double r = bounds_.value(phi[0]);
    const double slope = bounds_.slope(phi[0]);
    return exponent_.unaryExpr(
        [r, slope](double e) { return e == 0 ? 0 : e * std::pow(r, e - 1) * slope; });
  }
  Vector to_theta(const Vector& phi) const override {
    return phi.unaryExpr([this](double x) { return theta(bounds_.value(x)); });
  }
  Vector from_theta(const Vector& theta) const override {
    return theta.unaryExpr([this](double t) {
      const double positive = std::max(t, 0.0);
      const double r = reported_ == Reported::kCorrelation
                           ? std::pow(positive, h0_)
                           : std::exp(-std::pow(h0_ / positive, power_));
      return bounds_.angle(r);
    });
  }
  Matrix jacobian(const Vector& phi) const override {
    return phi
        .unaryExpr([this](double x) { return theta_slope(bounds_.value(x)) * bounds_.slope(x); })
        .asDiagonal();
  }

 private:
  double theta(double r) const {
    if (reported_ == Reported::kCorrelation) return std::pow(r, 1 / h0_);
    return h0_ * std::pow(std::max(-std::log(r), kLeast), -1 / power_);
  }
  double theta_slope(double r) const {
    if (reported_ == Reported::kCorrelation) return std::pow(r, 1 / h0_ - 1) / h0_;
    return theta(r) / (power_ * r * std::max(-std::log(r), kLeast));
  }

  int v_;
  double power_;
  Reported reported_;
  Bounded bounds_;
  double h0_ = 1;
  Matrix exponent_;
};

}  // namespace

std::unique_ptr<Correlation> make_ornstein_uhlenbeck(int v, const StructureSettings& settings) {
  return std::make_unique<Decay>(v, settings.positions, 1, Reported::kCorrelation);
}

std::unique_ptr<Correlation> make_exponential(int v, const StructureSettings& settings) {
  return std::make_unique<Decay>(v, settings.positions, 1, Reported::kRange);
}

std::unique_ptr<Correlation> make_gaussian(int v, const StructureSettings& settings) {
  return std::make_unique<Decay>(v, settings.positions, 2, Reported::kRange);
}

}  // namespace henderson
