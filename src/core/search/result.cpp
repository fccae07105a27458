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

void continue_trace(const SearchResult& before, SearchResult* after) {
  after->iterations += before.iterations;
  after->trace.insert(after->trace.begin(), before.trace.begin(), before.trace.end());
}

}  // namespace henderson
