#include "data/rearrange.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <utility>

#include "data/gram.h"

namespace henderson {

namespace {

int place_of(const NewLevels& levels, int level) {
  return levels.position.empty() ? level : levels.position[level];
}

void require_places(const NewLevels& levels, int n_levels) {
  if (levels.position.empty()) {
    if (levels.n_levels < n_levels) throw std::invalid_argument("levels cannot be left out");
    return;
  }
  if (static_cast<int>(levels.position.size()) != n_levels) {
    throw std::invalid_argument("a place is needed for each level");
  }
  std::vector<bool> taken(levels.n_levels, false);
  for (const int place : levels.position) {
    if (place == -1) continue;
    if (place < 0 || place >= levels.n_levels || taken[place]) {
      throw std::invalid_argument("levels need different places");
    }
    taken[place] = true;
  }
}

// `size` columns for each level.
Matrix scatter(const Matrix& columns, const NewLevels& levels, Index size) {
  const int n_levels = static_cast<int>(columns.cols() / size);
  Matrix scattered = Matrix::Zero(columns.rows(), size * levels.n_levels);
  for (int j = 0; j < n_levels; ++j) {
    if (place_of(levels, j) < 0) continue;
    scattered.middleCols(place_of(levels, j) * size, size) = columns.middleCols(j * size, size);
  }
  return scattered;
}

struct Entry {
  int row;
  int column;
  Index value;  // where its block is
};

// Entries of a pair between terms whose levels have new places, and whose order may have changed.
std::vector<Entry> moved_entries(const Pair& pair, const NewLevels& rows, const NewLevels& columns,
                                 bool transposed) {
  std::vector<Entry> entries;
  entries.reserve(pair.partner.size());
  for (std::size_t j = 0; j + 1 < pair.start.size(); ++j) {
    const int row = place_of(rows, static_cast<int>(j));
    if (row < 0) continue;
    for (Index e = pair.start[j]; e < pair.start[j + 1]; ++e) {
      const int column = place_of(columns, pair.partner[e]);
      if (column < 0) continue;
      entries.push_back(transposed ? Entry{column, row, e} : Entry{row, column, e});
    }
  }
  const auto before = [](const Entry& a, const Entry& b) {
    return a.row != b.row ? a.row < b.row : a.column < b.column;
  };
  if (!std::is_sorted(entries.begin(), entries.end(), before)) {
    std::sort(entries.begin(), entries.end(), before);
  }
  return entries;
}

// v_row, v_column: columns of the terms of the new pair.
Pair pack_entries(const std::vector<Entry>& entries, int n_rows, Index v_row, Index v_column,
                  bool transposed, const std::vector<double>& from, std::vector<double>* values) {
  Pair pair;
  pair.start.assign(static_cast<std::size_t>(n_rows) + 1, 0);
  pair.partner.reserve(entries.size());
  const Index size = v_row * v_column;
  values->resize(entries.size() * size);
  for (const Entry& entry : entries) {
    double* to = values->data() + static_cast<Index>(pair.partner.size()) * size;
    const double* block = from.data() + entry.value * size;
    if (transposed) {
      MatrixMap(to, v_column, v_row) = ConstMatrixMap(block, v_row, v_column).transpose();
    } else {
      std::copy(block, block + size, to);
    }
    pair.partner.push_back(entry.column);
    ++pair.start[static_cast<std::size_t>(entry.row) + 1];
  }
  for (int j = 0; j < n_rows; ++j) pair.start[j + 1] += pair.start[j];
  return pair;
}

// The pair of two terms in their new order, which are the a-th and the b-th of the old one.
Pair move_pair(const CrossProducts& sums, const std::vector<NewLevels>& levels, int a, int b,
               std::vector<double>* values) {
  const bool transposed = a > b;
  const Incidence& old = *sums.incidence;
  const int at = old.find_pair(std::min(a, b), std::max(a, b));
  const Pair& pair = old.pairs[at];
  const std::vector<Entry> entries =
      moved_entries(pair, levels[pair.term_row], levels[pair.term_column], transposed);
  return pack_entries(entries, levels[a].n_levels, old.terms[a].v, old.terms[b].v, transposed,
                      sums.pairs[at], values);
}

}  // namespace

CrossProducts rearrange(const CrossProducts& sums, const std::vector<int>& order,
                        const std::vector<NewLevels>& levels) {
  const std::size_t k = sums.terms.size();
  std::vector<int> sorted = order;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t t = 0; t < sorted.size(); ++t) {
    if (sorted[t] != static_cast<int>(t)) throw std::invalid_argument("each term must occur once");
  }
  if (order.size() != k || levels.size() != k) throw std::invalid_argument("other terms");
  for (std::size_t t = 0; t < k; ++t) require_places(levels[t], sums.terms[t].n_levels);
  CrossProducts result;
  result.n = sums.n;
  result.sum_log_w = sums.sum_log_w;
  result.xy = sums.xy;
  result.shifts.x = sums.shifts.x;
  result.shifts.y = sums.shifts.y;
  const auto incidence = std::make_shared<Incidence>();
  incidence->p = sums.p();
  incidence->intercept = sums.intercept();
  for (const int t : order) {
    result.shifts.z.push_back(sums.shifts.z[t]);
    TermSums term;
    term.v = sums.terms[t].v;
    term.n_levels = levels[t].n_levels;
    term.xy = scatter(sums.terms[t].xy, levels[t], term.v);
    term.diagonal = scatter(sums.terms[t].diagonal, levels[t], 1);
    result.terms.push_back(std::move(term));
    incidence->terms.push_back(sums.incidence->terms[t]);
    incidence->terms.back().n_levels = levels[t].n_levels;
  }
  for (std::size_t a = 0; a < k; ++a) {
    for (std::size_t b = a; b < k; ++b) {
      const int from = std::min(order[a], order[b]);
      if (sums.incidence->find_pair(from, std::max(order[a], order[b])) < 0) continue;
      std::vector<double> values;
      Pair pair = move_pair(sums, levels, order[a], order[b], &values);
      pair.term_row = static_cast<int>(a);
      pair.term_column = static_cast<int>(b);
      incidence->pairs.push_back(std::move(pair));
      result.pairs.push_back(std::move(values));
    }
  }
  result.incidence = incidence;
  return result;
}

namespace {

// Where a column is among those chosen; -1: nowhere.
int place_among(const std::vector<int>& positions, int wanted) {
  const auto found = std::find(positions.begin(), positions.end(), wanted);
  return found == positions.end() ? -1 : static_cast<int>(found - positions.begin());
}

// About zero where the column of ones goes, and y about its fit on the columns that stay.
CrossProducts recentred_for(const CrossProducts& sums, const std::vector<int>& x,
                            const std::vector<std::vector<int>>& z) {
  CrossProducts moved = sums;
  Shifts shifts = sums.shifts;
  const int ones = sums.intercept();
  if (ones >= 0 && place_among(x, ones) < 0) {
    // (X - x) y = X y - ones x'y
    shifts.y[ones] -= shifts.x.dot(shifts.y);
    shifts.x.setZero();
  }
  for (int c = 0; c < sums.p(); ++c) {
    if (place_among(x, c) < 0) shifts.y[c] = 0;
  }
  for (std::size_t t = 0; t < z.size(); ++t) {
    const std::vector<int>& with = sums.incidence->terms[t].centred_with;
    for (std::size_t c = 0; c < with.size(); ++c) {
      if (with[c] >= 0 && place_among(z[t], with[c]) < 0) shifts.z[t][c] = 0;
    }
  }
  recentre(shifts, &moved);
  const int kept = static_cast<int>(x.size());
  Matrix gram(kept + 1, kept + 1);
  const auto old = [&](int c) { return c < kept ? x[c] : sums.p(); };
  for (int c = 0; c <= kept; ++c) {
    for (int r = 0; r <= kept; ++r) gram(r, c) = moved.xy(old(r), old(c));
  }
  const Vector change = least_squares(gram, kept);
  if (!change.allFinite()) return moved;
  for (int c = 0; c < kept; ++c) shifts.y[x[c]] += change[c];
  recentre(shifts, &moved);
  return moved;
}

Vector pick(const Vector& values, const std::vector<int>& positions) {
  Vector picked(static_cast<Index>(positions.size()));
  for (std::size_t i = 0; i < positions.size(); ++i) picked[i] = values[positions[i]];
  return picked;
}

Matrix pick_rows(const Matrix& from, const std::vector<int>& rows) {
  Matrix picked(static_cast<Index>(rows.size()), from.cols());
  for (std::size_t r = 0; r < rows.size(); ++r) picked.row(r) = from.row(rows[r]);
  return picked;
}

TermSums pick_term(const TermSums& term, const std::vector<int>& rows,
                   const std::vector<int>& columns) {
  TermSums picked;
  picked.v = static_cast<int>(columns.size());
  picked.n_levels = term.n_levels;
  const Index width = static_cast<Index>(rows.size());
  picked.xy = Matrix(width, static_cast<Index>(picked.v) * term.n_levels);
  picked.diagonal = Matrix(static_cast<Index>(picked.v) * picked.v, term.n_levels);
  for (int j = 0; j < term.n_levels; ++j) {
    for (int c = 0; c < picked.v; ++c) {
      const Index from = static_cast<Index>(j) * term.v + columns[c];
      const Index to = static_cast<Index>(j) * picked.v + c;
      for (Index r = 0; r < width; ++r) picked.xy(r, to) = term.xy(rows[r], from);
      for (int d = 0; d < picked.v; ++d) {
        picked.diagonal(d + c * picked.v, j) = term.diagonal(columns[d] + columns[c] * term.v, j);
      }
    }
  }
  return picked;
}

TermColumns pick_columns(const TermColumns& term, const std::vector<int>& columns) {
  TermColumns picked;
  picked.v = static_cast<int>(columns.size());
  picked.n_levels = term.n_levels;
  for (const int c : columns) {
    const int with = term.centred_with[c];
    picked.centred_with.push_back(with < 0 ? -1 : place_among(columns, with));
  }
  return picked;
}

std::vector<double> pick_pair(const std::vector<double>& values, Index v_row, Index v_column,
                              const std::vector<int>& rows, const std::vector<int>& columns) {
  std::vector<double> picked;
  const Index size = v_row * v_column;
  for (std::size_t at = 0; at < values.size(); at += size) {
    for (const int r : rows) {
      for (const int c : columns) picked.push_back(values[at + c + r * v_column]);
    }
  }
  return picked;
}

}  // namespace

CrossProducts select_columns(const CrossProducts& sums, const std::vector<int>& x,
                             const std::vector<std::vector<int>>& z) {
  const CrossProducts moved = recentred_for(sums, x, z);
  std::vector<int> rows = x;
  rows.push_back(sums.p());
  CrossProducts result;
  result.n = moved.n;
  result.sum_log_w = moved.sum_log_w;
  result.shifts.x = pick(moved.shifts.x, x);
  result.shifts.y = pick(moved.shifts.y, x);
  result.xy = pick_rows(pick_rows(moved.xy, rows).transpose(), rows);
  const auto incidence = std::make_shared<Incidence>();
  incidence->p = static_cast<int>(x.size());
  incidence->intercept = sums.intercept() < 0 ? -1 : place_among(x, sums.intercept());
  std::vector<int> place(z.size(), -1);
  for (std::size_t t = 0; t < z.size(); ++t) {
    if (z[t].empty()) continue;
    place[t] = static_cast<int>(result.terms.size());
    result.terms.push_back(pick_term(moved.terms[t], rows, z[t]));
    result.shifts.z.push_back(pick(moved.shifts.z[t], z[t]));
    incidence->terms.push_back(pick_columns(moved.incidence->terms[t], z[t]));
  }
  for (std::size_t k = 0; k < moved.pairs.size(); ++k) {
    Pair pair = moved.incidence->pairs[k];
    const int t = pair.term_row;
    const int s = pair.term_column;
    if (place[t] < 0 || place[s] < 0) continue;
    result.pairs.push_back(
        pick_pair(moved.pairs[k], moved.terms[t].v, moved.terms[s].v, z[t], z[s]));
    pair.term_row = place[t];
    pair.term_column = place[s];
    incidence->pairs.push_back(std::move(pair));
  }
  result.incidence = incidence;
  return result;
}

Vector relative_pivots(const CrossProducts& sums) {
  const int p = sums.p();
  Vector pivots = Vector::Zero(p);
  Matrix factor = Matrix::Zero(p, p);
  for (int c = 0; c < p; ++c) {
    const double length = sums.xy(c, c);
    if (!(length > 0)) continue;
    const double pivot = length - factor.row(c).head(c).squaredNorm();
    pivots[c] = std::max(pivot / length, 0.0);
    // a column that says nothing new takes nothing away from the later ones
    if (!(pivots[c] > kRankPivot)) continue;
    factor(c, c) = std::sqrt(pivot);
    for (int r = c + 1; r < p; ++r) {
      factor(r, c) =
          (sums.xy(r, c) - factor.row(r).head(c).dot(factor.row(c).head(c))) / factor(c, c);
    }
  }
  return pivots;
}

}  // namespace henderson
