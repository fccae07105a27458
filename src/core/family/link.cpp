#include "family/link.h"

#include <cmath>
#include <stdexcept>

#include "family/special_functions.h"

namespace henderson {

namespace {

constexpr double kPi = 3.14159265358979323846264338328;

// Of log f from f and its derivatives.
LogTail log_of(double f, double d1, double d2, double d3) {
  const double a = d1 / f;
  const double b = d2 / f;
  return {std::log(f), a, b - a * a, d3 / f - 3 * a * b + 2 * a * a * a};
}

// g(-eta).
LogTail reflected(const LogTail& tail) { return {tail.value, -tail.d1, tail.d2, -tail.d3}; }

class Logit : public Link {
 public:
  LinkedMean mean(double eta) const override {
    const double e = std::exp(-std::abs(eta));
    const double p = (eta > 0 ? 1 : e) / (1 + e);
    const double q = (eta > 0 ? e : 1) / (1 + e);
    const double v = p * q;
    return {p, v, v * (q - p), v * (1 - 6 * v)};
  }
  double predictor(double mu) const override { return std::log(mu) - std::log1p(-mu); }
  LogTail log_mean(double eta) const override {
    const LinkedMean m = mean(-eta);
    return {-log1p_exp(-eta), m.mu, -m.d1, m.d2};
  }
  LogTail log_complement(double eta) const override { return reflected(log_mean(-eta)); }
  bool is_logit() const override { return true; }
};

class Probit : public Link {
 public:
  LinkedMean mean(double eta) const override {
    const double density = std::exp(-0.5 * eta * eta) / std::sqrt(2 * kPi);
    return {0.5 * std::erfc(-eta / std::sqrt(2.0)), density, -eta * density,
            (eta * eta - 1) * density};
  }
  // Newton's method on log Phi, which is concave, from an approximation.
  double predictor(double mu) const override {
    if (!(mu > 0 && mu < 1)) return std::nan("");
    if (mu > 0.5) return -predictor(1 - mu);
    double x = -std::sqrt(-2 * std::log(2 * mu));
    for (int k = 0; k < 60; ++k) {
      const double step = (std::log(mu) - log_normal_cdf(x)) / inverse_mills_ratio(x);
      x += step;
      if (std::abs(step) <= 1e-15 * (1 + std::abs(x))) break;
    }
    return x;
  }
  LogTail log_mean(double eta) const override {
    const double m = inverse_mills_ratio(eta);
    const double slope = -m * (eta + m);
    return {log_normal_cdf(eta), m, slope, -slope * (eta + m) - m * (1 + slope)};
  }
  LogTail log_complement(double eta) const override { return reflected(log_mean(-eta)); }
};

class Cauchit : public Link {
 public:
  LinkedMean mean(double eta) const override {
    const double r = 1 / (1 + eta * eta);
    const double density = r / kPi;
    return {std::atan2(1.0, -eta) / kPi, density, -2 * eta * r * density,
            (6 * eta * eta - 2) * r * r * density};
  }
  double predictor(double mu) const override { return -1 / std::tan(kPi * mu); }
  LogTail log_mean(double eta) const override {
    const LinkedMean m = mean(eta);
    return log_of(m.mu, m.d1, m.d2, m.d3);
  }
  LogTail log_complement(double eta) const override { return reflected(log_mean(-eta)); }
};

class ComplementaryLogLog : public Link {
 public:
  LinkedMean mean(double eta) const override {
    const double t = std::exp(eta);
    const double d1 = std::exp(eta - t);
    return {-std::expm1(-t), d1, d1 * (1 - t), d1 * ((1 - t) * (1 - t) - t)};
  }
  double predictor(double mu) const override { return std::log(-std::log1p(-mu)); }
  // With m = t / (e^t - 1), dm/deta = m (1 - t - m).
  LogTail log_mean(double eta) const override {
    constexpr double kSmall = 1e-3;  // where 1 - t - m cancels
    constexpr double kNothing = 700;
    const double t = std::exp(eta);
    if (t > kNothing) return {0, 0, 0, 0};
    const double m = t > 0 ? t / std::expm1(t) : 1;
    const double rate = t > kSmall ? 1 - t - m : -t * (0.5 + t * (1.0 / 12 - t * t / 720));
    const double slope = m * rate;
    return {t > 0 ? log1m_exp(t) : eta, m, slope, slope * rate - m * (t + slope)};
  }
  LogTail log_complement(double eta) const override {
    const double t = std::exp(eta);
    return {-t, -t, -t, -t};
  }
};

class Log : public Link {
 public:
  LinkedMean mean(double eta) const override {
    const double mu = std::exp(eta);
    return {mu, mu, mu, mu};
  }
  double predictor(double mu) const override { return std::log(mu); }
  LogTail log_mean(double eta) const override { return {eta, 1, 0, 0}; }
  // With r = mu / (1 - mu), dr/deta = r (1 + r).
  LogTail log_complement(double eta) const override {
    if (!(eta < 0)) return log_of(std::nan(""), 0, 0, 0);
    const double r = 1 / std::expm1(-eta);
    return {log1m_exp(-eta), -r, -r * (1 + r), -r * (1 + r) * (1 + 2 * r)};
  }
  bool is_log() const override { return true; }
};

class Identity : public Link {
 public:
  LinkedMean mean(double eta) const override { return {eta, 1, 0, 0}; }
  double predictor(double mu) const override { return mu; }
};

class Inverse : public Link {
 public:
  LinkedMean mean(double eta) const override {
    const double mu = 1 / eta;
    return {mu, -mu * mu, 2 * mu * mu * mu, -6 * mu * mu * mu * mu};
  }
  double predictor(double mu) const override { return 1 / mu; }
};

class SquareRoot : public Link {
 public:
  LinkedMean mean(double eta) const override {
    if (!(eta >= 0)) return {std::nan(""), 0, 0, 0};
    return {eta * eta, 2 * eta, 2, 0};
  }
  double predictor(double mu) const override { return std::sqrt(mu); }
};

class InverseSquare : public Link {
 public:
  LinkedMean mean(double eta) const override {
    if (!(eta > 0)) return {std::nan(""), 0, 0, 0};
    const double mu = 1 / std::sqrt(eta);
    return {mu, -0.5 * mu / eta, 0.75 * mu / (eta * eta), -1.875 * mu / (eta * eta * eta)};
  }
  double predictor(double mu) const override { return 1 / (mu * mu); }
};

}  // namespace

LogTail Link::log_mean(double eta) const {
  const LinkedMean m = mean(eta);
  if (!(m.mu > 0)) return log_of(std::nan(""), 0, 0, 0);
  return log_of(m.mu, m.d1, m.d2, m.d3);
}

LogTail Link::log_complement(double eta) const {
  const LinkedMean m = mean(eta);
  if (!(m.mu < 1)) return log_of(std::nan(""), 0, 0, 0);
  LogTail tail = log_of(1 - m.mu, -m.d1, -m.d2, -m.d3);
  tail.value = std::log1p(-m.mu);
  return tail;
}

std::unique_ptr<Link> make_link(const std::string& name) {
  if (name == "logit") return std::make_unique<Logit>();
  if (name == "probit") return std::make_unique<Probit>();
  if (name == "cauchit") return std::make_unique<Cauchit>();
  if (name == "cloglog") return std::make_unique<ComplementaryLogLog>();
  if (name == "log") return std::make_unique<Log>();
  if (name == "identity") return std::make_unique<Identity>();
  if (name == "inverse") return std::make_unique<Inverse>();
  if (name == "sqrt") return std::make_unique<SquareRoot>();
  if (name == "1/mu^2") return std::make_unique<InverseSquare>();
  throw std::invalid_argument("no link '" + name + "'");
}

}  // namespace henderson
