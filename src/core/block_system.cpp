#include "block_system.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace henderson {

namespace {

const PairMoments& find_pair(const CrossProducts& moments, int t, int s) {
  const auto found = std::find_if(
      moments.pairs.begin(), moments.pairs.end(),
      [&](const PairMoments& pair) { return pair.term_row == t && pair.term_column == s; });
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
  std::vector<const PairMoments*> pairs;
  for (int s = 1; s < k; ++s) pairs.push_back(&find_pair(moments, 0, s));
  for (int j = 0; j < n_levels; ++j) {
    for (int s = 1; s < k; ++s) {
      const PairMoments& pair = *pairs[s - 1];
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
  for (const PairMoments& pair : moments.pairs) {
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

void build_leaf(const CrossProducts& moments, const Standardization& scales, BlockSystem* system) {
  const TermMoments& leaf = moments.terms[0];
  const int v0 = leaf.v;
  const Matrix& basis = scales.z_basis[0];
  system->leaf_diagonal = leaf.diagonal;
  for (int j = 0; j < leaf.n_levels; ++j) {
    MatrixMap block(system->leaf_diagonal.data() + static_cast<Index>(j) * v0 * v0, v0, v0);
    if (v0 == 1) {
      block *= basis(0, 0) * basis(0, 0);
    } else {
      block = (basis.transpose() * block * basis).eval();
    }
  }
  const int k = static_cast<int>(moments.terms.size());
  system->panel_start.assign(leaf.n_levels + 1, 0);
  if (k == 1) return;
  std::vector<const PairMoments*> pairs;
  for (int s = 1; s < k; ++s) pairs.push_back(&find_pair(moments, 0, s));
  std::vector<std::pair<int, std::pair<int, Index>>> sorted;  // scalar row, (term, block)
  for (int j = 0; j < leaf.n_levels; ++j) {
    sorted.clear();
    for (int s = 1; s < k; ++s) {
      const PairMoments& pair = *pairs[s - 1];
      for (Index e = pair.start[j]; e < pair.start[j + 1]; ++e) {
        sorted.push_back({system->scalar_row[s][pair.partner[e]], {s, e}});
      }
    }
    std::sort(sorted.begin(), sorted.end());
    const Index begin = static_cast<Index>(system->panel_rows.size());
    for (const auto& entry : sorted) {
      for (int a = 0; a < moments.terms[entry.second.first].v; ++a) {
        system->panel_rows.push_back(entry.first + a);
      }
    }
    const Index count = static_cast<Index>(system->panel_rows.size()) - begin;
    system->panel_start[j + 1] = begin + count;
    system->panel_values.resize((begin + count) * v0);
    Index at = 0;
    for (const auto& entry : sorted) {
      const int s = entry.second.first;
      const int vs = moments.terms[s].v;
      const double* value = pairs[s - 1]->values.data() + entry.second.second * vs * v0;
      MatrixMap panel(system->panel_values.data() + begin * v0, count, v0);
      const ConstMatrixMap block(value, vs, v0);
      if (vs == 1 && v0 == 1) {
        panel(at, 0) = *value * basis(0, 0) * scales.z_basis[s](0, 0);
      } else {
        panel.middleRows(at, vs) = scales.z_basis[s].transpose() * block * basis;
      }
      at += vs;
    }
  }
  system->panels_full = static_cast<Index>(system->panel_rows.size()) ==
                        static_cast<Index>(leaf.n_levels) * system->remainder_size();
}

void build_remainder(const CrossProducts& moments, const Standardization& scales,
                     BlockSystem* system) {
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
    if (vs == 1 && vt == 1) {
      *target = *value * scales.z_basis[t](0, 0) * scales.z_basis[s](0, 0);
    } else {
      const Matrix standard =
          scales.z_basis[s].transpose() * ConstMatrixMap(value, vs, vt) * scales.z_basis[t];
      if (keep) {
        MatrixMap(target, vs, vt) = standard;
      } else {
        MatrixMap(target, vt, vs) = standard.transpose();
      }
    }
    unordered.push_back({system->supernodes.supernode_of[block.column], block});
  };
  for (int t = 1; t < k; ++t) {
    for (int l = 0; l < moments.terms[t].n_levels; ++l) {
      add(t, l, t, l, moments.terms[t].diagonal.col(l).data());
    }
  }
  for (const PairMoments& pair : moments.pairs) {
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

void build_segments(BlockSystem* system) {
  const Supernodes& supernodes = system->supernodes;
  const int count = supernodes.count();
  std::vector<Index> first_chunk(count + 1, 0);
  for (int s = 0; s < count; ++s) {
    const int width = supernodes.first_column[s + 1] - supernodes.first_column[s];
    first_chunk[s + 1] = first_chunk[s] + (width + kChunk - 1) / kChunk;
  }
  const auto walk = [&](const std::function<void(Index, PanelSegment)>& visit) {
    for (int j = 0; j < system->leaf_levels(); ++j) {
      const int* rows = system->panel_rows.data() + system->panel_start[j];
      const int n_rows = static_cast<int>(system->panel_start[j + 1] - system->panel_start[j]);
      for (int begin = 0; begin < n_rows;) {
        const int s = supernodes.supernode_of[rows[begin]];
        const int chunk = (rows[begin] - supernodes.first_column[s]) / kChunk;
        const int last = std::min(supernodes.first_column[s + 1],
                                  supernodes.first_column[s] + (chunk + 1) * kChunk);
        int end = begin + 1;
        while (end < n_rows && rows[end] < last) ++end;
        visit(first_chunk[s] + chunk, {j, begin, end});
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
void build_dense(const CrossProducts& moments, const Standardization& scales, BlockSystem* system) {
  const int p = moments.p;
  Vector inverse(p + 1);
  inverse.head(p) = scales.x_scale.cwiseInverse();
  inverse[p] = 1.0 / scales.y_scale;
  system->dense = inverse.asDiagonal() * moments.dense * inverse.asDiagonal();
  const TermMoments& leaf = moments.terms[0];
  system->leaf_dense = inverse.asDiagonal() * leaf.dense;
  for (int j = 0; j < leaf.n_levels; ++j) {
    auto columns = system->leaf_dense.middleCols(static_cast<Index>(j) * leaf.v, leaf.v);
    columns *= scales.z_basis[0];
  }
  system->remainder_dense.resize(p + 1, system->remainder_size());
  for (std::size_t t = 1; t < moments.terms.size(); ++t) {
    const TermMoments& term = moments.terms[t];
    for (int l = 0; l < term.n_levels; ++l) {
      system->remainder_dense.middleCols(system->scalar_row[t][l], term.v) =
          inverse.asDiagonal() * term.dense.middleCols(static_cast<Index>(l) * term.v, term.v) *
          scales.z_basis[t];
    }
  }
}

}  // namespace

BlockSystem build_block_system(const CrossProducts& moments, const Standardization& scales) {
  BlockSystem system;
  system.n = moments.n;
  system.sum_log_w = moments.sum_log_w;
  system.p = moments.p;
  for (const TermMoments& term : moments.terms) {
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
  build_leaf(moments, scales, &system);
  build_remainder(moments, scales, &system);
  build_segments(&system);
  build_dense(moments, scales, &system);
  return system;
}

}  // namespace henderson
