#include "family/family.h"

#include <stdexcept>
#include <utility>

#include "family/mean_family.h"

namespace henderson {

std::unique_ptr<Family> make_family(const std::string& name, std::unique_ptr<Link> link) {
  if (name == "binomial") return make_binomial(std::move(link));
  if (name == "poisson") return make_poisson(std::move(link));
  if (name == "gaussian") return make_gaussian(std::move(link));
  if (name == "Gamma") return make_gamma(std::move(link));
  if (name == "inverse.gaussian") return make_inverse_gaussian(std::move(link));
  if (name == "nbinom2") return make_negative_binomial_2(std::move(link));
  if (name == "nbinom1") return make_negative_binomial_1(std::move(link));
  if (name == "beta") return make_beta(std::move(link));
  throw std::invalid_argument("no family '" + name + "'");
}

}  // namespace henderson
