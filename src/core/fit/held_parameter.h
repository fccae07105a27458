// The criterion as a function of one parameter, minimized over all others.
#ifndef HENDERSON_FIT_HELD_PARAMETER_H_
#define HENDERSON_FIT_HELD_PARAMETER_H_

#include <limits>
#include <memory>
#include <vector>

#include "algebra/types.h"
#include "fit/profile.h"
#include "likelihood/gaussian.h"
#include "search/result.h"

namespace henderson {

// What is held is w, without bounds or with those that a search can stand at: an angle for a
// correlation, log sigma^2 for sigma. The parameter psi is a function of it.
struct HeldPoint {
  double w = 0;
  double value = std::numeric_limits<double>::infinity();
  double slope = 0;  // dd/dw
  Vector others;     // where the search ended
  bool certain = true;
  int evaluations = 0;
};

HeldPoint with_evaluations(HeldPoint point, int evaluations);

class HeldParameter {
 public:
  virtual ~HeldParameter() = default;
  // The fit itself; then the second derivative by w of the minimum over the others, or a stand-in.
  virtual HeldPoint fitted() = 0;
  virtual double curvature() = 0;
  // From where a search at another w ended: the minimum nearby.
  virtual HeldPoint minimize(double w, const HeldPoint& from) = 0;
  // From other starts at the same w (fit/nearby_minimum.h): a lower minimum, or what is known.
  virtual HeldPoint look_elsewhere(const HeldPoint& known) = 0;
  virtual double lower() const { return -std::numeric_limits<double>::infinity(); }
  virtual double upper() const { return std::numeric_limits<double>::infinity(); }
  virtual double parameter(double w) const = 0;
  virtual double rate(double w) const = 0;  // dpsi/dw
  // psi, theta, sigma, beta.
  virtual ProfilePoint describe(const HeldPoint& point) = 0;
};

std::unique_ptr<HeldParameter> hold_parameter(GaussianObjective* objective,
                                              const std::vector<TermStructures>& structures,
                                              const ProfiledFit& fit,
                                              const ProfileParameter& parameter,
                                              const SearchOptions& options);

}  // namespace henderson

#endif  // HENDERSON_FIT_HELD_PARAMETER_H_
