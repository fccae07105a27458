// Profiles of the criterion over one parameter: the minimum over all others where that one is held
// (Bates et al. 2015, section 5.1), from the cross-products.
//
//   zeta(psi) = sign(psi - psi^) sqrt(d(psi) - d(psi^)),  d(psi) = min d given psi.
// Variance parameters and sigma: the criterion of the fit, ML or REML, with sigma^2 as a coordinate
// (likelihood/absolute.h). A linear function l'beta: the criterion of the model in which it is
// known (data/constrain.h); by REML the other fixed effects are integrated out, it is not, so that
// the criterion of two values can be compared.
#ifndef HENDERSON_FIT_PROFILE_H_
#define HENDERSON_FIT_PROFILE_H_

#include <memory>
#include <string>
#include <vector>

#include "algebra/types.h"
#include "fit/constraints.h"
#include "likelihood/gaussian.h"
#include "search/result.h"

namespace henderson {

struct ProfileParameter {
  enum class Kind { kResidual, kDeviation, kCorrelation, kFixed, kShare };
  Kind kind = Kind::kResidual;
  // Of a covariance structure: of an unstructured one any theta, and the columns; of another the
  // theta that is the parameter over sigma, or the correlation.
  int theta = 0;
  int row = 0;
  int column = 0;
  Vector contrast;  // l
  // Of a share (fit/held_share.h): the sum that the variance of this theta is a share of.
  Vector sum;
};

struct ProfilePoint {
  double parameter = 0;  // psi, in the user's units
  double value = 0;      // d(psi)
  double slope = 0;      // dd/dpsi; not a number where psi is at a bound that has none
  bool certain = true;   // the search for the others ended at a minimum
  Vector theta;          // natural, relative to sigma
  double sigma = 0;
  Vector beta;
};

enum class LimitStatus { kFound, kBound, kNone, kUncertain };

struct ProfileLimit {
  double parameter = 0;
  LimitStatus status = LimitStatus::kNone;
};

struct Profile {
  double estimate = 0;   // psi of the smallest criterion
  double lowest = 0;     // that criterion
  double least = 0;      // of all searches: not lower if the fit is the minimum
  double curvature = 0;  // d2d/dpsi2 there
  int evaluations = 0;
  std::vector<ProfilePoint> points;  // by psi, the estimate among them
  std::vector<ProfileLimit> limits;  // two for each cutoff
};

struct ProfileOptions : SearchOptions {
  std::vector<double> cutoffs;  // zeta of the limits wanted
  double farthest = 0;          // zeta up to which points are wanted; 0: none
  double step = 0.3;            // of zeta, between points
};

// A fit: where its search ended (coordinates of the objective), and with constraints its sigma.
struct ProfiledFit {
  Vector x;
  const Constraints* constraints = nullptr;
  double sigma = 0;
};

// The objective is evaluated elsewhere. Throws std::invalid_argument for a correlation that, beside
// those that are held, is no coordinate (fit/constraints.h).
Profile profile_parameter(GaussianObjective* objective,
                          const std::vector<TermStructures>& structures, const ProfiledFit& fit,
                          const ProfileParameter& parameter, const ProfileOptions& options);

}  // namespace henderson

#endif  // HENDERSON_FIT_PROFILE_H_
