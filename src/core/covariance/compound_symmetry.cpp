// cs: the same correlation of all pairs of columns, at least -1 / (v - 1).
#include "covariance/registry.h"

namespace henderson {

namespace {

class CompoundSymmetry : public SingleCorrelation {
 public:
  explicit CompoundSymmetry(int v) : SingleCorrelation(v, v > 1 ? -1.0 / (v - 1) : 0) {}

  bool is_linear() const override { return true; }
  Matrix matrix(const Vector& phi) const override {
    Matrix r = Matrix::Constant(v(), v(), v() > 1 ? bounds().value(phi[0]) : 1);
    r.diagonal().setOnes();
    return r;
  }
  Matrix derivative(const Vector& phi, int) const override {
    Matrix d = Matrix::Constant(v(), v(), bounds().slope(phi[0]));
    d.diagonal().setZero();
    return d;
  }
};

}  // namespace

std::unique_ptr<Correlation> make_compound_symmetry(int v, const StructureSettings&) {
  return std::make_unique<CompoundSymmetry>(v);
}

}  // namespace henderson
