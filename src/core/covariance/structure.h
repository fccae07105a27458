// How a term's parameters fill its relative covariance factor Lambda_t.
//
// A block term is everything that shares one grouping factor: v columns, J levels, one v x v lower
// triangular factor Lambda. It is the direct sum of one or more structures ("us", "diag"), each on
// a contiguous range of columns. Here each parameter is one entry of Lambda; the core works with
// the derivative with respect to the full matrix and leaves the chain rule to this file.
#ifndef HENDERSON_COVARIANCE_STRUCTURE_H_
#define HENDERSON_COVARIANCE_STRUCTURE_H_

#include <vector>

#include "algebra/types.h"

namespace henderson {

enum class StructureKind { kUnstructured, kDiagonal };

struct CovarianceStructure {
  StructureKind kind = StructureKind::kUnstructured;
  int first_column = 0;  // within the block term
  int n_columns = 1;
  int first_parameter = 0;  // within theta

  int n_parameters() const {
    return kind == StructureKind::kDiagonal ? n_columns : n_columns * (n_columns + 1) / 2;
  }
};

// One parameter as an entry (row >= column) of a block term's Lambda.
struct LambdaEntry {
  int term = 0;
  int row = 0;
  int column = 0;
};

// The entries in the order of the structure's parameters: lower triangle by columns, or diagonal.
std::vector<LambdaEntry> lambda_entries(const CovarianceStructure& structure, int term);

}  // namespace henderson

#endif  // HENDERSON_COVARIANCE_STRUCTURE_H_
