// One more fixed effect at a time, for many columns and one fit without them: genome scans.
//
// With P = V^-1 - V^-1 X (X'V^-1 X)^-1 X'V^-1 (over sigma^2) at the parameters of that fit, a
// column g has the estimate g'Py / g'Pg, its variance is sigma^2 / g'Pg, and r^2 falls by (g'Py)^2
// / g'Pg. Blocks of columns share the work: their products with Z and one solve with the factor.
#ifndef HENDERSON_INFERENCE_MARKER_SCAN_H_
#define HENDERSON_INFERENCE_MARKER_SCAN_H_

#include <vector>

#include "algebra/types.h"
#include "data/rows.h"
#include "likelihood/gaussian.h"

namespace henderson {

struct MarkerEstimate {
  double estimate = 0;  // not a number: the column is a combination of X's
  double variance = 0;  // of the estimate
};

class MarkerScan {
 public:
  // Rows of the cross-products, in their order of levels. The objective has been evaluated at the
  // parameters wanted, and is not centred about levels; both must outlive this.
  MarkerScan(const GaussianObjective& objective, const DataRows& rows);

  // columns: n x count, as many as there is memory for.
  std::vector<MarkerEstimate> run(const Matrix& columns) const;

 private:
  void add_products(const Matrix& columns, Coefficients* products) const;

  const GaussianObjective& objective_;
  const DataRows& rows_;
  Vector weights_;
  Matrix x_;  // n x p, centred and scaled
  Vector y_;  // residual from the shifts, scaled
  std::vector<Matrix> to_standard_;
};

}  // namespace henderson

#endif  // HENDERSON_INFERENCE_MARKER_SCAN_H_
