// Coordinates of the variance parameters among which one standard deviation, correlation or sigma
// is, so that a profile can hold it.
#ifndef HENDERSON_FIT_PARAMETER_COORDINATES_H_
#define HENDERSON_FIT_PARAMETER_COORDINATES_H_

#include <memory>
#include <vector>

#include "algebra/types.h"
#include "fit/profile.h"
#include "likelihood/gaussian.h"
#include "search/objective.h"

namespace henderson {

class ParameterCoordinates {
 public:
  virtual ~ParameterCoordinates() = default;
  virtual Objective& objective() = 0;
  // Of the profiled objective, relative to sigma^2; sigma in units of y.
  virtual Vector standardized(const Vector& all) const = 0;
  virtual double sigma(const Vector& all) const = 0;
  // Covariances as different from those at a point as they might be at another minimum.
  virtual std::vector<Vector> other_starts(const Vector& all) const = 0;

  int held = 0;        // the parameter's coordinate
  Vector start;        // the fit
  double unit = 1;     // psi = unit w of a standard deviation, unit exp(w/2) of sigma
  double lowest = -1;  // of a correlation, between that and 1 by the sine of an angle
};

// At x of the objective, the parameters of a fit without constraints.
std::unique_ptr<ParameterCoordinates> free_coordinates(
    GaussianObjective* objective, const std::vector<TermStructures>& structures, const Vector& x,
    const ProfileParameter& parameter);

// Of a fit with constraints. Throws std::invalid_argument for correlations that can be no
// coordinates together.
std::unique_ptr<ParameterCoordinates> constrained_coordinates(GaussianObjective* objective,
                                                              const ProfiledFit& fit,
                                                              const ProfileParameter& parameter);

}  // namespace henderson

#endif  // HENDERSON_FIT_PARAMETER_COORDINATES_H_
