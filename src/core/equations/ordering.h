// Symbolic analysis of the sparse remainder, once per fit: an order of its blocks that fills
// little, and the supernodes (runs of columns with one row structure) of the factor.
//
// A node is one level of one random-effects term other than the leaf: a block of v scalar columns.
#ifndef HENDERSON_EQUATIONS_ORDERING_H_
#define HENDERSON_EQUATIONS_ORDERING_H_

#include <vector>

#include "algebra/types.h"

namespace henderson {

// Lower part (row > column) of a symmetric pattern by columns, rows sorted.
struct NodePattern {
  int n_nodes = 0;
  std::vector<int> node_size;
  std::vector<Index> start;
  std::vector<int> rows;
  bool dense = false;  // too full to be worth a list: start and rows are empty then
};

struct Supernodes {
  std::vector<int> new_node;       // old node -> new node
  std::vector<int> node_start;     // new node -> first scalar column; size n_nodes + 1
  std::vector<int> first_column;   // supernode -> first scalar column; size count + 1
  std::vector<Index> row_start;    // supernode -> offset into rows
  std::vector<int> rows;           // scalar rows, own columns first, ascending
  std::vector<Index> value_start;  // supernode -> offset into the factor's values
  std::vector<int> supernode_of;   // scalar column -> supernode

  int count() const { return static_cast<int>(first_column.size()) - 1; }
  int size() const { return node_start.empty() ? 0 : node_start.back(); }
  Index n_values() const { return value_start.empty() ? 0 : value_start.back(); }
};

Supernodes analyze_pattern(const NodePattern& pattern);

}  // namespace henderson

#endif  // HENDERSON_EQUATIONS_ORDERING_H_
