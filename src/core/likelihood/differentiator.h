// The work behind likelihood/traces.h, shared by the gradient (likelihood/traces.cpp) and the
// Hessians (likelihood/hessian.cpp). One object per point; nothing else includes this file.
#ifndef HENDERSON_LIKELIHOOD_DIFFERENTIATOR_H_
#define HENDERSON_LIKELIHOOD_DIFFERENTIATOR_H_

#include <functional>
#include <vector>

#include "algebra/types.h"
#include "equations/factor.h"
#include "likelihood/expected_information.h"
#include "likelihood/traces.h"

namespace henderson {

class Differentiator {
 public:
  Differentiator(Factor* factor, const DerivativeRequest& request)
      : factor_(*factor),
        system_(factor->system()),
        layout_(*system_.layout),
        lambda_(factor->lambda()),
        request_(request),
        v0_(layout_.leaf_size()),
        f_(request.m / factor->residual_ss()) {}

  void solve_modes();  // likelihood/modes.cpp
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
  // Levels of the leaf that are worked on together, in the cache.
  Index leaf_step() const { return v0_ < 128 ? 128 / v0_ : 1; }
  Matrix fixed_factor() const;
  template <int P>
  void solve_leaf_modes(const Matrix& u_remainder, const Matrix& w_remainder);
  template <int P>
  void solve_remainder_modes(Matrix* u_remainder);
  void scalar_leaf_traces(const std::vector<double>& products, DevianceDerivatives* result);
  void remainder_traces();
  // g'Gamma_i K Gamma_j g for all pairs of entries (K = Z'PZ).
  Matrix quadratic_information(const std::vector<LambdaEntry>& entries) const;
  Matrix gamma_information(const std::vector<LambdaEntry>& entries,
                           const std::vector<Matrix>& transform) const;
  // Sets (from zero) the part of f_i in one level of the entry's term, given the level's g and u:
  // column c of the level at f[c r], r the number of entries.
  using Direction =
      std::function<void(const LambdaEntry& entry, const double* g, const double* u, double* f)>;
  // f_i'K f_j for all pairs of entries.
  Matrix information_of(const std::vector<LambdaEntry>& entries, const Direction& direction) const;
  void leaf_directions(const std::vector<LambdaEntry>& entries, const Direction& direction,
                       Index first, Index count, Matrix* f) const;
  Matrix remainder_directions(const std::vector<LambdaEntry>& entries,
                              const Direction& direction) const;
  // g'G_i K G_j g with one term, of which blocks are those of C
  // (likelihood/expected_information.h).
  Matrix one_term_information(const std::vector<CovarianceDirection>& directions,
                              const Matrix& blocks) const;
  void subtract_fixed(const Matrix& fx, Matrix* information) const;
  ExpectedInformation information_sums() const;
  void accumulate_panels(std::vector<double>* products) const;
  void inverse_block_of_remainder(DevianceDerivatives* result) const;

  Factor& factor_;
  const Equations& system_;
  const Layout& layout_;
  const std::vector<Matrix>& lambda_;
  DerivativeRequest request_;
  Index v0_;
  double f_;
  Coefficients gx_;                             // P right-hand sides: Z'V^-1 [X y]
  Coefficients mode_, g_;                       // one: u and g
  std::vector<Matrix> trace_, cross_, square_;  // G_t, H_t, sum g g'
  std::vector<Matrix> fixed_;                   // sum of C_X Phi U_X' with U = M^-1 Lambda'Z'WX
};

}  // namespace henderson

#endif  // HENDERSON_LIKELIHOOD_DIFFERENTIATOR_H_
