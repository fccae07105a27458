// Structures made of standard deviations and a correlation matrix with few parameters:
//   Gamma = S R(phi) S,  S = diag(standard deviations), one for all columns or one each.
//
// Parameters: the standard deviations, then those of R. Each standard deviation is a cone of its
// own, so that it cannot become negative and may be zero; those of R are free coordinates.
#ifndef HENDERSON_COVARIANCE_CORRELATION_H_
#define HENDERSON_COVARIANCE_CORRELATION_H_

#include <memory>

#include "covariance/structure.h"

namespace henderson {

class Correlation;

// A correlation each R of which is one of another: the other's theta from its own.
struct NestedCorrelation {
  std::shared_ptr<const Correlation> correlation;
  std::function<Vector(const Vector&)> lift;
};

class Correlation {
 public:
  virtual ~Correlation() = default;
  virtual int n_parameters() const = 0;
  // Are the R a linear space, but for their diagonal?
  virtual bool is_linear() const { return false; }
  virtual Matrix matrix(const Vector& phi) const = 0;
  virtual Matrix derivative(const Vector& phi, int i) const = 0;  // dR/dphi_i
  // Independent columns, or nearly so where that is a boundary.
  virtual Vector start() const = 0;
  virtual std::vector<Vector> other_starts() const = 0;
  virtual std::vector<NestedCorrelation> nested() const { return {}; }
  virtual Vector to_theta(const Vector& phi) const = 0;
  virtual Vector from_theta(const Vector& theta) const = 0;
  virtual Matrix jacobian(const Vector& phi) const = 0;  // dtheta_i/dphi_j
  // Coordinates are angles: a bound is where one is a right angle.
  virtual std::vector<char> at_bound(const Vector& phi) const;
};

enum class Deviations { kOne, kEach };

std::unique_ptr<CovarianceStructure> make_correlated(
    int v, Deviations deviations, std::shared_ptr<const Correlation> correlation);

// The matrix with by_lag[|i - j|] in row i and column j.
Matrix toeplitz(const Vector& by_lag);

// A number between two bounds by an angle: their middle and half their distance times sin(phi).
class Bounded {
 public:
  explicit Bounded(double lowest, double highest = 1)
      : middle_((lowest + highest) / 2), half_(highest - middle_) {}
  double value(double phi) const;
  double angle(double value) const;  // held within the bounds
  double slope(double phi) const;
  // The angle of what is a share of the way from the lower bound to the upper.
  double part(double share) const;

 private:
  double middle_, half_;
};

// What structures share whose parameters are correlations with the same bounds, one by one.
class BoundedCorrelations : public Correlation {
 public:
  int n_parameters() const override { return count_; }
  Vector start() const override { return from_theta(Vector::Zero(count_)); }
  std::vector<Vector> other_starts() const override {
    std::vector<Vector> starts;
    for (const double share : {0.85, 0.15}) {
      if (count_ > 0) starts.push_back(Vector::Constant(count_, bounds_.part(share)));
    }
    return starts;
  }
  Vector to_theta(const Vector& phi) const override {
    return phi.unaryExpr([this](double x) { return bounds_.value(x); });
  }
  Vector from_theta(const Vector& theta) const override {
    return theta.unaryExpr([this](double r) { return bounds_.angle(r); });
  }
  Matrix jacobian(const Vector& phi) const override {
    return phi.unaryExpr([this](double x) { return bounds_.slope(x); }).asDiagonal();
  }

 protected:
  BoundedCorrelations(int v, int count, double lowest) : v_(v), count_(count), bounds_(lowest) {}
  Index v() const { return v_; }
  const Bounded& bounds() const { return bounds_; }

 private:
  int v_, count_;
  Bounded bounds_;
};

// One of them; a single column has none.
class SingleCorrelation : public BoundedCorrelations {
 protected:
  SingleCorrelation(int v, double lowest) : BoundedCorrelations(v, v > 1 ? 1 : 0, lowest) {}
};

}  // namespace henderson

#endif  // HENDERSON_COVARIANCE_CORRELATION_H_
