// Correlations of residuals as functions of positions, one class each.
#include <cmath>
#include <stdexcept>

#include "covariance/residual.h"

namespace henderson {

namespace {

using Complex = std::complex<double>;

// C from what gives the correlation of two different rows.
template <class Pairs>
ComplexMatrix fill(const std::vector<double>& at, const Pairs& correlation) {
  const Index n = static_cast<Index>(at.size());
  ComplexMatrix c = ComplexMatrix::Identity(n, n);
  for (Index b = 0; b < n; ++b) {
    for (Index a = b + 1; a < n; ++a) c(a, b) = c(b, a) = correlation(at[a], at[b]);
  }
  return c;
}

// By multiplication: a logarithm would have no derivative at zero.
Complex power(Complex base, long exponent) {
  Complex result = 1;
  for (; exponent > 0; exponent /= 2, base *= base) {
    if (exponent % 2 == 1) result *= base;
  }
  return result;
}

int place(double position) { return static_cast<int>(std::lround(position)) - 1; }

class Independent : public ResidualCorrelation {
 public:
  int n_parameters() const override { return 0; }
  Vector start() const override { return Vector(0); }
  ComplexMatrix matrix(const ComplexVector&, const std::vector<double>& at) const override {
    return fill(at, [](double, double) { return Complex(0); });
  }
  bool markov() const override { return true; }
  bool stationary() const override { return true; }
  bool exchangeable() const override { return true; }
};

// rho^|a - b| at whole numbers, rho = sin(phi).
class FirstOrder : public ResidualCorrelation {
 public:
  int n_parameters() const override { return 1; }
  // off zero, where powers of two and more are stationary
  Vector start() const override { return Vector::Constant(1, 0.3); }
  ComplexMatrix matrix(const ComplexVector& phi, const std::vector<double>& at) const override {
    const Complex rho = std::sin(phi[0]);
    return fill(at, [&](double a, double b) { return power(rho, std::lround(std::abs(a - b))); });
  }
  bool markov() const override { return true; }
  bool stationary() const override { return true; }
};

// rho^|a - b| at any times, 0 < rho < 1, by the logit of rho.
class ContinuousFirstOrder : public ResidualCorrelation {
 public:
  int n_parameters() const override { return 1; }
  Vector start() const override { return Vector::Constant(1, -0.5); }
  ComplexMatrix matrix(const ComplexVector& phi, const std::vector<double>& at) const override {
    const Complex log_rho = -std::log(1.0 + std::exp(-phi[0]));
    return fill(at, [&](double a, double b) { return std::exp(log_rho * std::abs(a - b)); });
  }
  bool markov() const override { return true; }
  bool stationary() const override { return true; }
};

// One correlation, above -1 / (v - 1).
class Exchangeable : public ResidualCorrelation {
 public:
  explicit Exchangeable(int v) : lowest_(v > 1 ? -1.0 / (v - 1) : -1.0) {}
  int n_parameters() const override { return 1; }
  Vector start() const override {
    const double middle = (1 + lowest_) / 2;
    return Vector::Constant(1, std::asin((0.2 - middle) / (1 - middle)));
  }
  ComplexMatrix matrix(const ComplexVector& phi, const std::vector<double>& at) const override {
    const double middle = (1 + lowest_) / 2;
    const Complex rho = middle + (1 - middle) * std::sin(phi[0]);
    return fill(at, [&](double, double) { return rho; });
  }
  bool markov() const override { return false; }
  bool stationary() const override { return true; }
  bool exchangeable() const override { return true; }

 private:
  double lowest_;
};

// A correlation for each distance of visits, by partial autocorrelations sin(phi): any of them are
// those of a positive definite matrix (Barndorff-Nielsen and Schou 1973).
class Banded : public ResidualCorrelation {
 public:
  explicit Banded(int v) : v_(v) {}
  int n_places() const override { return v_; }
  int n_parameters() const override { return v_ - 1; }
  Vector start() const override {
    Vector x = Vector::Zero(v_ - 1);
    if (v_ > 1) x[0] = 0.3;
    return x;
  }
  ComplexMatrix matrix(const ComplexVector& phi, const std::vector<double>& at) const override {
    const std::vector<Complex> r = autocorrelations(phi);
    return fill(at, [&](double a, double b) { return r[std::lround(std::abs(a - b))]; });
  }
  bool markov() const override { return false; }
  bool stationary() const override { return true; }

 private:
  // Durbin's and Levinson's recursion.
  std::vector<Complex> autocorrelations(const ComplexVector& phi) const {
    std::vector<Complex> r = {1.0};
    std::vector<Complex> a;  // coefficients of the prediction from the last values
    Complex error = 1;
    for (int k = 1; k < v_; ++k) {
      const Complex partial = std::sin(phi[k - 1]);
      Complex sum = partial * error;
      for (int j = 1; j < k; ++j) sum += a[j - 1] * r[k - j];
      r.push_back(sum);
      std::vector<Complex> next = a;
      for (int j = 1; j < k; ++j) next[j - 1] = a[j - 1] - partial * a[k - j - 1];
      next.push_back(partial);
      a = next;
      error *= 1.0 - partial * partial;
    }
    return r;
  }

  int v_;
};

// Antedependence: a correlation sin(phi) of each visit with the next, others are their products.
class Antedependent : public ResidualCorrelation {
 public:
  explicit Antedependent(int v) : v_(v) {}
  int n_places() const override { return v_; }
  int n_parameters() const override { return v_ - 1; }
  Vector start() const override { return Vector::Constant(v_ - 1, 0.3); }
  ComplexMatrix matrix(const ComplexVector& phi, const std::vector<double>& at) const override {
    return fill(at, [&](double a, double b) {
      Complex product = 1;
      for (int k = place(std::min(a, b)); k < place(std::max(a, b)); ++k)
        product *= std::sin(phi[k]);
      return product;
    });
  }
  bool markov() const override { return true; }
  bool stationary() const override { return false; }

 private:
  int v_;
};

// Any correlation matrix LL' with rows of unit length, L = (phi, 1) before they are scaled.
class AnyCorrelation : public ResidualCorrelation {
 public:
  explicit AnyCorrelation(int v) : v_(v) {}
  int n_places() const override { return v_; }
  int n_parameters() const override { return v_ * (v_ - 1) / 2; }
  Vector start() const override { return Vector::Constant(n_parameters(), 0.1); }
  ComplexMatrix matrix(const ComplexVector& phi, const std::vector<double>& at) const override {
    const Index n = static_cast<Index>(at.size());
    ComplexMatrix l = ComplexMatrix::Zero(n, v_);
    for (Index a = 0; a < n; ++a) {
      const int row = place(at[a]);
      Complex square = 1;
      l(a, row) = 1;
      for (int c = 0; c < row; ++c) {
        l(a, c) = phi[row * (row - 1) / 2 + c];
        square += l(a, c) * l(a, c);
      }
      l.row(a) /= std::sqrt(square);
    }
    return l * l.transpose();
  }
  bool markov() const override { return false; }
  bool stationary() const override { return false; }

 private:
  int v_;
};

}  // namespace

std::unique_ptr<ResidualCorrelation> make_residual_correlation(const std::string& name, int v) {
  if (name == "independent") return std::make_unique<Independent>();
  if (name == "ar1") return std::make_unique<FirstOrder>();
  if (name == "car1") return std::make_unique<ContinuousFirstOrder>();
  if (name == "cs") return std::make_unique<Exchangeable>(v);
  if (name == "toep") return std::make_unique<Banded>(v);
  if (name == "ad") return std::make_unique<Antedependent>(v);
  if (name == "us") return std::make_unique<AnyCorrelation>(v);
  throw std::invalid_argument("no residual structure '" + name + "'");
}

}  // namespace henderson
