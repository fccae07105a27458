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
#include "fit/constraints.h"
#include "inference/contrasts.h"
#include "inference/prediction.h"
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

// What is wanted of a replicate beside its estimates.
struct ReplicateWishes {
  bool variances = false;
  // Rows of which the prediction's error is wanted, with all terms or none.
  const PredictionRows* predicted = nullptr;
};

struct Replicate {
  Vector theta;  // natural; empty where there is no fit
  Vector beta;
  double sigma = 0;
  double criterion = 0;
  bool singular = false;
  bool certain = false;  // the certificate holds
  std::vector<JointResult> tests;
  // Estimated, if wanted: covariance of beta and of (theta, sigma), which is zero for what is_free
  // says is on the boundary; variances of the errors of predictions.
  Matrix beta_covariance;
  Matrix theta_covariance;
  std::vector<int> is_free;
  Vector error_variances;
  // X beta^ + Z b^ - (X beta + Z b) of the rows that are predicted.
  Vector errors;
};

class Refitter {
 public:
  // moments: of the rows, whose levels they share. theta: where each search starts.
  Refitter(const CrossProducts& moments, const std::vector<TermStructures>& structures,
           const DataRows& rows, const Vector& theta, bool reml, const SearchOptions& options);

  // What is held, or equal, in each refit (no priors), and the fit's sigma. The constraints live as
  // long. Variances are not wished then, nor tests.
  void constrain(const Constraints& constraints, double sigma);

  // To a response without offset, of the rows. beta, b: what it was drawn with, for errors of
  // predictions.
  Replicate refit(const double* y, const ReplicateWishes& wishes = ReplicateWishes(),
                  const Vector& beta = Vector(), const std::vector<Matrix>& b = {});
  // Of the refit that was made last.
  std::vector<JointResult> test(const Replicate& last, const FixedTests& tests);

 private:
  // The minimum, at which the objective is evaluated last: theta, criterion, sigma, singular and
  // certain of the result; false where there is none.
  bool find_minimum(Replicate* result);
  bool find_constrained(Replicate* result);

  CrossProducts moments_;
  DataRows rows_;
  SearchOptions options_;
  GaussianObjective objective_;
  Vector theta_;
  Vector start_;
  const Constraints* constraints_ = nullptr;
  double sigma_ = 0;
};

struct BootstrapPlan {
  std::uint64_t seed = 0;
  std::uint64_t first = 0;  // number of the first replicate
  int count = 0;
  int threads = 1;
  const Constraints* constraints = nullptr;  // of the fit, whose sigma is that of the model
};

// A refit to each column of y, n x count, with tests if there are any.
std::vector<Replicate> refit_all(const ConstMatrixRef& y, const CrossProducts& moments,
                                 const std::vector<TermStructures>& structures,
                                 const DataRows& rows, const Vector& theta, bool reml, int threads,
                                 const FixedTests* tests = nullptr);

// Refits to responses drawn from a model whose mean is X beta. The replicates do not depend on the
// number of threads, nor on which others are made.
std::vector<Replicate> bootstrap(const ResponseModel& model, const CrossProducts& moments,
                                 const std::vector<TermStructures>& structures,
                                 const DataRows& rows, const Vector& theta, const Vector& beta,
                                 bool reml, const BootstrapPlan& plan,
                                 const ReplicateWishes& wishes = ReplicateWishes());

}  // namespace henderson

#endif  // HENDERSON_FIT_BOOTSTRAP_H_
