// Families and links by themselves: family/special_functions.h, family/link.h, family/family.h and
// family/mean_family.h. Derivatives against differences, densities against their definitions.
#include <catch.h>

#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "algebra/types.h"
#include "family/family.h"
#include "family/link.h"
#include "family/mean_family.h"
#include "family/special_functions.h"

using henderson::Family;
using henderson::FamilyRows;
using henderson::Index;
using henderson::LinkedMean;
using henderson::LogTail;
using henderson::Matrix;
using henderson::Vector;

namespace {

constexpr double kStep = 1e-5;

// Central difference, of an error of step^2 and of rounding over step.
template <class Function>
double slope(const Function& f, double x, double step = kStep) {
  return (f(x + step) - f(x - step)) / (2 * step);
}

void require_near(double a, double b, double tolerance) {
  INFO(a << " " << b);
  REQUIRE(std::abs(a - b) <= tolerance * (1 + std::abs(b)));
}

// One row's values: log density (whole), s, W, Fisher's W, W', and by log phi.
struct Row {
  double density, s, w, fisher, dw, by_phi, s_by_phi, w_by_phi;
};

Row row_at(const Family& family, double y, double weight, double trials, double eta, double phi) {
  const FamilyRows rows{1, &y, &weight, &trials, &eta};
  Row row{};
  family.evaluate(rows, phi, {&row.density, &row.s, &row.w, &row.fisher});
  family.slopes(rows, phi, {&row.dw, &row.by_phi, &row.s_by_phi, &row.w_by_phi});
  row.density += family.constant(rows, 0, phi);
  return row;
}

std::unique_ptr<Family> family_of(const std::string& name, const std::string& link) {
  return henderson::make_family(name, henderson::make_link(link));
}

}  // namespace

TEST_CASE("gamma functions are those of tables", "[family]") {
  // Abramowitz and Stegun, 6.3.2, 6.4.2: psi(1), psi(1/2), psi'(1) = pi^2/6, psi''(1) = -2 zeta(3)
  require_near(henderson::digamma(1), -0.57721566490153286, 1e-15);
  require_near(henderson::digamma(0.5), -1.96351002602142348, 1e-15);
  require_near(henderson::trigamma(1), 1.64493406684822644, 1e-15);
  require_near(henderson::tetragamma(1), -2.40411380631918857, 1e-15);
  for (const double x : {0.01, 0.7, 3.3, 11.9, 12.1, 250.0}) {
    require_near(henderson::digamma(x), slope(henderson::log_gamma, x, 1e-5 * x), 1e-7);
    require_near(henderson::trigamma(x), slope(henderson::digamma, x, 1e-5 * x), 1e-7);
    require_near(henderson::tetragamma(x), slope(henderson::trigamma, x, 1e-5 * x), 1e-7);
  }
}

TEST_CASE("normal tails join their series", "[family]") {
  // log Phi(-10), log Phi(-40) by Mathematica's documentation of Erfc: -53.23128515, -804.6084420
  require_near(henderson::log_normal_cdf(-10), -53.23128515051247, 1e-12);
  require_near(henderson::log_normal_cdf(-40), -804.6084420137538, 1e-12);
  for (const double x : {-29.999, -30.001, -3.0, 0.0, 5.0}) {
    require_near(henderson::inverse_mills_ratio(x), slope(henderson::log_normal_cdf, x, 1e-4),
                 1e-7);
  }
}

TEST_CASE("rising factorials do not cancel", "[family]") {
  for (const double k : {0.3, 5.0, 40.0}) {
    const double few = henderson::log_rising(64, k).value;
    require_near(henderson::log_rising(65, k).value - few, std::log(k + 64), 1e-12);
    require_near(few, henderson::log_gamma(k + 64) - henderson::log_gamma(k), 1e-12);
  }
  // log (k (k + 1) ... (k + 99)) - 100 log k = sum log1p(j / k), about 4950 / k
  require_near((henderson::log_rising(100, 1e9).value - 100 * std::log(1e9)) * 1e9, 4950, 1e-2);
}

TEST_CASE("links: derivatives, inverses and tails", "[family]") {
  for (const std::string name :
       {"logit", "probit", "cauchit", "cloglog", "log", "identity", "inverse", "sqrt", "1/mu^2"}) {
    INFO(name);
    const auto link = henderson::make_link(name);
    const bool probability =
        name == "logit" || name == "probit" || name == "cauchit" || name == "cloglog";
    const std::vector<double> etas =
        probability ? std::vector<double>{-3, -0.4, 0.2, 2.5} : std::vector<double>{0.3, 0.8, 2.5};
    for (const double eta : etas) {
      const LinkedMean m = link->mean(eta);
      require_near(link->predictor(m.mu), eta, 1e-12);
      require_near(m.d1, slope([&](double x) { return link->mean(x).mu; }, eta), 1e-8);
      require_near(m.d2, slope([&](double x) { return link->mean(x).d1; }, eta), 1e-8);
      require_near(m.d3, slope([&](double x) { return link->mean(x).d2; }, eta), 1e-7);
    }
    const std::vector<double> inside =
        probability
            ? std::vector<double>{-8, -0.4, 0.2, 2.5}
            : (name == "log"
                   ? std::vector<double>{-6, -0.3}
                   : std::vector<double>{name == "inverse" || name == "1/mu^2" ? 1.5 : 0.4});
    for (const double eta : inside) {
      for (const bool upper : {false, true}) {
        const auto tail = [&](double x) {
          return upper ? link->log_complement(x) : link->log_mean(x);
        };
        const LogTail t = tail(eta);
        const double mu = link->mean(eta).mu;
        require_near(t.value, upper ? std::log1p(-mu) : std::log(mu), 1e-9);
        require_near(t.d1, slope([&](double x) { return tail(x).value; }, eta), 1e-8);
        require_near(t.d2, slope([&](double x) { return tail(x).d1; }, eta), 1e-7);
        require_near(t.d3, slope([&](double x) { return tail(x).d2; }, eta), 1e-7);
      }
    }
  }
  REQUIRE_THROWS_AS(henderson::make_link("logistic"), std::invalid_argument);
}

TEST_CASE("far tails are finite", "[family]") {
  for (const std::string name : {"logit", "probit", "cauchit", "cloglog"}) {
    const auto family = family_of("binomial", name);
    for (const double eta : {-700.0, -40.0, -1e-8, 1e-8, 6.0, 40.0}) {
      for (const double y : {0.0, 1.0}) {
        // a success that has no probability in double precision has no density
        if (name == "cloglog" && y == 0 && eta > 6) continue;
        INFO(name << " " << eta << " " << y);
        const Row row = row_at(*family, y, 1, 1, eta, 0);
        REQUIRE(std::isfinite(row.density));
        REQUIRE(std::isfinite(row.s));
        REQUIRE(std::isfinite(row.w));
        REQUIRE(std::isfinite(row.dw));
      }
    }
  }
}

TEST_CASE("families: derivatives by the predictor and by log phi", "[family]") {
  struct Case {
    std::string name, link;
    double y, trials;
    std::vector<double> etas;
  };
  const std::vector<Case> cases = {
      {"binomial", "logit", 3, 7, {-2, 0.3, 4}},   {"binomial", "probit", 3, 7, {-2, 0.3, 4}},
      {"binomial", "cauchit", 3, 7, {-2, 0.3, 4}}, {"binomial", "cloglog", 3, 7, {-2, 0.3, 1}},
      {"binomial", "log", 3, 7, {-2, -0.3}},       {"binomial", "identity", 3, 7, {0.2, 0.7}},
      {"poisson", "log", 4, 1, {-1, 2}},           {"poisson", "sqrt", 4, 1, {0.6, 2}},
      {"poisson", "identity", 4, 1, {0.6, 2}},     {"gaussian", "identity", 1.3, 1, {-1, 2}},
      {"gaussian", "log", 1.3, 1, {-1, 1}},        {"Gamma", "inverse", 1.3, 1, {0.4, 2}},
      {"Gamma", "log", 1.3, 1, {-1, 1}},           {"inverse.gaussian", "1/mu^2", 1.3, 1, {0.4, 2}},
      {"inverse.gaussian", "log", 1.3, 1, {0, 1}}, {"nbinom2", "log", 4, 1, {-1, 2}},
      {"nbinom2", "sqrt", 100, 1, {3, 12}},        {"nbinom1", "log", 4, 1, {-1, 2}},
      {"nbinom1", "log", 100, 1, {3, 5}},          {"beta", "logit", 0.3, 1, {-1, 2}},
      {"beta", "cloglog", 0.3, 1, {-1, 0.5}}};
  for (const Case& one : cases) {
    const auto family = family_of(one.name, one.link);
    for (const double eta : one.etas) {
      const double phi = 0.4;
      INFO(one.name << " " << one.link << " " << eta);
      const auto at = [&](double e, double p) {
        return row_at(*family, one.y, 1.7, one.trials, e, p);
      };
      const Row row = at(eta, phi);
      require_near(row.s, -slope([&](double e) { return at(e, phi).density; }, eta), 1e-8);
      require_near(row.w, slope([&](double e) { return at(e, phi).s; }, eta), 1e-7);
      require_near(row.dw, slope([&](double e) { return at(e, phi).w; }, eta), 1e-6);
      REQUIRE(row.fisher > 0);
      if (!family->has_phi()) continue;
      require_near(row.by_phi, slope([&](double p) { return at(eta, p).density; }, phi), 1e-8);
      require_near(row.s_by_phi, slope([&](double p) { return at(eta, p).s; }, phi), 1e-7);
      require_near(row.w_by_phi, slope([&](double p) { return at(eta, p).w; }, phi), 1e-7);
    }
  }
  REQUIRE_THROWS_AS(family_of("tweedie", "log"), std::invalid_argument);
}

TEST_CASE("densities sum and integrate to one, with the variance of their family", "[family]") {
  const double eta = std::log(2.5);
  const double log_phi = std::log(0.6);
  const auto sum = [&](const std::string& name, const std::string& link, double from, double to,
                       double step, double own_eta) {
    const auto family = family_of(name, link);
    double total = 0, mean = 0, square = 0, fisher = 0, information = 0;
    for (double y = from; y < to; y += step) {
      const Row row = row_at(*family, y, 1, 6, own_eta, log_phi);
      const double p = std::exp(row.density) * step;
      total += p;
      mean += p * y;
      square += p * y * y;
      fisher += p * row.w;
      information = row.fisher;
    }
    INFO(name);
    require_near(total, 1, 1e-6);
    return std::vector<double>{mean, square - mean * mean, fisher, information};
  };
  const double mu = 2.5;
  const auto check = [](const std::vector<double>& moments, double mean, double variance,
                        bool exact_information) {
    require_near(moments[0], mean, 1e-5);
    require_near(moments[1], variance, 1e-4);
    if (exact_information) require_near(moments[2], moments[3], 1e-4);
  };
  check(sum("poisson", "log", 0, 80, 1, eta), mu, mu, true);
  check(sum("binomial", "logit", 0, 6.5, 1, 0), 3, 1.5, true);
  check(sum("binomial", "cloglog", 0, 6.5, 1, 0), 6 * (1 - std::exp(-1)),
        6 * (1 - std::exp(-1)) * std::exp(-1), true);
  check(sum("nbinom2", "log", 0, 400, 1, eta), mu, mu + mu * mu / 0.6, true);
  check(sum("nbinom1", "log", 0, 400, 1, eta), mu, mu * 1.6, false);
  check(sum("gaussian", "log", -9, 15, 1e-3, eta), mu, 0.6, true);
  check(sum("Gamma", "log", 5e-5, 90, 1e-4, eta), mu, 0.6 * mu * mu, true);
  check(sum("inverse.gaussian", "log", 5e-4, 300, 1e-3, eta), mu, 0.6 * mu * mu * mu, true);
}

// By its definition, y^(a-1) (1-y)^(b-1) / B(a, b), for which at a = 2, b = 3 1 / B = 12.
TEST_CASE("the beta density is that of its shapes", "[family]") {
  const auto family = family_of("beta", "identity");
  const Row row = row_at(*family, 0.3, 1, 1, 0.4, std::log(5.0));
  require_near(std::exp(row.density), 12 * 0.3 * 0.49, 1e-12);
}

TEST_CASE("a large size is the Poisson limit", "[family]") {
  const auto negative = family_of("nbinom2", "log");
  const auto poisson = family_of("poisson", "log");
  for (const double y : {0.0, 3.0, 100.0}) {
    require_near(row_at(*negative, y, 1, 1, 1.2, std::log(1e9)).density,
                 row_at(*poisson, y, 1, 1, 1.2, 0).density, 1e-5);
  }
}
