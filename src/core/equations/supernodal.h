// Left-looking supernodal Cholesky factor of the sparse remainder, its triangular solves, and its
// selected inverse (the inverse on the factor's pattern). Storage per supernode: a dense
// (rows x own columns) block, column-major; only its lower trapezoid is meaningful.
#ifndef HENDERSON_EQUATIONS_SUPERNODAL_H_
#define HENDERSON_EQUATIONS_SUPERNODAL_H_

#include <functional>
#include <vector>

#include "algebra/types.h"
#include "equations/ordering.h"

namespace henderson {

// Adds the matrix's entries of supernode s into values (zeroed, rows x width); local[r] is the
// position of scalar row r among the supernode's rows.
using SupernodeAssembler = std::function<void(int s, double* values, const int* local)>;

class SupernodalCholesky {
 public:
  SupernodalCholesky() = default;
  explicit SupernodalCholesky(Supernodes symbolic);

  const Supernodes& symbolic() const { return symbolic_; }
  int size() const { return symbolic_.size(); }

  // False when a pivot is not positive.
  bool factorize(const SupernodeAssembler& assemble);
  double log_determinant() const;
  double pivot(int row) const;  // diagonal element of L

  // rhs is n_rhs x size, a column per scalar row: rhs := rhs L^-T, and rhs := rhs L^-1.
  void solve_forward(Matrix* rhs) const;
  void solve_backward(Matrix* rhs) const;

  // Fills the inverse on the factor's pattern, in the factor's layout (lower trapezoid valid).
  void compute_selected_inverse();
  const double* inverse_values(int s) const { return inverse_.data() + symbolic_.value_start[s]; }

  int width(int s) const { return symbolic_.first_column[s + 1] - symbolic_.first_column[s]; }
  Index n_rows(int s) const { return symbolic_.row_start[s + 1] - symbolic_.row_start[s]; }
  const int* rows(int s) const { return symbolic_.rows.data() + symbolic_.row_start[s]; }

 private:
  void subtract_descendant(int descendant, int s, double* values, const int* local);
  void gather_inverse(const int* rows, Index count, MatrixMap* full) const;

  Supernodes symbolic_;
  std::vector<double> values_;
  std::vector<double> inverse_;
  std::vector<Index> next_row_;  // per descendant: its first row not yet passed on
  std::vector<double> work_;     // one memory for the dense blocks of both algorithms
};

}  // namespace henderson

#endif  // HENDERSON_EQUATIONS_SUPERNODAL_H_
