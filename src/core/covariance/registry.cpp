#include "covariance/registry.h"

#include <map>
#include <stdexcept>

namespace henderson {

namespace {

struct Kind {
  Deviations usual;
  std::unique_ptr<Correlation> (*correlation)(int v, const StructureSettings& settings);
};

// The name without "hom" or "het" before it.
std::string stem(const std::string& name) {
  const std::string start = name.substr(0, 3);
  return start == "hom" || start == "het" ? name.substr(3) : name;
}

}  // namespace

std::shared_ptr<const CovarianceStructure> make_structure(const std::string& name, int v,
                                                          const StructureSettings& settings) {
  if (name == "us") return make_unstructured(v);
  if (name == "diag") return make_diagonal(v);
  if (name == "rr") {
    if (settings.rank < 1 || settings.rank > v) throw std::invalid_argument("no such rank");
    return make_reduced_rank(v, settings.rank);
  }
  static const std::map<std::string, Kind> kinds = {
      {"diag", {Deviations::kEach, make_independent}},
      {"cs", {Deviations::kEach, make_compound_symmetry}},
      {"ar1", {Deviations::kOne, make_autoregressive}},
      {"toep", {Deviations::kEach, make_toeplitz}},
      {"ad", {Deviations::kEach, make_antedependence}},
      {"ou", {Deviations::kOne, make_ornstein_uhlenbeck}},
      {"exp", {Deviations::kOne, make_exponential}},
      {"gau", {Deviations::kOne, make_gaussian}},
      {"mat", {Deviations::kOne, make_matern}},
  };
  const std::string own = stem(name);
  const auto kind = kinds.find(own);
  if (kind == kinds.end()) throw std::invalid_argument("no covariance structure '" + name + "'");
  if (settings.positions.rows() > 0 && settings.positions.rows() != v) {
    throw std::invalid_argument("positions are not one for each column");
  }
  Deviations deviations = kind->second.usual;
  if (own != name) deviations = name[1] == 'o' ? Deviations::kOne : Deviations::kEach;
  return make_correlated(v, deviations, kind->second.correlation(v, settings));
}

}  // namespace henderson
