#include "optimizer.h"

namespace henderson {

const char* status_name(OptimizerStatus status) {
  switch (status) {
    case OptimizerStatus::kConverged:
      return "converged";
    case OptimizerStatus::kMaxEvaluations:
      return "max_evaluations";
    case OptimizerStatus::kRadiusCollapsed:
      return "radius_collapsed";
    case OptimizerStatus::kUndefined:
      break;
  }
  return "undefined";
}

}  // namespace henderson
