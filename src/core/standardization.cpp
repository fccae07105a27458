#include "standardization.h"

#include <Eigen/LU>
#include <cmath>

namespace henderson {

namespace {

double root_or_one(double sum, double n) {
  const double value = std::sqrt(sum / n);
  return value > 0 && std::isfinite(value) ? value : 1.0;
}

}  // namespace

Standardization standardize(const CrossProducts& moments) {
  Standardization scales;
  const int p = moments.p;
  const double n = moments.n;
  scales.x_scale.resize(p);
  for (int c = 0; c < p; ++c) scales.x_scale[c] = root_or_one(moments.dense(c, c), n);
  scales.y_scale = root_or_one(moments.dense(p, p), n);
  for (const TermMoments& term : moments.terms) {
    const int v = term.v;
    Vector scale(v);
    for (int c = 0; c < v; ++c) scale[c] = root_or_one(term.diagonal.row(c * v + c).sum(), n);
    Matrix map = scale.asDiagonal();
    for (int c = 0; c < v; ++c) {
      const int ones = term.centred_with[c];
      if (ones >= 0) map(ones, c) = term.shift[c] * scale[ones];
    }
    scales.z_scale.push_back(scale);
    scales.z_map.push_back(map);
    scales.z_inverse.push_back(map.inverse());
  }
  return scales;
}

}  // namespace henderson
