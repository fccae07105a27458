#include "search/result.h"

namespace henderson {

const char* status_name(SearchStatus status) {
  switch (status) {
    case SearchStatus::kConverged:
      return "converged";
    case SearchStatus::kMaxEvaluations:
      return "max_evaluations";
    case SearchStatus::kRadiusCollapsed:
      return "radius_collapsed";
    case SearchStatus::kUndefined:
      break;
  }
  return "undefined";
}

}  // namespace henderson
