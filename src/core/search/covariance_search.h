// Minimisation of the profiled deviance over Gamma_t = Lambda_t Lambda_t', positive semidefinite.
//
// In the entries of Gamma the deviance is smooth across the boundary, zero variances are not
// stationary, and a stationary point with positive semidefinite derivative is what the minimum is
// (Karush, Kuhn and Tucker): there are no false zeros or saddle points to escape from.
//  - Far from the minimum: Fisher scoring for (sigma^2, Sigma), a convex quadratic program over the
//    cone (search/cone_program.h). In balanced data it ends at the minimum in one step.
//  - Near it: Newton's method with the exact Hessian, or with average information and a secant
//    correction where traces are expensive; zero eigenvalues stay (search/fixed_rank_step.h) while
//    the derivative there is positive, else a quadratic program again.
// A step that does not lower the deviance is damped.
#ifndef HENDERSON_SEARCH_COVARIANCE_SEARCH_H_
#define HENDERSON_SEARCH_COVARIANCE_SEARCH_H_

#include <vector>

#include "algebra/types.h"
#include "likelihood/gaussian.h"
#include "search/certificate.h"
#include "search/cone_program.h"
#include "search/fixed_rank_step.h"
#include "search/result.h"

namespace henderson {

class CovarianceSearch {
 public:
  CovarianceSearch(GaussianObjective* deviance, const SearchOptions& options);

  // used: evaluations that count towards the limit. With `known` the search ends when it comes near
  // that minimum or a worse one, or is still above it after many evaluations.
  SearchResult run(const Vector& start, int used, const SearchResult* known = nullptr);
  // Evidence for a result of run(); afterwards its value is that at its exact zeros.
  Certificate certify(SearchResult* optimum);
  // Where rounding has taken the curvature, a criterion that rises on both sides of every variance
  // stands for it. For the end of all searches: another one may know better.
  void ask_criterion(const SearchResult& optimum, Certificate* certificate);

  bool singular(const SearchResult& result) const;
  // A start as far from a minimum as others often are: what varies there varies little here, and
  // what does not does. Gamma = (I + 10 Gamma there)^-1.
  Vector complement(const SearchResult& optimum) const;

 private:
  struct Proposal {
    ConeStep step;
    double variance_change = 0;  // relative change of sigma^2
  };

  Vector keep_off_zero(const Vector& x) const;
  Vector gamma_of(const Vector& x) const;
  Vector lambda_of(const std::vector<Matrix>& factors, double variance_change) const;
  double evaluate(const Vector& x);
  bool begin(const Vector& start);
  void look_wider();
  void differentiate();
  void come_near();
  Certificate certify_derivatives(SearchResult* optimum);
  double least_change(const Vector& x, double factor);
  Vector gradient() const { return curvature_.expected - curvature_.observed; }
  Matrix ridge() const;
  Matrix average_hessian() const;
  SmoothModel near_model() const;
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

  GaussianObjective& deviance_;
  const SearchOptions& options_;
  std::vector<Cone> cones_;
  SearchResult result_;
  int budget_ = 0;
  GammaCurvature curvature_;
  Vector gamma_;
  bool near_ = false;
  double damping_ = 0;
  double unseen_ = 0;          // gain predicted for the last step that rounding hid, or infinity
  Matrix secant_;              // of the Hessian without traces
  bool secant_known_ = false;  // taken from traces
};

}  // namespace henderson

#endif  // HENDERSON_SEARCH_COVARIANCE_SEARCH_H_
