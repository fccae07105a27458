// Cross-products of [Z X y]: everything the optimizer ever sees of the data.
//
// Sums are taken about stored shifts, so that they do not cancel: covariates about their means
// (only where a column of ones makes that a change of basis), y about its least-squares fit. Over
// one incidence they are a vector space: those of parts of the data add up, and rows that go are
// subtracted, once both are expressed about the same shifts.
#ifndef HENDERSON_DATA_CROSS_PRODUCTS_H_
#define HENDERSON_DATA_CROSS_PRODUCTS_H_

#include <memory>
#include <vector>

#include "algebra/types.h"
#include "data/incidence.h"

namespace henderson {

struct Shifts {
  Vector x;               // p
  Vector y;               // p: y is taken about (X - x) y
  std::vector<Vector> z;  // of each term, v

  bool operator==(const Shifts& other) const;
};

// Sums by level of one term, of v columns and n_levels levels.
struct TermSums {
  int v = 0;
  int n_levels = 0;
  Matrix xy;        // P x (v J): [X y]' W z, a column per coefficient
  Matrix diagonal;  // (v v) x J: z_j' W z_j
};

struct CrossProducts {
  static constexpr int kFormatVersion = 2;
  std::shared_ptr<const Incidence> incidence;
  Shifts shifts;
  double n = 0;  // rows with positive weight
  double sum_log_w = 0;
  Matrix xy;  // P x P, symmetric
  std::vector<TermSums> terms;
  std::vector<std::vector<double>> pairs;  // Z_t' W Z_s: v_s x v_t each, column-major

  int p() const { return incidence->p; }
  int intercept() const { return incidence->intercept; }
  double bytes() const;  // of the numbers
};

// Adds `factor` times the cross-products of other rows, about the shifts of the sum. Columns and
// levels must be the same (std::invalid_argument); which levels meet need not.
void add(const CrossProducts& part, double factor, CrossProducts* sum);
void scale(double factor, CrossProducts* sums);
// Expresses the sums about other shifts: exact algebra, no data needed.
void recentre(const Shifts& shifts, CrossProducts* sums);

}  // namespace henderson

#endif  // HENDERSON_DATA_CROSS_PRODUCTS_H_
