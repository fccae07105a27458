#include "search/coordinates.h"

#include <cmath>

#include "algebra/symmetric.h"

namespace henderson {

Matrix cone_matrix(const Cone& cone, const Vector& x) {
  Matrix gamma(cone.size, cone.size);
  int at = cone.first;
  for (int c = 0; c < cone.size; ++c) {
    for (int r = c; r < cone.size; ++r, ++at) {
      gamma(r, c) = x[at];
      gamma(c, r) = x[at];
    }
  }
  return gamma;
}

void set_cone_matrix(const Cone& cone, const ConstMatrixRef& gamma, Vector* x) {
  int at = cone.first;
  for (int c = 0; c < cone.size; ++c) {
    for (int r = c; r < cone.size; ++r) (*x)[at++] = gamma(r, c);
  }
}

Matrix cone_factor(const Cone& cone, const Vector& x) {
  return cone_matrix(cone, x).triangularView<Eigen::Lower>();
}

Matrix cone_gradient(const Cone& cone, const Vector& derivative) {
  Matrix gradient = 0.5 * cone_matrix(cone, derivative);
  gradient.diagonal() *= 2;
  return gradient;
}

void add_cone_derivative(const Cone& cone, const Matrix& s, Vector* derivative) {
  int at = cone.first;
  for (int c = 0; c < cone.size; ++c) {
    for (int r = c; r < cone.size; ++r) (*derivative)[at++] += r == c ? s(r, c) : 2 * s(r, c);
  }
}

std::vector<int> Coordinates::free() const {
  std::vector<char> inside(size, 0);
  for (const Cone& cone : cones) {
    for (int i = 0; i < cone.n_coordinates(); ++i) inside[cone.first + i] = 1;
  }
  std::vector<int> outside;
  for (int i = 0; i < size; ++i) {
    if (!inside[i]) outside.push_back(i);
  }
  return outside;
}

Vector Coordinates::covariances(const Vector& x) const {
  Vector gamma = x;
  for (const Cone& cone : cones) {
    const Matrix factor = cone_factor(cone, x);
    set_cone_matrix(cone, factor * factor.transpose(), &gamma);
  }
  return gamma;
}

Vector Coordinates::keep_off_zero(const Vector& x, double floor) const {
  Vector kept = x;
  for (const Cone& cone : cones) {
    for (int c = 0; c < cone.size; ++c) {
      double& pivot = kept[cone.pivot(c)];
      if (std::abs(pivot) < floor) pivot = pivot < 0 ? -floor : floor;
    }
  }
  return kept;
}

Vector Coordinates::canonical(const Vector& x) const {
  Vector result = x;
  for (const Cone& cone : cones) {
    Matrix factor = cone_factor(cone, x);
    if (cone.size > 1 && (factor.diagonal().array() == 0).any()) {
      factor = semidefinite_cholesky(factor * factor.transpose());
    }
    for (int c = 0; c < cone.size; ++c) {
      if (factor(c, c) < 0) factor.col(c) = -factor.col(c);
    }
    set_cone_matrix(cone, factor, &result);
  }
  return result;
}

bool Coordinates::singular(const Vector& x) const {
  for (const Cone& cone : cones) {
    for (int c = 0; c < cone.size; ++c) {
      if (x[cone.pivot(c)] == 0) return true;
    }
  }
  return false;
}

}  // namespace henderson
