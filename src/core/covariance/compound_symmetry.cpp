// cs: the same correlation of all pairs of columns, at least -1 / (v - 1).
#include "covariance/correlation.h"
#include "covariance/registry.h"

namespace henderson {

namespace {

class CompoundSymmetry : public Correlation {
 public:
  explicit CompoundSymmetry(int v) : v_(v), bounds_(v > 1 ? -1.0 / (v - 1) : 0) {}

  int n_parameters() const override { return v_ > 1 ? 1 : 0; }
  Matrix matrix(const Vector& phi) const override {
    Matrix r = Matrix::Constant(v_, v_, v_ > 1 ? bounds_.value(phi[0]) : 1);
    r.diagonal().setOnes();
    return r;
  }
  Matrix derivative(const Vector& phi, int) const override {
    Matrix d = Matrix::Constant(v_, v_, bounds_.slope(phi[0]));
    d.diagonal().setZero();
    return d;
  }
  Vector start() const override { return from_theta(Vector::Zero(n_parameters())); }
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
  int v_;
  BoundedCorrelation bounds_;
};

}  // namespace

std::unique_ptr<CovarianceStructure> make_compound_symmetry(int v, bool homogeneous) {
  return make_correlated(v, homogeneous ? Deviations::kOne : Deviations::kEach,
                         std::make_unique<CompoundSymmetry>(v));
}

}  // namespace henderson
