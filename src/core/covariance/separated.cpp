#include "covariance/separated.h"

#include <algorithm>
#include <cmath>

#include "algebra/symmetric.h"

namespace henderson {

namespace {

class Separated : public CovarianceStructure {
 public:
  explicit Separated(const Matrix& map)
      : CovarianceStructure(static_cast<int>(map.rows())), map_(map) {}

  int n_parameters() const override { return n_columns() * (n_columns() + 1) / 2; }
  Basis basis() const override { return Basis::kAny; }
  std::vector<Cone> cones() const override {
    std::vector<Cone> own(n_columns());
    for (int i = 0; i < n_columns(); ++i) own[i].first = i;
    return own;
  }
  Matrix factor(const ConstVectorRef& x) const override {
    return triangular_factor(map_ * x.head(n_columns()).asDiagonal() * rows(x), nullptr);
  }
  Matrix derivative(const ConstVectorRef& x, int i) const override {
    const int v = n_columns();
    const Vector s = x.head(v);
    const Matrix c = rows(x);
    Matrix moved = Matrix::Zero(v, v);
    if (i < v) {
      // by the square, as entries of cones are
      const Vector own = s.cwiseProduct(c * c.row(i).transpose()) / (2 * s[i]);
      moved.col(i) = own;
      moved.row(i) = own.transpose();
      moved(i, i) = 1;
    } else {
      moved = s.asDiagonal() * row_derivative(x, i) * c.transpose() * s.asDiagonal();
      moved += moved.transpose().eval();
    }
    return map_ * moved * map_.transpose();
  }
  Vector start() const override {
    Vector x = Vector::Zero(n_parameters());
    x.head(n_columns()).setOnes();
    return x;
  }
  Vector canonical(const Vector& x) const override {
    Vector result = x;
    result.head(n_columns()) = x.head(n_columns()).cwiseAbs();
    return result;
  }
  // It is made for columns as they are.
  Vector multipliers(const Vector&) const override { return Vector::Ones(n_parameters()); }

 private:
  // C, and the derivative of it by one angle.
  Matrix rows(const ConstVectorRef& x) const {
    const int v = n_columns();
    Matrix c = Matrix::Zero(v, v);
    c(0, 0) = 1;
    int at = v;
    for (int r = 1; r < v; ++r) {
      double left = 1;
      for (int k = 0; k < r; ++k, ++at) {
        c(r, k) = left * std::sin(x[at]);
        left *= std::cos(x[at]);
      }
      c(r, r) = left;
    }
    return c;
  }
  Matrix row_derivative(const ConstVectorRef& x, int i) const {
    const int v = n_columns();
    int row = 1;
    int first = v;
    while (i >= first + row) first += row++;
    Matrix d = Matrix::Zero(v, v);
    double left = 1;
    for (int k = 0; k < row; ++k) {
      const double angle = x[first + k];
      const bool own = first + k == i;
      if (first + k >= i) d(row, k) = left * (own ? std::cos(angle) : std::sin(angle));
      left *= own ? -std::sin(angle) : std::cos(angle);
    }
    d(row, row) = left;
    return d;
  }

  Matrix map_;
};

}  // namespace

int separated_angle(int v, int row, int column) { return v + row * (row - 1) / 2 + column; }

Vector separated_parameters(const ConstMatrixRef& gamma) {
  const int v = static_cast<int>(gamma.rows());
  Vector x = Vector::Zero(v * (v + 1) / 2);
  x.head(v) = gamma.diagonal().cwiseMax(0).cwiseSqrt();
  Vector inverse(v);
  for (int i = 0; i < v; ++i) inverse[i] = x[i] > 0 ? 1 / x[i] : 0.0;
  Matrix r = inverse.asDiagonal() * gamma * inverse.asDiagonal();
  r.diagonal().setOnes();
  const Matrix c = semidefinite_cholesky(r);
  int at = v;
  for (int row = 1; row < v; ++row) {
    double left = 1;  // the length of what is left of the row
    for (int k = 0; k < row; ++k, ++at) {
      x[at] = left > 0 ? std::asin(std::max(-1.0, std::min(1.0, c(row, k) / left))) : 0.0;
      left *= std::cos(x[at]);
    }
  }
  return x;
}

std::shared_ptr<const CovarianceStructure> make_separated(const Matrix& map) {
  return std::make_shared<Separated>(map);
}

}  // namespace henderson
