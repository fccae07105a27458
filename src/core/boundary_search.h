// Minimisation of the profiled deviance with its boundary: theta = 0 is always stationary, so
// diagonal entries are held off zero while iterating; afterwards the search leaves along directions
// in which Gamma may grow, takes exact zeros where they cost nothing, and settles the rest
// (engine.md, step 6).
#ifndef HENDERSON_BOUNDARY_SEARCH_H_
#define HENDERSON_BOUNDARY_SEARCH_H_

#include "lmm_fit.h"
#include "optimizer.h"
#include "profiled_deviance.h"
#include "types.h"

namespace henderson {

class BoundarySearch {
 public:
  BoundarySearch(ProfiledDeviance* deviance, const FitOptions& options)
      : deviance_(*deviance), options_(options) {}

  OptimizerResult run(const Vector& start, double start_value);
  // At the (lifted) point last differentiated; call after run().
  Certificate certify(const OptimizerResult& optimum);

 private:
  Vector lift(const Vector& x) const;
  bool near_boundary(const Vector& x) const;
  // A direction along which Gamma may grow and the deviance falls, as new parameters; false if
  // none.
  bool escape(OptimizerResult* current);
  bool try_direction(const CovarianceStructure& structure, int term, const Vector& direction,
                     OptimizerResult* current);
  void snap(OptimizerResult* current);
  void polish(OptimizerResult* current);
  OptimizerOptions optimizer_options(int used) const;

  ProfiledDeviance& deviance_;
  const FitOptions& options_;
};

}  // namespace henderson

#endif  // HENDERSON_BOUNDARY_SEARCH_H_
