// What the traces of the information take: sums of products of the blocks of D = K (REML) or C
// (likelihood/modes.h). Nothing divides by Lambda, so that all of it holds at
// zero variances.
#ifndef HENDERSON_LIKELIHOOD_EXPECTED_INFORMATION_H_
#define HENDERSON_LIKELIHOOD_EXPECTED_INFORMATION_H_

#include <vector>

#include "algebra/types.h"
#include "covariance/random_part.h"
#include "likelihood/modes.h"

namespace henderson {

class LeafElimination;

// vec(gamma) of each direction, or zeros for those of other terms: v v x r.
Matrix direction_columns(const std::vector<CovarianceDirection>& directions, int term, Index v);

// What the sums below take: n is the width of the remainder with X, m that of the leaf.
struct InformationCost {
  // D as one matrix of m + n columns; else the leaf's levels never meet in full, and the work is
  // O(J_0) and that of about 2 v_0 (v_0 + 1) products of matrices n wide. The cheaper of both.
  // Always if levels of a term have a known precision.
  bool whole = false;
  double operations = 0;  // floating-point, leading terms
  double bytes = 0;
};
InformationCost information_cost(const Equations& system, bool restricted);

// Sums over levels of products of blocks of D, which is K (REML) or C:
//   Q_t = sum_j D_jj,  T_ts[ab, cd] = sum_jl D[ja, lc] D[jb, ld],
// j over the levels of term t, l over those of term s.
class ExpectedInformation {
 public:
  explicit ExpectedInformation(const Modes& modes);

  const std::vector<Matrix>& sums() const { return sum_; }
  // tr(D G_i D G_j) for all pairs.
  Matrix traces(const std::vector<CovarianceDirection>& directions) const;

  // Width of the remainder with X.
  static Index width(const Equations& system, bool restricted);

 private:
  void add_leaf(const LeafElimination& parts, const std::vector<Matrix>& products);
  void add_leaf_with_remainder(const std::vector<Matrix>& products, const Matrix& y);
  void apply_level_root(int t, Index leaf, Matrix* d) const;
  void add_sums(const Matrix& d, Index leaf, int t);
  Index first_of(int t, int level, Index leaf) const;

  const Equations& system_;
  const Layout& layout_;
  std::vector<Matrix> sum_;                    // Q_t, v_t x v_t
  std::vector<std::vector<Matrix>> products_;  // T_ts, (v_t v_t) x (v_s v_s)
};

}  // namespace henderson

#endif  // HENDERSON_LIKELIHOOD_EXPECTED_INFORMATION_H_
