// ad: first-order ante-dependence, the correlation of columns i > j the product of those of the
// neighbours between them, rho_j ... rho_{i-1}: given the one before, a column is independent of
// all earlier ones. Parameters: the correlations of neighbours.
// Source: Gabriel (1962), Annals of Mathematical Statistics 33, 201-212.
#include "covariance/registry.h"

namespace henderson {

namespace {

class Antedependence : public BoundedCorrelations {
 public:
  explicit Antedependence(int v) : BoundedCorrelations(v, v - 1, -1) {}

  std::vector<NestedCorrelation> nested() const override {
    const Index others = v() - 1;
    if (others < 2) return {};
    return {{make_autoregressive(static_cast<int>(v()), {}),
             [others](const Vector& rho) { return Vector(rho.replicate(others, 1)); }}};
  }
  Matrix matrix(const Vector& phi) const override { return products(to_theta(phi)); }
  // the products with rho_i among them, slope in its place
  Matrix derivative(const Vector& phi, int i) const override {
    Vector moved = to_theta(phi);
    moved[i] = bounds().slope(phi[i]);
    Matrix result = products(moved);
    const Index rest = v() - i - 1;
    result.topLeftCorner(i + 1, i + 1).setZero();
    result.bottomRightCorner(rest, rest).setZero();
    return result;
  }

 private:
  Matrix products(const Vector& rho) const {
    Matrix r = Matrix::Identity(v(), v());
    for (Index j = 0; j < v(); ++j) {
      for (Index i = j + 1; i < v(); ++i) r(i, j) = r(j, i) = r(i - 1, j) * rho[i - 1];
    }
    return r;
  }
};

}  // namespace

std::unique_ptr<Correlation> make_antedependence(int v, const StructureSettings&) {
  return std::make_unique<Antedependence>(v);
}

}  // namespace henderson
