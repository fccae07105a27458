#include "equations/ordering.h"

#include <Eigen/OrderingMethods>
#include <Eigen/SparseCore>
#include <algorithm>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace henderson {

namespace {

using Lists = std::vector<std::vector<int>>;

// Rows of the strict lower triangle, by rows: row i lists its columns j < i in the given order.
Lists rows_of_permuted(const NodePattern& pattern, const std::vector<int>& new_node) {
  Lists by_row(pattern.n_nodes);
  for (int column = 0; column < pattern.n_nodes; ++column) {
    for (Index k = pattern.start[column]; k < pattern.start[column + 1]; ++k) {
      const int a = new_node[column];
      const int b = new_node[pattern.rows[k]];
      by_row[std::max(a, b)].push_back(std::min(a, b));
    }
  }
  return by_row;
}

// Elimination tree by path compression (Liu 1986).
std::vector<int> elimination_tree(const Lists& by_row) {
  const int n = static_cast<int>(by_row.size());
  std::vector<int> parent(n, -1);
  std::vector<int> ancestor(n, -1);
  for (int i = 0; i < n; ++i) {
    for (int j : by_row[i]) {
      while (j != -1 && j < i) {
        const int next = ancestor[j];
        ancestor[j] = i;
        if (next == -1) parent[j] = i;
        j = next;
      }
    }
  }
  return parent;
}

// Off-diagonal blocks of the factor by walking row subtrees; stops once past the limit.
Index count_factor_blocks(const Lists& by_row, const std::vector<int>& parent, Index limit) {
  const int n = static_cast<int>(by_row.size());
  std::vector<int> mark(n, -1);
  Index count = 0;
  for (int i = 0; i < n && count <= limit; ++i) {
    mark[i] = i;
    for (int j : by_row[i]) {
      while (j != -1 && mark[j] != i) {
        mark[j] = i;
        ++count;
        j = parent[j];
      }
    }
  }
  return count;
}

std::vector<int> postorder(const std::vector<int>& parent) {
  const int n = static_cast<int>(parent.size());
  std::vector<int> head(n, -1);
  std::vector<int> next(n, -1);
  std::vector<int> order;
  order.reserve(n);
  for (int j = n - 1; j >= 0; --j) {
    if (parent[j] >= 0) {
      next[j] = head[parent[j]];
      head[parent[j]] = j;
    }
  }
  std::vector<int> stack;
  for (int root = 0; root < n; ++root) {
    if (parent[root] >= 0) continue;
    stack.push_back(root);
    while (!stack.empty()) {
      const int node = stack.back();
      const int child = head[node];
      if (child < 0) {
        order.push_back(node);
        stack.pop_back();
      } else {
        head[node] = next[child];
        stack.push_back(child);
      }
    }
  }
  return order;
}

std::vector<int> minimum_degree(const NodePattern& pattern) {
  // Eigen's ordering counts in int, with some room to work in.
  if (pattern.rows.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()) / 4) {
    throw std::length_error("more than 2^29 pairs of levels that occur together");
  }
  // The values are of no interest, but a node without its diagonal entry would be put last.
  Eigen::SparseMatrix<float, Eigen::ColMajor, int> lower(pattern.n_nodes, pattern.n_nodes);
  lower.resizeNonZeros(static_cast<Index>(pattern.rows.size()) + pattern.n_nodes);
  int at = 0;
  for (int column = 0; column < pattern.n_nodes; ++column) {
    lower.outerIndexPtr()[column] = at;
    lower.innerIndexPtr()[at++] = column;
    for (Index k = pattern.start[column]; k < pattern.start[column + 1]; ++k) {
      lower.innerIndexPtr()[at++] = pattern.rows[k];
    }
  }
  lower.outerIndexPtr()[pattern.n_nodes] = at;
  std::fill_n(lower.valuePtr(), at, 1.0f);
  Eigen::PermutationMatrix<Eigen::Dynamic, Eigen::Dynamic, int> permutation;
  Eigen::AMDOrdering<int> ordering;
  ordering(lower.selfadjointView<Eigen::Lower>(), permutation);
  std::vector<int> new_node(pattern.n_nodes);
  for (int i = 0; i < pattern.n_nodes; ++i) new_node[permutation.indices()[i]] = i;
  return new_node;
}

// A run of nodes [first, last) with the node rows of its first column (own nodes first).
struct NodeSupernode {
  int first = 0;
  int last = 0;
  std::vector<int> rows;
  double zeros = 0;  // explicit zeros brought in by merging
};

std::vector<NodeSupernode> fundamental_supernodes(const Lists& by_row,
                                                  const std::vector<int>& parent) {
  const int n = static_cast<int>(parent.size());
  Lists below(n);
  for (int i = 0; i < n; ++i) {
    for (int j : by_row[i]) below[j].push_back(i);
  }
  Lists children(n);
  for (int j = 0; j < n; ++j) {
    if (parent[j] >= 0) children[parent[j]].push_back(j);
  }
  std::vector<int> mark(n, -1);
  std::vector<NodeSupernode> supernodes;
  std::vector<std::size_t> previous_count(n, 0);
  for (int j = 0; j < n; ++j) {
    std::vector<int>& structure = below[j];
    mark[j] = j;
    for (int r : structure) mark[r] = j;
    for (int child : children[j]) {
      for (int r : below[child]) {
        if (r > j && mark[r] != j) {
          mark[r] = j;
          structure.push_back(r);
        }
      }
    }
    std::sort(structure.begin(), structure.end());
    previous_count[j] = structure.size();
    const bool continues = j > 0 && parent[j - 1] == j && children[j].size() == 1 &&
                           previous_count[j - 1] == structure.size() + 1;
    if (continues) {
      supernodes.back().last = j + 1;
    } else {
      NodeSupernode fresh;
      fresh.first = j;
      fresh.last = j + 1;
      fresh.rows.push_back(j);
      fresh.rows.insert(fresh.rows.end(), structure.begin(), structure.end());
      supernodes.push_back(std::move(fresh));
    }
    for (int child : children[j]) std::vector<int>().swap(below[child]);
  }
  return supernodes;
}

double scalar_rows(const NodeSupernode& s, const std::vector<int>& size) {
  double total = 0;
  for (int r : s.rows) total += size[r];
  return total;
}

// Joins a supernode with its last child where that adds few zeros: fewer, larger dense blocks.
std::vector<NodeSupernode> amalgamate(std::vector<NodeSupernode> fine,
                                      const std::vector<int>& parent,
                                      const std::vector<int>& size) {
  std::vector<NodeSupernode> merged;
  for (NodeSupernode& next : fine) {
    NodeSupernode current = std::move(next);
    while (!merged.empty()) {
      NodeSupernode& child = merged.back();
      const int link = parent[child.last - 1];
      if (link < current.first || link >= current.last) break;
      double child_width = 0;
      for (int j = child.first; j < child.last; ++j) child_width += size[j];
      double width = child_width;
      for (int j = current.first; j < current.last; ++j) width += size[j];
      const double rows = scalar_rows(current, size);
      const double zeros = child.zeros + current.zeros +
                           child_width * (rows + child_width - scalar_rows(child, size));
      const double total = width * (rows + child_width);
      const bool worth = width <= 4 || (width <= 16 && zeros < 0.4 * total) ||
                         (width <= 48 && zeros < 0.1 * total) || zeros < 0.05 * total;
      if (!worth) break;
      NodeSupernode joined;
      joined.first = child.first;
      joined.last = current.last;
      joined.zeros = zeros;
      for (int j = child.first; j < child.last; ++j) joined.rows.push_back(j);
      joined.rows.insert(joined.rows.end(), current.rows.begin(), current.rows.end());
      current = std::move(joined);
      merged.pop_back();
    }
    merged.push_back(std::move(current));
  }
  return merged;
}

Supernodes expand(const std::vector<NodeSupernode>& nodes, std::vector<int> new_node,
                  const std::vector<int>& node_size) {
  const int n = static_cast<int>(new_node.size());
  Supernodes result;
  std::vector<int> size(n);
  for (int old = 0; old < n; ++old) size[new_node[old]] = node_size[old];
  result.new_node = std::move(new_node);
  result.node_start.assign(n + 1, 0);
  for (int i = 0; i < n; ++i) result.node_start[i + 1] = result.node_start[i] + size[i];
  result.supernode_of.resize(result.node_start[n]);
  result.row_start.push_back(0);
  result.value_start.push_back(0);
  for (const NodeSupernode& s : nodes) {
    const int first = result.node_start[s.first];
    const int last = result.node_start[s.last];
    for (int c = first; c < last; ++c) {
      result.supernode_of[c] = static_cast<int>(result.first_column.size());
    }
    result.first_column.push_back(first);
    for (int r : s.rows) {
      for (int k = result.node_start[r]; k < result.node_start[r + 1]; ++k) {
        result.rows.push_back(k);
      }
    }
    // Own nodes beyond the first are already among rows: they follow it in the structure.
    const Index n_rows = static_cast<Index>(result.rows.size()) - result.row_start.back();
    result.row_start.push_back(static_cast<Index>(result.rows.size()));
    result.value_start.push_back(result.value_start.back() + n_rows * (last - first));
  }
  result.first_column.push_back(result.node_start[n]);
  return result;
}

}  // namespace

Supernodes analyze_pattern(const NodePattern& pattern) {
  const int n = pattern.n_nodes;
  std::vector<int> new_node(n);
  std::iota(new_node.begin(), new_node.end(), 0);
  double scalars = 0;
  for (int size : pattern.node_size) scalars += size;
  if (scalars > std::numeric_limits<int>::max() / 2) {
    throw std::length_error("more than 2^30 random effects outside the largest term");
  }
  if (pattern.dense || n == 0) {
    std::vector<NodeSupernode> one;
    if (n > 0) {
      NodeSupernode all;
      all.last = n;
      all.rows = new_node;
      one.push_back(std::move(all));
    }
    return expand(one, std::move(new_node), pattern.node_size);
  }
  Lists by_row = rows_of_permuted(pattern, new_node);
  std::vector<int> parent = elimination_tree(by_row);
  const Index own = static_cast<Index>(pattern.rows.size());
  const Index limit = own + own / 10;
  const bool fills = count_factor_blocks(by_row, parent, limit) > limit;
  if (fills) {
    new_node = minimum_degree(pattern);
    by_row = rows_of_permuted(pattern, new_node);
    parent = elimination_tree(by_row);
  }
  const std::vector<int> order = postorder(parent);
  std::vector<int> position(n);
  for (int i = 0; i < n; ++i) position[order[i]] = i;
  for (int& node : new_node) node = position[node];
  by_row = rows_of_permuted(pattern, new_node);
  parent = elimination_tree(by_row);
  std::vector<int> size(n);
  for (int old = 0; old < n; ++old) size[new_node[old]] = pattern.node_size[old];
  std::vector<NodeSupernode> supernodes = fundamental_supernodes(by_row, parent);
  // On trees without fill merging only adds zeros; on filled patterns it makes the blocks dense.
  if (fills) supernodes = amalgamate(std::move(supernodes), parent, size);
  return expand(supernodes, std::move(new_node), pattern.node_size);
}

}  // namespace henderson
