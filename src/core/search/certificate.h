// Evidence that the result of a search is a minimum.
#ifndef HENDERSON_SEARCH_CERTIFICATE_H_
#define HENDERSON_SEARCH_CERTIFICATE_H_

#include <limits>
#include <string>
#include <vector>

#include "search/coordinates.h"
#include "search/objective.h"
#include "search/result.h"

namespace henderson {

// Evidence that a fit is a minimum; every number is free of the units of the data.
struct Certificate {
  double predicted_decrease = 0;  // of one more Newton step over the free parameters, in deviance
  double smallest_curvature = 1;  // smallest eigenvalue of the unit-diagonal Hessian over them
  double smallest_score = 0;      // over singular Gamma_t: smallest eigenvalue of S_t per level
  // of a scoring step off the boundary, in deviance; infinite: not known
  double boundary_gain = std::numeric_limits<double>::infinity();
  double rounding = 0;            // error of the criterion there: a smaller decrease says nothing
  double relative_error = 0;      // of sigma by rounding
  bool exact_hessian = false;     // else the average-information one
  Matrix hessian;                 // in the chart of factors, if exact and nothing is singular
  std::vector<int> undetermined;  // parameters on which the criterion does not depend, 0-based

  // The numbers above that are not those of a minimum. A step that cannot be told from rounding is
  // as good as none: 1e-6 of a unit of deviance, which no test could see, or the rounding of the
  // criterion where that is more (variances a million times the residual one, collinear
  // predictors), up to a hundredth. Curvatures are relative: 1e-6 means flat; so are scores, but
  // with them it counts whether leaving the boundary would gain anything.
  std::vector<std::string> failed() const;
  bool holds() const { return failed().empty(); }
};

// Evidence for a result of a search; afterwards its value is that at its exact zeros, if another
// evaluation is within the limit.
Certificate certify(Objective* objective, const SearchOptions& options, SearchResult* optimum);

// Where rounding has taken the curvature, a criterion that rises on both sides of every variance
// stands for it. For the end of all searches: another one may know better.
void ask_criterion(Objective* objective, const SearchResult& optimum, Certificate* certificate);

}  // namespace henderson

#endif  // HENDERSON_SEARCH_CERTIFICATE_H_
