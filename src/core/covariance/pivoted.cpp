#include "covariance/pivoted.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "algebra/eigen_decompositions.h"
#include "algebra/symmetric.h"

namespace henderson {

namespace {

class Pivoted : public CovarianceStructure {
 public:
  Pivoted(const Matrix& basis, Index n_pivots)
      : CovarianceStructure(static_cast<int>(basis.rows())),
        pivots_(static_cast<int>(n_pivots)),
        own_(pivots_ == 1 ? 1 : 3),
        rest_(n_columns() - pivots_),
        inverse_(basis.inverse()) {}

  int n_parameters() const override { return own_ + pivots_ * rest_ + rest_ * (rest_ + 1) / 2; }
  Basis basis() const override { return Basis::kAny; }
  std::vector<Cone> cones() const override {
    std::vector<Cone> own;
    for (int i = 0; pivots_ == 2 && i < 2; ++i) {
      own.emplace_back();
      own.back().first = i;
    }
    if (rest_ > 0) own.push_back(cone());
    return own;
  }
  Matrix factor(const ConstVectorRef& x) const override {
    // small pivots are kept: what is divided by them must have them
    return triangular_factor(inverse_ * pivoted_factor(x), nullptr);
  }
  Matrix derivative(const ConstVectorRef& x, int i) const override {
    const int v = n_columns();
    const int first = own_ + pivots_ * rest_;
    Matrix moved = Matrix::Zero(v, v);
    if (i >= first) {
      Vector unit = Vector::Zero(n_parameters());
      unit[i] = 1;
      moved.bottomRightCorner(rest_, rest_) = cone_matrix(cone(), unit);
    } else {
      const Matrix l = pivoted_factor(x);
      Matrix d = Matrix::Zero(v, v);  // of l
      if (i >= own_) {
        d(pivots_ + (i - own_) % rest_, (i - own_) / rest_) = 1;
      } else if (i == 0) {
        d(0, 0) = 1;
      } else if (i == 1) {
        d(1, 0) = std::sin(x[2]);
        d(1, 1) = std::cos(x[2]);
      } else {
        d(1, 0) = l(1, 1);
        d(1, 1) = -l(1, 0);
      }
      moved = d * l.transpose();
      moved += moved.transpose().eval();
      if (pivots_ == 2 && i < 2) moved /= 2 * x[i];  // by the square, as entries of cones are
    }
    return inverse_ * moved * inverse_.transpose();
  }
  Vector start() const override {
    return pivoted_parameters(inverse_.inverse(), pivots_,
                              Matrix::Identity(n_columns(), n_columns()));
  }
  Vector canonical(const Vector& x) const override {
    return pivoted_parameters(inverse_.inverse(), pivots_, factor(x));
  }
  // It is made for columns as they are.
  Vector multipliers(const Vector&) const override { return Vector::Ones(n_parameters()); }

 private:
  Cone cone() const {
    Cone own;
    own.first = own_ + pivots_ * rest_;
    own.size = rest_;
    return own;
  }
  Matrix pivoted_factor(const ConstVectorRef& x) const {
    Matrix l = Matrix::Zero(n_columns(), n_columns());
    l(0, 0) = x[0];
    if (pivots_ == 2) {
      l(1, 0) = x[1] * std::sin(x[2]);
      l(1, 1) = x[1] * std::cos(x[2]);
    }
    for (int c = 0; c < pivots_; ++c) {
      l.col(c).tail(rest_) = x.segment(own_ + c * rest_, rest_);
    }
    if (rest_ > 0) l.bottomRightCorner(rest_, rest_) = cone_factor(cone(), x);
    return l;
  }

  int pivots_;
  int own_;         // parameters of the pivots themselves
  int rest_;        // effects besides the pivots
  Matrix inverse_;  // T^-1
};

}  // namespace

Matrix pivoted_basis(const Matrix& effects) {
  const Index v = effects.rows();
  const Index pivots = effects.cols();
  const Matrix unit = effects.colwise().normalized();
  const Eigen::HouseholderQR<Matrix> qr(unit);
  const Matrix q = qr.householderQ() * Matrix::Identity(v, v);
  Matrix basis(v, v);
  basis.topRows(pivots) = unit.transpose();
  basis.bottomRows(v - pivots) = q.rightCols(v - pivots).transpose();
  return basis;
}

int pivoted_held(Index n_pivots) { return n_pivots == 1 ? 0 : 2; }

Vector pivoted_parameters(const Matrix& basis, Index n_pivots, const ConstMatrixRef& factor) {
  const Matrix l = canonical_factor(basis * factor, nullptr);
  const Index rest = basis.rows() - n_pivots;
  const Index own = n_pivots == 1 ? 1 : 3;
  Vector x(own + n_pivots * rest + rest * (rest + 1) / 2);
  x[0] = l(0, 0);
  if (n_pivots == 2) {
    x[1] = std::hypot(l(1, 0), l(1, 1));
    x[2] = std::atan2(l(1, 0), l(1, 1));
  }
  for (Index c = 0; c < n_pivots; ++c) x.segment(own + c * rest, rest) = l.col(c).tail(rest);
  if (rest > 0) {
    Cone cone;
    cone.first = static_cast<int>(own + n_pivots * rest);
    cone.size = static_cast<int>(rest);
    set_cone_matrix(cone, canonical_factor(l.bottomRightCorner(rest, rest), nullptr), &x);
  }
  return x;
}

std::vector<Vector> pivoted_alternatives(const Vector& x, int v, Index n_pivots) {
  std::vector<Vector> result;
  for (int pivot = 0; n_pivots == 2 && pivot < 2; ++pivot) {
    result.push_back(x);
    result.back()[pivot] *= 0.1;
  }
  const Index rest = v - n_pivots;
  if (rest == 0) return result;
  const Index first = n_pivots == 1 ? 1 : 3;
  Cone cone;
  cone.first = static_cast<int>(first + n_pivots * rest);
  cone.size = static_cast<int>(rest);
  const Matrix factor = cone_factor(cone, x);
  Matrix gamma = factor * factor.transpose();
  for (Index c = 0; c < n_pivots; ++c) {
    const Vector loadings = x.segment(first + c * rest, rest);
    gamma += loadings * loadings.transpose();
  }
  const auto add = [&](const Vector& loadings, const Matrix& left) {
    Vector other = x;
    other.segment(first, n_pivots * rest).setZero();
    other.segment(first, rest) = loadings;
    set_cone_matrix(cone, semidefinite_cholesky(left), &other);
    result.push_back(std::move(other));
  };
  const Matrix identity = Matrix::Identity(rest, rest);
  add(Vector::Zero(rest), (identity + 10 * gamma).inverse());
  constexpr double kLeft = 0.05;  // of the variance, for what is not collinear
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(gamma);
  const double variance = std::max(eigen.eigenvalues()[rest - 1], 1.0);
  const Vector along = std::sqrt(variance) * eigen.eigenvectors().col(rest - 1);
  gamma += kLeft * variance * identity - (1 - kLeft) * along * along.transpose();
  add(along, gamma);
  add(-along, gamma);
  return result;
}

std::shared_ptr<const CovarianceStructure> make_pivoted(const Matrix& basis, Index n_pivots) {
  return std::make_shared<Pivoted>(basis, n_pivots);
}

}  // namespace henderson
