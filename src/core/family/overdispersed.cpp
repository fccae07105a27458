// Negative binomial (both kinds of variance) and beta.
#include <algorithm>
#include <cmath>

#include "family/mean_family.h"
#include "family/special_functions.h"

namespace henderson {

namespace {

constexpr double kLeast = 1e-4;  // of phi by moments

// Weighted sum over the rows of what `term` makes of y and mu.
template <class Term>
double sum_rows(const Family& family, const FamilyRows& rows, const Term& term) {
  double sum = 0;
  for (Index i = 0; i < rows.count; ++i) {
    sum += rows.weight_of(i) * term(rows.y[i], family.link().mean(rows.eta[i]).mu);
  }
  return sum;
}

// Of size k = phi. Written by ratios to k, so that the limit of large k is the Poisson density.
class NegativeBinomial2 : public MeanFamily {
 public:
  using MeanFamily::MeanFamily;
  bool has_phi() const override { return true; }

  double constant(const FamilyRows& rows, Index i, double log_phi) const override {
    const double y = rows.y[i];
    const double k = std::exp(log_phi);
    return rows.weight_of(i) * (log_rising(y, k).value - y * log_phi - log_gamma(y + 1));
  }
  double start_mean(const FamilyRows& rows, Index i) const override { return rows.y[i] + 0.1; }
  double start_log_phi(const FamilyRows& rows) const override {
    const double excess =
        sum_rows(*this, rows, [](double y, double mu) { return (y - mu) * (y - mu) - mu; });
    const double square = sum_rows(*this, rows, [](double, double mu) { return mu * mu; });
    return std::log(std::max(kLeast, square / std::max(excess, 0.01 * square)));
  }

 protected:
  ByMean by_mean(const MeanRow& row) const override {
    const double w = row.weight;
    const double mu = row.mu;
    const double k = row.phi;
    const double y = row.y;
    if (!(mu > 0)) return {std::nan(""), 0, 0, 0, 0};
    const double r = 1 / (1 + mu / k);  // k / (k + mu)
    const double t = (1 + y / k) * r;   // (k + y) / (k + mu)
    const double own = y / mu;
    const double slope = r / k;  // 1 / (k + mu)
    return {w * (y * (std::log(mu) + std::log(r)) - k * std::log1p(mu / k)), w * (own - t),
            w * (t * slope - own / mu), w * (2 * own / (mu * mu) - 2 * t * slope * slope),
            w * r / mu};
  }
  // By k, times k.
  ByPhi by_phi(const MeanRow& row) const override {
    const double w = row.weight;
    const double mu = row.mu;
    const double k = row.phi;
    const double y = row.y;
    const double r = 1 / (1 + mu / k);
    const double difference = (mu - y) / k * r;  // (mu - y) / (k + mu)
    const double slope = r / k;
    return {w * (k * log_rising(y, k).d1 - k * std::log1p(mu / k) + k * difference),
            w * (y - mu) * r * slope, w * r * slope * (1 - 2 * (1 + y / k) * r)};
  }
};

// Of size m = mu / phi.
class NegativeBinomial1 : public MeanFamily {
 public:
  using MeanFamily::MeanFamily;
  bool has_phi() const override { return true; }

  double constant(const FamilyRows& rows, Index i, double log_phi) const override {
    const double y = rows.y[i];
    return rows.weight_of(i) * (-y * log1p_exp(-log_phi) - log_gamma(y + 1));
  }
  double start_mean(const FamilyRows& rows, Index i) const override { return rows.y[i] + 0.1; }
  double start_log_phi(const FamilyRows& rows) const override {
    const double ratio =
        sum_rows(*this, rows, [](double y, double mu) { return (y - mu) * (y - mu) / mu - 1; });
    const double n = sum_rows(*this, rows, [](double, double) { return 1; });
    return std::log(std::max(0.01, ratio / n));
  }

 protected:
  ByMean by_mean(const MeanRow& row) const override {
    const double w = row.weight;
    const double phi = row.phi;
    if (!(row.mu > 0)) return {std::nan(""), 0, 0, 0, 0};
    const double m = row.mu / phi;
    const LogRising rising = log_rising(row.y, m);
    const double unit = std::log1p(phi);
    return {w * (rising.value - m * unit), w * (rising.d1 - unit) / phi,
            w * rising.d2 / (phi * phi), w * rising.d3 / (phi * phi * phi),
            w / (row.mu * (1 + phi))};
  }
  // dm/dlog phi = -m.
  ByPhi by_phi(const MeanRow& row) const override {
    const double w = row.weight;
    const double phi = row.phi;
    const double m = row.mu / phi;
    const LogRising rising = log_rising(row.y, m);
    const double unit = std::log1p(phi);
    const double share = phi / (1 + phi);
    return {w * (-m * (rising.d1 - unit) - m * share + row.y / (1 + phi)),
            -w * (m * rising.d2 + rising.d1 - unit + share) / phi,
            -w * (m * rising.d3 + 2 * rising.d2) / (phi * phi)};
  }
};

// Of shapes a = mu phi and b = (1 - mu) phi.
class Beta : public MeanFamily {
 public:
  using MeanFamily::MeanFamily;
  bool has_phi() const override { return true; }

  double constant(const FamilyRows& rows, Index i, double log_phi) const override {
    const double y = rows.y[i];
    return rows.weight_of(i) * (log_gamma(std::exp(log_phi)) - std::log(y) - std::log1p(-y));
  }
  double start_mean(const FamilyRows& rows, Index i) const override {
    return std::min(std::max(rows.y[i], 0.01), 0.99);
  }
  double start_log_phi(const FamilyRows& rows) const override {
    const double n = sum_rows(*this, rows, [](double, double) { return 1; });
    const double ratio = sum_rows(
        *this, rows, [](double y, double mu) { return (y - mu) * (y - mu) / (mu * (1 - mu)); });
    return std::log(std::max(n / std::max(ratio, 1e-10 * n) - 1, 0.1));
  }

 protected:
  ByMean by_mean(const MeanRow& row) const override {
    const double w = row.weight;
    const double phi = row.phi;
    if (!(row.mu > 0 && row.mu < 1)) return {std::nan(""), 0, 0, 0, 0};
    const double a = row.mu * phi;
    const double b = (1 - row.mu) * phi;
    const double log_y = std::log(row.y);
    const double log_rest = std::log1p(-row.y);
    const double square = w * phi * phi;
    const double information = square * (trigamma(a) + trigamma(b));
    return {w * (a * log_y + b * log_rest - log_gamma(a) - log_gamma(b)),
            w * phi * (log_y - log_rest - digamma(a) + digamma(b)), -information,
            -square * phi * (tetragamma(a) - tetragamma(b)), information};
  }
  ByPhi by_phi(const MeanRow& row) const override {
    const double w = row.weight;
    const double phi = row.phi;
    const double a = row.mu * phi;
    const double b = (1 - row.mu) * phi;
    const double log_y = std::log(row.y);
    const double log_rest = std::log1p(-row.y);
    const double da = digamma(a);
    const double db = digamma(b);
    const double ta = trigamma(a);
    const double tb = trigamma(b);
    return {w * (phi * digamma(phi) + a * (log_y - da) + b * (log_rest - db)),
            w * phi * (log_y - log_rest - da + db - a * ta + b * tb),
            -w * phi * phi * (2 * (ta + tb) + a * tetragamma(a) + b * tetragamma(b))};
  }
};

}  // namespace

std::unique_ptr<Family> make_negative_binomial_2(std::unique_ptr<Link> link) {
  return std::make_unique<NegativeBinomial2>(std::move(link));
}
std::unique_ptr<Family> make_negative_binomial_1(std::unique_ptr<Link> link) {
  return std::make_unique<NegativeBinomial1>(std::move(link));
}
std::unique_ptr<Family> make_beta(std::unique_ptr<Link> link) {
  return std::make_unique<Beta>(std::move(link));
}

}  // namespace henderson
