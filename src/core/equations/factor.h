// Blocked Cholesky factor of the augmented equations at one Lambda: leaf levels, sparse remainder,
// then the dense columns [X y]. Nothing here depends on the number of rows of the data.
#ifndef HENDERSON_EQUATIONS_FACTOR_H_
#define HENDERSON_EQUATIONS_FACTOR_H_

#include <memory>
#include <vector>

#include "algebra/types.h"
#include "equations/equations.h"
#include "equations/supernodal.h"

namespace henderson {

class Factor {
 public:
  // Owns L and all memory of the work: one for each thread.
  explicit Factor(std::shared_ptr<const Layout> layout);

  // Factorizes equations in this layout, which must live as long as the factor is used, at the
  // given relative factors (one v_t x v_t lower triangle per factor term). False when a pivot is
  // not positive (only possible for non-finite or absurdly large Lambda).
  bool factorize(const Equations& system, const std::vector<Matrix>& lambda);

  double log_det_m() const { return log_det_m_; }      // log|M|
  double log_det_x() const { return log_det_x_; }      // log|X'V^-1 X|
  double residual_ss() const { return residual_ss_; }  // r^2
  // Diagonal of [X y]'[X y] before elimination, of which rounding takes its share.
  const Vector& xy_diagonal() const { return xy_diagonal_; }
  // Sum over the remainder of M's diagonal before elimination over the squared pivot: of order one
  // each, unless terms are nearly collinear at this Lambda.
  double remainder_cancellation() const;
  // The same of the leaf.
  double leaf_cancellation() const;
  const Matrix& x_factor() const { return x_factor_; }  // lower Cholesky factor of X'V^-1 X
  Vector beta() const;

  const Layout& layout() const { return layout_; }
  const Equations& system() const { return *system_; }  // last factorized
  const std::vector<Matrix>& lambda() const { return lambda_; }
  // The leaf's; 1 x 1 if there is none.
  const Matrix& leaf_lambda() const { return leaf_lambda_; }
  const SupernodalCholesky& remainder() const { return remainder_; }
  bool scalar_remainder() const { return scalar_remainder_; }
  SupernodalCholesky* mutable_remainder() { return &remainder_; }

  // Factor pieces: L_jj (v0 x v0 per level, lower), panels B (layout of panel_values), and the
  // forward-solved right-hand sides [X y].
  const double* leaf_factor(Index j) const { return leaf_factor_.data() + j * v0_ * v0_; }
  const double* panel(Index j) const { return panels_.data() + layout_.panel_start[j] * v0_; }
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
  bool scale_centres();
  void subtract_leaf_centres();
  // own := own L_jj^-T.
  template <int W>
  void solve_level(Index j, Index width, double* own) const;
  // remainder -= own B_j' and own -= remainder B_j, for right-hand sides own of leaf level j; W of
  // them, or width if W is dynamic.
  template <int W>
  void subtract_from_remainder(Index j, Index width, const double* own, double* remainder) const;
  template <int W>
  void subtract_from_level(Index j, Index width, const double* remainder, double* own) const;
  void update_row_scale();
  bool factorize_xy();

  std::shared_ptr<const Layout> shared_layout_;
  const Layout& layout_;
  const Equations* system_ = nullptr;
  Index v0_;
  std::vector<Matrix> lambda_;
  Matrix leaf_lambda_;
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
  double log_det_m_ = 0;
  double log_det_x_ = 0;
  double residual_ss_ = 0;
};

}  // namespace henderson

#endif  // HENDERSON_EQUATIONS_FACTOR_H_
