// Minimisation over positive semidefinite matrices Gamma_k = L_k L_k' and free coordinates.
//
// In the entries of Gamma a deviance is smooth across the boundary, zero variances are not
// stationary, and a stationary point with positive semidefinite derivative is what the minimum is
// (Karush, Kuhn and Tucker): there are no false zeros or saddle points to escape from.
//  - Far from the minimum: Fisher scoring for (sigma^2, Sigma), a convex quadratic program over the
//    cone (cone_program.h). In balanced data it ends at the minimum in one step.
//  - Near it: Newton's method with the exact Hessian, or with average information and a secant
//    correction where traces are expensive; zero eigenvalues stay (fixed_rank_step.h) while the
//    derivative there is positive, else a quadratic program again.
// A step that does not lower the deviance is damped.
#ifndef HENDERSON_SEARCH_COVARIANCE_SEARCH_H_
#define HENDERSON_SEARCH_COVARIANCE_SEARCH_H_

#include <vector>

#include "algebra/types.h"
#include "search/cone_program.h"
#include "search/coordinates.h"
#include "search/fixed_rank_step.h"
#include "search/objective.h"
#include "search/result.h"

namespace henderson {

// Whether larger variances, three times the start's, are tried first.
enum class Wider { kNo, kIfOutwards, kYes };

class CovarianceSearch {
 public:
  CovarianceSearch(Objective* objective, const SearchOptions& options)
      : objective_(*objective), coordinates_(objective->coordinates()), options_(options) {}

  // used: evaluations that count towards the limit. With `known` the search ends when it comes near
  // that minimum or a worse one, or is still above it after many evaluations.
  SearchResult run(const Vector& start, int used, Wider wider = Wider::kNo,
                   const SearchResult* known = nullptr);

 private:
  struct Proposal {
    ConeStep step;
    double variance_change = 0;  // relative change of sigma^2
  };

  Vector factors_of(const ConeStep& step, double variance_change) const;
  double evaluate(const Vector& x);
  bool begin(const Vector& start);
  void look_wider(Wider wider);
  void differentiate();
  void come_near();
  Matrix ridge() const;
  Matrix metric() const { return here_.metric + ridge(); }
  Proposal far_step() const;
  Proposal near_step() const;
  Proposal propose() const { return near_ ? near_step() : far_step(); }
  bool negligible(double decrease) const;
  // One iteration, and the attempts within it; false when the search is over.
  bool advance();
  bool attempt(Proposal* proposal, double* ratio);
  void update_damping(double ratio);
  void follow(const Vector& old_gamma, const Vector& old_gradient, double ratio);
  bool reached(const SearchResult& known) const;
  bool hopeless(const SearchResult& known) const;

  Objective& objective_;
  const Coordinates& coordinates_;
  const SearchOptions& options_;
  SearchResult result_;
  int budget_ = 0;
  Evaluation here_;      // with derivatives, at result_.x
  Vector gamma_;         // its coordinates
  double rounding_ = 0;  // of the value last evaluated
  bool near_ = false;
  double damping_ = 0;
  double unseen_ = 0;          // gain predicted for the last step that rounding hid, or infinity
  Matrix secant_;              // of the Hessian without traces
  bool secant_known_ = false;  // taken from traces
};

}  // namespace henderson

#endif  // HENDERSON_SEARCH_COVARIANCE_SEARCH_H_
