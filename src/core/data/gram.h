// [X y]'W[X y] of the rows, the first pass over them.
#ifndef HENDERSON_DATA_GRAM_H_
#define HENDERSON_DATA_GRAM_H_

#include "algebra/types.h"
#include "data/rows.h"

namespace henderson {

// Smallest squared pivot of the unit-diagonal Gram matrix of X: a quick sign that X may be rank
// deficient (the decision itself follows the caller's QR).
struct GramResult {
  Matrix gram;  // P x P about x_shift, y about zero
  Vector x_shift;
  double n = 0;
  double sum_log_w = 0;
  double smallest_pivot = 1;
};

GramResult dense_gram(const DataRows& rows);
// About given means of the columns, which are theirs in other rows.
GramResult dense_gram(const DataRows& rows, const Vector& x_shift);

// Coefficients of the last column on the first p ones from their Gram matrix.
Vector least_squares(const Matrix& gram, int p);

// Over the rows of positive weight, n_used of them.
double column_mean(const DataRows& rows, const double* column, double n_used);

}  // namespace henderson

#endif  // HENDERSON_DATA_GRAM_H_
