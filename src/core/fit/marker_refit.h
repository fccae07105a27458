// The model with one more fixed effect, fitted again for each of many columns (Zhou and Stephens
// 2012, where random effects are those of one relationship matrix).
#ifndef HENDERSON_FIT_MARKER_REFIT_H_
#define HENDERSON_FIT_MARKER_REFIT_H_

#include <memory>
#include <vector>

#include "algebra/types.h"
#include "data/cross_products.h"
#include "data/rows.h"
#include "likelihood/gaussian.h"

namespace henderson {

struct MarkerFit {
  double estimate = 0;  // not a number: there is no fit
  double variance = 0;
  double criterion = 0;
  Vector theta;         // natural
  bool certain = true;  // the search ended at a minimum
};

class MarkerRefit {
 public:
  // Rows without the column; those borrowed must outlive this. theta: natural, of the fit without.
  MarkerRefit(const DataRows& rows, std::vector<TermStructures> structures, const Vector& theta,
              bool reml);

  MarkerFit run(const Vector& column);

 private:
  DataRows rows_;
  std::vector<TermStructures> structures_;
  Vector theta_;
  bool reml_;
  Matrix x_;  // and the column
  CrossProducts moments_;
  std::unique_ptr<GaussianObjective> objective_;
};

}  // namespace henderson

#endif  // HENDERSON_FIT_MARKER_REFIT_H_
