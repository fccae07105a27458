// The criterion with sigma^2 as a coordinate, and one coordinate held: what a profile minimizes.
//
// Sigma_abs = sigma_0^2 Gamma(z), sigma^2 = sigma_0^2 exp(tau), Gamma~ = exp(-tau) Gamma(z):
//   F(z, tau) = log|M| + [REML] log|X'V^-1 X| + m log(2 pi sigma^2) + r^2 / sigma^2 - sum log w.
// With V in units of sigma^2 a step of z moves it by Z exp(-tau) dGamma Z', and one of tau by
// W^-1 = V - Z Gamma~ Z': the derivatives are those of likelihood/curvature.h along these
// directions, m/r^2 replaced by 1/sigma^2.
#ifndef HENDERSON_LIKELIHOOD_HELD_H_
#define HENDERSON_LIKELIHOOD_HELD_H_

#include "algebra/types.h"
#include "covariance/random_part.h"
#include "equations/factor.h"
#include "likelihood/curvature.h"
#include "likelihood/gaussian.h"
#include "likelihood/modes.h"
#include "search/objective.h"

namespace henderson {

class HeldObjective : public Objective {
 public:
  // random: a parametrization z of the covariances of standardized columns, the objective's or
  // another one. held: -1 for none, n_parameters() of random for tau, else an entry of z that is a
  // cone of one, or free. sigma_0: sigma^ at `at`, where the objective was evaluated last.
  HeldObjective(GaussianObjective* objective, RandomPart random, int held, const Vector& at);

  const Coordinates& coordinates() const override { return coordinates_; }
  Evaluation evaluate(const Vector& x, Order order, Chart chart) override;
  FullRounding full_rounding(const Vector& x) override;
  TraceCost trace_cost() const override { return objective_.trace_cost(); }

  void hold(double value) { held_value_ = value; }
  // All of (z, tau) from the coordinates that are not held, and the reverse.
  Vector complete(const Vector& x) const;
  Vector reduce(const Vector& all) const;
  // By all of (z, tau).
  Evaluation evaluate_all(const Vector& all, Order order, Chart chart);

  // At (z, tau): Lambda~ (relative to sigma^2), and sigma in units of y.
  std::vector<Matrix> relative_factors(const Vector& all) const;
  double sigma(const Vector& all) const;

 private:
  bool factorize(const Vector& all);
  Curvature merge(const Curvature& parts, double tau, Order order) const;

  GaussianObjective& objective_;
  RandomPart random_;
  int held_;
  Coordinates coordinates_;
  double held_value_ = 0;
  double log_variance_;  // log sigma_0^2 of standardized y
  double constant_;
  Factor factor_;
  Vector point_;
};

}  // namespace henderson

#endif  // HENDERSON_LIKELIHOOD_HELD_H_
