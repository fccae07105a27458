// ar1: correlation rho^|i - j| of columns i and j, which are equally spaced steps.
#include <cmath>

#include "covariance/correlation.h"
#include "covariance/registry.h"

namespace henderson {

namespace {

class Autoregressive : public Correlation {
 public:
  explicit Autoregressive(int v) : v_(v), bounds_(-1) {}

  int n_parameters() const override { return v_ > 1 ? 1 : 0; }
  Matrix matrix(const Vector& phi) const override {
    const double rho = v_ > 1 ? bounds_.value(phi[0]) : 0;
    return toeplitz([rho](int lag) { return std::pow(rho, lag); });
  }
  Matrix derivative(const Vector& phi, int) const override {
    const double rho = bounds_.value(phi[0]);
    const double slope = bounds_.slope(phi[0]);
    return toeplitz(
        [rho, slope](int lag) { return lag == 0 ? 0 : lag * std::pow(rho, lag - 1) * slope; });
  }
  Vector start() const override { return Vector::Zero(n_parameters()); }
  Vector to_theta(const Vector& phi) const override {
    return phi.unaryExpr([this](double x) { return bounds_.value(x); });
  }
  Vector from_theta(const Vector& theta) const override {
    return theta.unaryExpr([this](double r) { return bounds_.angle(r); });
  }
  Vector slopes(const Vector& phi) const override {
    return phi.unaryExpr([this](double x) { return bounds_.slope(x); });
  }

 private:
  template <class Lag>
  Matrix toeplitz(const Lag& value) const {
    Matrix r(v_, v_);
    for (int j = 0; j < v_; ++j) {
      for (int i = j; i < v_; ++i) r(i, j) = r(j, i) = value(i - j);
    }
    return r;
  }

  int v_;
  BoundedCorrelation bounds_;
};

}  // namespace

std::unique_ptr<CovarianceStructure> make_autoregressive(int v, bool homogeneous) {
  return make_correlated(v, homogeneous ? Deviations::kOne : Deviations::kEach,
                         std::make_unique<Autoregressive>(v));
}

}  // namespace henderson
