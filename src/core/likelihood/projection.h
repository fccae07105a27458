// Solutions at one Lambda, in the notation of likelihood/expected_information.h: C_X = Z'V^-1 X, g
// = Z'Py, and the quadratic forms in C = Z'V^-1 Z and K = Z'PZ that inference needs.
#ifndef HENDERSON_LIKELIHOOD_PROJECTION_H_
#define HENDERSON_LIKELIHOOD_PROJECTION_H_

#include <vector>

#include "algebra/types.h"
#include "equations/factor.h"
#include "likelihood/expected_information.h"

namespace henderson {

// C_X and g, and quadratic forms in C and K.
class Projection {
 public:
  explicit Projection(const Factor& factor);

  const Coefficients& cx() const { return cx_; }
  // F C F' for a right-hand side f per row.
  Matrix quadratic(const Coefficients& f) const;
  // G_i g for every direction i, a row each.
  Coefficients move_scores(const std::vector<CovarianceDirection>& directions) const;
  // G_i C_X for every direction i, p rows each.
  Coefficients move_fixed(const std::vector<CovarianceDirection>& directions) const;
  // g'G_i K G_j g for all pairs.
  Matrix average_information(const std::vector<CovarianceDirection>& directions) const;
  // The same for another g, with C in place of K if not restricted, added
  // to the leading corner of a matrix one larger, to whose last row and column g'G_i g is added.
  void add_average(const std::vector<CovarianceDirection>& directions, const Coefficients& g,
                   bool restricted, Matrix* sum) const;
  // C_X'G_i C_X, p x p.
  std::vector<Matrix> fixed_forms(const std::vector<CovarianceDirection>& directions) const;
  // g'G_i g.
  Vector score_forms(const std::vector<CovarianceDirection>& directions) const;
  // sum_j g_j g_j'.
  Matrix score_squares(int term) const;

 private:
  Matrix moved_information(const Coefficients& f, bool restricted) const;
  Coefficients move(const Coefficients& source,
                    const std::vector<CovarianceDirection>& directions) const;

  const Factor& factor_;
  const Equations& system_;
  const Layout& layout_;
  Coefficients cx_;
  Coefficients g_;
};

}  // namespace henderson

#endif  // HENDERSON_LIKELIHOOD_PROJECTION_H_
