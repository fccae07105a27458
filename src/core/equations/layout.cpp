#include "equations/layout.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace henderson {

namespace {

// Nodes are numbered term by term in the natural order; first[t] is the first node of term t.
struct NodeNumbers {
  std::vector<int> first;
  std::vector<int> size;
  int count = 0;
};

NodeNumbers number_nodes(const Incidence& incidence, int leaf) {
  NodeNumbers nodes;
  nodes.first.assign(incidence.terms.size(), 0);
  for (std::size_t t = 0; t < incidence.terms.size(); ++t) {
    if (static_cast<int>(t) == leaf) continue;
    nodes.first[t] = nodes.count;
    nodes.count += incidence.terms[t].n_levels;
    nodes.size.insert(nodes.size.end(), incidence.terms[t].n_levels, incidence.terms[t].v);
  }
  return nodes;
}

// The pairs of the leaf, by partner; null for itself.
std::vector<const Pair*> leaf_pairs(const Incidence& incidence, int leaf) {
  std::vector<const Pair*> pairs(incidence.terms.size(), nullptr);
  for (const Pair& pair : incidence.pairs) {
    if (pair.term_row == leaf) pairs[pair.term_column] = &pair;
  }
  return pairs;
}

// Nodes that meet each leaf level, ascending.
struct LeafNodes {
  std::vector<Index> start;
  std::vector<int> node;

  Index levels() const { return static_cast<Index>(start.size()) - 1; }
};

LeafNodes collect_leaf_nodes(const Incidence& incidence, const Layout& layout,
                             const NodeNumbers& nodes) {
  LeafNodes leaf;
  leaf.start.assign(layout.leaf_levels() + 1, 0);
  const std::vector<const Pair*> pairs = leaf_pairs(incidence, layout.leaf);
  for (int j = 0; j < layout.leaf_levels(); ++j) {
    for (std::size_t s = 0; s < pairs.size(); ++s) {
      if (pairs[s] == nullptr) continue;
      for (Index e = pairs[s]->start[j]; e < pairs[s]->start[j + 1]; ++e) {
        leaf.node.push_back(nodes.first[s] + pairs[s]->partner[e]);
      }
    }
    leaf.start[j + 1] = static_cast<Index>(leaf.node.size());
  }
  return leaf;
}

// Nodes of larger number that each node of the remainder meets, or depends on.
std::vector<std::vector<int>> own_partners(const Incidence& incidence, const Layout& layout,
                                           const std::vector<LevelPrecision>& precisions,
                                           const NodeNumbers& nodes) {
  std::vector<std::vector<int>> own(nodes.count);
  for (const Pair& pair : incidence.pairs) {
    if (layout.is_leaf(pair.term_row)) continue;
    for (std::size_t l = 0; l + 1 < pair.start.size(); ++l) {
      const int column = nodes.first[pair.term_row] + static_cast<int>(l);
      for (Index e = pair.start[l]; e < pair.start[l + 1]; ++e) {
        own[column].push_back(nodes.first[pair.term_column] + pair.partner[e]);
      }
    }
  }
  for (std::size_t t = 0; t < precisions.size(); ++t) {
    const SparseLower& inverse = precisions[t].inverse;
    for (int l = 0; l < inverse.size; ++l) {
      for (Index e = inverse.start[l]; e < inverse.start[l + 1]; ++e) {
        if (inverse.row[e] > l) own[nodes.first[t] + l].push_back(nodes.first[t] + inverse.row[e]);
      }
    }
  }
  return own;
}

// Pattern of the remainder after the leaf is eliminated: own blocks and a clique per leaf level.
NodePattern remainder_pattern(const Incidence& incidence, const Layout& layout,
                              const std::vector<LevelPrecision>& precisions,
                              const NodeNumbers& nodes, const LeafNodes& leaf) {
  NodePattern pattern;
  pattern.n_nodes = nodes.count;
  pattern.node_size = nodes.size;
  const Index n = nodes.count;
  const Index full = n * (n - 1) / 2;
  std::vector<Index> meets_start(n + 1, 0);
  for (int node : leaf.node) ++meets_start[node + 1];
  for (Index i = 0; i < n; ++i) meets_start[i + 1] += meets_start[i];
  std::vector<Index> next(meets_start.begin(), meets_start.end() - 1);
  std::vector<int> meets(leaf.node.size());
  for (int j = 0; j < leaf.levels(); ++j) {
    for (Index e = leaf.start[j]; e < leaf.start[j + 1]; ++e) meets[next[leaf.node[e]]++] = j;
    // A level that meets (nearly) all nodes makes the remainder dense: no list is needed.
    if (n > 1 && leaf.start[j + 1] - leaf.start[j] > 0.8 * n) pattern.dense = true;
  }
  if (n <= 16) pattern.dense = true;
  if (pattern.dense) return pattern;
  const std::vector<std::vector<int>> own = own_partners(incidence, layout, precisions, nodes);
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

// Scalar rows of the remainder by term and level.
void number_rows(const NodeNumbers& nodes, Layout* layout) {
  layout->scalar_row.resize(layout->n_terms());
  layout->row_term.resize(layout->remainder_size());
  for (int t = 0; t < layout->n_terms(); ++t) {
    if (layout->is_leaf(t)) continue;
    layout->scalar_row[t].resize(layout->term_levels[t]);
    for (int l = 0; l < layout->term_levels[t]; ++l) {
      const int node = layout->supernodes.new_node[nodes.first[t] + l];
      const int row = layout->supernodes.node_start[node];
      layout->scalar_row[t][l] = row;
      for (int c = 0; c < layout->term_size[t]; ++c) layout->row_term[row + c] = t;
    }
  }
}

void place_panels(const Incidence& incidence, Layout* layout) {
  const std::vector<const Pair*> pairs = leaf_pairs(incidence, layout->leaf);
  std::size_t total = 0;
  for (std::size_t s = 0; s < pairs.size(); ++s) {
    if (pairs[s] != nullptr) total += pairs[s]->partner.size() * layout->term_size[s];
  }
  layout->panel_start.assign(layout->leaf_levels() + 1, 0);
  layout->panel_rows.reserve(total);
  std::vector<std::pair<int, int>> blocks;  // first scalar row, columns
  for (int j = 0; j < layout->leaf_levels(); ++j) {
    blocks.clear();
    for (std::size_t s = 0; s < pairs.size(); ++s) {
      if (pairs[s] == nullptr) continue;
      for (Index e = pairs[s]->start[j]; e < pairs[s]->start[j + 1]; ++e) {
        blocks.push_back({layout->scalar_row[s][pairs[s]->partner[e]], layout->term_size[s]});
      }
    }
    std::sort(blocks.begin(), blocks.end());
    for (const std::pair<int, int>& block : blocks) {
      for (int a = 0; a < block.second; ++a) layout->panel_rows.push_back(block.first + a);
    }
    layout->panel_start[j + 1] = static_cast<Index>(layout->panel_rows.size());
  }
}

void find_runs(Layout* layout) {
  const int n_levels = layout->leaf_levels();
  for (int j = 0; j < n_levels; ++j) {
    const int* rows = layout->rows_of_panel(j);
    const bool same = j > 0 && layout->panel_count(j) == layout->panel_count(j - 1) &&
                      std::equal(rows, rows + layout->panel_count(j), layout->rows_of_panel(j - 1));
    if (!same) layout->run_start.push_back(j);
  }
  layout->run_start.push_back(n_levels);
}

// Sorts what is by column into what is by supernode, which start then tells.
template <class Block>
void sort_by_supernode(const Supernodes& supernodes, const std::vector<Block>& unordered,
                       std::vector<Block>* sorted, std::vector<Index>* start) {
  const int count = std::max(supernodes.count(), 0);
  start->assign(count + 1, 0);
  for (const Block& block : unordered) ++(*start)[supernodes.supernode_of[block.column] + 1];
  for (int s = 0; s < count; ++s) (*start)[s + 1] += (*start)[s];
  std::vector<Index> next(start->begin(), start->end() - 1);
  sorted->resize(unordered.size());
  for (const Block& block : unordered) {
    (*sorted)[next[supernodes.supernode_of[block.column]]++] = block;
  }
}

// Values follow each other in the order in which Equations::fill() meets them.
void place_remainder(const Incidence& incidence, Layout* layout) {
  std::vector<RemainderBlock> unordered;
  const auto add = [&](int t, int l, int s, int m) {
    RemainderBlock block;
    block.row = layout->scalar_row[s][m];
    block.column = layout->scalar_row[t][l];
    block.term_row = s;
    block.term_column = t;
    if (block.row < block.column) {
      std::swap(block.row, block.column);
      std::swap(block.term_row, block.term_column);
    }
    block.value = layout->n_remainder_values;
    layout->n_remainder_values += static_cast<Index>(layout->term_size[t]) * layout->term_size[s];
    unordered.push_back(block);
  };
  for (int t = 0; t < layout->n_terms(); ++t) {
    if (layout->is_leaf(t)) continue;
    for (int l = 0; l < layout->term_levels[t]; ++l) add(t, l, t, l);
  }
  for (const Pair& pair : incidence.pairs) {
    if (layout->is_leaf(pair.term_row)) continue;
    for (std::size_t l = 0; l + 1 < pair.start.size(); ++l) {
      for (Index e = pair.start[l]; e < pair.start[l + 1]; ++e) {
        add(pair.term_row, static_cast<int>(l), pair.term_column, pair.partner[e]);
      }
    }
  }
  sort_by_supernode(layout->supernodes, unordered, &layout->blocks, &layout->block_start);
}

void place_precisions(const std::vector<LevelPrecision>& precisions, Layout* layout) {
  layout->has_precision.assign(layout->n_terms(), 0);
  layout->level_covariance.resize(layout->n_terms());
  layout->precision_start.assign(std::max(layout->supernodes.count(), 0) + 1, 0);
  std::vector<PrecisionBlock> unordered;
  for (std::size_t t = 0; t < precisions.size(); ++t) {
    const SparseLower& inverse = precisions[t].inverse;
    if (precisions[t].empty()) continue;
    const int v = layout->term_size[t];
    const std::vector<int>& first = layout->scalar_row[t];
    if (!layout->any_precision()) {
      layout->precision_diagonal = Vector::Ones(layout->remainder_size());
    }
    layout->has_precision[t] = 1;
    layout->level_covariance[t] = precisions[t].covariance;
    layout->log_det_levels += v * precisions[t].log_det;
    for (int l = 0; l < inverse.size; ++l) {
      for (Index e = inverse.start[l]; e < inverse.start[l + 1]; ++e) {
        const int m = inverse.row[e];
        if (m == l) {
          layout->precision_diagonal.segment(first[l], v).setConstant(inverse.value[e]);
        } else {
          unordered.push_back({std::max(first[l], first[m]), std::min(first[l], first[m]),
                               static_cast<int>(t), inverse.value[e]});
        }
      }
    }
  }
  if (unordered.empty()) return;
  sort_by_supernode(layout->supernodes, unordered, &layout->precision_blocks,
                    &layout->precision_start);
}

void check_precisions(const Incidence& incidence, const std::vector<LevelPrecision>& precisions) {
  if (precisions.empty()) return;
  if (precisions.size() != incidence.terms.size()) {
    throw std::invalid_argument("precisions must be given for every term, or for none");
  }
  for (std::size_t t = 0; t < precisions.size(); ++t) {
    if (!precisions[t].empty() && precisions[t].inverse.size != incidence.terms[t].n_levels) {
      throw std::invalid_argument("a precision must have a row for each level of its term");
    }
  }
}

// Columns of a wide supernode are visited in chunks that stay in cache while all leaf levels pass.
constexpr int kChunk = 64;

void build_segments(Layout* layout) {
  const Supernodes& supernodes = layout->supernodes;
  const int count = supernodes.count();
  std::vector<Index> first_chunk(count + 1, 0);
  for (int s = 0; s < count; ++s) {
    const int width = supernodes.first_column[s + 1] - supernodes.first_column[s];
    first_chunk[s + 1] = first_chunk[s] + (width + kChunk - 1) / kChunk;
  }
  const int n_runs = static_cast<int>(layout->run_start.size()) - 1;
  const auto walk = [&](const auto& visit) {
    for (int run = 0; run < n_runs; ++run) {
      const int* rows = layout->rows_of_panel(layout->run_start[run]);
      const int n_rows = static_cast<int>(layout->panel_count(layout->run_start[run]));
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
  layout->segment_start.resize(count + 1);
  for (int s = 0; s <= count; ++s) layout->segment_start[s] = start[first_chunk[s]];
  layout->segments.resize(start.back());
  walk([&](Index chunk, PanelSegment segment) { layout->segments[start[chunk]++] = segment; });
}

}  // namespace

Layout::Layout(const Incidence& incidence, const std::vector<LevelPrecision>& precisions) {
  check_precisions(incidence, precisions);
  p = incidence.p;
  for (const TermColumns& term : incidence.terms) {
    term_size.push_back(term.v);
    term_levels.push_back(term.n_levels);
  }
  // Fewer levels of another term, eliminated first, would tie together all that they meet.
  if (!precisions.empty() && !precisions[0].empty()) leaf = -1;
  if (incidence.terms.empty()) leaf = -1;
  // A leaf's levels are independent of each other.
  if (incidence.find_pair(0, 0) >= 0) leaf = -1;
  const NodeNumbers nodes = number_nodes(incidence, leaf);
  {
    const LeafNodes leaf_nodes = collect_leaf_nodes(incidence, *this, nodes);
    supernodes =
        analyze_pattern(remainder_pattern(incidence, *this, precisions, nodes, leaf_nodes));
  }
  number_rows(nodes, this);
  place_panels(incidence, this);
  find_runs(this);
  panels_full =
      leaf >= 0 && n_terms() > 1 &&
      static_cast<Index>(panel_rows.size()) == static_cast<Index>(leaf_levels()) * remainder_size();
  place_remainder(incidence, this);
  place_precisions(precisions, this);
  build_segments(this);
}

}  // namespace henderson
