// A term's share of the variance of an observation held (heritability), for its profile.
#ifndef HENDERSON_FIT_HELD_SHARE_H_
#define HENDERSON_FIT_HELD_SHARE_H_

#include <memory>
#include <vector>

#include "algebra/types.h"
#include "fit/held_parameter.h"
#include "fit/profile.h"
#include "likelihood/gaussian.h"
#include "search/coordinates.h"
#include "search/objective.h"
#include "search/result.h"

namespace henderson {

// A linear function of the covariances, in the places of coordinates, and of the residual's 1.
struct VarianceSum {
  Vector weights;
  double residual = 0;
};

// The criterion where one variance, a cone of size one, is such that its share of the sum is given:
// gamma_t = h / (1 - h) (sum of the others) / weight_t. By covariances that is linear.
class SharedObjective : public Objective {
 public:
  SharedObjective(Objective* whole, int held, VarianceSum sum);

  const Coordinates& coordinates() const override { return coordinates_; }
  Evaluation evaluate(const Vector& x, Order order, Chart chart) override;
  FullRounding full_rounding(const Vector& x) override { return whole_.full_rounding(complete(x)); }
  TraceCost trace_cost() const override { return whole_.trace_cost(); }

  void hold(double share) { share_ = share; }
  Vector complete(const Vector& x) const;
  Vector reduce(const Vector& all) const;
  double share_at(const Vector& all) const;
  // The sum without the one that is held, and its derivatives by the others' coordinates.
  double rest(const Vector& x) const;
  Vector rest_slope(const Vector& x, Chart chart) const;
  double own_weight() const { return own_; }

 private:
  Matrix rest_curvature() const;  // by factors

  Objective& whole_;
  int held_;
  double own_ = 1;
  double residual_ = 0;
  Vector weights_;  // of the others
  double share_ = 0;
  Coordinates coordinates_;
  std::vector<int> others_;
};

// form: the sum by natural covariances in the places of theta, then by the residual's 1. theta: the
// variance, of a term of one column. Of a model whose parameters are all entries of Lambda, without
// constraints; std::invalid_argument for another.
std::unique_ptr<HeldParameter> hold_share(GaussianObjective* objective, const ProfiledFit& fit,
                                          int theta, const Vector& form,
                                          const SearchOptions& options);

}  // namespace henderson

#endif  // HENDERSON_FIT_HELD_SHARE_H_
