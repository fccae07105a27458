#include "equations/level_order.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "algebra/small.h"

namespace henderson {

namespace {

// The later term of which the levels of term t meet the fewest; null if they meet many of each.
const Pair* closest_pair(const Incidence& incidence, int t) {
  const Pair* closest = nullptr;
  for (const Pair& pair : incidence.pairs) {
    if (pair.term_row != t || pair.term_column == t) continue;
    if (closest == nullptr || pair.partner.size() < closest->partner.size()) closest = &pair;
  }
  const double few = 1.5 * incidence.terms[t].n_levels;
  if (closest == nullptr || static_cast<double>(closest->partner.size()) > few) return nullptr;
  return closest;
}

std::vector<int> inverse(const std::vector<int>& order) {
  std::vector<int> position(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) position[order[i]] = static_cast<int>(i);
  return position;
}

// Counting sort by the position of the first partner; levels without one go last.
std::vector<int> sort_by_partner(const Pair& pair, int n_partners,
                                 const std::vector<int>& position) {
  const int n_levels = static_cast<int>(pair.start.size()) - 1;
  std::vector<int> key(n_levels, n_partners);
  std::vector<int> next(n_partners + 2, 0);
  for (int j = 0; j < n_levels; ++j) {
    if (pair.start[j] < pair.start[j + 1]) {
      const int partner = pair.partner[pair.start[j]];
      key[j] = position.empty() ? partner : position[partner];
    }
    ++next[key[j] + 1];
  }
  for (int k = 0; k <= n_partners; ++k) next[k + 1] += next[k];
  std::vector<int> order(n_levels);
  for (int j = 0; j < n_levels; ++j) order[next[key[j]]++] = j;
  return order;
}

// Groups of `size` columns.
Matrix gather_columns(const Matrix& matrix, const std::vector<int>& order, Index size) {
  Matrix sorted(matrix.rows(), matrix.cols());
  const Index width = matrix.rows() * size;
  double* target = sorted.data();
  with_width(width, [&](auto w) {
    for (const int group : order) {
      const double* source = matrix.data() + group * width_or<w>(width);
      for (Index i = 0; i < width_or<w>(width); ++i) *target++ = source[i];
    }
  });
  return sorted;
}

// Another order of the levels, and `values` with it.
Pair gather_pair(const Pair& pair, Index size, const std::vector<int>& row_order,
                 const std::vector<int>& column_position, std::vector<double>* values) {
  Pair sorted;
  sorted.term_row = pair.term_row;
  sorted.term_column = pair.term_column;
  sorted.start.assign(pair.start.size(), 0);
  sorted.partner.reserve(pair.partner.size());
  std::vector<double> sorted_values;
  sorted_values.reserve(values->size());
  std::vector<std::pair<int, Index>> entries;  // partner, where its values are
  for (std::size_t j = 0; j + 1 < pair.start.size(); ++j) {
    const std::size_t old = row_order.empty() ? j : static_cast<std::size_t>(row_order[j]);
    entries.clear();
    for (Index e = pair.start[old]; e < pair.start[old + 1]; ++e) {
      const int partner = pair.partner[e];
      entries.push_back({column_position.empty() ? partner : column_position[partner], e});
    }
    std::sort(entries.begin(), entries.end());
    for (const std::pair<int, Index>& entry : entries) {
      const auto value = values->begin() + entry.second * size;
      sorted.partner.push_back(entry.first);
      sorted_values.insert(sorted_values.end(), value, value + size);
    }
    sorted.start[j + 1] = static_cast<Index>(sorted.partner.size());
  }
  *values = std::move(sorted_values);
  return sorted;
}

// Level j of term t becomes what was level order[t][j]; position: the inverse of that. Empty: as it
// was.
void gather_levels(const std::vector<std::vector<int>>& order,
                   const std::vector<std::vector<int>>& position, CrossProducts* moments) {
  const auto is_empty = [](const std::vector<int>& own) { return own.empty(); };
  if (std::all_of(order.begin(), order.end(), is_empty)) return;
  for (std::size_t t = 0; t < order.size(); ++t) {
    if (order[t].empty()) continue;
    TermSums& term = moments->terms[t];
    term.xy = gather_columns(term.xy, order[t], term.v);
    term.diagonal = gather_columns(term.diagonal, order[t], 1);
  }
  const Incidence& old = *moments->incidence;
  const auto incidence = std::make_shared<Incidence>();
  incidence->p = old.p;
  incidence->intercept = old.intercept;
  incidence->terms = old.terms;
  for (std::size_t k = 0; k < old.pairs.size(); ++k) {
    const Pair& pair = old.pairs[k];
    const std::vector<int>& row_order = order[pair.term_row];
    const std::vector<int>& column_position = position[pair.term_column];
    const bool stays = row_order.empty() && column_position.empty();
    incidence->pairs.push_back(stays ? pair
                                     : gather_pair(pair, old.block_size(pair), row_order,
                                                   column_position, &moments->pairs[k]));
  }
  moments->incidence = incidence;
}

}  // namespace

LevelOrder sort_levels(CrossProducts* moments, int least) {
  const int k = static_cast<int>(moments->terms.size());
  LevelOrder order;
  order.original.resize(k);
  if (k == 0 || moments->terms[0].n_levels < least) return order;
  std::vector<std::vector<int>> position(k);
  for (int t = k - 2; t >= 0; --t) {
    const Pair* pair = closest_pair(*moments->incidence, t);
    if (pair == nullptr) continue;
    const int s = pair->term_column;
    std::vector<int> sorted = sort_by_partner(*pair, moments->terms[s].n_levels, position[s]);
    if (std::is_sorted(sorted.begin(), sorted.end())) continue;
    position[t] = inverse(sorted);
    order.original[t] = std::move(sorted);
  }
  gather_levels(order.original, position, moments);
  return order;
}

Matrix restore_columns(const LevelOrder& order, int term, const Matrix& columns) {
  const std::vector<int>& original = order.original[term];
  return original.empty() ? columns : gather_columns(columns, inverse(original), 1);
}

void restore_levels(const LevelOrder& order, CrossProducts* moments) {
  std::vector<std::vector<int>> position;
  for (const std::vector<int>& original : order.original) position.push_back(inverse(original));
  gather_levels(position, order.original, moments);
}

}  // namespace henderson
