#include "family/special_functions.h"

#include <cmath>

namespace henderson {

namespace {

constexpr double kHalfLog2Pi = 0.918938533204672741780329736406;
constexpr double kRootHalf = 0.707106781186547524400844362105;
constexpr double kFarTail = -30;  // where series take over from erfc()

// Bernoulli numbers B_2, B_4, ...: what Stirling's series are made of. From kLarge on they have all
// digits.
constexpr double kBernoulli[] = {1.0 / 6,  -1.0 / 30,     1.0 / 42, -1.0 / 30,
                                 5.0 / 66, -691.0 / 2730, 7.0 / 6};
constexpr int kTerms = 7;
constexpr double kLarge = 12;

// log Gamma(x) - [(x - 1/2) log x - x + log(2 pi) / 2].
double stirling_rest(double x) {
  const double inverse = 1 / (x * x);
  double power = 1 / x;
  double sum = 0;
  for (int k = 1; k <= kTerms; ++k, power *= inverse) {
    sum += kBernoulli[k - 1] / (2 * k * (2 * k - 1)) * power;
  }
  return sum;
}

// 1 + sum of what follows in Phi(x) = density(x) / (-x) (1 - 1/x^2 + 3/x^4 - ...).
double tail_series(double x) {
  const double inverse = 1 / (x * x);
  double term = 1;
  double sum = 1;
  for (int k = 1; k <= 8; ++k) {
    term *= -(2 * k - 1) * inverse;
    sum += term;
  }
  return sum;
}

}  // namespace

double log_gamma(double x) { return std::lgamma(x); }

double digamma(double x) {
  double sum = 0;
  for (; x < kLarge; x += 1) sum -= 1 / x;
  const double inverse = 1 / (x * x);
  double power = inverse;
  sum += std::log(x) - 0.5 / x;
  for (int k = 1; k <= kTerms; ++k, power *= inverse) sum -= kBernoulli[k - 1] / (2 * k) * power;
  return sum;
}

double trigamma(double x) {
  double sum = 0;
  for (; x < kLarge; x += 1) sum += 1 / (x * x);
  const double inverse = 1 / (x * x);
  double power = inverse / x;
  sum += 1 / x + 0.5 * inverse;
  for (int k = 1; k <= kTerms; ++k, power *= inverse) sum += kBernoulli[k - 1] * power;
  return sum;
}

double tetragamma(double x) {
  double sum = 0;
  for (; x < kLarge; x += 1) sum -= 2 / (x * x * x);
  const double inverse = 1 / (x * x);
  double power = inverse * inverse;
  sum -= inverse + inverse / x;
  for (int k = 1; k <= kTerms; ++k, power *= inverse) {
    sum -= (2 * k + 1) * kBernoulli[k - 1] * power;
  }
  return sum;
}

double log1p_exp(double x) {
  return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}

double log1m_exp(double x) {
  constexpr double kLog2 = 0.693147180559945309417232121458;
  return x > kLog2 ? std::log1p(-std::exp(-x)) : std::log(-std::expm1(-x));
}

double log_normal_cdf(double x) {
  if (x > 0) return std::log1p(-0.5 * std::erfc(x * kRootHalf));
  if (x > kFarTail) return std::log(0.5 * std::erfc(-x * kRootHalf));
  return -0.5 * x * x - kHalfLog2Pi - std::log(-x) + std::log(tail_series(x));
}

double inverse_mills_ratio(double x) {
  if (x > kFarTail) {
    return std::exp(-0.5 * x * x - kHalfLog2Pi) / (0.5 * std::erfc(-x * kRootHalf));
  }
  return -x / tail_series(x);
}

LogRising log_rising(double y, double k) {
  constexpr double kFew = 64;
  LogRising result;
  if (y <= kFew && y == std::floor(y)) {
    for (double j = 0; j < y; ++j) {
      const double inverse = 1 / (k + j);
      result.value += std::log(k + j);
      result.d1 += inverse;
      result.d2 -= inverse * inverse;
      result.d3 += 2 * inverse * inverse * inverse;
    }
    return result;
  }
  if (k > kLarge) {
    result.value = (k - 0.5) * std::log1p(y / k) + y * std::log(k + y) - y + stirling_rest(k + y) -
                   stirling_rest(k);
  } else {
    result.value = log_gamma(k + y) - log_gamma(k);
  }
  result.d1 = digamma(k + y) - digamma(k);
  result.d2 = trigamma(k + y) - trigamma(k);
  result.d3 = tetragamma(k + y) - tetragamma(k);
  return result;
}

}  // namespace henderson
