// What a search moves: coordinates of covariance matrices, and free ones.
//
// A point x holds, for each positive semidefinite matrix Gamma_k (a cone), the entries of a lower
// triangular factor by columns, never those of Gamma_k itself: a factor of these would have half
// the digits. Derivatives are taken in one of two charts: by the entries of the factors, or by
// those of the lower triangles of Gamma_k, in which the criterion is smooth across the boundary.
// Coordinates outside all cones are free, the same in both charts.
#ifndef HENDERSON_SEARCH_COORDINATES_H_
#define HENDERSON_SEARCH_COORDINATES_H_

#include <vector>

#include "algebra/types.h"

namespace henderson {

enum class Chart { kCovariance, kFactor };

struct Cone {
  int first = 0;      // its first coordinate
  int size = 1;       // of its matrix
  double levels = 1;  // of the term it belongs to
  int n_coordinates() const { return size * (size + 1) / 2; }
  int pivot(int column) const { return first + column * size - column * (column - 1) / 2; }
};

// The symmetric matrix whose lower triangle by columns are the cone's coordinates, and back.
Matrix cone_matrix(const Cone& cone, const Vector& x);
void set_cone_matrix(const Cone& cone, const ConstMatrixRef& gamma, Vector* x);
// The factor at a point.
Matrix cone_factor(const Cone& cone, const Vector& x);
// The symmetric S with derivative(x_i) = <S, dGamma/dx_i>, and its adjoint: derivative += <S, .>.
Matrix cone_gradient(const Cone& cone, const Vector& derivative);
void add_cone_derivative(const Cone& cone, const Matrix& s, Vector* derivative);

// |L_cc| where derivatives are taken: in the chart of factors zero is always stationary.
constexpr double kOffZero = 1e-7;

struct Coordinates {
  int size = 0;
  std::vector<Cone> cones;

  std::vector<int> free() const;
  // Covariances in place of factors.
  Vector covariances(const Vector& x) const;
  // x with the pivots of its factors at least `floor` away from zero.
  Vector keep_off_zero(const Vector& x, double floor = kOffZero) const;
  // Pivots that are zero empty their column, the others are positive.
  Vector canonical(const Vector& x) const;
  // Is a pivot exactly zero?
  bool singular(const Vector& x) const;
};

}  // namespace henderson

#endif  // HENDERSON_SEARCH_COORDINATES_H_
