// Covariance structures by name: the only place of the core that knows all of them.
#ifndef HENDERSON_COVARIANCE_REGISTRY_H_
#define HENDERSON_COVARIANCE_REGISTRY_H_

#include <memory>
#include <string>

#include "covariance/correlation.h"
#include "covariance/structure.h"

namespace henderson {

// What a structure knows besides the number of its columns.
struct StructureSettings {
  // v x dimensions: times, or coordinates. Without rows where columns are steps of one.
  Matrix positions;
  int rank = 0;  // of a reduced-rank one, at most v
};

// Of v columns. "hom" or "het" before the name of one with standard deviations and correlations
// says whether the columns have one standard deviation or one each. Throws std::invalid_argument
// for a name that it does not know and for positions that do not fit.
std::shared_ptr<const CovarianceStructure> make_structure(const std::string& name, int v,
                                                          const StructureSettings& settings = {});

// One for each structure, defined in the file of its name.
std::unique_ptr<CovarianceStructure> make_unstructured(int v);
std::unique_ptr<CovarianceStructure> make_diagonal(int v);
std::unique_ptr<CovarianceStructure> make_reduced_rank(int v, int rank);
std::unique_ptr<Correlation> make_independent(int v, const StructureSettings& settings);
std::unique_ptr<Correlation> make_compound_symmetry(int v, const StructureSettings& settings);
std::unique_ptr<Correlation> make_autoregressive(int v, const StructureSettings& settings);
std::unique_ptr<Correlation> make_toeplitz(int v, const StructureSettings& settings);
std::unique_ptr<Correlation> make_antedependence(int v, const StructureSettings& settings);
std::unique_ptr<Correlation> make_ornstein_uhlenbeck(int v, const StructureSettings& settings);
std::unique_ptr<Correlation> make_exponential(int v, const StructureSettings& settings);
std::unique_ptr<Correlation> make_gaussian(int v, const StructureSettings& settings);
std::unique_ptr<Correlation> make_matern(int v, const StructureSettings& settings);

}  // namespace henderson

#endif  // HENDERSON_COVARIANCE_REGISTRY_H_
