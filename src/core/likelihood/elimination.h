// The leaf's levels eliminated from the remainder, for the second-order sums of
// likelihood/expected_information.h.
#ifndef HENDERSON_LIKELIHOOD_ELIMINATION_H_
#define HENDERSON_LIKELIHOOD_ELIMINATION_H_

#include <vector>

#include "algebra/types.h"
#include "equations/factor.h"
#include "likelihood/modes.h"

namespace henderson {

// What is eliminated, by level j of the leaf:
//   C0_j = (I + A_j Gamma_0)^-1 A_j = E_j A_j,  H_j = E_j A_jr,  F = A_rr - sum_j A_rj Gamma_0 H_j,
//   B = Lambda (Lambda'F Lambda + I)^-1 Lambda',
// so that D_jl = delta_jl C0_j - H_j B H_l', D_jr = H_j (I - B F), D_rr = F (I - B F) for
// D = C = Z'V^-1 Z. For D = K = C - Y'Y, Y = L_x^-1 C_X', p more columns with Y_j' in H_j and I in
// B stand for Y. (X itself among the columns of the remainder, as in the design, would lose all
// digits where a factor with a large variance can stand in for the intercept.)
class LeafElimination {
 public:
  // D = K if the modes are REML's, else C. whole: all H_j as one matrix even where levels meet few
  // rows of the remainder.
  LeafElimination(const Modes& modes, bool whole);

  Index size() const { return n_; }            // of the remainder with X
  Index remainder_size() const { return q_; }  // of the remainder
  const Matrix& f() const { return f_; }
  const Matrix& b() const { return b_; }
  const Matrix& c0() const { return q_ == 0 ? modes_.blocks : c0_; }  // v v x J0
  const Matrix& x_remainder() const { return x_remainder_; }          // L_x^-1 C_X', p x q_r
  const Matrix& h() const { return h_; }                              // H', n x v J0, if whole
  // N_ab = sum_j h_ja h_jb' for a >= b, at a + b v.
  std::vector<Matrix> level_products() const;
  // H_j B H_j' for every level, v v x J0.
  Matrix leaf_forms() const;

 private:
  Index level_size(Index j) const { return layout_.panel_count(j) + px_; }
  Index level_start(Index j) const {
    return whole_ ? j * v_ * n_ : (layout_.panel_start[j] + j * px_) * v_;
  }
  // H_j' of one level: its rows of [remainder, X] x v, if not whole.
  ConstMatrixMap level(Index j) const {
    return ConstMatrixMap(h_.data() + level_start(j), level_size(j), v_);
  }
  const int* level_rows(Index j) const { return rows_.data() + layout_.panel_start[j] + j * px_; }
  void store_level(Index j, const Matrix& source, Matrix* target) const;
  void eliminate_leaf();
  void add_products(const Matrix& left, Index a, const Matrix& right, Index b,
                    Matrix* target) const;
  void start_f();
  void invert();

  const Modes& modes_;
  const Factor& factor_;
  const Equations& system_;
  const Layout& layout_;
  Index v_;
  Index q_;
  Index px_;
  Index n_;
  bool whole_;  // H' is one n x v J0 matrix; else the rows of each level follow each other
  Matrix x_leaf_, x_remainder_;
  Matrix h_;
  std::vector<int> rows_;
  Matrix c0_;
  Matrix f_;
  Matrix b_;
};

}  // namespace henderson

#endif  // HENDERSON_LIKELIHOOD_ELIMINATION_H_
