// diag: independent columns. Parameters: the diagonal of Lambda.
#include "covariance/registry.h"

namespace henderson {

namespace {

class Diagonal : public CovarianceStructure {
 public:
  explicit Diagonal(int v) : CovarianceStructure(v) {}

  int n_parameters() const override { return n_columns(); }
  Basis basis() const override { return Basis::kScales; }
  bool has_entries() const override { return true; }
  bool is_linear() const override { return true; }
  std::vector<Cone> cones() const override {
    std::vector<Cone> own(n_columns());
    for (int c = 0; c < n_columns(); ++c) own[c].first = c;
    return own;
  }
  Matrix factor(const ConstVectorRef& x) const override { return x.asDiagonal(); }
  Matrix derivative(const ConstVectorRef& x, int i) const override {
    return Vector::Unit(x.size(), i).asDiagonal();
  }
  Vector start() const override { return Vector::Ones(n_columns()); }
  Vector canonical(const Vector& x) const override { return x.cwiseAbs(); }
  Vector multipliers(const Vector& scale) const override { return scale; }
};

}  // namespace

std::unique_ptr<CovarianceStructure> make_diagonal(int v) { return std::make_unique<Diagonal>(v); }

}  // namespace henderson
