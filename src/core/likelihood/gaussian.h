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
#include "covariance/structure.h"
#include "data/cross_products.h"
#include "equations/factor.h"
#include "equations/level_centring.h"
#include "equations/standardization.h"
#include "likelihood/traces.h"
#include "search/objective.h"

namespace henderson {

class GaussianObjective : public Objective {
 public:
  // structures: of each term.
  GaussianObjective(const CrossProducts& moments,
                    const std::vector<std::vector<CovarianceStructure>>& structures, bool reml);

  const Coordinates& coordinates() const override { return coordinates_; }
  Evaluation evaluate(const Vector& x, Order order, Chart chart) override;
  FullRounding full_rounding(const Vector& x) override;
  TraceCost trace_cost() const override;

  int n_parameters() const { return static_cast<int>(entries_.size()); }
  const std::vector<LambdaEntry>& entries() const { return entries_; }
  bool is_diagonal(int i) const { return entries_[i].row == entries_[i].column; }
  double degrees() const { return m_; }  // m
  bool reml() const { return reml_; }

  // Finite, and so are squares: overflow would pass for a zero variance.
  static bool usable(const Vector& theta);
  // Standardized parameters. +infinity where the deviance is undefined.
  double value(const Vector& x);

  // Takes [X y] about their random effects at x (equations/level_centring.h): nothing changes but
  // rounding. False where there are none that are large.
  bool centre_levels(const RowSource& source, const Vector& x);
  void uncentre_levels();
  // At the point of the last call of value(): is it the residual that cancels? What is lost in M
  // itself, where columns of Z are collinear at such effects, centring does not bring back.
  bool centring_helps() const;

  // At the point of the last call of value(): derivatives for Gamma, and with respect to the
  // parameters.
  const GammaCurvature& gamma_curvature(CurvatureKind kind);
  const Matrix& hessian(bool exact);
  Vector gradient() const { return pack(last_.lambda_gradient); }
  DevianceDerivatives differentiate(HessianKind hessian, CurvatureKind curvature,
                                    bool inverse_blocks);
  // value() unless x is the point last evaluated.
  double value_at(const Vector& x);
  // Derivatives (without Hessian) and blocks of M^-1 at x; evaluates only what is not at hand.
  const DevianceDerivatives& derivatives_at(const Vector& x);

  std::vector<Matrix> unpack(const Vector& x) const;
  Vector pack(const std::vector<Matrix>& lambda) const;
  Vector standard_start() const;
  // Natural <-> standardized. rotations: K Lambda = Lambda~ Q' per term.
  Vector to_standard(const Vector& theta, std::vector<Matrix>* rotations = nullptr) const;
  Vector to_natural(const Vector& x, std::vector<Matrix>* rotations = nullptr) const;
  // Coefficients of X's columns as given = fixed_map() * those of the centred and scaled ones, up
  // to a constant.
  Matrix fixed_map() const;

  // Coefficients of the centred and scaled columns of X.
  Vector beta() const { return centred_beta_ + factor_->beta(); }

  const CrossProducts& moments() const { return moments_; }
  const std::vector<std::vector<CovarianceStructure>>& structures() const { return structures_; }
  const Standardization& basis() const { return basis_; }
  const Equations& system() const { return *system_; }
  const Factor& factor() const { return *factor_; }

 private:
  Index traces_width() const;
  double rounding() const;
  void take_covariance_derivatives(Order order, Evaluation* result);
  void take_factor_derivatives(Order order, Evaluation* result);
  double residual_cancellation() const;
  double variance_cancellation() const;
  void take_derivatives(HessianKind hessian, CurvatureKind curvature);

  const CrossProducts& moments_;
  std::vector<std::vector<CovarianceStructure>> structures_;
  bool reml_;
  double m_;
  double constant_;  // parts of the criterion that do not depend on theta
  Standardization basis_;
  Vector centred_beta_;                // y is taken about X times this (equations/level_centring.h)
  std::unique_ptr<Equations> system_;  // stable address: the factor refers to it
  std::unique_ptr<Factor> factor_;
  std::vector<LambdaEntry> entries_;
  Coordinates coordinates_;
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
struct NaturalGradient {
  double value = 0;
  Vector gradient;
};
NaturalGradient evaluate_deviance(GaussianObjective* deviance, const Vector& theta, bool gradient);

}  // namespace henderson

#endif  // HENDERSON_LIKELIHOOD_GAUSSIAN_H_
