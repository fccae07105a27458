// Null distribution of the likelihood-ratio test of one variance component against none
// (Crainiceanu & Ruppert 2004, J. R. Statist. Soc. B 66, 165-185, theorem 1; algorithm of Scheipl,
// Greven & Kuechenhoff 2008, Comput. Statist. Data Anal. 52, 3283-3299). With the nonzero
// eigenvalues mu of Z'WZ - Z'WX (X'WX)^-1 X'WZ, independent w_l ~ chi^2_1 and
// w_0 ~ chi^2_{n - p - K}, and D(lambda) = w_0 + sum_l w_l / (1 + lambda mu_l),
//   LRT = sup_{lambda >= 0} { m log(D(0) / D(lambda)) - sum_l log(1 + lambda xi_l) },
// m = n - p and xi = mu for the restricted likelihood, m = n and xi the eigenvalues of Z'WZ for the
// likelihood.
#ifndef HENDERSON_INFERENCE_RESTRICTED_LRT_H_
#define HENDERSON_INFERENCE_RESTRICTED_LRT_H_

#include "algebra/types.h"

namespace henderson {

struct LrtSpectrum {
  Vector mu;        // distinct nonzero eigenvalues, positive
  Vector xi;        // distinct eigenvalues in the determinant, positive
  Vector xi_count;  // how often each occurs
  double m = 0;
};

// One statistic for each column of w. w: K x draws, sums of w_l over equal eigenvalues; w0: draws.
Vector simulate_lrt(const LrtSpectrum& spectrum, const ConstMatrixRef& w, const ConstVectorRef& w0);

}  // namespace henderson

#endif  // HENDERSON_INFERENCE_RESTRICTED_LRT_H_
