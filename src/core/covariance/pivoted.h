// Any covariance matrix (as us), by parameters one of which is a standard deviation or a
// correlation that a profile holds:
//   Gamma_T = T Gamma T' = [c_1 (c_2)][c_1 (c_2)]' + blkdiag(0, S),
// T with rows that are the effects in question, then some that complete a basis.
//   One pivot:  c_1 = (a, l)', a >= 0 the first effect's standard deviation.
//   Two:        c_1 = (a, b sin(phi), l_1)', c_2 = (0, b cos(phi), l_2)', a and b the standard
//               deviations of the first two, sin(phi) their correlation.
// Parameters: a, or (a, b, phi); the l by columns; S, a cone, the lower triangle of its factor.
#ifndef HENDERSON_COVARIANCE_PIVOTED_H_
#define HENDERSON_COVARIANCE_PIVOTED_H_

#include <memory>
#include <vector>

#include "covariance/structure.h"

namespace henderson {

// T for the effects a_i'b, the columns of `effects` (v x 1 or 2, not parallel): rows a_i'/|a_i|,
// then orthonormal ones that are orthogonal to them.
Matrix pivoted_basis(const Matrix& effects);

// Where the held parameter is among them.
int pivoted_held(Index n_pivots);

// The parameters of Gamma = F F'.
Vector pivoted_parameters(const Matrix& basis, Index n_pivots, const ConstMatrixRef& factor);

// The parameters of matrices where another minimum may be: of two pivots one small; the other
// effects independent of the pivots, with variances that are large here small; the first pivot and
// the direction in which the others vary most nearly collinear, with either sign and a variance not
// below the residual one.
std::vector<Vector> pivoted_alternatives(const Vector& x, int v, Index n_pivots);

std::shared_ptr<const CovarianceStructure> make_pivoted(const Matrix& basis, Index n_pivots);

}  // namespace henderson

#endif  // HENDERSON_COVARIANCE_PIVOTED_H_
