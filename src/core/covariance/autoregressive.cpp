// ar1: correlation rho^|i - j| of columns i and j, which are steps of equal length; positions count
// them where some have no column.
#include <cmath>

#include "covariance/registry.h"

namespace henderson {

namespace {

class Autoregressive : public SingleCorrelation {
 public:
  Autoregressive(int v, const Matrix& positions) : SingleCorrelation(v, -1), step_(v) {
    for (int i = 0; i < v; ++i) step_[i] = positions.rows() > 0 ? positions(i, 0) : i;
  }

  Matrix matrix(const Vector& phi) const override {
    const double rho = v() > 1 ? bounds().value(phi[0]) : 0;
    return by_lag([rho](double lag) { return std::pow(rho, lag); });
  }
  Matrix derivative(const Vector& phi, int) const override {
    const double rho = bounds().value(phi[0]);
    const double slope = bounds().slope(phi[0]);
    return by_lag(
        [rho, slope](double lag) { return lag == 0 ? 0 : lag * std::pow(rho, lag - 1) * slope; });
  }

 private:
  template <class Lag>
  Matrix by_lag(const Lag& value) const {
    Matrix r(v(), v());
    for (int j = 0; j < v(); ++j) {
      for (int i = j; i < v(); ++i) r(i, j) = r(j, i) = value(std::abs(step_[i] - step_[j]));
    }
    return r;
  }

  Vector step_;
};

}  // namespace

std::unique_ptr<Correlation> make_autoregressive(int v, const StructureSettings& settings) {
  return std::make_unique<Autoregressive>(v, settings.positions);
}

}  // namespace henderson
