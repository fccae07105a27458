// The Laplace approximation of a generalized linear mixed model's deviance, as a function of
// covariances, fixed effects and log phi, with its exact gradient:
//   F = d(u^) + log|M|,  M = Lambda'Z'WZ Lambda + K^-1, d and u^ of likelihood/penalized_mode.h.
// sigma^2 is one: Gamma is the covariance matrix of the random effects itself.
//
// With g = -Z's (u^ = K Lambda'g), h_i = dlog|M|/dW_i, c_i = W_i' h_i, r = c - WZ Lambda a,
// a = M^-1 Lambda'Z'c, rho = Z'r, C = Z'V^-1 Z of V = W^-1 + Z (K x Gamma) Z':
//   dF/dGamma_t = sum_j C_jj - g_j (gK)_j' + [rho_j (gK)_j' + its transpose] / 2,
//   dF/dbeta = X'(2s + r),
//   dF/dlog phi = sum -2 dlog f/dlog phi + h dW/dlog phi - (Z Lambda a)'ds/dlog phi.
// Second derivatives for the search are those of the linear mixed model that has W and the working
// response, by average information for the covariances.
#ifndef HENDERSON_LIKELIHOOD_LAPLACE_H_
#define HENDERSON_LIKELIHOOD_LAPLACE_H_

#include <memory>
#include <vector>

#include "algebra/types.h"
#include "covariance/random_part.h"
#include "likelihood/modes.h"
#include "likelihood/penalized_mode.h"
#include "search/objective.h"

namespace henderson {

// Of centred and scaled columns, w x X of some rows.
class FixedColumns {
 public:
  FixedColumns(const DataRows& rows, const Shifts& shifts, Vector scale)
      : rows_(rows), shifts_(shifts), scale_(std::move(scale)) {}
  int size() const { return rows_.p; }
  // Rows [first, first + count): count x p.
  Matrix block(Index first, Index count) const;
  const Vector& scale() const { return scale_; }

 private:
  const DataRows& rows_;
  const Shifts& shifts_;
  Vector scale_;
};

class LaplaceObjective : public Objective {
 public:
  // moments: of the same rows and columns, all weights one: shifts, scales, who meets whom.
  LaplaceObjective(const DataRows& rows, const CrossProducts& moments,
                   const std::vector<TermStructures>& structures,
                   const GeneralizedResponse& response, const Family& family);

  // (theta, beta of centred and scaled columns, log phi).
  const Coordinates& coordinates() const override { return coordinates_; }
  Evaluation evaluate(const Vector& x, Order order, Chart chart) override;
  FullRounding full_rounding(const Vector& x) override;
  // Traces cost a gradient twice for each coordinate.
  TraceCost trace_cost() const override { return cost_; }
  void set_trace_cost(TraceCost cost) { cost_ = cost; }

  // A point to begin at: beta and u together at the given theta (standardized), phi by moments.
  // Empty: there is none with a density.
  Vector start(const Vector& theta);

  int n_theta() const { return random_.n_parameters(); }
  int n_beta() const { return fixed_.size(); }
  int n_phi() const { return family_.has_phi() ? 1 : 0; }
  const RandomPart& random() const { return random_; }
  const Standardization& basis() const { return mode_.equations().basis; }
  // Coefficients of X's columns as given = this * those of the coordinates.
  Matrix fixed_map() const;
  // At the point of the last evaluation: the mode, and M^-1's diagonal blocks.
  const PenalizedMode& mode() const { return mode_; }
  const Modes& modes_at(const Vector& x);
  double value_at(const Vector& x);

 private:
  struct Slopes;  // what one pass over the rows at the mode gives
  Vector base(const Vector& beta) const;
  bool find_start(const std::vector<Matrix>& lambda, double log_phi, Vector* beta);
  double moment_phi() const;
  Vector working_start() const;
  void take_modes();
  Slopes take_slopes(bool second);
  double phi_curvature() const;
  void add_second_order(const Vector& x, Order order, Chart chart, const Slopes& slopes,
                        Evaluation* result);
  Matrix difference_hessian(const Vector& x, Chart chart);
  Matrix cross_forms(const Coefficients& columns,
                     const std::vector<CovarianceDirection>& directions) const;

  const DataRows& rows_;
  const CrossProducts& moments_;
  const GeneralizedResponse response_;
  const Family& family_;
  RowIndex index_;
  FixedColumns fixed_;
  PenalizedMode mode_;
  RandomPart random_;
  Coordinates coordinates_;
  TraceCost cost_ = TraceCost::kTooMuch;
  Vector point_;  // of the last value, at which the mode is
  double point_value_ = 0;
  bool modes_known_ = false;  // of that point
  Modes modes_;               // with g in place of scores
  CrossProducts inverse_;     // Lambda M^-1 Lambda'
};

}  // namespace henderson

#endif  // HENDERSON_LIKELIHOOD_LAPLACE_H_
