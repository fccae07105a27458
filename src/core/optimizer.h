// What a search for the minimum of a deviance reports.
#ifndef HENDERSON_OPTIMIZER_H_
#define HENDERSON_OPTIMIZER_H_

#include <limits>
#include <vector>

#include "types.h"

namespace henderson {

enum class OptimizerStatus { kConverged, kMaxEvaluations, kRadiusCollapsed, kUndefined };

struct OptimizerTrace {
  int evaluation = 0;
  double value = 0;
  double predicted_decrease = 0;
  double damping = 0;
};

struct OptimizerResult {
  Vector x;
  double value = std::numeric_limits<double>::infinity();
  int evaluations = 0;
  int iterations = 0;
  OptimizerStatus status = OptimizerStatus::kConverged;
  std::vector<OptimizerTrace> trace;
};

const char* status_name(OptimizerStatus status);

}  // namespace henderson

#endif  // HENDERSON_OPTIMIZER_H_
