#include "covariance/correlation.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "algebra/symmetric.h"

namespace henderson {

namespace {

class Correlated : public CovarianceStructure {
 public:
  Correlated(int v, Deviations deviations, std::shared_ptr<const Correlation> correlation)
      : CovarianceStructure(v),
        n_deviations_(deviations == Deviations::kOne ? 1 : v),
        correlation_(std::move(correlation)) {}

  int n_parameters() const override { return n_deviations_ + correlation_->n_parameters(); }
  bool is_linear() const override { return n_deviations_ == 1 && correlation_->is_linear(); }
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
  Vector start() const override { return join(ones(1), correlation_->start()); }
  std::vector<Vector> other_starts() const override {
    std::vector<Vector> starts = correlation_->other_starts();
    for (Vector& own : starts) own = join(ones(1), own);
    return starts;
  }
  // with simpler correlations, and with one deviation
  std::vector<NestedStructure> nested() const override {
    std::vector<NestedStructure> result;
    const int n = n_deviations_;
    const Deviations own = n == 1 ? Deviations::kOne : Deviations::kEach;
    for (const NestedCorrelation& simple : correlation_->nested()) {
      result.push_back(
          {make_correlated(n_columns(), own, simple.correlation), [n, simple](const Vector& theta) {
             return join(theta.head(n), simple.lift(theta.tail(theta.size() - n)));
           }});
    }
    if (n > 1) {
      result.push_back(
          {make_correlated(n_columns(), Deviations::kOne, correlation_), [n](const Vector& theta) {
             return join(Vector::Constant(n, theta[0]), theta.tail(theta.size() - 1));
           }});
    }
    return result;
  }
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
  std::vector<char> at_bound(const Vector& x) const override {
    std::vector<char> result(n_deviations_, 0);
    const std::vector<char> own = correlation_->at_bound(angles(x));
    result.insert(result.end(), own.begin(), own.end());
    return result;
  }
  Matrix jacobian(const Vector& x) const override {
    Matrix result = Matrix::Identity(n_parameters(), n_parameters());
    const Index own = correlation_->n_parameters();
    result.bottomRightCorner(own, own) = correlation_->jacobian(angles(x));
    return result;
  }

 private:
  Vector ones(double size) const { return Vector::Constant(n_deviations_, size); }
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
  std::shared_ptr<const Correlation> correlation_;
};

}  // namespace

std::unique_ptr<CovarianceStructure> make_correlated(
    int v, Deviations deviations, std::shared_ptr<const Correlation> correlation) {
  return std::make_unique<Correlated>(v, deviations, std::move(correlation));
}

std::vector<char> Correlation::at_bound(const Vector& phi) const {
  constexpr double kNear = 1e-3;  // 5e-7 of a correlation
  std::vector<char> result;
  for (Index i = 0; i < phi.size(); ++i) result.push_back(std::abs(std::cos(phi[i])) < kNear);
  return result;
}

Matrix toeplitz(const Vector& by_lag) {
  const Index v = by_lag.size();
  Matrix result(v, v);
  for (Index j = 0; j < v; ++j) {
    for (Index i = j; i < v; ++i) result(i, j) = result(j, i) = by_lag[i - j];
  }
  return result;
}

double Bounded::value(double phi) const { return middle_ + half_ * std::sin(phi); }

double Bounded::angle(double value) const {
  return std::asin(std::min(std::max((value - middle_) / half_, -1.0), 1.0));
}

double Bounded::part(double share) const { return std::asin(2 * share - 1); }

double Bounded::slope(double phi) const { return half_ * std::cos(phi); }

}  // namespace henderson
