// The work behind deviance_gradient.h, shared by the gradient (deviance_gradient.cpp) and the
// Hessians (deviance_hessian.cpp). One object per point; nothing else includes this file.
#ifndef HENDERSON_DIFFERENTIATOR_H_
#define HENDERSON_DIFFERENTIATOR_H_

#include <vector>

#include "block_cholesky.h"
#include "deviance_gradient.h"
#include "types.h"

namespace henderson {

class Differentiator {
 public:
  Differentiator(BlockCholesky* factor, const DerivativeRequest& request)
      : factor_(*factor),
        system_(factor->system()),
        lambda_(factor->lambda()),
        request_(request),
        v0_(system_.leaf_size()),
        f_(request.m / factor->residual_ss()) {}

  void solve_modes();
  template <int V>
  void trace_part(DevianceDerivatives* result);
  void reml_correction();
  void scores(DevianceDerivatives* result) const;
  // Average-information Hessian, or the exact one.
  void hessian(const std::vector<LambdaEntry>& entries, bool exact, DevianceDerivatives* result);
  // The same in the coordinates of Gamma.
  void gamma_curvature(const std::vector<LambdaEntry>& entries, DevianceDerivatives* result) const;
  void take_modes(DevianceDerivatives* result);

 private:
  void remainder_traces();
  // g'Gamma_i K Gamma_j g for all pairs of entries (K = Z'PZ).
  Matrix quadratic_information(const std::vector<LambdaEntry>& entries) const;
  Matrix gamma_information(const std::vector<LambdaEntry>& entries,
                           const std::vector<Matrix>& transform) const;
  // f_i'K f_j for coefficients f_i in rows.
  Matrix information_of(const Matrix& f_leaf, const Matrix& f_remainder) const;
  void accumulate_panels(std::vector<double>* products) const;
  void inverse_block_of_remainder(DevianceDerivatives* result) const;

  BlockCholesky& factor_;
  const BlockSystem& system_;
  const std::vector<Matrix>& lambda_;
  DerivativeRequest request_;
  Index v0_;
  double f_;
  Matrix u_leaf_, u_remainder_;                               // P x .: U = M^-1 Lambda'Z'W[X y]
  Matrix gx_leaf_, gx_remainder_;                             // P x .: Z'V^-1 [X y]
  Matrix mode_leaf_, mode_remainder_, g_leaf_, g_remainder_;  // 1 x .
  std::vector<Matrix> trace_, cross_, square_;                // G_t, H_t, sum g g'
};

}  // namespace henderson

#endif  // HENDERSON_DIFFERENTIATOR_H_
