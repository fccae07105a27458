// Poisson, gaussian, Gamma and inverse Gaussian.
#include <algorithm>
#include <cmath>

#include "family/mean_family.h"
#include "family/special_functions.h"

namespace henderson {

namespace {

constexpr double kLog2Pi = 1.83787706640934548356065947281;

// The mean over the rows of a squared residual by row, at the means of eta.
template <class Square>
double mean_square(const Family& family, const FamilyRows& rows, const Square& square) {
  double sum = 0;
  double total = 0;
  for (Index i = 0; i < rows.count; ++i) {
    const double mu = family.link().mean(rows.eta[i]).mu;
    sum += rows.weight_of(i) * square(rows.y[i], mu);
    total += rows.weight_of(i) > 0 ? 1 : 0;
  }
  return std::max(sum / total, 1e-10);
}

class Poisson : public MeanFamily {
 public:
  using MeanFamily::MeanFamily;

  void evaluate(const FamilyRows& rows, double log_phi, const FamilyValues& out) const override {
    if (!link().is_log()) return MeanFamily::evaluate(rows, log_phi, out);
    for (Index i = 0; i < rows.count; ++i) {
      const double weight = rows.weight_of(i);
      const double mu = std::exp(rows.eta[i]);
      out.log_density[i] = weight * (rows.y[i] * rows.eta[i] - mu);
      out.s[i] = weight * (mu - rows.y[i]);
      out.w[i] = weight * mu;
      out.fisher[i] = weight * mu;
    }
  }

  double constant(const FamilyRows& rows, Index i, double) const override {
    return -rows.weight_of(i) * log_gamma(rows.y[i] + 1);
  }
  double start_mean(const FamilyRows& rows, Index i) const override { return rows.y[i] + 0.1; }

 protected:
  ByMean by_mean(const MeanRow& row) const override {
    const double w = row.weight;
    const double mu = row.mu;
    if (!(mu > 0)) return {std::nan(""), 0, 0, 0, 0};
    const double ratio = row.y / mu;
    return {w * (row.y * std::log(mu) - mu), w * (ratio - 1), -w * ratio / mu,
            2 * w * ratio / (mu * mu), w / mu};
  }
};

class Gaussian : public MeanFamily {
 public:
  using MeanFamily::MeanFamily;
  bool has_phi() const override { return true; }

  double constant(const FamilyRows& rows, Index i, double log_phi) const override {
    const double weight = rows.weight_of(i);
    return weight > 0 ? -0.5 * (kLog2Pi + log_phi - std::log(weight)) : 0;
  }
  double start_mean(const FamilyRows& rows, Index i) const override { return rows.y[i]; }
  double start_log_phi(const FamilyRows& rows) const override {
    return std::log(
        mean_square(*this, rows, [](double y, double mu) { return (y - mu) * (y - mu); }));
  }

 protected:
  ByMean by_mean(const MeanRow& row) const override {
    const double w = row.weight / row.phi;
    const double e = row.y - row.mu;
    return {-0.5 * w * e * e, w * e, -w, 0, w};
  }
  ByPhi by_phi(const MeanRow& row) const override {
    const double w = row.weight / row.phi;
    const double e = row.y - row.mu;
    return {(row.weight > 0 ? -0.5 : 0) + 0.5 * w * e * e, -w * e, w};
  }
};

// Of shape v = weight / phi.
class Gamma : public MeanFamily {
 public:
  using MeanFamily::MeanFamily;
  bool has_phi() const override { return true; }

  double constant(const FamilyRows& rows, Index i, double log_phi) const override {
    const double v = rows.weight_of(i) * std::exp(-log_phi);
    if (!(v > 0)) return 0;
    return v * std::log(v * rows.y[i]) - std::log(rows.y[i]) - log_gamma(v);
  }
  double start_mean(const FamilyRows& rows, Index i) const override { return rows.y[i]; }
  double start_log_phi(const FamilyRows& rows) const override {
    return std::log(mean_square(
        *this, rows, [](double y, double mu) { return (y - mu) * (y - mu) / (mu * mu); }));
  }

 protected:
  ByMean by_mean(const MeanRow& row) const override {
    const double v = row.weight / row.phi;
    const double mu = row.mu;
    if (!(mu > 0)) return {std::nan(""), 0, 0, 0, 0};
    const double ratio = row.y / mu;
    return {-v * (std::log(mu) + ratio), v * (ratio - 1) / mu, v * (1 - 2 * ratio) / (mu * mu),
            v * (6 * ratio - 2) / (mu * mu * mu), v / (mu * mu)};
  }
  // dv/dlog phi = -v.
  ByPhi by_phi(const MeanRow& row) const override {
    const double v = row.weight / row.phi;
    const double mu = row.mu;
    const double ratio = row.y / mu;
    if (!(v > 0)) return {0, 0, 0};
    return {-v * (std::log(v * ratio) + 1 - ratio - digamma(v)), -v * (ratio - 1) / mu,
            -v * (1 - 2 * ratio) / (mu * mu)};
  }
};

class InverseGaussian : public MeanFamily {
 public:
  using MeanFamily::MeanFamily;
  bool has_phi() const override { return true; }

  double constant(const FamilyRows& rows, Index i, double log_phi) const override {
    const double weight = rows.weight_of(i);
    if (!(weight > 0)) return 0;
    return -0.5 * (kLog2Pi + log_phi - std::log(weight) + 3 * std::log(rows.y[i]));
  }
  double start_mean(const FamilyRows& rows, Index i) const override { return rows.y[i]; }
  double start_log_phi(const FamilyRows& rows) const override {
    return std::log(mean_square(
        *this, rows, [](double y, double mu) { return (y - mu) * (y - mu) / (mu * mu * y); }));
  }

 protected:
  ByMean by_mean(const MeanRow& row) const override {
    const double w = row.weight / row.phi;
    const double mu = row.mu;
    if (!(mu > 0)) return {std::nan(""), 0, 0, 0, 0};
    const double e = row.y - mu;
    const double cube = mu * mu * mu;
    return {-0.5 * w * e * e / (mu * mu * row.y), w * e / cube,
            w * (2 * mu - 3 * row.y) / (cube * mu), w * (12 * row.y - 6 * mu) / (cube * mu * mu),
            w / cube};
  }
  ByPhi by_phi(const MeanRow& row) const override {
    const ByMean f = by_mean(row);
    return {(row.weight > 0 ? -0.5 : 0) - f.value, -f.d1, -f.d2};
  }
};

}  // namespace

std::unique_ptr<Family> make_poisson(std::unique_ptr<Link> link) {
  return std::make_unique<Poisson>(std::move(link));
}
std::unique_ptr<Family> make_gaussian(std::unique_ptr<Link> link) {
  return std::make_unique<Gaussian>(std::move(link));
}
std::unique_ptr<Family> make_gamma(std::unique_ptr<Link> link) {
  return std::make_unique<Gamma>(std::move(link));
}
std::unique_ptr<Family> make_inverse_gaussian(std::unique_ptr<Link> link) {
  return std::make_unique<InverseGaussian>(std::move(link));
}

}  // namespace henderson
