#include "data/accumulate.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "algebra/interrupt.h"
#include "data/level_values.h"
#include "data/pairs.h"

namespace henderson {

namespace {

constexpr Index kRowBlock = 512;  // rows of [X y] that stay in cache

// Rows [first, first + count) of [X - shift, y - (X - shift) b], one column per row.
void fill_rows(const DataRows& rows, const Vector& x_shift, const Vector& y_shift, Index first,
               Index count, Matrix* block) {
  const int p = rows.p;
  for (Index i = 0; i < count; ++i) (*block)(p, i) = rows.y[first + i];
  for (int c = 0; c < p; ++c) {
    const double* x = rows.x + static_cast<Index>(c) * rows.n + first;
    const double shift = x_shift[c];
    const double coefficient = y_shift[c];
    for (Index i = 0; i < count; ++i) {
      const double value = x[i] - shift;
      (*block)(c, i) = value;
      (*block)(p, i) -= coefficient * value;
    }
  }
}

// For every column of a term its position among the columns of another one, about the same shift.
// Empty unless all are found.
std::vector<int> find_columns(const BlockTermRows& term, const Vector& shift,
                              const BlockTermRows& other, const Vector& other_shift) {
  std::vector<int> positions;
  for (std::size_t c = 0; c < term.columns.size(); ++c) {
    for (std::size_t d = 0; d < other.columns.size(); ++d) {
      if (term.columns[c] != other.columns[d]) continue;
      if (shift[c] != other_shift[d]) continue;
      positions.push_back(static_cast<int>(d));
      break;
    }
  }
  if (positions.size() < term.columns.size()) positions.clear();
  return positions;
}

// How the sums of a term come about: row by row, or from those of the levels of a finer term that
// is nested in it and has its columns.
struct TermSource {
  int finer = -1;            // -1: row by row
  std::vector<int> columns;  // positions among the finer term's columns
};

std::vector<TermSource> find_sources(const DataRows& rows, const std::vector<Vector>& shifts,
                                     const Enclosing& enclosing) {
  std::vector<TermSource> sources(rows.terms.size());
  for (int s = 1; s < static_cast<int>(rows.terms.size()); ++s) {
    // the later, the fewer levels
    for (int t = s - 1; t >= 0 && sources[s].finer < 0; --t) {
      if (enclosing[t][s - t - 1].empty()) continue;
      sources[s].columns = find_columns(rows.terms[s], shifts[s], rows.terms[t], shifts[t]);
      if (!sources[s].columns.empty()) sources[s].finer = t;
    }
  }
  return sources;
}

// The sums of a term as those of the levels of a finer one.
void add_finer_levels(const TermSums& finer, const std::vector<int>& enclosing,
                      const std::vector<int>& columns, TermSums* term) {
  const int v = term->v;
  for (int j = 0; j < finer.n_levels; ++j) {
    if (enclosing[j] < 0) continue;
    const Index to = static_cast<Index>(enclosing[j]) * v;
    const Index from = static_cast<Index>(j) * finer.v;
    double* diagonal = term->diagonal.data() + to * v;
    const double* finer_diagonal = finer.diagonal.data() + from * finer.v;
    for (int c = 0; c < v; ++c) {
      for (int d = 0; d < v; ++d) {
        diagonal[d + c * v] += finer_diagonal[columns[d] + columns[c] * finer.v];
      }
      term->xy.col(to + c) += finer.xy.col(from + columns[c]);
    }
  }
}

TermColumns columns_of(const BlockTermRows& term) {
  TermColumns columns;
  columns.v = static_cast<int>(term.columns.size());
  columns.n_levels = term.n_levels;
  columns.centred_with.assign(columns.v, -1);
  const auto ones = std::find(term.columns.begin(), term.columns.end(), nullptr);
  if (ones == term.columns.end()) return columns;
  for (int c = 0; c < columns.v; ++c) {
    if (term.columns[c] == nullptr) continue;
    columns.centred_with[c] = static_cast<int>(ones - term.columns.begin());
  }
  return columns;
}

Vector means_of(const BlockTermRows& term, const TermColumns& columns, const DataRows& rows,
                double n_used) {
  Vector means = Vector::Zero(columns.v);
  for (int c = 0; c < columns.v; ++c) {
    if (columns.centred_with[c] >= 0) means[c] = column_mean(rows, term.columns[c], n_used);
  }
  return means;
}

TermSums empty_sums(const TermColumns& columns, Index width) {
  TermSums sums;
  sums.v = columns.v;
  sums.n_levels = columns.n_levels;
  sums.xy = Matrix::Zero(width, static_cast<Index>(columns.v) * columns.n_levels);
  sums.diagonal = Matrix::Zero(columns.v * columns.v, columns.n_levels);
  return sums;
}

// The row-by-row sums of one term over a block of rows: z'W[X y] and z'Wz by level. Width: columns
// of [X y] if they are few (the compiler then unrolls), 0 for any number.
template <int Width>
void add_term(const DataRows& rows, const BlockTermRows& term, const Vector& shift,
              const Matrix& block, Index first, Index count, TermSums* sums) {
  const int v = sums->v;
  const Index width = Width > 0 ? Width : block.rows();
  const bool far = sums->xy.size() > kCacheDoubles;
  const bool ones_only = is_ones(term);
  std::vector<double> values(v, 1.0);
  for (Index k = 0; k < count; ++k) {
    const Index i = first + k;
    if (far && i + kAhead < rows.n) {
      const Index next = term.level[i + kAhead] - 1;
      __builtin_prefetch(sums->xy.data() + next * v * width, 1);
      __builtin_prefetch(sums->diagonal.data() + next * v * v, 1);
    }
    const double w = weight_of(rows, i);
    if (!(w > 0)) continue;
    const Index j = term.level[i] - 1;
    const double* row = block.data() + k * width;
    double* diagonal = sums->diagonal.data() + j * v * v;
    double* dense = sums->xy.data() + j * v * width;
    if (ones_only) {
      *diagonal += w;
      for (Index r = 0; r < width; ++r) dense[r] += w * row[r];
      continue;
    }
    for (int c = 0; c < v; ++c) values[c] = z_value(term, shift, c, i);
    for (int c = 0; c < v; ++c) {
      const double wz = w * values[c];
      for (int d = 0; d < v; ++d) diagonal[d + c * v] += wz * values[d];
      double* target = dense + c * width;
      for (Index r = 0; r < width; ++r) target[r] += wz * row[r];
    }
  }
}

// The same for all terms that are summed row by row, and [X y]'Wy.
template <int Width>
void add_block(const DataRows& rows, const std::vector<TermSource>& sources, const Matrix& block,
               Index first, Index count, CrossProducts* sums, Vector* last_column) {
  const Index width = Width > 0 ? Width : block.rows();
  double* sum = last_column->data();
  for (Index k = 0; k < count; ++k) {
    const double* row = block.data() + k * width;
    const double wy = weight_of(rows, first + k) * row[width - 1];
    for (Index r = 0; r < width; ++r) sum[r] += wy * row[r];
  }
  for (std::size_t t = 0; t < rows.terms.size(); ++t) {
    if (sources[t].finer >= 0) continue;
    add_term<Width>(rows, rows.terms[t], sums->shifts.z[t], block, first, count, &sums->terms[t]);
  }
}

}  // namespace

Shifts usual_shifts(const DataRows& rows, const GramResult& gram) {
  Shifts shifts;
  shifts.x = gram.x_shift;
  shifts.y = least_squares(gram.gram, rows.p);
  for (const BlockTermRows& term : rows.terms) {
    shifts.z.push_back(means_of(term, columns_of(term), rows, std::max(gram.n, 1.0)));
  }
  return shifts;
}

CrossProducts accumulate(const DataRows& rows, const GramResult& gram) {
  return accumulate(rows, gram, usual_shifts(rows, gram));
}

CrossProducts accumulate(const DataRows& rows, const GramResult& gram, const Shifts& shifts) {
  const Index width = rows.p + 1;
  CrossProducts sums;
  sums.n = gram.n;
  sums.sum_log_w = gram.sum_log_w;
  sums.shifts = shifts;
  sums.xy = gram.gram;
  const auto incidence = std::make_shared<Incidence>();
  incidence->p = rows.p;
  incidence->intercept = rows.intercept;
  for (const BlockTermRows& term : rows.terms) {
    const TermColumns columns = columns_of(term);
    sums.terms.push_back(empty_sums(columns, width));
    incidence->terms.push_back(columns);
  }
  const Enclosing enclosing = find_all_enclosing(rows);
  const std::vector<TermSource> sources = find_sources(rows, sums.shifts.z, enclosing);
  Matrix block(width, kRowBlock);
  Vector last_column = Vector::Zero(width);
  const auto add = width == 1   ? add_block<1>
                   : width == 2 ? add_block<2>
                   : width == 3 ? add_block<3>
                   : width == 4 ? add_block<4>
                                : add_block<0>;
  for (Index first = 0; first < rows.n; first += kRowBlock) {
    if ((first / kRowBlock) % 256 == 0) check_interrupt();
    const Index count = std::min(kRowBlock, rows.n - first);
    fill_rows(rows, sums.shifts.x, sums.shifts.y, first, count, &block);
    add(rows, sources, block, first, count, &sums, &last_column);
  }
  sums.xy.col(rows.p) = last_column;
  sums.xy.row(rows.p) = last_column.transpose();
  for (std::size_t s = 1; s < sources.size(); ++s) {
    const int t = sources[s].finer;
    if (t < 0) continue;
    add_finer_levels(sums.terms[t], enclosing[t][s - t - 1], sources[s].columns, &sums.terms[s]);
  }
  PairSums pairs = accumulate_pairs(rows, enclosing, sums.shifts.z, sums.terms);
  incidence->pairs = std::move(pairs.pattern);
  sums.incidence = incidence;
  sums.pairs = std::move(pairs.values);
  return sums;
}

}  // namespace henderson
