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
#include "data/cross_products.h"
#include "equations/factor.h"
#include "equations/level_centring.h"
#include "equations/standardization.h"
#include "likelihood/traces.h"

namespace henderson {

class GaussianObjective {
 public:
  GaussianObjective(const CrossProducts& moments, bool reml);

  int n_parameters() const { return static_cast<int>(entries_.size()); }
  const std::vector<LambdaEntry>& entries() const { return entries_; }
  bool is_diagonal(int i) const { return entries_[i].row == entries_[i].column; }
  double degrees() const { return m_; }  // m
  bool reml() const { return reml_; }

  // Finite, and so are squares: overflow would pass for a zero variance.
  static bool usable(const Vector& theta);
  // Standardized parameters. +infinity where the deviance is undefined.
  double value(const Vector& x);
  // Rounding error to be expected in value(), at the point of its last call.
  double noise() const;
  // With that of the leaf's own pivots, by a pass over its levels.
  double full_noise() const;
  // What that leaves unknown of sigma, relative to it. Collinear predictors have no part in this.
  double relative_error() const;

  // Takes [X y] about their random effects at x (equations/level_centring.h): nothing changes but
  // rounding. False where there are none that are large.
  bool centre_levels(const RowSource& source, const Vector& x);
  void uncentre_levels();
  // At the point of the last call of value(): is it the residual that cancels? What is lost in M
  // itself, where columns of Z are collinear at such effects, centring does not bring back.
  bool centring_helps() const;

  // At the point of the last call of value(): derivatives for Gamma, and with respect to the
  // parameters (gradient() after hessian()).
  const GammaCurvature& gamma_curvature(CurvatureKind kind);
  const Matrix& hessian(bool exact);
  Vector gradient() const { return pack(last_.lambda_gradient); }
  // The traces of the exact Hessian cost as little as the gradient with one block term; with
  // several they need dense matrices as wide as the remainder and X. Pay: now and then.
  bool traces_are_cheap() const { return traces_width() <= 64; }
  bool exact_hessian_pays() const { return traces_width() <= 400; }
  DevianceDerivatives differentiate(HessianKind hessian, CurvatureKind curvature,
                                    bool inverse_blocks);
  // value() unless x is the point last evaluated.
  double value_at(const Vector& x);
  // Derivatives (without Hessian) and blocks of M^-1 at x; evaluates only what is not at hand.
  const DevianceDerivatives& derivatives_at(const Vector& x);

  std::vector<Matrix> unpack(const Vector& x) const;
  Vector pack(const std::vector<Matrix>& lambda) const;
  Vector standard_start() const;
  // x with the diagonal of Lambda at least `floor` away from zero.
  Vector keep_off_zero(const Vector& x, double floor) const;

  // Natural <-> standardized. rotations: K Lambda = Lambda~ Q' per term.
  Vector to_standard(const Vector& theta, std::vector<Matrix>* rotations = nullptr) const;
  Vector to_natural(const Vector& x, std::vector<Matrix>* rotations = nullptr) const;
  // Canonical form of standardized parameters: zero pivots empty their column, diagonal >= 0.
  Vector canonical(const Vector& x) const;

  // Coefficients of X's columns as given = fixed_map() * those of the centred and scaled ones, up
  // to a constant.
  Matrix fixed_map() const;

  // Coefficients of the centred and scaled columns of X.
  Vector beta() const { return centred_beta_ + factor_->beta(); }

  const CrossProducts& moments() const { return moments_; }
  const Standardization& basis() const { return basis_; }
  const Equations& system() const { return *system_; }
  const Factor& factor() const { return *factor_; }
  const std::vector<Matrix>& score() const { return last_.score; }
  const std::vector<Matrix>& expected() const { return last_.expected; }

 private:
  Index traces_width() const;
  double residual_cancellation() const;
  double variance_cancellation() const;
  void take_derivatives(HessianKind hessian, CurvatureKind curvature);

  const CrossProducts& moments_;
  bool reml_;
  double m_;
  double constant_;  // parts of the criterion that do not depend on theta
  Standardization basis_;
  Vector centred_beta_;                // y is taken about X times this (equations/level_centring.h)
  std::unique_ptr<Equations> system_;  // stable address: the factor refers to it
  std::unique_ptr<Factor> factor_;
  std::vector<LambdaEntry> entries_;
  DevianceDerivatives last_;
  Vector last_point_;  // where last_ was taken
  Vector point_;       // of the last value()
  double point_value_ = 0;
};

// Natural gradient from dd/dLambda~ with the rotations of to_standard(): dd/dLambda = K'
// (dd/dLambda~) Q' with K Lambda = Lambda~ Q'.
Vector natural_gradient(const GaussianObjective& objective,
                        const std::vector<Matrix>& standard_gradient,
                        const std::vector<Matrix>& rotations);

// Criterion and, if wanted, its gradient with respect to natural theta.
struct Evaluation {
  double value = 0;
  Vector gradient;
};
Evaluation evaluate_deviance(GaussianObjective* deviance, const Vector& theta, bool gradient);

}  // namespace henderson

#endif  // HENDERSON_LIKELIHOOD_GAUSSIAN_H_
