// us: any covariance matrix. Parameters: the lower triangle of Lambda by columns.
#include "algebra/symmetric.h"
#include "covariance/registry.h"

namespace henderson {

namespace {

class Unstructured : public CovarianceStructure {
 public:
  explicit Unstructured(int v) : CovarianceStructure(v) {}

  int n_parameters() const override { return n_columns() * (n_columns() + 1) / 2; }
  Basis basis() const override { return Basis::kAny; }
  bool has_entries() const override { return true; }
  bool is_linear() const override { return true; }
  std::vector<Cone> cones() const override { return {cone()}; }
  Matrix factor(const ConstVectorRef& x) const override { return cone_factor(cone(), x); }
  Matrix derivative(const ConstVectorRef&, int i) const override {
    return cone_matrix(cone(), Vector::Unit(n_parameters(), i));
  }
  Vector start() const override { return pack(Matrix::Identity(n_columns(), n_columns())); }
  Vector canonical(const Vector& x) const override {
    Coordinates own;
    own.size = n_parameters();
    own.cones = cones();
    return own.canonical(x);
  }
  Vector multipliers(const Vector& scale) const override {
    return pack(scale.rowwise().replicate(n_columns()));
  }

 private:
  Cone cone() const {
    Cone own;
    own.size = n_columns();
    return own;
  }
  Vector pack(const Matrix& lambda) const {
    Vector x(n_parameters());
    set_cone_matrix(cone(), lambda, &x);
    return x;
  }
};

}  // namespace

std::unique_ptr<CovarianceStructure> make_unstructured(int v) {
  return std::make_unique<Unstructured>(v);
}

}  // namespace henderson
