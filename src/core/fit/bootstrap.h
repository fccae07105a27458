// Refits of a model to drawn responses: the same rows, columns and weights, one symbolic analysis,
// a pass over the rows for each response, and a search that starts from the fit.
#ifndef HENDERSON_FIT_BOOTSTRAP_H_
#define HENDERSON_FIT_BOOTSTRAP_H_

#include <cstdint>
#include <string>
#include <vector>

#include "algebra/types.h"
#include "data/cross_products.h"
#include "data/drawn_response.h"
#include "data/rows.h"
#include "inference/contrasts.h"
#include "likelihood/gaussian.h"
#include "search/result.h"

namespace henderson {

// Hypotheses about the fixed effects, L beta = 0, to be tested in each refit.
struct FixedTests {
  // None: as if the variances were known.
  enum class Degrees { kNone, kSatterthwaite, kExpected, kKenwardRoger };
  Degrees degrees = Degrees::kSatterthwaite;
  std::vector<Matrix> contrasts;  // q x p each
};

struct Replicate {
  Vector theta;  // natural; empty where there is no fit
  Vector beta;
  double sigma = 0;
  double criterion = 0;
  bool singular = false;
  bool certain = false;  // the certificate holds
  std::vector<JointResult> tests;
};

class Refitter {
 public:
  // moments: of the rows, whose levels they share. theta: where each search starts.
  Refitter(const CrossProducts& moments, const std::vector<TermStructures>& structures,
           const DataRows& rows, const Vector& theta, bool reml, const SearchOptions& options);

  // To a response without offset, of the rows.
  Replicate refit(const double* y);
  // Of the refit that was made last.
  std::vector<JointResult> test(const Replicate& last, const FixedTests& tests);

 private:
  CrossProducts moments_;
  DataRows rows_;
  SearchOptions options_;
  GaussianObjective objective_;
  Vector start_;
};

struct BootstrapPlan {
  std::uint64_t seed = 0;
  std::uint64_t first = 0;  // number of the first replicate
  int count = 0;
  int threads = 1;
};

// A refit to each column of y, n x count, with tests if there are any.
std::vector<Replicate> refit_all(const ConstMatrixRef& y, const CrossProducts& moments,
                                 const std::vector<TermStructures>& structures,
                                 const DataRows& rows, const Vector& theta, bool reml, int threads,
                                 const FixedTests* tests = nullptr);

// The replicates do not depend on the number of threads, nor on which others are made.
std::vector<Replicate> bootstrap(const ResponseModel& model, const CrossProducts& moments,
                                 const std::vector<TermStructures>& structures,
                                 const DataRows& rows, const Vector& theta, bool reml,
                                 const BootstrapPlan& plan);

}  // namespace henderson

#endif  // HENDERSON_FIT_BOOTSTRAP_H_
