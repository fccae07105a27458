#include "covariance/registry.h"

#include <map>
#include <stdexcept>

namespace henderson {

std::shared_ptr<const CovarianceStructure> make_structure(const std::string& name, int v) {
  using Maker = std::unique_ptr<CovarianceStructure> (*)(int);
  static const std::map<std::string, Maker> makers = {
      {"us", make_unstructured},
      {"diag", make_diagonal},
      {"cs", [](int columns) { return make_compound_symmetry(columns, false); }},
      {"homcs", [](int columns) { return make_compound_symmetry(columns, true); }},
      {"ar1", [](int columns) { return make_autoregressive(columns, true); }},
      {"hetar1", [](int columns) { return make_autoregressive(columns, false); }},
  };
  const auto maker = makers.find(name);
  if (maker == makers.end()) throw std::invalid_argument("no covariance structure '" + name + "'");
  return maker->second(v);
}

}  // namespace henderson
