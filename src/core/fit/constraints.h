// Fits whose variance parameters are not all free: some are held at given values, standard
// deviations of several terms are equal, or have a prior. In absolute units, not relative to
// sigma^2, which is a coordinate of its own (likelihood/constrained.h).
#ifndef HENDERSON_FIT_CONSTRAINTS_H_
#define HENDERSON_FIT_CONSTRAINTS_H_

#include <limits>
#include <memory>
#include <vector>

#include "algebra/types.h"
#include "covariance/random_part.h"
#include "inference/contrasts.h"
#include "likelihood/absolute.h"
#include "likelihood/constrained.h"
#include "likelihood/gaussian.h"

namespace henderson {

// A standard deviation, or a correlation, of a term. Neither held nor of a group: a coordinate of
// its own. Of an unstructured one `theta` is any of its
// parameters, row and column its effects (of a correlation row > column); of another one `theta` is
// the parameter.
struct ConstrainedParameter {
  int theta = 0;
  int row = 0;
  int column = 0;
  bool is_deviation = true;
  double value = std::numeric_limits<double>::quiet_NaN();  // held at, if a number
  int group = -1;                                           // deviations of one group are equal
};

// A prior on the covariance matrix of a structure, or on its standard deviations: the one that
// `theta` is a parameter of. Wishart's with `degrees` and the inverse of its scale (empty: of an
// infinite one), or gamma's of each standard deviation. likelihood/prior.h has the densities.
struct TermPrior {
  int theta = 0;
  bool wishart = true;
  double degrees = 0;  // or shape
  Matrix precision;
  double rate = 0;
  bool relative = true;
};

struct Constraints {
  double sigma = std::numeric_limits<double>::quiet_NaN();  // held at, if a number
  std::vector<ConstrainedParameter> parameters;
  std::vector<TermPrior> priors;
};

// The coordinates of a constrained fit and what they are in natural units.
class ConstrainedFit {
 public:
  // The objective is evaluated elsewhere afterwards.
  ConstrainedFit(GaussianObjective* objective, const Constraints& constraints);

  ConstrainedObjective& objective() { return *constrained_; }
  Vector start(double wider) const;
  Vector from_natural(const Vector& theta, double sigma) const;
  // The same for data that differ from those of the fit: off the boundary, where the criterion can
  // be stationary.
  Vector start_for_other_data(const Vector& theta, double sigma) const;
  // Covariances as different from those at x as they might be at another minimum.
  std::vector<Vector> other_starts(const Vector& x) const;

  // At coordinates x: those of the profiled objective, relative to sigma^2, and sigma.
  Vector standardized(const Vector& x) const;
  double sigma(const Vector& x) const { return absolute_->sigma(constrained_->complete(x)); }

  // The coordinate of a parameter that is not held; of a standard deviation it is multiplied by
  // `unit`, and of sigma the parameter is unit * exp(coordinate / 2).
  struct Coordinate {
    int at = 0;
    double unit = 1;
  };
  Coordinate coordinate_of(const ConstrainedParameter& parameter) const;
  Coordinate coordinate_of_sigma() const;

 private:
  // An unstructured term by its standard deviations and correlations (covariance/separated.h).
  struct Separation {
    std::size_t term = 0;
    PlacedStructure own;
    std::vector<int> order;  // effects, in that of the new structure
    Vector unit;             // of their standard deviations, over sigma_0
  };
  // Where a parameter is among the coordinates, in what unit, and the coordinate of its value.
  struct Place {
    int at = 0;
    double unit = 1;
    double coordinate = 0;
  };
  void separate(const Constraints& constraints);
  Place place(const ConstrainedParameter& parameter) const;
  void hold(const Constraints& constraints);
  std::vector<CovariancePrior> priors_on(const TermPrior& prior) const;
  Vector coordinates_of(const Vector& theta, double sigma) const;

  GaussianObjective& profiled_;
  std::vector<Separation> separations_;
  std::unique_ptr<RandomPart> random_;
  std::unique_ptr<AbsoluteObjective> absolute_;
  double sigma_0_ = 1;
  std::vector<ConstrainedCoordinate> all_;
  std::unique_ptr<ConstrainedObjective> constrained_;
};

// Parts of Satterthwaite's degrees of freedom at a constrained minimum. Their parameters are theta
// and log sigma^2, with half the covariance of the estimates as `weight`; `hessian` and `free` are
// by coordinates: free is 0 for those of an empty column of Lambda.
ContrastParts constrained_parts(GaussianObjective* deviance, const Constraints& constraints,
                                const Vector& theta, double sigma);

}  // namespace henderson

#endif  // HENDERSON_FIT_CONSTRAINTS_H_
