// Families whose density is given by the mean, whatever the link: the chain rule in one place.
#ifndef HENDERSON_FAMILY_MEAN_FAMILY_H_
#define HENDERSON_FAMILY_MEAN_FAMILY_H_

#include <utility>

#include "family/family.h"

namespace henderson {

// log f of one row by its mean, what constant() has left out.
struct ByMean {
  double value;
  double d1, d2, d3;
  double information;  // -E d2
};

// Derivatives by log phi, of the whole log f and of d1 and d2.
struct ByPhi {
  double value, d1, d2;
};

struct MeanRow {
  double y, weight, mu, phi;
};

class MeanFamily : public Family {
 public:
  using Family::Family;
  void evaluate(const FamilyRows& rows, double log_phi, const FamilyValues& out) const override;
  void slopes(const FamilyRows& rows, double log_phi, const FamilySlopes& out) const override;

 protected:
  virtual ByMean by_mean(const MeanRow& row) const = 0;
  virtual ByPhi by_phi(const MeanRow& /*row*/) const { return {0, 0, 0}; }
};

std::unique_ptr<Family> make_poisson(std::unique_ptr<Link> link);
std::unique_ptr<Family> make_gaussian(std::unique_ptr<Link> link);
std::unique_ptr<Family> make_gamma(std::unique_ptr<Link> link);
std::unique_ptr<Family> make_inverse_gaussian(std::unique_ptr<Link> link);
std::unique_ptr<Family> make_negative_binomial_2(std::unique_ptr<Link> link);
std::unique_ptr<Family> make_negative_binomial_1(std::unique_ptr<Link> link);
std::unique_ptr<Family> make_beta(std::unique_ptr<Link> link);
// By log mu and log(1 - mu) (family/link.h).
std::unique_ptr<Family> make_binomial(std::unique_ptr<Link> link);

}  // namespace henderson

#endif  // HENDERSON_FAMILY_MEAN_FAMILY_H_
