#include "covariance/pedigree.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "algebra/interrupt.h"

namespace henderson {

namespace {

// Below this 1 - F is not taken from F, which has no digits left for it.
constexpr double kNearlyHomozygous = 1e-3;

double index_of(const std::vector<double>& panmictic, int animal) {
  return animal < 0 ? 2.0 : panmictic[animal];
}

double mendelian_variance(const Pedigree& pedigree, const std::vector<double>& panmictic, int i) {
  return (index_of(panmictic, pedigree.sire[i]) + index_of(panmictic, pedigree.dam[i])) / 4;
}

// Animals whose parents are both known, by one of their parents, the one of whom there are fewer.
struct Matings {
  std::vector<std::vector<int>> offspring;  // by `shared` parent
  const std::vector<int>*shared, *other;
};

Matings group_matings(const Pedigree& sorted) {
  const auto count = [&](const std::vector<int>& parent) {
    std::vector<char> seen(sorted.size(), 0);
    for (const int animal : parent) {
      if (animal >= 0) seen[animal] = 1;
    }
    return std::accumulate(seen.begin(), seen.end(), 0);
  };
  const bool by_sire = count(sorted.sire) <= count(sorted.dam);
  Matings result;
  result.shared = by_sire ? &sorted.sire : &sorted.dam;
  result.other = by_sire ? &sorted.dam : &sorted.sire;
  result.offspring.resize(sorted.size());
  for (int i = 0; i < sorted.size(); ++i) {
    if (sorted.sire[i] >= 0 && sorted.dam[i] >= 0) {
      result.offspring[(*result.shared)[i]].push_back(i);
    }
  }
  return result;
}

// Rows of A = T D T', T the flow of genes: T_ij = (T_sj + T_dj) / 2 for parents s and d of i.
class RelationshipRow {
 public:
  explicit RelationshipRow(const Pedigree& sorted)
      : sorted_(sorted), share_(sorted.size()), row_(sorted.size()) {}

  // A(animal, i) for i up to `last`; the variances of the animal and of its ancestors are used.
  const std::vector<double>& of(int animal, int last, const std::vector<double>& variance) {
    std::fill(share_.begin(), share_.begin() + animal + 1, 0.0);
    share_[animal] = 1;
    int first = animal;
    for (int i = animal; i >= first; --i) {
      if (share_[i] == 0) continue;
      for (const int parent : {sorted_.sire[i], sorted_.dam[i]}) {
        if (parent < 0) continue;
        share_[parent] += share_[i] / 2;
        first = std::min(first, parent);
      }
    }
    std::fill(row_.begin(), row_.begin() + std::min(first, last + 1), 0.0);
    for (int i = first; i <= last; ++i) {
      double value = i <= animal ? share_[i] * variance[i] : 0.0;
      if (sorted_.sire[i] >= 0) value += row_[sorted_.sire[i]] / 2;
      if (sorted_.dam[i] >= 0) value += row_[sorted_.dam[i]] / 2;
      row_[i] = value;
    }
    return row_;
  }

 private:
  const Pedigree& sorted_;
  std::vector<double> share_, row_;
};

// 1 - coancestry of two animals, a sum of positive numbers by recursion over the younger one: all
// digits are there however close to one the coancestry is.
class Dissimilarity {
 public:
  Dissimilarity(const Pedigree& sorted, const std::vector<double>& panmictic)
      : sorted_(sorted), panmictic_(panmictic) {}

  double of(int i, int j) {
    if (i < 0 || j < 0) return 1;
    if (i == j) return panmictic_[i] / 2;
    if (i < j) std::swap(i, j);
    const std::int64_t pair = static_cast<std::int64_t>(i) * sorted_.size() + j;
    const auto known = known_.find(pair);
    if (known != known_.end()) return known->second;
    const double value = (of(sorted_.sire[i], j) + of(sorted_.dam[i], j)) / 2;
    known_.emplace(pair, value);
    return value;
  }

 private:
  const Pedigree& sorted_;
  const std::vector<double>& panmictic_;
  std::unordered_map<std::int64_t, double> known_;
};

}  // namespace

std::vector<int> parents_first(const Pedigree& pedigree) {
  const int n = pedigree.size();
  std::vector<std::vector<int>> offspring(n);
  std::vector<int> waits_for(n, 0), generation(n, 0), ready;
  for (int i = 0; i < n; ++i) {
    for (const int parent : {pedigree.sire[i], pedigree.dam[i]}) {
      if (parent < 0) continue;
      offspring[parent].push_back(i);
      ++waits_for[i];
    }
    if (waits_for[i] == 0) ready.push_back(i);
  }
  for (std::size_t k = 0; k < ready.size(); ++k) {
    const int parent = ready[k];
    for (const int i : offspring[parent]) {
      generation[i] = std::max(generation[i], generation[parent] + 1);
      if (--waits_for[i] == 0) ready.push_back(i);
    }
  }
  std::sort(ready.begin(), ready.end(), [&](int a, int b) {
    return std::pair(generation[a], a) < std::pair(generation[b], b);
  });
  return ready;
}

std::vector<double> panmictic_indices(const Pedigree& sorted) {
  const int n = sorted.size();
  const Matings matings = group_matings(sorted);
  std::vector<double> panmictic(n, 1), variance(n);
  RelationshipRow relationship(sorted);
  Dissimilarity dissimilarity(sorted, panmictic);
  for (int parent = 0; parent < n; ++parent) {
    // All matings of its own parents, who are older, are done.
    variance[parent] = mendelian_variance(sorted, panmictic, parent);
    const std::vector<int>& offspring = matings.offspring[parent];
    if (offspring.empty()) continue;
    check_interrupt();
    int last = 0;
    for (const int i : offspring) last = std::max(last, (*matings.other)[i]);
    const std::vector<double>& row = relationship.of(parent, last, variance);
    for (const int i : offspring) {
      const int other = (*matings.other)[i];
      panmictic[i] = 1 - row[other] / 2;
      if (panmictic[i] < kNearlyHomozygous) panmictic[i] = dissimilarity.of(parent, other);
    }
  }
  return panmictic;
}

std::vector<double> mendelian_variances(const Pedigree& sorted,
                                        const std::vector<double>& panmictic) {
  std::vector<double> variance(sorted.size());
  for (int i = 0; i < sorted.size(); ++i) {
    variance[i] = mendelian_variance(sorted, panmictic, i);
  }
  return variance;
}

}  // namespace henderson
