// toep: a correlation for each lag, any that give a positive semidefinite matrix. They are moved by
// partial autocorrelations, one after the other any number between -1 and 1, each by an angle.
// Source: Barndorff-Nielsen and Schou (1973), Journal of Multivariate Analysis 3, 408-419.
#include <cmath>

#include "covariance/registry.h"

namespace henderson {

namespace {

constexpr double kNothingLeft = 1e-14;

// Durbin's and Levinson's recursion, with derivatives along a direction: r of partial
// autocorrelations a, dr of da. r[0] = 1.
void durbin_levinson(const Vector& a, const Vector& da, Vector* r, Vector* dr) {
  const Index p = a.size();
  *r = Vector::Unit(p + 1, 0);
  *dr = Vector::Zero(p + 1);
  Vector c = Vector::Zero(p);  // coefficients of the regression on the lags before
  Vector dc = Vector::Zero(p);
  double left = 1;  // its residual variance
  double d_left = 0;
  for (Index k = 0; k < p; ++k) {
    const Vector before = r->segment(1, k).reverse();
    const Vector d_before = dr->segment(1, k).reverse();
    (*r)[k + 1] = a[k] * left + c.head(k).dot(before);
    (*dr)[k + 1] = da[k] * left + a[k] * d_left + dc.head(k).dot(before) + c.head(k).dot(d_before);
    const Vector reversed = c.head(k).reverse();
    const Vector d_reversed = dc.head(k).reverse();
    c.head(k) -= a[k] * reversed;
    dc.head(k) -= da[k] * reversed + a[k] * d_reversed;
    c[k] = a[k];
    dc[k] = da[k];
    d_left = d_left * (1 - a[k] * a[k]) - 2 * left * a[k] * da[k];
    left *= 1 - a[k] * a[k];
  }
}

class Toeplitz : public Correlation {
 public:
  explicit Toeplitz(int v) : p_(v - 1), bounds_(-1) {}

  int n_parameters() const override { return p_; }
  bool is_linear() const override { return true; }
  Vector start() const override { return Vector::Zero(p_); }
  // as of autoregression
  std::vector<Vector> other_starts() const override {
    std::vector<Vector> starts;
    for (const double share : {0.85, 0.15}) {
      if (p_ > 0) starts.push_back(bounds_.part(share) * Vector::Unit(p_, 0));
    }
    return starts;
  }
  std::vector<NestedCorrelation> nested() const override {
    const int p = p_;
    if (p < 2) return {};
    return {{make_autoregressive(p + 1, {}),
             [p](const Vector& rho) {
               Vector r = rho.replicate(p, 1);
               for (int k = 1; k < p; ++k) r[k] *= r[k - 1];
               return r;
             }},
            {make_compound_symmetry(p + 1, {}),
             [p](const Vector& rho) { return Vector(rho.replicate(p, 1)); }}};
  }
  Matrix matrix(const Vector& phi) const override {
    Vector r(p_ + 1);
    r << 1, to_theta(phi);
    return toeplitz(r);
  }
  Matrix derivative(const Vector& phi, int i) const override {
    Vector r, dr;
    move(phi, i, &r, &dr);
    return toeplitz(dr);
  }
  Vector to_theta(const Vector& phi) const override {
    Vector r, dr;
    durbin_levinson(phi.array().sin(), Vector::Zero(p_), &r, &dr);
    return r.tail(p_);
  }
  Matrix jacobian(const Vector& phi) const override {
    Matrix result(p_, p_);
    Vector r, dr;
    for (int j = 0; j < p_; ++j) {
      move(phi, j, &r, &dr);
      result.col(j) = dr.tail(p_);
    }
    return result;
  }
  // after a partial autocorrelation of one nothing is left
  std::vector<char> at_bound(const Vector& phi) const override {
    std::vector<char> result = Correlation::at_bound(phi);
    for (int k = 1; k < p_; ++k) result[k] = result[k] || result[k - 1];
    return result;
  }
  // held within what is positive semidefinite; zero where nothing is left to correlate
  Vector from_theta(const Vector& theta) const override {
    Vector phi = Vector::Zero(p_);
    Vector c = Vector::Zero(p_);
    double left = 1;
    for (int k = 0; k < p_; ++k) {
      const double rest = theta[k] - c.head(k).dot(theta.head(k).reverse());
      if (left > kNothingLeft) phi[k] = bounds_.angle(rest / left);
      const double a = std::sin(phi[k]);
      const Vector reversed = c.head(k).reverse();
      c.head(k) -= a * reversed;
      c[k] = a;
      left *= 1 - a * a;
    }
    return phi;
  }

 private:
  // r and its derivative by phi_i
  void move(const Vector& phi, int i, Vector* r, Vector* dr) const {
    const Vector unit = std::cos(phi[i]) * Vector::Unit(p_, i);
    durbin_levinson(phi.array().sin(), unit, r, dr);
  }

  int p_;
  Bounded bounds_;
};

}  // namespace

std::unique_ptr<Correlation> make_toeplitz(int v, const StructureSettings&) {
  return std::make_unique<Toeplitz>(v);
}

}  // namespace henderson
