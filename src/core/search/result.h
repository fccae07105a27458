// What a search for the minimum of a deviance reports.
#ifndef HENDERSON_SEARCH_RESULT_H_
#define HENDERSON_SEARCH_RESULT_H_

#include <limits>
#include <vector>

#include "algebra/types.h"

namespace henderson {

enum class SearchStatus { kConverged, kMaxEvaluations, kRadiusCollapsed, kUndefined };

struct SearchTrace {
  int evaluation = 0;
  double value = 0;
  double predicted_decrease = 0;
  double damping = 0;
};

struct SearchOptions {
  int max_evaluations = 200;
  double tolerance = 1e-12;  // of the criterion
};

struct SearchResult {
  Vector x;
  double value = std::numeric_limits<double>::infinity();
  int evaluations = 0;
  int iterations = 0;
  SearchStatus status = SearchStatus::kConverged;
  std::vector<SearchTrace> trace;
};

// A search that went before: its steps are part of the story.
void continue_trace(const SearchResult& before, SearchResult* after);

const char* status_name(SearchStatus status);

}  // namespace henderson

#endif  // HENDERSON_SEARCH_RESULT_H_
