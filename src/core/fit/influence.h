// The model without some of its rows: sums from which these are taken out, the same symbolic
// analysis, and a search that starts from the fit.
#ifndef HENDERSON_FIT_INFLUENCE_H_
#define HENDERSON_FIT_INFLUENCE_H_

#include <limits>
#include <memory>
#include <vector>

#include "algebra/types.h"
#include "covariance/level_precision.h"
#include "data/cross_products.h"
#include "data/rows.h"
#include "likelihood/gaussian.h"
#include "search/result.h"

namespace henderson {

// What becomes of theta: estimated again; one Newton step from the fit's; or that of the fit.
enum class Reestimate { kExact, kOneStep, kHeld };

enum class DeletionStatus {
  kFitted,
  kUncertain,     // the search ended at no certain minimum
  kRank,          // X has dependent columns without the rows
  kLevels,        // a term has fewer than two levels left
  kFewRows,       // no more rows than fixed effects are left
  kUndetermined,  // of some parameters the criterion does not depend
  kUndefined      // there is no criterion
};

struct Deletion {
  DeletionStatus status = DeletionStatus::kUndefined;
  Vector theta;  // natural; empty, as all others, where there is no fit
  Vector beta;
  Matrix vcov;
  double sigma = 0;
  double criterion = 0;
  // Of all rows at this theta, over the fit's; at this theta, sigma and beta.
  double theta_displacement = 0;
  double joint_displacement = 0;
  bool singular = false;
};

class RowDeletion {
 public:
  // moments: of the rows, whose levels they share; both must outlive this. theta: of the fit.
  RowDeletion(const CrossProducts& moments, std::vector<TermStructures> structures,
              const DataRows& rows, const Vector& theta, bool reml, Reestimate how);

  Deletion without(const std::vector<Index>& which);

 private:
  DeletionStatus countable(const std::vector<Index>& which);
  bool loses_digits() const;
  Deletion from_rows(const std::vector<Index>& which) const;
  void displace(Deletion* result);

  const CrossProducts& all_;
  std::vector<TermStructures> structures_;
  DataRows rows_;
  Vector theta_;
  bool reml_;
  Reestimate how_;
  CrossProducts left_;
  GaussianObjective objective_;  // of what is left
  GaussianObjective whole_;
  Vector start_;
  double fitted_value_ = 0;
  std::vector<std::vector<int>> counts_;  // rows of positive weight by term and level
  std::vector<int> used_;                 // levels with any, by term
  std::vector<LevelPrecision> related_;
};

}  // namespace henderson

#endif  // HENDERSON_FIT_INFLUENCE_H_
