#include "equations/equations.h"

#include <algorithm>
#include <utility>

namespace henderson {

namespace {

const PairSums& find_pair(const CrossProducts& moments, int t, int s) {
  const auto found = std::find_if(
      moments.pairs.begin(), moments.pairs.end(),
      [&](const PairSums& pair) { return pair.term_row == t && pair.term_column == s; });
  return *found;
}

// Nodes are numbered term by term in the natural order; first[t] is the first node of term t.
struct NodeNumbers {
  std::vector<int> first;
  std::vector<int> size;
  std::vector<int> term;
  int count = 0;
};

NodeNumbers number_nodes(const CrossProducts& moments) {
  NodeNumbers nodes;
  nodes.first.assign(moments.terms.size(), 0);
  for (std::size_t t = 1; t < moments.terms.size(); ++t) {
    nodes.first[t] = nodes.count;
    nodes.count += moments.terms[t].n_levels;
    nodes.size.insert(nodes.size.end(), moments.terms[t].n_levels, moments.terms[t].v);
    nodes.term.insert(nodes.term.end(), moments.terms[t].n_levels, static_cast<int>(t));
  }
  return nodes;
}

// Nodes that meet each leaf level, ascending.
struct LeafNodes {
  std::vector<Index> start;
  std::vector<int> node;
};

LeafNodes collect_leaf_nodes(const CrossProducts& moments, const NodeNumbers& nodes) {
  LeafNodes leaf;
  const int n_levels = moments.terms[0].n_levels;
  leaf.start.assign(n_levels + 1, 0);
  const int k = static_cast<int>(moments.terms.size());
  std::vector<const PairSums*> pairs;
  for (int s = 1; s < k; ++s) pairs.push_back(&find_pair(moments, 0, s));
  for (int j = 0; j < n_levels; ++j) {
    for (int s = 1; s < k; ++s) {
      const PairSums& pair = *pairs[s - 1];
      for (Index e = pair.start[j]; e < pair.start[j + 1]; ++e) {
        leaf.node.push_back(nodes.first[s] + pair.partner[e]);
      }
    }
    leaf.start[j + 1] = static_cast<Index>(leaf.node.size());
  }
  return leaf;
}

// Pattern of the remainder after the leaf is eliminated: own blocks and a clique per leaf level.
NodePattern remainder_pattern(const CrossProducts& moments, const NodeNumbers& nodes,
                              const LeafNodes& leaf) {
  NodePattern pattern;
  pattern.n_nodes = nodes.count;
  pattern.node_size = nodes.size;
  const Index n = nodes.count;
  const Index full = n * (n - 1) / 2;
  const int n_levels = moments.terms[0].n_levels;
  std::vector<Index> meets_start(n + 1, 0);
  for (int node : leaf.node) ++meets_start[node + 1];
  for (Index i = 0; i < n; ++i) meets_start[i + 1] += meets_start[i];
  std::vector<Index> next(meets_start.begin(), meets_start.end() - 1);
  std::vector<int> meets(leaf.node.size());
  for (int j = 0; j < n_levels; ++j) {
    for (Index e = leaf.start[j]; e < leaf.start[j + 1]; ++e) meets[next[leaf.node[e]]++] = j;
    // A level that meets (nearly) all nodes makes the remainder dense: no list is needed.
    if (n > 1 && leaf.start[j + 1] - leaf.start[j] > 0.8 * n) pattern.dense = true;
  }
  if (n <= 16) pattern.dense = true;
  if (pattern.dense) return pattern;
  std::vector<std::vector<int>> own(n);
  for (const PairSums& pair : moments.pairs) {
    if (pair.term_row == 0) continue;
    for (std::size_t l = 0; l + 1 < pair.start.size(); ++l) {
      const int column = nodes.first[pair.term_row] + static_cast<int>(l);
      for (Index e = pair.start[l]; e < pair.start[l + 1]; ++e) {
        own[column].push_back(nodes.first[pair.term_column] + pair.partner[e]);
      }
    }
  }
  std::vector<int> mark(n, -1);
  pattern.start.assign(n + 1, 0);
  for (int column = 0; column < n; ++column) {
    const Index begin = static_cast<Index>(pattern.rows.size());
    mark[column] = column;
    const auto add = [&](int row) {
      if (row > column && mark[row] != column) {
        mark[row] = column;
        pattern.rows.push_back(row);
      }
    };
    for (int row : own[column]) add(row);
    for (Index m = meets_start[column]; m < meets_start[column + 1]; ++m) {
      const Index end = leaf.start[meets[m] + 1];
      for (Index e = leaf.start[meets[m]]; e < end; ++e) add(leaf.node[e]);
    }
    std::sort(pattern.rows.begin() + begin, pattern.rows.end());
    pattern.start[column + 1] = static_cast<Index>(pattern.rows.size());
    if (static_cast<double>(pattern.rows.size()) > 0.4 * full) {
      pattern.dense = true;
      pattern.rows.clear();
      pattern.start.clear();
      break;
    }
  }
  return pattern;
}

// target (v_row x v_column) = basis_row' source basis_column.
void standardize_block(const Matrix& basis_row, const double* source, const Matrix& basis_column,
                       Eigen::Ref<Matrix, 0, Eigen::OuterStride<>> target) {
  const ConstMatrixMap block(source, basis_row.rows(), basis_column.rows());
  if (block.size() == 1) {
    target(0, 0) = block(0, 0) * basis_row(0, 0) * basis_column(0, 0);
  } else {
    target = basis_row.transpose() * block * basis_column;
  }
}

void build_leaf_diagonal(const TermSums& leaf, const Matrix& basis, Equations* system) {
  const int v = leaf.v;
  system->leaf_diagonal.resize(v * v, leaf.n_levels);
  for (int j = 0; j < leaf.n_levels; ++j) {
    MatrixMap block(system->leaf_diagonal.col(j).data(), v, v);
    standardize_block(basis, leaf.diagonal.col(j).data(), basis, block);
  }
}

// Where the block of a leaf level and a level of another term is.
struct PanelBlock {
  int row;  // first scalar row
  int term;
  Index entry;  // of the pair

  bool operator<(const PanelBlock& other) const { return row < other.row; }
};

void build_panels(const CrossProducts& moments, const Standardization& basis, Equations* system) {
  const int v0 = moments.terms[0].v;
  const int n_levels = moments.terms[0].n_levels;
  const int k = static_cast<int>(moments.terms.size());
  std::vector<const PairSums*> pairs(1, nullptr);
  std::size_t total = 0;
  for (int s = 1; s < k; ++s) {
    pairs.push_back(&find_pair(moments, 0, s));
    total += pairs[s]->partner.size() * moments.terms[s].v;
  }
  system->panel_start.assign(n_levels + 1, 0);
  system->panel_rows.reserve(total);
  system->panel_values.resize(total * v0);
  std::vector<PanelBlock> blocks;
  for (int j = 0; j < n_levels; ++j) {
    blocks.clear();
    for (int s = 1; s < k; ++s) {
      for (Index e = pairs[s]->start[j]; e < pairs[s]->start[j + 1]; ++e) {
        blocks.push_back({system->scalar_row[s][pairs[s]->partner[e]], s, e});
      }
    }
    std::sort(blocks.begin(), blocks.end());
    for (const PanelBlock& block : blocks) {
      for (int a = 0; a < moments.terms[block.term].v; ++a) {
        system->panel_rows.push_back(block.row + a);
      }
    }
    system->panel_start[j + 1] = static_cast<Index>(system->panel_rows.size());
    MatrixMap panel(system->panel_values.data() + system->panel_start[j] * v0,
                    system->panel_count(j), v0);
    Index at = 0;
    for (const PanelBlock& block : blocks) {
      const int v = moments.terms[block.term].v;
      standardize_block(basis.z_basis[block.term],
                        pairs[block.term]->values.data() + block.entry * v * v0, basis.z_basis[0],
                        panel.middleRows(at, v));
      at += v;
    }
  }
}

void find_runs(Equations* system) {
  const int n_levels = system->leaf_levels();
  for (int j = 0; j < n_levels; ++j) {
    const int* rows = system->rows_of_panel(j);
    const bool same = j > 0 && system->panel_count(j) == system->panel_count(j - 1) &&
                      std::equal(rows, rows + system->panel_count(j), system->rows_of_panel(j - 1));
    if (!same) system->run_start.push_back(j);
  }
  system->run_start.push_back(n_levels);
}

void build_leaf(const CrossProducts& moments, const Standardization& basis, Equations* system) {
  build_leaf_diagonal(moments.terms[0], basis.z_basis[0], system);
  build_panels(moments, basis, system);
  find_runs(system);
  system->panels_full = moments.terms.size() > 1 &&
                        static_cast<Index>(system->panel_rows.size()) ==
                            static_cast<Index>(system->leaf_levels()) * system->remainder_size();
}

void build_remainder(const CrossProducts& moments, const Standardization& basis,
                     Equations* system) {
  const int k = static_cast<int>(moments.terms.size());
  std::vector<std::pair<int, RemainderBlock>> unordered;  // supernode, block
  const auto add = [&](int t, int l, int s, int m, const double* value) {
    // value is v_s x v_t; the stored block has the larger scalar row as its row.
    const int row_t = system->scalar_row[t][l];
    const int row_s = system->scalar_row[s][m];
    const bool keep = row_s >= row_t;
    const int vt = moments.terms[t].v;
    const int vs = moments.terms[s].v;
    RemainderBlock block;
    block.row = keep ? row_s : row_t;
    block.column = keep ? row_t : row_s;
    block.term_row = keep ? s : t;
    block.term_column = keep ? t : s;
    block.value = static_cast<Index>(system->remainder_values.size());
    system->remainder_values.resize(block.value + static_cast<Index>(vs) * vt);
    double* target = system->remainder_values.data() + block.value;
    standardize_block(basis.z_basis[s], value, basis.z_basis[t], MatrixMap(target, vs, vt));
    if (!keep && vs * vt > 1) {
      const Matrix standard = ConstMatrixMap(target, vs, vt);
      MatrixMap(target, vt, vs) = standard.transpose();
    }
    unordered.push_back({system->supernodes.supernode_of[block.column], block});
  };
  for (int t = 1; t < k; ++t) {
    for (int l = 0; l < moments.terms[t].n_levels; ++l) {
      add(t, l, t, l, moments.terms[t].diagonal.col(l).data());
    }
  }
  for (const PairSums& pair : moments.pairs) {
    if (pair.term_row == 0) continue;
    const Index size =
        static_cast<Index>(moments.terms[pair.term_row].v) * moments.terms[pair.term_column].v;
    for (std::size_t l = 0; l + 1 < pair.start.size(); ++l) {
      for (Index e = pair.start[l]; e < pair.start[l + 1]; ++e) {
        add(pair.term_row, static_cast<int>(l), pair.term_column, pair.partner[e],
            pair.values.data() + e * size);
      }
    }
  }
  const int count = system->supernodes.count();
  system->block_start.assign(std::max(count, 0) + 1, 0);
  for (const auto& entry : unordered) ++system->block_start[entry.first + 1];
  for (int s = 0; s < count; ++s) system->block_start[s + 1] += system->block_start[s];
  std::vector<Index> next(system->block_start.begin(), system->block_start.end() - 1);
  system->blocks.resize(unordered.size());
  for (const auto& entry : unordered) system->blocks[next[entry.first]++] = entry.second;
}

// Columns of a wide supernode are visited in chunks that stay in cache while all leaf levels pass.
constexpr int kChunk = 64;

void build_segments(Equations* system) {
  const Supernodes& supernodes = system->supernodes;
  const int count = supernodes.count();
  std::vector<Index> first_chunk(count + 1, 0);
  for (int s = 0; s < count; ++s) {
    const int width = supernodes.first_column[s + 1] - supernodes.first_column[s];
    first_chunk[s + 1] = first_chunk[s] + (width + kChunk - 1) / kChunk;
  }
  const int n_runs = static_cast<int>(system->run_start.size()) - 1;
  const auto walk = [&](const auto& visit) {
    for (int run = 0; run < n_runs; ++run) {
      const int* rows = system->rows_of_panel(system->run_start[run]);
      const int n_rows = static_cast<int>(system->panel_count(system->run_start[run]));
      for (int begin = 0; begin < n_rows;) {
        const int s = supernodes.supernode_of[rows[begin]];
        const int chunk = (rows[begin] - supernodes.first_column[s]) / kChunk;
        const int last = std::min(supernodes.first_column[s + 1],
                                  supernodes.first_column[s] + (chunk + 1) * kChunk);
        int end = begin + 1;
        while (end < n_rows && rows[end] < last) ++end;
        visit(first_chunk[s] + chunk, PanelSegment{run, begin, end});
        begin = end;
      }
    }
  };
  std::vector<Index> start(first_chunk[count] + 1, 0);
  walk([&](Index chunk, PanelSegment) { ++start[chunk + 1]; });
  for (Index c = 0; c < first_chunk[count]; ++c) start[c + 1] += start[c];
  system->segment_start.resize(count + 1);
  for (int s = 0; s <= count; ++s) system->segment_start[s] = start[first_chunk[s]];
  system->segments.resize(start.back());
  walk([&](Index chunk, PanelSegment segment) { system->segments[start[chunk]++] = segment; });
}

// [X y]'W[X y] and [X y]'Wz in standardized units; remainder columns go to the new order.
void build_xy(const CrossProducts& moments, const Standardization& basis, Equations* system) {
  const int p = moments.p;
  Vector inverse(p + 1);
  inverse.head(p) = basis.x_scale.cwiseInverse();
  inverse[p] = 1.0 / basis.y_scale;
  system->xy = inverse.asDiagonal() * moments.xy * inverse.asDiagonal();
  const TermSums& leaf = moments.terms[0];
  system->zxy.leaf = inverse.asDiagonal() * leaf.xy;
  if (leaf.v == 1) {
    system->zxy.leaf *= basis.z_basis[0](0, 0);
  } else {
    Matrix copy;
    for (Index at = 0; at < system->zxy.leaf.cols(); at += leaf.v) {
      copy = system->zxy.leaf.middleCols(at, leaf.v);
      system->zxy.leaf.middleCols(at, leaf.v).noalias() = copy.lazyProduct(basis.z_basis[0]);
    }
  }
  system->zxy.remainder.resize(p + 1, system->remainder_size());
  for (std::size_t t = 1; t < moments.terms.size(); ++t) {
    const TermSums& term = moments.terms[t];
    for (int l = 0; l < term.n_levels; ++l) {
      system->zxy.remainder.middleCols(system->scalar_row[t][l], term.v) =
          inverse.asDiagonal() * term.xy.middleCols(static_cast<Index>(l) * term.v, term.v) *
          basis.z_basis[t];
    }
  }
}

}  // namespace

Equations build_equations(const CrossProducts& moments, const Standardization& basis) {
  Equations system;
  system.n = moments.n;
  system.sum_log_w = moments.sum_log_w;
  system.p = moments.p;
  for (const TermSums& term : moments.terms) {
    system.term_size.push_back(term.v);
    system.term_levels.push_back(term.n_levels);
  }
  const NodeNumbers nodes = number_nodes(moments);
  const LeafNodes leaf = collect_leaf_nodes(moments, nodes);
  system.supernodes = analyze_pattern(remainder_pattern(moments, nodes, leaf));
  system.scalar_row.resize(moments.terms.size());
  system.row_term.resize(system.remainder_size());
  for (std::size_t t = 1; t < moments.terms.size(); ++t) {
    system.scalar_row[t].resize(moments.terms[t].n_levels);
    for (int l = 0; l < moments.terms[t].n_levels; ++l) {
      const int row = system.supernodes.node_start[system.supernodes.new_node[nodes.first[t] + l]];
      system.scalar_row[t][l] = row;
      for (int c = 0; c < moments.terms[t].v; ++c) system.row_term[row + c] = static_cast<int>(t);
    }
  }
  build_leaf(moments, basis, &system);
  build_remainder(moments, basis, &system);
  build_segments(&system);
  build_xy(moments, basis, &system);
  return system;
}

}  // namespace henderson
