// Minimises a convex quadratic function over positive semidefinite matrices:
//   s'(x - x0) + (x - x0)'B (x - x0) / 2  over x with every Gamma_k(x) positive semidefinite.
// The coordinates x are the lower triangles of the matrices Gamma_k, by columns.
#ifndef HENDERSON_SEARCH_CONE_PROGRAM_H_
#define HENDERSON_SEARCH_CONE_PROGRAM_H_

#include <vector>

#include "algebra/types.h"
#include "search/coordinates.h"

namespace henderson {

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
