// Minimises a convex quadratic function over positive semidefinite matrices:
//   s'(x - x0) + (x - x0)'B (x - x0) / 2  over x with every Gamma_k(x) positive semidefinite.
// The coordinates x are the lower triangles of the matrices Gamma_k, by columns.
#ifndef HENDERSON_SEARCH_CONE_PROGRAM_H_
#define HENDERSON_SEARCH_CONE_PROGRAM_H_

#include <vector>

#include "algebra/types.h"

namespace henderson {

struct Cone {
  int first = 0;      // its first coordinate
  int size = 1;       // of its matrix
  double levels = 1;  // of the term it belongs to
  int n_coordinates() const { return size * (size + 1) / 2; }
};

Matrix cone_matrix(const Cone& cone, const Vector& x);
void set_cone_matrix(const Cone& cone, const ConstMatrixRef& gamma, Vector* x);
// The symmetric S with derivative(x_i) = <S, dGamma/dx_i>.
Matrix cone_gradient(const Cone& cone, const Vector& derivative);

struct ConeStep {
  Vector x;
  std::vector<Matrix> factors;  // F_k with Gamma_k = F_k F_k'; a zero column: a zero eigenvalue
  double decrease = 0;          // of the quadratic function
};

// B positive definite.
ConeStep solve_cone_program(const std::vector<Cone>& cones, const Vector& x0, const Vector& s,
                            const Matrix& b);

}  // namespace henderson

#endif  // HENDERSON_SEARCH_CONE_PROGRAM_H_
