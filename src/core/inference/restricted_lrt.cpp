#include "inference/restricted_lrt.h"

#include <algorithm>
#include <cmath>

#include "algebra/interrupt.h"

namespace henderson {

namespace {

constexpr int kGrid = 48;         // points of lambda, evenly spaced in log lambda
constexpr double kLowest = 1e-4;  // lambda times the mean eigenvalue at the grid's ends
constexpr double kHighest = 1e6;
constexpr int kNewtonSteps = 6;
constexpr double kLongestStep = 0.5;  // in log lambda, about the distance of grid points
constexpr Index kBatch = 2048;        // draws at a time

double log_determinant(const LrtSpectrum& spectrum, double lambda) {
  return (lambda * spectrum.xi.array()).log1p().matrix().dot(spectrum.xi_count);
}

// The supremum near a grid point, by Newton's method in x = log lambda: with q = 1 / (1 + lambda
// mu), d log D / dx and its derivative are sums of w q (1 - q) and w q (1 - q) (2 q - 1).
double polish(const LrtSpectrum& spectrum, const ConstVectorRef& w, double w0, double total,
              double lambda, double best) {
  double x = std::log(lambda);
  for (int step = 0; step < kNewtonSteps; ++step) {
    lambda = std::exp(x);
    double d = w0;
    double d1 = 0;
    double d2 = 0;
    for (Index l = 0; l < w.size(); ++l) {
      const double q = 1 / (1 + lambda * spectrum.mu[l]);
      d += w[l] * q;
      d1 -= w[l] * q * (1 - q);
      d2 -= w[l] * q * (1 - q) * (2 * q - 1);
    }
    double g1 = 0;
    double g2 = 0;
    for (Index l = 0; l < spectrum.xi.size(); ++l) {
      const double q = 1 / (1 + lambda * spectrum.xi[l]);
      g1 += spectrum.xi_count[l] * (1 - q);
      g2 += spectrum.xi_count[l] * q * (1 - q);
    }
    best = std::max(best, spectrum.m * std::log(total / d) - log_determinant(spectrum, lambda));
    const double slope = -spectrum.m * d1 / d - g1;
    const double curvature = -spectrum.m * (d2 / d - (d1 / d) * (d1 / d)) - g2;
    if (!(curvature < 0)) break;
    const double newton = -slope / curvature;
    x += std::clamp(newton, -kLongestStep, kLongestStep);
    if (std::abs(newton) < 1e-7) break;
  }
  return best;
}

}  // namespace

Vector simulate_lrt(const LrtSpectrum& spectrum, const ConstMatrixRef& w,
                    const ConstVectorRef& w0) {
  const Index k = spectrum.mu.size();
  const Index draws = w0.size();
  Vector statistic = Vector::Zero(draws);
  if (k == 0) return statistic;
  const double mean = spectrum.mu.mean();
  Vector lambda(kGrid);
  Vector penalty(kGrid);
  Matrix shrink(kGrid, k);  // 1 / (1 + lambda mu)
  for (int g = 0; g < kGrid; ++g) {
    lambda[g] = kLowest * std::pow(kHighest / kLowest, g / (kGrid - 1.0)) / mean;
    penalty[g] = log_determinant(spectrum, lambda[g]);
    shrink.row(g) = (1 + lambda[g] * spectrum.mu.array()).inverse().matrix().transpose();
  }
  for (Index first = 0; first < draws; first += kBatch) {
    check_interrupt();
    const Index count = std::min(kBatch, draws - first);
    const Matrix sums = shrink * w.middleCols(first, count);
    for (Index i = 0; i < count; ++i) {
      const double rest = w0[first + i];
      const double total = rest + w.col(first + i).sum();
      double best = 0;
      int at = 0;
      for (int g = 0; g < kGrid; ++g) {
        const double value = spectrum.m * std::log(total / (rest + sums(g, i))) - penalty[g];
        if (value > best) {
          best = value;
          at = g;
        }
      }
      // a maximum below the first grid point shows by the slope at zero
      const double slope = spectrum.m * w.col(first + i).dot(spectrum.mu) / total -
                           spectrum.xi.dot(spectrum.xi_count);
      if (best > 0 || slope > 0) {
        best = polish(spectrum, w.col(first + i), rest, total, lambda[at], best);
      }
      statistic[first + i] = best;
    }
  }
  return statistic;
}

}  // namespace henderson
