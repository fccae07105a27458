// Where a search begins: fixed and random effects together at given covariances, the penalized
// likelihood's maximum.
#include <algorithm>
#include <cmath>

#include "algebra/eigen_decompositions.h"
#include "algebra/symmetric.h"
#include "equations/products.h"
#include "likelihood/laplace.h"

namespace henderson {

namespace {

constexpr int kSteps = 50;
constexpr double kEnough = 1e-4;  // of the decrease predicted

}  // namespace

// By least squares from the links of means near the response.
Vector LaplaceObjective::working_start() const {
  const Index p = n_beta();
  Matrix square = Matrix::Zero(p, p);
  Vector product = Vector::Zero(p);
  for (Index first = 0; first < rows_.n; first += kRowBlock) {
    const Index count = std::min(kRowBlock, rows_.n - first);
    const Matrix x = fixed_.block(first, count);
    const FamilyRows rows = response_.block(first, count, nullptr);
    Vector eta(count);
    for (Index i = 0; i < count; ++i) {
      eta[i] = family_.link().predictor(family_.start_mean(rows, i));
      if (response_.offset != nullptr) eta[i] -= response_.offset[first + i];
      if (!std::isfinite(eta[i])) eta[i] = 0;
    }
    square += x.transpose() * x;
    product += x.transpose() * eta;
  }
  if (p == 0) return product;
  return positive_definite(square).llt().solve(product);
}

// At the predictors of the last look.
double LaplaceObjective::moment_phi() const {
  if (n_phi() == 0) return 0;
  const double log_phi = family_.start_log_phi(response_.block(0, rows_.n, mode_.eta().data()));
  return std::isfinite(log_phi) ? std::min(std::max(log_phi, -10.0), 10.0) : 0;
}

// Newton's (or Fisher's) steps in beta and u, halved until the penalized deviance falls.
bool LaplaceObjective::find_start(const std::vector<Matrix>& lambda, double log_phi, Vector* beta) {
  const IndexedRows data{rows_, moments_.shifts, index_};
  const Index p = n_beta();
  Coefficients u = mode_.zero();
  double value = mode_.look(lambda, base(*beta), log_phi, u, true);
  if (!std::isfinite(value)) return false;
  for (int k = 0; k < kSteps; ++k) {
    mode_.begin_at(u);
    if (!mode_.factorize(lambda)) return false;
    std::vector<Matrix> by_x = mode_.by_level(p);
    Matrix square = Matrix::Zero(p, p);
    Vector xs = Vector::Zero(p);
    for (Index first = 0; first < rows_.n; first += kRowBlock) {
      const Index count = std::min(kRowBlock, rows_.n - first);
      const Matrix x = fixed_.block(first, count);
      const Matrix wx = mode_.w().segment(first, count).asDiagonal() * x;
      add_columns(data, first, wx, &by_x);
      square += x.transpose() * wx;
      xs += x.transpose() * mode_.s().segment(first, count);
    }
    Coefficients zwx = mode_.standardized(by_x, p);
    apply_lambda(mode_.equations(), lambda, &zwx, true);
    mode_.factor().solve_forward(&zwx);
    Coefficients slope = mode_.slope();
    mode_.factor().solve_forward(&slope);
    const Vector reduced = xs - inner_products(zwx, slope);
    Vector step = Vector::Zero(p);
    if (p > 0) {
      const Matrix schur = square - inner_products(zwx, zwx);
      step = -positive_definite(0.5 * (schur + schur.transpose())).llt().solve(reduced);
    }
    const double decrease = inner(slope, slope) - step.dot(reduced);
    slope.leaf += step.transpose() * zwx.leaf;
    slope.remainder += step.transpose() * zwx.remainder;
    mode_.factor().solve_backward(&slope);
    if (!std::isfinite(decrease)) return false;
    bool moved = false;
    for (double factor = 1; factor > 1e-8 && !moved; factor *= 0.5) {
      const Vector to = *beta + factor * step;
      Coefficients u_to;
      u_to.leaf = u.leaf - factor * slope.leaf;
      u_to.remainder = u.remainder - factor * slope.remainder;
      const double there = mode_.look(lambda, base(to), log_phi, u_to, true);
      if (!(there < value + 1e-9 * std::abs(value))) continue;
      moved = true;
      value = there;
      *beta = to;
      u = std::move(u_to);
    }
    if (!moved || decrease < kEnough) break;
  }
  mode_.begin_at(u);
  return true;
}

Vector LaplaceObjective::start(const Vector& theta) {
  point_.resize(0);
  const std::vector<Matrix> lambda = random_.factors(theta);
  Vector beta = working_start();
  mode_.look(lambda, base(beta), 0, mode_.zero(), true);
  double log_phi = moment_phi();
  if (!find_start(lambda, log_phi, &beta)) return Vector();
  if (n_phi() > 0) log_phi = moment_phi();
  Vector point(coordinates_.size);
  point.head(n_theta()) = theta;
  point.segment(n_theta(), n_beta()) = beta;
  if (n_phi() > 0) point[point.size() - 1] = log_phi;
  return point;
}

}  // namespace henderson
