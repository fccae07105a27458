#include "covariance/structure.h"

namespace henderson {

std::vector<LambdaEntry> lambda_entries(const CovarianceStructure& structure, int term) {
  std::vector<LambdaEntry> entries;
  const int first = structure.first_column;
  for (int column = 0; column < structure.n_columns; ++column) {
    const int last = structure.kind == StructureKind::kDiagonal ? column + 1 : structure.n_columns;
    for (int row = column; row < last; ++row) {
      entries.push_back({term, first + row, first + column});
    }
  }
  return entries;
}

}  // namespace henderson
