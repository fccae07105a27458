// Pedigrees: order, inbreeding, variances of Mendelian sampling.
#include <catch.h>

#include <cmath>
#include <vector>

#include "covariance/pedigree.h"

namespace {

using henderson::Pedigree;

TEST_CASE("animals are sorted by generation, and loops are left out") {
  // 0 is the child of 2 and 3; 4 and 5 are each other's parents, 6 descends from 4
  const Pedigree pedigree{{2, -1, -1, -1, 5, 4, 4}, {3, -1, -1, -1, -1, -1, -1}};
  CHECK((henderson::parents_first(pedigree) == std::vector<int>{1, 2, 3, 0}));
}

TEST_CASE("half sibs' and parents' offspring are as inbred as by hand") {
  // 2, 3: half sibs by 0; 4: theirs, F = 1/8; 5: of 4 and 0, A(4, 0) = 1/2, F = 1/4
  const Pedigree pedigree{{-1, -1, 0, 0, 2, 4}, {-1, -1, 1, -1, 3, 0}};
  const std::vector<double> index = henderson::panmictic_indices(pedigree);
  CHECK((index == std::vector<double>{1, 1, 1, 1, 0.875, 0.75}));
  // both parents known, one, none: (1 - F) / 4 of each, 2 / 4 for an unknown one
  CHECK((henderson::mendelian_variances(pedigree, index) ==
         std::vector<double>{1, 1, 0.5, 0.75, 0.5, (0.875 + 1) / 4}));
}

TEST_CASE("what selfing leaves is known to all digits") {
  const int n = 200;
  Pedigree line;
  for (int i = 0; i < n; ++i) {
    line.sire.push_back(i - 1);
    line.dam.push_back(i - 1);
  }
  CHECK(henderson::panmictic_indices(line).back() == std::ldexp(1.0, 1 - n));
}

}  // namespace
