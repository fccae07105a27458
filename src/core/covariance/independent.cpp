// diag with one standard deviation: independent columns, no parameters of the correlation.
#include "covariance/registry.h"

namespace henderson {

namespace {

class Independent : public BoundedCorrelations {
 public:
  explicit Independent(int v) : BoundedCorrelations(v, 0, -1) {}
  bool is_linear() const override { return true; }
  Matrix matrix(const Vector&) const override { return Matrix::Identity(v(), v()); }
  Matrix derivative(const Vector&, int) const override { return Matrix::Zero(v(), v()); }
};

}  // namespace

std::unique_ptr<Correlation> make_independent(int v, const StructureSettings&) {
  return std::make_unique<Independent>(v);
}

}  // namespace henderson
