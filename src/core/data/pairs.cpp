#include "data/pairs.h"

#include <algorithm>
#include <utility>

#include "algebra/interrupt.h"
#include "data/level_values.h"

namespace henderson {

namespace {

constexpr Index kRowBlock = 512;  // rows between two looks at what has been found

// Rows in the order of a term's levels (counting sort): order[start[j] .. start[j+1]) are level
// j's.
struct RowOrder {
  std::vector<Index> start;
  std::vector<int> order;
};

RowOrder sort_by_level(const BlockTermRows& term, const DataRows& rows) {
  RowOrder sorted;
  sorted.start.assign(term.n_levels + 1, 0);
  for (Index i = 0; i < rows.n; ++i) {
    if (weight_of(rows, i) > 0) ++sorted.start[term.level[i]];
  }
  for (int j = 0; j < term.n_levels; ++j) sorted.start[j + 1] += sorted.start[j];
  sorted.order.resize(sorted.start.back());
  std::vector<Index> next(sorted.start.begin(), sorted.start.end() - 1);
  for (Index i = 0; i < rows.n; ++i) {
    if (weight_of(rows, i) > 0) sorted.order[next[term.level[i] - 1]++] = static_cast<int>(i);
  }
  return sorted;
}

// For each level of term t the only level of term s that its rows are in (-1: it has no rows).
// Empty if the rows of some level are in several: t is not nested in s.
std::vector<int> find_enclosing(const DataRows& rows, int t, int s) {
  const int* inner = rows.terms[t].level;
  const int* outer = rows.terms[s].level;
  std::vector<int> enclosing(rows.terms[t].n_levels, -1);
  const bool far = rows.terms[t].n_levels > kCacheDoubles;
  for (Index first = 0; first < rows.n; first += kRowBlock) {
    bool nested = true;  // without a branch for every row
    for (Index i = first; i < std::min(rows.n, first + kRowBlock); ++i) {
      if (far && i + kAhead < rows.n) __builtin_prefetch(&enclosing[inner[i + kAhead] - 1], 1);
      if (!(weight_of(rows, i) > 0)) continue;
      int& level = enclosing[inner[i] - 1];
      level = level < 0 ? outer[i] - 1 : level;
      nested &= level == outer[i] - 1;
    }
    if (!nested) return {};
  }
  return enclosing;
}

// Z_t' W Z_s where t is nested in s: at most one block per level of t, and where both are
// intercepts it is that of Z_t' W Z_t.
void nested_pair(const DataRows& rows, const std::vector<Vector>& shifts, const TermSums& sums,
                 const std::vector<int>& enclosing, Pair* pattern, std::vector<double>* sum) {
  Pair& pair = *pattern;
  const int t = pair.term_row;
  const int s = pair.term_column;
  const BlockTermRows& row_term = rows.terms[t];
  const BlockTermRows& column_term = rows.terms[s];
  const Index vt = shifts[t].size();
  const Index vs = shifts[s].size();
  pair.start.assign(row_term.n_levels + 1, 0);
  pair.partner.reserve(row_term.n_levels);
  for (int j = 0; j < row_term.n_levels; ++j) {
    if (enclosing[j] >= 0) pair.partner.push_back(enclosing[j]);
    pair.start[j + 1] = static_cast<Index>(pair.partner.size());
  }
  sum->assign(pair.partner.size() * vs * vt, 0.0);
  if (is_ones(row_term) && is_ones(column_term)) {
    for (int j = 0; j < row_term.n_levels; ++j) {
      if (enclosing[j] >= 0) (*sum)[pair.start[j]] = sums.diagonal(0, j);
    }
    return;
  }
  for (Index i = 0; i < rows.n; ++i) {
    const double w = weight_of(rows, i);
    if (!(w > 0)) continue;
    double* value = sum->data() + pair.start[row_term.level[i] - 1] * vs * vt;
    for (Index a = 0; a < vt; ++a) {
      const double wz = w * z_value(row_term, shifts[t], a, i);
      for (Index b = 0; b < vs; ++b) *value++ += wz * z_value(column_term, shifts[s], b, i);
    }
  }
}

void crossed_pair(const DataRows& rows, const RowOrder& sorted, const std::vector<Vector>& shifts,
                  Pair* pattern, std::vector<double>* sum) {
  Pair& pair = *pattern;
  const int t = pair.term_row;
  const int s = pair.term_column;
  const BlockTermRows& row_term = rows.terms[t];
  const BlockTermRows& column_term = rows.terms[s];
  const Index vt = shifts[t].size();
  const Index vs = shifts[s].size();
  pair.start.assign(row_term.n_levels + 1, 0);
  std::vector<int> seen(column_term.n_levels, -1);
  std::vector<Index> position(column_term.n_levels, 0);
  const bool counts = is_ones(row_term) && is_ones(column_term) && rows.weights == nullptr;
  for (int j = 0; j < row_term.n_levels; ++j) {
    const Index first = static_cast<Index>(pair.partner.size());
    for (Index q = sorted.start[j]; q < sorted.start[j + 1]; ++q) {
      const int l = column_term.level[sorted.order[q]] - 1;
      if (seen[l] != j) {
        seen[l] = j;
        pair.partner.push_back(l);
      }
    }
    std::sort(pair.partner.begin() + first, pair.partner.end());
    const Index last = static_cast<Index>(pair.partner.size());
    pair.start[j + 1] = last;
    for (Index k = first; k < last; ++k) position[pair.partner[k]] = k;
    sum->resize(static_cast<std::size_t>(last) * vs * vt, 0.0);
    for (Index q = sorted.start[j]; q < sorted.start[j + 1]; ++q) {
      const Index i = sorted.order[q];
      double* value = sum->data() + position[column_term.level[i] - 1] * vs * vt;
      if (counts) {
        *value += 1.0;
        continue;
      }
      const double w = weight_of(rows, i);
      for (Index a = 0; a < vt; ++a) {
        const double wz = w * z_value(row_term, shifts[t], a, i);
        for (Index b = 0; b < vs; ++b) *value++ += wz * z_value(column_term, shifts[s], b, i);
      }
    }
  }
}

}  // namespace

// What is nested in a term that is itself
// nested in s is nested in s: no need to look at the rows.
Enclosing find_all_enclosing(const DataRows& rows) {
  const int k = static_cast<int>(rows.terms.size());
  Enclosing enclosing(k);
  for (int t = k - 2; t >= 0; --t) {
    for (int s = t + 1; s < k; ++s) {
      std::vector<int> levels;
      for (int r = t + 1; r < s && levels.empty(); ++r) {
        const std::vector<int>& inner = enclosing[t][r - t - 1];
        const std::vector<int>& outer = enclosing[r][s - r - 1];
        if (inner.empty() || outer.empty()) continue;
        levels = inner;
        for (int& level : levels) level = level < 0 ? -1 : outer[level];
      }
      if (levels.empty()) levels = find_enclosing(rows, t, s);
      enclosing[t].push_back(std::move(levels));
    }
  }
  return enclosing;
}

PairSums accumulate_pairs(const DataRows& rows, const Enclosing& enclosing,
                          const std::vector<Vector>& shifts, const std::vector<TermSums>& sums) {
  PairSums pairs;
  for (int t = 0; t < static_cast<int>(enclosing.size()); ++t) {
    RowOrder sorted;  // only made where t is crossed with another term
    for (std::size_t i = 0; i < enclosing[t].size(); ++i) {
      check_interrupt();
      const std::vector<int>& levels = enclosing[t][i];
      Pair pair;
      pair.term_row = t;
      pair.term_column = t + 1 + static_cast<int>(i);
      std::vector<double> values;
      if (levels.empty()) {
        if (sorted.start.empty()) sorted = sort_by_level(rows.terms[t], rows);
        crossed_pair(rows, sorted, shifts, &pair, &values);
      } else {
        nested_pair(rows, shifts, sums[t], levels, &pair, &values);
      }
      pairs.pattern.push_back(std::move(pair));
      pairs.values.push_back(std::move(values));
    }
  }
  return pairs;
}

}  // namespace henderson
