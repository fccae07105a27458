#include "likelihood/prior.h"

#include <cmath>
#include <limits>

#include "algebra/eigen_decompositions.h"

namespace henderson {

namespace {

// Value and derivatives by the coordinates of the cone and, last, tau.
struct Density {
  double value = 0;
  Vector gradient;
  Matrix hessian;
};

// By the entries of L. The density depends on L exp(-tau / 2) where it is relative.
Density by_factor(const CovariancePrior& prior, const Vector& all) {
  const Cone& cone = prior.cone;
  const int n = cone.n_coordinates();
  Cone own = cone;
  own.first = 0;
  const double share = prior.relative ? 0.5 : 0.0;
  const double shrink = std::exp(-share * all[all.size() - 1]);
  const Matrix l = cone_factor(cone, all);
  Density result;
  result.gradient = Vector::Zero(n + 1);
  result.hessian = Matrix::Zero(n + 1, n + 1);
  for (int c = 0; c < cone.size; ++c) {
    const int at = own.pivot(c);
    result.value -= 2 * prior.log_weight * std::log(std::abs(l(c, c)));
    result.gradient[at] -= 2 * prior.log_weight / l(c, c);
    result.hessian(at, at) += 2 * prior.log_weight / (l(c, c) * l(c, c));
  }
  const double tau = all[all.size() - 1];
  result.value += 2 * prior.log_weight * cone.size * share * tau;
  result.gradient[n] += 2 * prior.log_weight * cone.size * share;
  if (prior.precision.size() > 0) {
    const double f = shrink * shrink;
    const Matrix slope = 2 * f * prior.precision * l;
    Vector entries(n);
    set_cone_matrix(own, slope, &entries);
    const double sum = f * (prior.precision * l).cwiseProduct(l).sum();
    result.value += sum;
    result.gradient.head(n) += entries;
    result.gradient[n] -= 2 * share * sum;
    result.hessian.col(n).head(n) -= 2 * share * entries;
    result.hessian.row(n).head(n) -= 2 * share * entries.transpose();
    result.hessian(n, n) += 4 * share * share * sum;
    for (int c = 0; c < cone.size; ++c) {
      const int w = cone.size - c;
      result.hessian.block(own.pivot(c), own.pivot(c), w, w) +=
          2 * f * prior.precision.bottomRightCorner(w, w);
    }
  }
  if (prior.rate > 0) {
    const double sign = l(0, 0) < 0 ? -1 : 1;
    const double slope = 2 * prior.rate * shrink;
    const double sum = slope * std::abs(l(0, 0));
    result.value += sum;
    result.gradient[0] += sign * slope;
    result.gradient[1] -= share * sum;
    result.hessian(0, 1) -= share * sign * slope;
    result.hessian(1, 0) -= share * sign * slope;
    result.hessian(1, 1) += share * share * sum;
  }
  return result;
}

// The first derivative by the entries of L L': of a function with derivative A by L it is S with
// 2 S L = A below the diagonal, which holds for that of log|L|, tr(. L L') and, of one, |L|.
Vector by_covariance(const CovariancePrior& prior, const Vector& all) {
  const Cone& cone = prior.cone;
  Cone own = cone;
  own.first = 0;
  const double share = prior.relative ? 0.5 : 0.0;
  const double shrink = std::exp(-share * all[all.size() - 1]);
  const Matrix l = cone_factor(cone, all);
  const Matrix inverse =
      l.triangularView<Eigen::Lower>().solve(Matrix(Matrix::Identity(cone.size, cone.size)));
  Matrix s = -prior.log_weight * inverse.transpose() * inverse;
  if (prior.precision.size() > 0) s += shrink * shrink * prior.precision;
  if (prior.rate > 0) s(0, 0) += prior.rate * shrink / std::abs(l(0, 0));
  Vector result = Vector::Zero(cone.n_coordinates() + 1);
  Vector entries = Vector::Zero(cone.n_coordinates());
  add_cone_derivative(own, s, &entries);
  result.head(entries.size()) = entries;
  return result;
}

}  // namespace

void add_prior(const CovariancePrior& prior, const Vector& all, Chart chart, Evaluation* result) {
  if (!std::isfinite(result->value)) return;
  const Density own = by_factor(prior, all);
  if (!std::isfinite(own.value)) {
    *result = Evaluation();
    return;
  }
  result->value += own.value;
  if (result->gradient.size() == 0) return;
  const int n = prior.cone.n_coordinates();
  const int first = prior.cone.first;
  const Index tau = all.size() - 1;
  Vector gradient = own.gradient;
  if (chart == Chart::kCovariance) {
    gradient = by_covariance(prior, all);
    gradient[n] = own.gradient[n];
    // second derivatives by covariances are not asked for
    result->hessian = result->metric = Matrix();
  }
  result->gradient.segment(first, n) += gradient.head(n);
  result->gradient[tau] += gradient[n];
  if (result->hessian.size() == 0) return;
  for (Matrix* one : {&result->hessian, &result->metric}) {
    one->block(first, first, n, n) += own.hessian.topLeftCorner(n, n);
    if (one == &result->metric) continue;
    one->col(tau).segment(first, n) += own.hessian.col(n).head(n);
    one->row(tau).segment(first, n) += own.hessian.row(n).head(n);
    (*one)(tau, tau) += own.hessian(n, n);
  }
}

}  // namespace henderson
