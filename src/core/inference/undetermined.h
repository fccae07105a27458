// Which covariance parameters the data cannot determine.
//
// V / sigma^2 = sum_t Z_t (I x Gamma_t) Z_t' + tau W^-1 is linear in the entries of Gamma and in
// tau = 1. A direction D of them has no information if P D P = 0 (REML) or D = 0 (ML): neither
// criterion depends on the parameters along it, at no V. So the directions are the null space of
// tr(P V_i P V_j), taken at a V of good condition, and one mechanism finds all of them: columns
// that fixed effects reproduce, columns of zeros, collinear columns of a term, terms that are one
// partition, levels of one observation each.
#ifndef HENDERSON_INFERENCE_UNDETERMINED_H_
#define HENDERSON_INFERENCE_UNDETERMINED_H_

#include <vector>

#include "algebra/types.h"
#include "likelihood/gaussian.h"
#include "search/certificate.h"

namespace henderson {

struct UndeterminedDirections {
  // (k + 1) x d: entries of Gamma in the order of theta, then tau; natural units, each times the
  // size of its columns (`sizes`, k + 1).
  Matrix directions;
  Vector sizes;
  // By direction p x p: what (X'V^-1 X)^-1 changes by at the fit, for the columns of X as given.
  std::vector<Matrix> fixed_moves;

  bool empty() const { return directions.cols() == 0; }
};

// Where all parameters are entries of Lambda. x: standardized parameters of the fit. The
// certificate tells where there can be any: a criterion that is curved in all directions depends on
// all parameters. `certified`: is there one, and does it hold? Leaves the deviance at another
// point.
UndeterminedDirections find_undetermined(GaussianObjective* deviance, const Vector& x,
                                         const Certificate& certificate, bool certified);

}  // namespace henderson

#endif  // HENDERSON_INFERENCE_UNDETERMINED_H_
