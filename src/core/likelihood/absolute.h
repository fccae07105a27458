// The criterion with sigma^2 as a coordinate, what profiles and constrained fits minimize.
//
// Sigma_abs = sigma_0^2 Gamma(z), sigma^2 = sigma_0^2 exp(tau), Gamma~ = exp(-tau) Gamma(z):
//   F(z, tau) = log|M| + [REML] log|X'V^-1 X| + m log(2 pi sigma^2) + r^2 / sigma^2 - sum log w.
// With V in units of sigma^2 a step of z moves it by Z exp(-tau) dGamma Z', and one of tau by
// W^-1 = V - Z Gamma~ Z': the derivatives are those of likelihood/curvature.h along these
// directions, m/r^2 replaced by 1/sigma^2.
#ifndef HENDERSON_LIKELIHOOD_ABSOLUTE_H_
#define HENDERSON_LIKELIHOOD_ABSOLUTE_H_

#include "algebra/types.h"
#include "covariance/random_part.h"
#include "equations/factor.h"
#include "likelihood/curvature.h"
#include "likelihood/gaussian.h"
#include "likelihood/modes.h"
#include "search/objective.h"

namespace henderson {

class AbsoluteObjective : public Objective {
 public:
  // random: a parametrization z of the covariances of standardized columns, the objective's or
  // another one. sigma_0: sigma^ at `at`, where the objective was evaluated last.
  AbsoluteObjective(GaussianObjective* objective, RandomPart random, const Vector& at);

  // Of (z, tau), tau being the last and free.
  const Coordinates& coordinates() const override { return coordinates_; }
  Evaluation evaluate(const Vector& all, Order order, Chart chart) override;
  FullRounding full_rounding(const Vector& all) override;
  TraceCost trace_cost() const override { return objective_.trace_cost(); }

  // At (z, tau): Lambda~ (relative to sigma^2), and sigma in units of y.
  std::vector<Matrix> relative_factors(const Vector& all) const;
  double sigma(const Vector& all) const;

 private:
  bool factorize(const Vector& all);
  Curvature merge(const Curvature& parts, double tau, Order order) const;

  GaussianObjective& objective_;
  RandomPart random_;
  Coordinates coordinates_;
  double log_variance_;  // log sigma_0^2 of standardized y
  double constant_;
  Factor factor_;
  Vector point_;
};

}  // namespace henderson

#endif  // HENDERSON_LIKELIHOOD_ABSOLUTE_H_
