// Blocked Cholesky factor of the augmented system at one Lambda: leaf levels, sparse remainder,
// then the dense columns [X y]. Nothing here depends on the number of rows of the data.
#ifndef HENDERSON_EQUATIONS_FACTOR_H_
#define HENDERSON_EQUATIONS_FACTOR_H_

#include <vector>

#include "algebra/types.h"
#include "equations/equations.h"
#include "equations/supernodal.h"

namespace henderson {

class Factor {
 public:
  explicit Factor(const Equations& system);

  // Factorizes at the given relative factors (one v_t x v_t lower triangle per block term). False
  // when a pivot is not positive (only possible for non-finite or absurdly large Lambda).
  bool factorize(const std::vector<Matrix>& lambda);

  double log_det_m() const { return log_det_m_; }      // log|M|
  double log_det_x() const { return log_det_x_; }      // log|X'V^-1 X|
  double residual_ss() const { return residual_ss_; }  // r^2
  // Diagonal of [X y]'[X y] before elimination, of which rounding takes its share.
  const Vector& xy_diagonal() const { return xy_diagonal_; }
  // Sum over the remainder of M's diagonal before elimination over the squared pivot: of order one
  // each, unless terms are nearly collinear at this Lambda.
  double remainder_cancellation() const { return remainder_cancellation_; }
  // The same of the leaf, by one pass over its levels: not for the optimizer's loop.
  double leaf_cancellation() const;
  const Matrix& x_factor() const { return x_factor_; }  // lower Cholesky factor of X'V^-1 X
  Vector beta() const;

  const Equations& system() const { return system_; }
  const std::vector<Matrix>& lambda() const { return lambda_; }
  const SupernodalCholesky& remainder() const { return remainder_; }
  bool scalar_remainder() const { return scalar_remainder_; }
  SupernodalCholesky* mutable_remainder() { return &remainder_; }

  // Factor pieces: L_jj (v0 x v0 per level, lower), panels B (layout of panel_values), and the
  // forward-solved right-hand sides [X y].
  const double* leaf_factor(Index j) const { return leaf_factor_.data() + j * v0_ * v0_; }
  const double* panel(Index j) const { return panels_.data() + system_.panel_start[j] * v0_; }
  // Where levels are centred they belong to w = u - Lambda^-1 B', and B Lambda^-T is added to what
  // they are solved for.
  const Coefficients& rhs() const { return rhs_; }
  const Coefficients& scaled_centre() const { return scaled_centre_; }

  // Of spherical coefficients: solve_forward: rhs := rhs L^-T; solve_backward: rhs := rhs L^-1 (so
  // both give rhs M^-1).
  void solve_forward(Coefficients* rhs) const;
  void solve_backward(Coefficients* rhs) const;
  // The first half of solve_forward(), and the second one of solve_backward(), for some leaf
  // levels: rhs is r x v0 levels, remainder r x q_r.
  void solve_leaf_forward(Index first, Index levels, Index r, double* rhs, double* remainder) const;
  void solve_leaf_backward(Index first, Index levels, Index r, const double* solved_remainder,
                           double* rhs) const;

 private:
  template <int V>
  bool factorize_leaf();
  void assemble_supernode(int s, double* values, const int* local) const;
  template <int K>
  void subtract_sums(const PanelSegment& segment, Index columns, int first, Index n_rows,
                     double* values, const int* local) const;
  void subtract_product(const PanelSegment& segment, Index columns, int first, Index n_rows,
                        double* values, const int* local) const;
  void scale_panel_rows(double* panel, const int* rows, Index count) const;
  void assemble_remainder_rhs();
  double sum_remainder_cancellation() const;
  bool scale_centres();
  void subtract_leaf_centres();
  // remainder -= own B_j' and own -= remainder B_j, for right-hand sides own of leaf level j; W of
  // them, or width if W is dynamic.
  template <int W>
  void subtract_from_remainder(Index j, Index width, const double* own, double* remainder) const;
  template <int W>
  void subtract_from_level(Index j, Index width, const double* remainder, double* own) const;
  void update_row_scale();
  bool factorize_xy();

  const Equations& system_;
  Index v0_;
  std::vector<Matrix> lambda_;
  bool scalar_remainder_;  // every remainder term has one column
  Vector row_scale_;       // then: Lambda of each remainder row
  std::vector<double> leaf_factor_;
  std::vector<double> panels_;
  SupernodalCholesky remainder_;
  Coefficients rhs_;
  Coefficients scaled_centre_;  // B Lambda^-T
  Vector xy_diagonal_;
  Matrix x_factor_;
  Vector xy_;  // L_x^-1 X'V^-1 y
  double log_det_leaf_ = 0;
  double remainder_cancellation_ = 0;
  double log_det_m_ = 0;
  double log_det_x_ = 0;
  double residual_ss_ = 0;
};

}  // namespace henderson

#endif  // HENDERSON_EQUATIONS_FACTOR_H_
