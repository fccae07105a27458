// Covariance structures by name: the only place of the core that knows all of them.
#ifndef HENDERSON_COVARIANCE_REGISTRY_H_
#define HENDERSON_COVARIANCE_REGISTRY_H_

#include <memory>
#include <string>

#include "covariance/structure.h"

namespace henderson {

// Of v columns. Throws std::invalid_argument for a name that it does not know.
std::shared_ptr<const CovarianceStructure> make_structure(const std::string& name, int v);

// One for each structure, defined in the file of its name.
std::unique_ptr<CovarianceStructure> make_unstructured(int v);
std::unique_ptr<CovarianceStructure> make_diagonal(int v);
std::unique_ptr<CovarianceStructure> make_compound_symmetry(int v, bool homogeneous);
std::unique_ptr<CovarianceStructure> make_autoregressive(int v, bool homogeneous);

}  // namespace henderson

#endif  // HENDERSON_COVARIANCE_REGISTRY_H_
