// The profiled ML deviance or REML criterion as a function of theta (Bates et al. 2015, eqs 34,
// 41):
//   d(theta) = log|M| + [REML] log|X'V^-1 X| + m (1 + log(2 pi r^2 / m)) - sum log w,  m = n or n -
//   p.
// The optimizer works on the standardized factors Lambda~ (equations/standardization.h); users see
// the natural ones. Both are vectors of lower-triangle entries in the order of theta.
#ifndef HENDERSON_LIKELIHOOD_GAUSSIAN_H_
#define HENDERSON_LIKELIHOOD_GAUSSIAN_H_

#include <memory>
#include <vector>

#include "algebra/types.h"
#include "covariance/random_part.h"
#include "data/cross_products.h"
#include "equations/factor.h"
#include "equations/level_centring.h"
#include "equations/standardization.h"
#include "likelihood/modes.h"
#include "search/objective.h"

namespace henderson {

class GaussianObjective : public Objective {
 public:
  // structures: of each term.
  GaussianObjective(const CrossProducts& moments, const std::vector<TermStructures>& structures,
                    bool reml);

  const Coordinates& coordinates() const override { return random_.coordinates(); }
  Evaluation evaluate(const Vector& x, Order order, Chart chart) override;
  FullRounding full_rounding(const Vector& x) override;
  TraceCost trace_cost() const override;

  int n_parameters() const { return random_.n_parameters(); }
  const std::vector<LambdaEntry>& entries() const { return entries_; }
  bool is_diagonal(int i) const { return entries_[i].row == entries_[i].column; }
  double degrees() const { return m_; }  // m
  // What of the criterion depends on neither theta nor sigma^2, that of standardized y:
  // log determinants + m log(2 pi sigma^2) + r^2 / sigma^2 + this.
  double unit_constant() const;
  // Error to be expected in the criterion of another factor of the same equations.
  double rounding(const Factor& factor) const;
  bool reml() const { return reml_; }

  // Finite, and so are squares: overflow would pass for a zero variance.
  static bool usable(const Vector& theta);
  // Standardized parameters. +infinity where the deviance is undefined.
  double value(const Vector& x);

  // Takes [X y] about their random effects at x (equations/level_centring.h): nothing changes but
  // rounding. False where there are none that are large.
  bool centre_levels(const RowSource& source, const Vector& x);
  void uncentre_levels() { refill(); }
  // After the numbers of the moments were changed, that of rows too, in the same basis.
  void refill();
  // The same where only the response is another one.
  void refill_response();
  // At the point of the last call of value(): is it the residual that cancels? What is lost in M
  // itself, where columns of Z are collinear at such effects, centring does not bring back.
  bool centring_helps() const;

  // value() unless x is the point last evaluated.
  double value_at(const Vector& x);
  // Solutions at the point of the last call of value(), and at x with traces and blocks of M^-1;
  // what is at hand is not computed again.
  const Modes& modes();
  const Modes& modes_at(const Vector& x);

  const RandomPart& random() const { return random_; }

  // Coefficients of X's columns as given = fixed_map() * those of the centred and scaled ones, up
  // to a constant.
  Matrix fixed_map() const;

  // Coefficients of the centred and scaled columns of X.
  Vector beta() const { return centred_beta_ + factor_->beta(); }

  const CrossProducts& moments() const { return moments_; }
  const Standardization& basis() const { return system_->basis; }
  const Equations& system() const { return *system_; }
  const Factor& factor() const { return *factor_; }
  // For its selected inverse.
  Factor* mutable_factor() { return factor_.get(); }

 private:
  void count_rows();
  Index traces_width() const;
  double rounding() const { return rounding(*factor_); }
  double residual_cancellation(const Factor& factor) const;
  double variance_cancellation() const;

  const CrossProducts& moments_;
  bool reml_;
  double m_ = 0;
  double constant_ = 0;                // parts of the criterion that do not depend on theta
  std::unique_ptr<Equations> system_;  // stable address: the factor refers to it
  RandomPart random_;
  std::vector<LambdaEntry> entries_;  // none if there are structures without
  Vector centred_beta_;               // y is taken about X times this (equations/level_centring.h)
  std::unique_ptr<Factor> factor_;
  Modes modes_;
  Vector modes_point_;  // where modes_ were taken
  Vector point_;        // of the last value()
  double point_value_ = 0;
};

// Criterion and, if wanted, its gradient with respect to natural theta.
struct NaturalGradient {
  double value = 0;
  Vector gradient;
};
NaturalGradient evaluate_deviance(GaussianObjective* deviance, const Vector& theta, bool gradient);

}  // namespace henderson

#endif  // HENDERSON_LIKELIHOOD_GAUSSIAN_H_
