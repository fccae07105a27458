// A pedigree: who descends from whom, and how inbred that makes them.
#ifndef HENDERSON_COVARIANCE_PEDIGREE_H_
#define HENDERSON_COVARIANCE_PEDIGREE_H_

#include <vector>

namespace henderson {

// By animal, positions of both parents, -1 where one is unknown.
struct Pedigree {
  std::vector<int> sire, dam;

  int size() const { return static_cast<int>(sire.size()); }
};

// Positions by generation, parents before their offspring, within a generation as given. Animals
// among their own ancestors, and those who descend from such, are left out.
std::vector<int> parents_first(const Pedigree& pedigree);

// Wright's panmictic index 1 - F, F the coefficient of inbreeding; every animal after its parents.
std::vector<double> panmictic_indices(const Pedigree& sorted);

// The variance of Mendelian sampling over that of a founder, (1 - F) of both parents over 4, where
// an unknown parent counts 2 (Quaas 1976, eq. 3).
std::vector<double> mendelian_variances(const Pedigree& sorted,
                                        const std::vector<double>& panmictic);

}  // namespace henderson

#endif  // HENDERSON_COVARIANCE_PEDIGREE_H_
