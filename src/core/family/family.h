// A family of distributions with its link: what a generalized linear mixed model asks of a row.
//
// With log f the log density, all of it: s = -dlog f/deta, W = ds/deta (observed; Fisher's is its
// expectation), W' = dW/deta. phi is what a distribution has besides its mean: a variance, a size,
// a precision (see make_family()); it is moved by its logarithm.
#ifndef HENDERSON_FAMILY_FAMILY_H_
#define HENDERSON_FAMILY_FAMILY_H_

#include <memory>
#include <string>

#include "algebra/types.h"
#include "family/link.h"

namespace henderson {

// Rows that follow each other. A weight multiplies log f; where phi is a dispersion (gaussian,
// Gamma, inverse Gaussian) it divides that, as in glm().
struct FamilyRows {
  Index count = 0;
  const double* y = nullptr;       // of the binomial family: successes
  const double* weight = nullptr;  // nullptr: all one
  const double* trials = nullptr;  // the same
  const double* eta = nullptr;

  double weight_of(Index i) const { return weight == nullptr ? 1 : weight[i]; }
  double trials_of(Index i) const { return trials == nullptr ? 1 : trials[i]; }
};

// By row. log_density leaves out what Family::constant() has.
struct FamilyValues {
  double* log_density = nullptr;
  double* s = nullptr;
  double* w = nullptr;
  double* fisher = nullptr;
};

struct FamilySlopes {
  double* dw = nullptr;        // W'
  double* by_phi = nullptr;    // dlog f/dlog phi, its constant included; only where there is a phi
  double* s_by_phi = nullptr;  // ds/dlog phi
  double* w_by_phi = nullptr;
};

class Family {
 public:
  explicit Family(std::unique_ptr<Link> link) : link_(std::move(link)) {}
  virtual ~Family() = default;
  const Link& link() const { return *link_; }

  virtual bool has_phi() const { return false; }
  // Values that are not finite: such an eta has no density.
  virtual void evaluate(const FamilyRows& rows, double log_phi, const FamilyValues& out) const = 0;
  virtual void slopes(const FamilyRows& rows, double log_phi, const FamilySlopes& out) const = 0;
  // What of log f does not depend on eta.
  virtual double constant(const FamilyRows& rows, Index i, double log_phi) const = 0;
  // A mean for the first step, near the response and inside the family's range.
  virtual double start_mean(const FamilyRows& rows, Index i) const = 0;
  // log phi by moments, at the means that eta has.
  virtual double start_log_phi(const FamilyRows& /*rows*/) const { return 0; }

 private:
  std::unique_ptr<Link> link_;
};

// name:                 variance of a row of weight one           phi
//   "binomial"          n mu (1 - mu)
//   "poisson"           mu
//   "gaussian"          phi                                       variance
//   "Gamma"             phi mu^2                                  dispersion
//   "inverse.gaussian"  phi mu^3                                  dispersion
//   "nbinom2"           mu + mu^2 / phi                           size
//   "nbinom1"           mu (1 + phi)                              overdispersion
//   "beta"              mu (1 - mu) / (1 + phi)                   precision
// std::invalid_argument for another one.
std::unique_ptr<Family> make_family(const std::string& name, std::unique_ptr<Link> link);

}  // namespace henderson

#endif  // HENDERSON_FAMILY_FAMILY_H_
