// ar1: correlation rho^|i - j| of columns i and j, which are equally spaced steps.
#include <cmath>

#include "covariance/correlation.h"
#include "covariance/registry.h"

namespace henderson {

namespace {

class Autoregressive : public SingleCorrelation {
 public:
  explicit Autoregressive(int v) : SingleCorrelation(v, -1) {}

  Matrix matrix(const Vector& phi) const override {
    const double rho = v() > 1 ? bounds().value(phi[0]) : 0;
    return toeplitz([rho](int lag) { return std::pow(rho, lag); });
  }
  Matrix derivative(const Vector& phi, int) const override {
    const double rho = bounds().value(phi[0]);
    const double slope = bounds().slope(phi[0]);
    return toeplitz(
        [rho, slope](int lag) { return lag == 0 ? 0 : lag * std::pow(rho, lag - 1) * slope; });
  }

 private:
  template <class Lag>
  Matrix toeplitz(const Lag& value) const {
    Matrix r(v(), v());
    for (int j = 0; j < v(); ++j) {
      for (int i = j; i < v(); ++i) r(i, j) = r(j, i) = value(i - j);
    }
    return r;
  }
};

}  // namespace

std::unique_ptr<CovarianceStructure> make_autoregressive(int v, bool homogeneous) {
  return make_correlated(v, homogeneous ? Deviations::kOne : Deviations::kEach,
                         std::make_unique<Autoregressive>(v));
}

}  // namespace henderson
