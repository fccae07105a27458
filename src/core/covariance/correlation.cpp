#include "covariance/correlation.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "algebra/symmetric.h"

namespace henderson {

namespace {

class Correlated : public CovarianceStructure {
 public:
  Correlated(int v, Deviations deviations, std::unique_ptr<Correlation> correlation)
      : CovarianceStructure(v),
        n_deviations_(deviations == Deviations::kOne ? 1 : v),
        correlation_(std::move(correlation)) {}

  int n_parameters() const override { return n_deviations_ + correlation_->n_parameters(); }
  Basis basis() const override {
    return n_deviations_ == n_columns() ? Basis::kScales : Basis::kOneScale;
  }
  std::vector<Cone> cones() const override {
    std::vector<Cone> own(n_deviations_);
    for (int i = 0; i < n_deviations_; ++i) own[i].first = i;
    return own;
  }
  Matrix factor(const ConstVectorRef& x) const override {
    return deviations(x).asDiagonal() * semidefinite_cholesky(correlation_->matrix(angles(x)));
  }
  Matrix derivative(const ConstVectorRef& x, int i) const override {
    const Vector s = deviations(x);
    if (i >= n_deviations_) {
      return s.asDiagonal() * correlation_->derivative(angles(x), i - n_deviations_) *
             s.asDiagonal();
    }
    const Matrix r = correlation_->matrix(angles(x));
    if (n_deviations_ < n_columns()) return r;
    Matrix result = Matrix::Zero(n_columns(), n_columns());
    const Vector own = r.col(i).cwiseProduct(s) / (2 * s[i]);
    result.col(i) = own;
    result.row(i) = own.transpose();
    result(i, i) = 1;
    return result;
  }
  Vector start() const override { return join(Vector::Ones(n_deviations_), correlation_->start()); }
  Vector canonical(const Vector& x) const override {
    return join(x.head(n_deviations_).cwiseAbs(),
                correlation_->from_theta(correlation_->to_theta(angles(x))));
  }
  Vector multipliers(const Vector& scale) const override {
    return join(scale.head(n_deviations_), Vector::Ones(correlation_->n_parameters()));
  }
  Vector to_theta(const Vector& x) const override {
    return join(x.head(n_deviations_), correlation_->to_theta(angles(x)));
  }
  Vector from_theta(const Vector& theta) const override {
    return join(theta.head(n_deviations_), correlation_->from_theta(angles(theta)));
  }
  Vector slopes(const Vector& x) const override {
    return join(Vector::Ones(n_deviations_), correlation_->slopes(angles(x)));
  }

 private:
  Vector deviations(const ConstVectorRef& x) const {
    if (n_deviations_ == n_columns()) return x.head(n_deviations_);
    return Vector::Constant(n_columns(), x[0]);
  }
  Vector angles(const ConstVectorRef& x) const { return x.tail(correlation_->n_parameters()); }
  static Vector join(const Vector& first, const Vector& second) {
    Vector both(first.size() + second.size());
    both << first, second;
    return both;
  }

  int n_deviations_;
  std::unique_ptr<Correlation> correlation_;
};

}  // namespace

std::unique_ptr<CovarianceStructure> make_correlated(int v, Deviations deviations,
                                                     std::unique_ptr<Correlation> correlation) {
  return std::make_unique<Correlated>(v, deviations, std::move(correlation));
}

double BoundedCorrelation::value(double phi) const { return middle_ + half_ * std::sin(phi); }

double BoundedCorrelation::angle(double correlation) const {
  return std::asin(std::min(std::max((correlation - middle_) / half_, -1.0), 1.0));
}

double BoundedCorrelation::slope(double phi) const { return half_ * std::cos(phi); }

}  // namespace henderson
