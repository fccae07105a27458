// Cross-products of [Z X y]: everything the optimizer ever sees of the data.
//
// Moments are taken about stored shifts, so that they do not cancel: covariates about their means
// (only where a column of ones makes that a change of basis), y about its least-squares fit.
// Cross-products of two parts of the data add up once both are expressed about the same shifts.
#ifndef HENDERSON_DATA_CROSS_PRODUCTS_H_
#define HENDERSON_DATA_CROSS_PRODUCTS_H_

#include <vector>

#include "algebra/types.h"

namespace henderson {

struct TermSums {
  int v = 0;
  int n_levels = 0;
  // Per column: the term's first column of ones, along which it is centred; -1 for columns of ones,
  // and if there are none.
  std::vector<int> centred_with;
  Vector shift;     // v
  Matrix xy;        // P x (v J): [X y]' W z, a column per coefficient
  Matrix diagonal;  // (v v) x J: z_j' W z_j
};

// Z_t' W Z_s of two terms, t before s: per level of t the sorted levels of s it meets.
struct PairSums {
  int term_row = 0;            // t
  int term_column = 0;         // s
  std::vector<Index> start;    // J_t + 1
  std::vector<int> partner;    // 0-based level of s
  std::vector<double> values;  // v_s x v_t each, column-major
};

struct CrossProducts {
  static constexpr int kFormatVersion = 2;
  double n = 0;  // rows with positive weight
  double sum_log_w = 0;
  int p = 0;
  int intercept = -1;
  Vector x_shift;  // p
  Vector y_shift;  // p: y is taken about (X - x_shift) y_shift
  Matrix xy;       // P x P, symmetric
  std::vector<TermSums> terms;
  std::vector<PairSums> pairs;

  // Expresses the moments about other shifts: exact algebra, no data needed.
  void recentre(const Vector& new_x_shift, const Vector& new_y_shift,
                const std::vector<Vector>& new_z_shifts);
  double bytes() const;  // of the numbers
  // Adds the moments of other rows; terms must agree in columns and levels.
  void merge(CrossProducts other);
};

}  // namespace henderson

#endif  // HENDERSON_DATA_CROSS_PRODUCTS_H_
