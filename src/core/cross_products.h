// Cross-products of [Z X y]: everything the optimizer ever sees of the data.
//
// Moments are taken about stored shifts, so that they do not cancel: covariates about their means
// (only where an intercept column makes that a change of basis), y about its least-squares fit.
// Cross-products of two parts of the data add up once both are expressed about the same shifts.
#ifndef HENDERSON_CROSS_PRODUCTS_H_
#define HENDERSON_CROSS_PRODUCTS_H_

#include <vector>

#include "covariance_structure.h"
#include "types.h"

namespace henderson {

// Rows of data, borrowed from the caller for the duration of one call.
struct BlockTermRows {
  std::vector<const double*> columns;  // one per z column; nullptr is the column of ones
  const int* level = nullptr;          // 1-based
  int n_levels = 0;
  std::vector<CovarianceStructure> structures;
};

struct DataRows {
  Index n = 0;
  int p = 0;
  const double* x = nullptr;         // n x p
  const double* y = nullptr;         // offset already subtracted
  const double* weights = nullptr;   // nullptr: all one; zero rows are left out
  int intercept = -1;                // index of X's column of ones, -1 if there is none
  std::vector<BlockTermRows> terms;  // by decreasing number of levels
};

struct TermMoments {
  int v = 0;
  int n_levels = 0;
  std::vector<CovarianceStructure> structures;
  std::vector<int>
      centred_with;  // per column: the term's own column of ones it is centred with, or -1
  Vector shift;      // v
  Matrix dense;      // P x (v J): [X y]' W z, a column per coefficient
  Matrix diagonal;   // (v v) x J: z_j' W z_j
};

// Z_t' W Z_s of two terms, t before s: per level of t the sorted levels of s it meets.
struct PairMoments {
  int term_row = 0;            // t
  int term_column = 0;         // s
  std::vector<Index> start;    // J_t + 1
  std::vector<int> partner;    // 0-based level of s
  std::vector<double> values;  // v_s x v_t each, column-major
};

struct CrossProducts {
  static constexpr int kFormatVersion = 1;
  double n = 0;  // rows with positive weight
  double sum_log_w = 0;
  int p = 0;
  int intercept = -1;
  Vector x_shift;  // p
  Vector y_shift;  // p: y is taken about (X - x_shift) y_shift
  Matrix dense;    // P x P, symmetric
  std::vector<TermMoments> terms;
  std::vector<PairMoments> pairs;

  // Expresses the moments about other shifts: exact algebra, no data needed.
  void recentre(const Vector& new_x_shift, const Vector& new_y_shift,
                const std::vector<Vector>& new_z_shifts);
  double bytes() const;  // of the numbers
  // Adds the moments of other rows; terms must agree in columns and levels.
  void merge(CrossProducts other);
};

// Smallest squared pivot of the unit-diagonal Gram matrix of X: a quick sign that X may be rank
// deficient (the decision itself follows the caller's QR).
struct GramResult {
  Matrix gram;  // P x P about x_shift, y about zero
  Vector x_shift;
  double n = 0;
  double sum_log_w = 0;
  double smallest_pivot = 1;
};

GramResult dense_gram(const DataRows& rows, const InterruptCheck& interrupt = nullptr);
CrossProducts accumulate(const DataRows& rows, const GramResult& gram,
                         const InterruptCheck& interrupt);

// Puts another response into moments of the same rows, in two passes over it and what it meets:
// about its own least-squares fit, as accumulate() does.
void replace_response(const DataRows& rows, CrossProducts* moments,
                      const InterruptCheck& interrupt);

// Fitted values X beta + Z b of all rows, in one pass, and the sum of w (y - fitted)^2, which is
// returned. beta is relative to y_shift, and both are for columns centred as the moments are;
// modes: v x J per block term.
double fit_rows(const DataRows& rows, const CrossProducts& moments, const Vector& beta,
                const std::vector<Matrix>& modes, double* fitted);

}  // namespace henderson

#endif  // HENDERSON_CROSS_PRODUCTS_H_
