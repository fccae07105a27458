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

class Correlation {
 public:
  virtual ~Correlation() = default;
  virtual int n_parameters() const = 0;
  virtual Matrix matrix(const Vector& phi) const = 0;
  virtual Matrix derivative(const Vector& phi, int i) const = 0;  // dR/dphi_i
  // Independent columns.
  virtual Vector start() const = 0;
  virtual Vector to_theta(const Vector& phi) const = 0;
  virtual Vector from_theta(const Vector& theta) const = 0;
  virtual Vector slopes(const Vector& phi) const = 0;  // dtheta_i/dphi_i
};

enum class Deviations { kOne, kEach };

std::unique_ptr<CovarianceStructure> make_correlated(int v, Deviations deviations,
                                                     std::unique_ptr<Correlation> correlation);

// A correlation between `lowest` and 1 by an angle: (lowest + 1) / 2 + (1 - lowest) / 2 sin(phi).
class BoundedCorrelation {
 public:
  explicit BoundedCorrelation(double lowest) : middle_((lowest + 1) / 2), half_(1 - middle_) {}
  double value(double phi) const;
  double angle(double correlation) const;  // held within the bounds
  double slope(double phi) const;

 private:
  double middle_, half_;
};

// What structures of v columns with one such correlation share; a single column has none.
class SingleCorrelation : public Correlation {
 public:
  int n_parameters() const override { return v_ > 1 ? 1 : 0; }
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

 protected:
  SingleCorrelation(int v, double lowest) : v_(v), bounds_(lowest) {}
  Index v() const { return v_; }
  const BoundedCorrelation& bounds() const { return bounds_; }

 private:
  int v_;
  BoundedCorrelation bounds_;
};

}  // namespace henderson

#endif  // HENDERSON_COVARIANCE_CORRELATION_H_
