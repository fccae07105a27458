#include "cross_products.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "dense_kernels.h"
#include "eigen_decompositions.h"

namespace henderson {

namespace {

constexpr Index kRowBlock = 512;    // rows of [X y] that stay in cache
constexpr Index kFewColumns = 16;   // products of so many columns need no matrix product
constexpr Index kManyColumns = 64;  // from here on our kernel beats Eigen's

// Where there are more sums by level than fit in the cache they are fetched this many rows ahead:
// the levels of the rows to come are known, and waiting for memory row by row would cost.
constexpr Index kAhead = 24;
constexpr Index kCacheDoubles = 32768;

double weight_of(const DataRows& rows, Index i) {
  return rows.weights == nullptr ? 1.0 : rows.weights[i];
}

// Over the rows of positive weight.
double column_mean(const DataRows& rows, const double* column, double n_used) {
  if (rows.weights == nullptr) return Eigen::Map<const Vector>(column, rows.n).sum() / n_used;
  double sum = 0;
  for (Index i = 0; i < rows.n; ++i) sum += rows.weights[i] > 0 ? column[i] : 0.0;
  return sum / n_used;
}

Vector column_means(const DataRows& rows, double n_used) {
  Vector means = Vector::Zero(rows.p);
  if (rows.intercept < 0) return means;
  for (int c = 0; c < rows.p; ++c) {
    if (c == rows.intercept) continue;
    means[c] = column_mean(rows, rows.x + static_cast<Index>(c) * rows.n, n_used);
  }
  return means;
}

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

// The same rows, a column for each of [X - shift, y], times the root of the weights.
void fill_columns(const DataRows& rows, const Vector& x_shift, Index first, Index count,
                  Matrix* block) {
  using Column = Eigen::Map<const Eigen::ArrayXd>;
  for (int c = 0; c < rows.p; ++c) {
    const Column x(rows.x + static_cast<Index>(c) * rows.n + first, count);
    block->col(c).head(count) = x - x_shift[c];
  }
  block->col(rows.p).head(count) = Column(rows.y + first, count);
  if (rows.weights == nullptr) return;
  const Eigen::ArrayXd root = Column(rows.weights + first, count).sqrt();
  for (int c = 0; c <= rows.p; ++c) block->col(c).head(count).array() *= root;
}

Vector least_squares(const Matrix& gram, int p) {
  if (p == 0) return Vector();
  // Unit diagonal first, so that scales do not matter; refined once by the caller's residual pass.
  const Vector scale = gram.diagonal().head(p).cwiseMax(1e-300).cwiseSqrt().cwiseInverse();
  const Matrix scaled = scale.asDiagonal() * gram.topLeftCorner(p, p) * scale.asDiagonal();
  const Vector right = scale.asDiagonal() * gram.col(p).head(p);
  return scale.asDiagonal() * scaled.ldlt().solve(right);
}

double smallest_unit_pivot(const Matrix& gram, int p) {
  double smallest = 1;
  Matrix factor = Matrix::Zero(p, p);
  for (int c = 0; c < p; ++c) {
    if (!(gram(c, c) > 0)) return 0;
    const double pivot = gram(c, c) - factor.row(c).head(c).squaredNorm();
    smallest = std::min(smallest, pivot / gram(c, c));
    if (!(pivot > 0)) return 0;
    factor(c, c) = std::sqrt(pivot);
    for (int r = c + 1; r < p; ++r) {
      factor(r, c) = (gram(r, c) - factor.row(r).head(c).dot(factor.row(c).head(c))) / factor(c, c);
    }
  }
  return smallest;
}

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

double z_value(const BlockTermRows& term, const TermMoments& moments, int c, Index i) {
  return (term.columns[c] == nullptr ? 1.0 : term.columns[c][i]) - moments.shift[c];
}

bool is_ones(const BlockTermRows& term) {
  return term.columns.size() == 1 && term.columns[0] == nullptr;
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

// [t][s - t - 1]: the levels of s that enclose those of t. What is nested in a term that is itself
// nested in s is nested in s: no need to look at the rows.
std::vector<std::vector<std::vector<int>>> find_all_enclosing(const DataRows& rows) {
  const int k = static_cast<int>(rows.terms.size());
  std::vector<std::vector<std::vector<int>>> enclosing(k);
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

// For every column of a term its position among the columns of another one, about the same shift.
// Empty unless all are found.
std::vector<int> find_columns(const BlockTermRows& term, const TermMoments& moments,
                              const BlockTermRows& other, const TermMoments& other_moments) {
  std::vector<int> positions;
  for (std::size_t c = 0; c < term.columns.size(); ++c) {
    for (std::size_t d = 0; d < other.columns.size(); ++d) {
      if (term.columns[c] != other.columns[d]) continue;
      if (moments.shift[c] != other_moments.shift[d]) continue;
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

std::vector<TermSource> find_sources(const DataRows& rows, const std::vector<TermMoments>& moments,
                                     const std::vector<std::vector<std::vector<int>>>& enclosing) {
  std::vector<TermSource> sources(rows.terms.size());
  for (int s = 1; s < static_cast<int>(rows.terms.size()); ++s) {
    // the later, the fewer levels
    for (int t = s - 1; t >= 0 && sources[s].finer < 0; --t) {
      if (enclosing[t][s - t - 1].empty()) continue;
      sources[s].columns = find_columns(rows.terms[s], moments[s], rows.terms[t], moments[t]);
      if (!sources[s].columns.empty()) sources[s].finer = t;
    }
  }
  return sources;
}

// The sums of a term as those of the levels of a finer one.
void add_finer_levels(const TermMoments& finer, const std::vector<int>& enclosing,
                      const std::vector<int>& columns, TermMoments* term) {
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
      term->dense.col(to + c) += finer.dense.col(from + columns[c]);
    }
  }
}

// Z_t' W Z_s where t is nested in s: at most one block per level of t, and where both are
// intercepts it is that of Z_t' W Z_t.
PairMoments nested_pair(const DataRows& rows, const std::vector<TermMoments>& moments, int t, int s,
                        const std::vector<int>& enclosing) {
  const BlockTermRows& row_term = rows.terms[t];
  const BlockTermRows& column_term = rows.terms[s];
  const int vt = moments[t].v;
  const int vs = moments[s].v;
  PairMoments pair;
  pair.term_row = t;
  pair.term_column = s;
  pair.start.assign(row_term.n_levels + 1, 0);
  pair.partner.reserve(row_term.n_levels);
  for (int j = 0; j < row_term.n_levels; ++j) {
    if (enclosing[j] >= 0) pair.partner.push_back(enclosing[j]);
    pair.start[j + 1] = static_cast<Index>(pair.partner.size());
  }
  pair.values.assign(pair.partner.size() * vs * vt, 0.0);
  if (is_ones(row_term) && is_ones(column_term)) {
    for (int j = 0; j < row_term.n_levels; ++j) {
      if (enclosing[j] >= 0) pair.values[pair.start[j]] = moments[t].diagonal(0, j);
    }
    return pair;
  }
  for (Index i = 0; i < rows.n; ++i) {
    const double w = weight_of(rows, i);
    if (!(w > 0)) continue;
    double* value = pair.values.data() + pair.start[row_term.level[i] - 1] * vs * vt;
    for (int a = 0; a < vt; ++a) {
      const double wz = w * z_value(row_term, moments[t], a, i);
      for (int b = 0; b < vs; ++b) *value++ += wz * z_value(column_term, moments[s], b, i);
    }
  }
  return pair;
}

PairMoments accumulate_pair(const DataRows& rows, const RowOrder& sorted,
                            const std::vector<TermMoments>& moments, int t, int s) {
  const BlockTermRows& row_term = rows.terms[t];
  const BlockTermRows& column_term = rows.terms[s];
  const int vt = moments[t].v;
  const int vs = moments[s].v;
  PairMoments pair;
  pair.term_row = t;
  pair.term_column = s;
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
    pair.values.resize(static_cast<std::size_t>(last) * vs * vt, 0.0);
    for (Index q = sorted.start[j]; q < sorted.start[j + 1]; ++q) {
      const Index i = sorted.order[q];
      double* value = pair.values.data() + position[column_term.level[i] - 1] * vs * vt;
      if (counts) {
        *value += 1.0;
        continue;
      }
      const double w = weight_of(rows, i);
      for (int a = 0; a < vt; ++a) {
        const double wz = w * z_value(row_term, moments[t], a, i);
        for (int b = 0; b < vs; ++b) *value++ += wz * z_value(column_term, moments[s], b, i);
      }
    }
  }
  return pair;
}

TermMoments empty_term(const BlockTermRows& term, const DataRows& rows, double n_used) {
  TermMoments moments;
  moments.v = static_cast<int>(term.columns.size());
  moments.n_levels = term.n_levels;
  moments.structures = term.structures;
  moments.centred_with.assign(moments.v, -1);
  moments.shift = Vector::Zero(moments.v);
  moments.dense = Matrix::Zero(rows.p + 1, static_cast<Index>(moments.v) * term.n_levels);
  moments.diagonal = Matrix::Zero(moments.v * moments.v, term.n_levels);
  for (const CovarianceStructure& structure : term.structures) {
    if (structure.kind != StructureKind::kUnstructured) continue;
    int ones = -1;
    const int first = structure.first_column;
    const int last = first + structure.n_columns;
    for (int c = first; c < last && ones < 0; ++c) {
      if (term.columns[c] == nullptr) ones = c;
    }
    if (ones < 0) continue;
    for (int c = first; c < last; ++c) {
      if (c == ones || term.columns[c] == nullptr) continue;
      moments.centred_with[c] = ones;
      moments.shift[c] = column_mean(rows, term.columns[c], n_used);
    }
  }
  return moments;
}

// The row-by-row sums of one term over a block of rows: z'W[X y] and z'Wz by level. Width: columns
// of [X y] if they are few (the compiler then unrolls), 0 for any number.
template <int Width>
void add_rows(const DataRows& rows, const BlockTermRows& term, const Matrix& block, Index first,
              Index count, TermMoments* moments) {
  const int v = moments->v;
  const Index width = Width > 0 ? Width : block.rows();
  const bool far = moments->dense.size() > kCacheDoubles;
  const bool ones_only = is_ones(term);
  std::vector<double> values(v, 1.0);
  for (Index k = 0; k < count; ++k) {
    const Index i = first + k;
    if (far && i + kAhead < rows.n) {
      const Index next = term.level[i + kAhead] - 1;
      __builtin_prefetch(moments->dense.data() + next * v * width, 1);
      __builtin_prefetch(moments->diagonal.data() + next * v * v, 1);
    }
    const double w = weight_of(rows, i);
    if (!(w > 0)) continue;
    const Index j = term.level[i] - 1;
    const double* row = block.data() + k * width;
    double* diagonal = moments->diagonal.data() + j * v * v;
    double* dense = moments->dense.data() + j * v * width;
    if (ones_only) {
      *diagonal += w;
      for (Index r = 0; r < width; ++r) dense[r] += w * row[r];
      continue;
    }
    for (int c = 0; c < v; ++c) values[c] = z_value(term, *moments, c, i);
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
               Index first, Index count, CrossProducts* moments, Vector* last_column) {
  const Index width = Width > 0 ? Width : block.rows();
  double* sum = last_column->data();
  for (Index k = 0; k < count; ++k) {
    const double* row = block.data() + k * width;
    const double wy = weight_of(rows, first + k) * row[width - 1];
    for (Index r = 0; r < width; ++r) sum[r] += wy * row[r];
  }
  for (std::size_t t = 0; t < rows.terms.size(); ++t) {
    if (sources[t].finer >= 0) continue;
    add_rows<Width>(rows, rows.terms[t], block, first, count, &moments->terms[t]);
  }
}

// Adds z'Wy of a block of rows to the last row of a term's dense moments; wy: weight times
// response.
void add_response(const BlockTermRows& term, const Vector& wy, Index first, Index count,
                  TermMoments* moments) {
  const Index stride = moments->dense.rows();
  const int* level = term.level + first;
  for (int c = 0; c < moments->v; ++c) {
    double* last = moments->dense.data() + (c + 1) * stride - 1;
    const double* z = term.columns[c];
    const double shift = moments->shift[c];
    const Index step = stride * moments->v;
    for (Index k = 0; k < count; ++k) {
      last[(level[k] - 1) * step] += z == nullptr ? wy[k] : wy[k] * (z[first + k] - shift);
    }
  }
}

// Adds Z b of one term to a block of rows.
void add_modes(const DataRows& rows, const BlockTermRows& term, const TermMoments& moments,
               const Matrix& modes, Index first, Index count, double* fitted) {
  const Index v = moments.v;
  const bool far = modes.size() > kCacheDoubles;
  const bool ones_only = is_ones(term);
  for (Index i = first; i < first + count; ++i) {
    if (far && i + kAhead < rows.n) {
      __builtin_prefetch(modes.data() + (term.level[i + kAhead] - 1) * v);
    }
    if (ones_only) {
      fitted[i] += modes(0, term.level[i] - 1);
      continue;
    }
    const double* mode = modes.data() + (term.level[i] - 1) * v;
    for (int c = 0; c < v; ++c) fitted[i] += z_value(term, moments, c, i) * mode[c];
  }
}

// T with new columns = old columns * T, for covariates shifted along a column of ones.
Matrix shift_map(const Vector& old_shift, const Vector& new_shift, const std::vector<int>& ones) {
  const Index v = old_shift.size();
  Matrix map = Matrix::Identity(v, v);
  for (Index c = 0; c < v; ++c) {
    if (ones[c] >= 0) map(ones[c], c) += old_shift[c] - new_shift[c];
  }
  return map;
}

}  // namespace

GramResult dense_gram(const DataRows& rows, const InterruptCheck& interrupt) {
  GramResult result;
  double used = 0;
  if (rows.weights == nullptr) {
    used = static_cast<double>(rows.n);
  } else {
    for (Index i = 0; i < rows.n; ++i) {
      if (rows.weights[i] > 0) {
        used += 1;
        result.sum_log_w += std::log(rows.weights[i]);
      }
    }
  }
  result.n = used;
  result.x_shift = column_means(rows, std::max(used, 1.0));
  const Index width = rows.p + 1;
  result.gram = Matrix::Zero(width, width);
  Matrix block(kRowBlock, width);
  for (Index first = 0; first < rows.n; first += kRowBlock) {
    const Index count = std::min(kRowBlock, rows.n - first);
    fill_columns(rows, result.x_shift, first, count, &block);
    const bool wide = width > kFewColumns;
    if (interrupt && (wide || (first / kRowBlock) % 256 == 0)) interrupt();
    if (wide) {
      if (width > kManyColumns) {
        syrk_lower_transposed(width, count, 1.0, block.data(), kRowBlock, result.gram.data(),
                              width);
      } else {
        result.gram.selfadjointView<Eigen::Lower>().rankUpdate(block.topRows(count).transpose());
      }
      continue;
    }
    const auto used = block.topRows(count);
    for (Index c = 0; c < width; ++c) {
      for (Index r = c; r < width; ++r) result.gram(r, c) += used.col(r).dot(used.col(c));
    }
  }
  result.gram.triangularView<Eigen::StrictlyUpper>() = result.gram.transpose();
  result.smallest_pivot = smallest_unit_pivot(result.gram, rows.p);
  return result;
}

CrossProducts accumulate(const DataRows& rows, const GramResult& gram,
                         const InterruptCheck& interrupt) {
  const Index width = rows.p + 1;
  CrossProducts moments;
  moments.n = gram.n;
  moments.sum_log_w = gram.sum_log_w;
  moments.p = rows.p;
  moments.intercept = rows.intercept;
  moments.x_shift = gram.x_shift;
  moments.y_shift = least_squares(gram.gram, rows.p);
  moments.dense = gram.gram;
  for (const BlockTermRows& term : rows.terms) {
    moments.terms.push_back(empty_term(term, rows, std::max(gram.n, 1.0)));
  }
  const std::vector<std::vector<std::vector<int>>> enclosing = find_all_enclosing(rows);
  const std::vector<TermSource> sources = find_sources(rows, moments.terms, enclosing);
  Matrix block(width, kRowBlock);
  Vector last_column = Vector::Zero(width);
  const auto add = width == 1   ? add_block<1>
                   : width == 2 ? add_block<2>
                   : width == 3 ? add_block<3>
                   : width == 4 ? add_block<4>
                                : add_block<0>;
  for (Index first = 0; first < rows.n; first += kRowBlock) {
    if (interrupt && (first / kRowBlock) % 256 == 0) interrupt();
    const Index count = std::min(kRowBlock, rows.n - first);
    fill_rows(rows, moments.x_shift, moments.y_shift, first, count, &block);
    add(rows, sources, block, first, count, &moments, &last_column);
  }
  moments.dense.col(rows.p) = last_column;
  moments.dense.row(rows.p) = last_column.transpose();
  for (std::size_t s = 1; s < sources.size(); ++s) {
    const int t = sources[s].finer;
    if (t < 0) continue;
    add_finer_levels(moments.terms[t], enclosing[t][s - t - 1], sources[s].columns,
                     &moments.terms[s]);
  }
  for (int t = 0; t < static_cast<int>(enclosing.size()); ++t) {
    RowOrder sorted;  // only made where t is crossed with another term
    int s = t + 1;
    for (const std::vector<int>& levels : enclosing[t]) {
      if (interrupt) interrupt();
      if (levels.empty()) {
        if (sorted.start.empty()) sorted = sort_by_level(rows.terms[t], rows);
        moments.pairs.push_back(accumulate_pair(rows, sorted, moments.terms, t, s++));
      } else {
        moments.pairs.push_back(nested_pair(rows, moments.terms, t, s++, levels));
      }
    }
  }
  return moments;
}

void replace_response(const DataRows& rows, CrossProducts* moments,
                      const InterruptCheck& interrupt) {
  const int p = rows.p;
  const auto check = [&](Index first) {
    if (interrupt && (first / kRowBlock) % 256 == 0) interrupt();
  };
  Matrix gram = moments->dense;
  gram.col(p).setZero();
  Vector wy(kRowBlock);
  for (Index first = 0; first < rows.n; first += kRowBlock) {
    check(first);
    const Index count = std::min(kRowBlock, rows.n - first);
    // rows of weight zero may hold anything finite
    for (Index i = 0; i < count; ++i) wy[i] = weight_of(rows, first + i) * rows.y[first + i];
    for (int c = 0; c < p; ++c) {
      const Eigen::Map<const Eigen::ArrayXd> x(rows.x + static_cast<Index>(c) * rows.n + first,
                                               count);
      gram(c, p) += ((x - moments->x_shift[c]) * wy.head(count).array()).sum();
    }
  }
  moments->y_shift = least_squares(gram, p);
  for (TermMoments& term : moments->terms) term.dense.row(p).setZero();
  Vector last_column = Vector::Zero(p + 1);
  Matrix columns(kRowBlock, p + 1);
  for (Index first = 0; first < rows.n; first += kRowBlock) {
    check(first);
    const Index count = std::min(kRowBlock, rows.n - first);
    auto residual = columns.col(p).head(count);
    residual = Eigen::Map<const Vector>(rows.y + first, count);
    for (int c = 0; c < p; ++c) {
      const Eigen::Map<const Vector> x(rows.x + static_cast<Index>(c) * rows.n + first, count);
      columns.col(c).head(count) = x.array() - moments->x_shift[c];
      residual -= moments->y_shift[c] * columns.col(c).head(count);
    }
    for (Index k = 0; k < count; ++k) wy[k] = weight_of(rows, first + k) * residual[k];
    last_column += columns.topRows(count).transpose() * wy.head(count);
    for (std::size_t t = 0; t < rows.terms.size(); ++t) {
      add_response(rows.terms[t], wy, first, count, &moments->terms[t]);
    }
  }
  moments->dense.col(p) = last_column;
  moments->dense.row(p) = last_column.transpose();
}

double CrossProducts::bytes() const {
  Index count = dense.size();
  for (const TermMoments& term : terms) count += term.dense.size() + term.diagonal.size();
  for (const PairMoments& pair : pairs) {
    count += static_cast<Index>(pair.start.size() + pair.values.size() + pair.partner.size() / 2);
  }
  return static_cast<double>(count) * sizeof(double);
}

double fit_rows(const DataRows& rows, const CrossProducts& moments, const Vector& beta,
                const std::vector<Matrix>& modes, double* fitted) {
  using Column = Eigen::Map<const Eigen::ArrayXd>;
  const Vector coefficients = moments.y_shift + beta;
  double total = 0;
  for (Index first = 0; first < rows.n; first += kRowBlock) {
    const Index count = std::min(kRowBlock, rows.n - first);
    Eigen::Map<Eigen::ArrayXd> block(fitted + first, count);
    block.setZero();
    for (int c = 0; c < rows.p; ++c) {
      const Column x(rows.x + static_cast<Index>(c) * rows.n + first, count);
      block += coefficients[c] * (x - moments.x_shift[c]);
    }
    for (std::size_t t = 0; t < rows.terms.size(); ++t) {
      add_modes(rows, rows.terms[t], moments.terms[t], modes[t], first, count, fitted);
    }
    for (Index i = first; i < first + count; ++i) {
      const double residual = rows.y[i] - fitted[i];
      const double w = weight_of(rows, i);
      if (w > 0) total += w * residual * residual;
    }
  }
  return total;
}

void CrossProducts::recentre(const Vector& new_x_shift, const Vector& new_y_shift,
                             const std::vector<Vector>& new_z_shifts) {
  const Index width = p + 1;
  std::vector<int> ones(p, -1);
  for (int c = 0; c < p; ++c) ones[c] = (c == intercept) ? -1 : intercept;
  Matrix map = Matrix::Identity(width, width);
  map.topLeftCorner(p, p) = shift_map(x_shift, new_x_shift, ones);
  map.col(p).head(p) = y_shift - map.topLeftCorner(p, p) * new_y_shift;
  dense = (map.transpose() * dense * map).eval();
  std::vector<Matrix> z_maps;
  for (std::size_t t = 0; t < terms.size(); ++t) {
    TermMoments& term = terms[t];
    const Matrix z_map = shift_map(term.shift, new_z_shifts[t], term.centred_with);
    term.dense = (map.transpose() * term.dense).eval();
    for (int j = 0; j < term.n_levels; ++j) {
      term.dense.middleCols(static_cast<Index>(j) * term.v, term.v) *= z_map;
      MatrixMap diagonal(term.diagonal.col(j).data(), term.v, term.v);
      diagonal = (z_map.transpose() * diagonal * z_map).eval();
    }
    term.shift = new_z_shifts[t];
    z_maps.push_back(z_map);
  }
  for (PairMoments& pair : pairs) {
    const Matrix& row_map = z_maps[pair.term_row];
    const Matrix& column_map = z_maps[pair.term_column];
    const Index size = row_map.rows() * column_map.rows();
    for (std::size_t k = 0; k < pair.partner.size(); ++k) {
      MatrixMap value(pair.values.data() + k * size, column_map.rows(), row_map.rows());
      value = (column_map.transpose() * value * row_map).eval();
    }
  }
  x_shift = new_x_shift;
  y_shift = new_y_shift;
}

void CrossProducts::merge(CrossProducts other) {
  if (other.p != p || other.intercept != intercept || other.terms.size() != terms.size() ||
      other.pairs.size() != pairs.size()) {
    throw std::invalid_argument("cross-products of different models cannot be merged");
  }
  std::vector<Vector> z_shifts;
  for (std::size_t t = 0; t < terms.size(); ++t) {
    if (other.terms[t].v != terms[t].v || other.terms[t].n_levels != terms[t].n_levels ||
        other.terms[t].centred_with != terms[t].centred_with) {
      throw std::invalid_argument("cross-products with different levels cannot be merged");
    }
    z_shifts.push_back(terms[t].shift);
  }
  other.recentre(x_shift, y_shift, z_shifts);
  n += other.n;
  sum_log_w += other.sum_log_w;
  dense += other.dense;
  for (std::size_t t = 0; t < terms.size(); ++t) {
    terms[t].dense += other.terms[t].dense;
    terms[t].diagonal += other.terms[t].diagonal;
  }
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    const PairMoments& mine = pairs[k];
    const PairMoments& theirs = other.pairs[k];
    const Index size = static_cast<Index>(terms[mine.term_row].v) * terms[mine.term_column].v;
    PairMoments sum;
    sum.term_row = mine.term_row;
    sum.term_column = mine.term_column;
    sum.start.assign(mine.start.size(), 0);
    for (std::size_t j = 0; j + 1 < mine.start.size(); ++j) {
      Index a = mine.start[j];
      Index b = theirs.start[j];
      while (a < mine.start[j + 1] || b < theirs.start[j + 1]) {
        const bool take_mine = a < mine.start[j + 1] &&
                               (b >= theirs.start[j + 1] || mine.partner[a] <= theirs.partner[b]);
        const bool take_theirs = b < theirs.start[j + 1] &&
                                 (a >= mine.start[j + 1] || theirs.partner[b] <= mine.partner[a]);
        sum.partner.push_back(take_mine ? mine.partner[a] : theirs.partner[b]);
        const std::size_t at = sum.values.size();
        sum.values.resize(at + size, 0.0);
        for (Index e = 0; e < size; ++e) {
          if (take_mine) sum.values[at + e] += mine.values[a * size + e];
          if (take_theirs) sum.values[at + e] += theirs.values[b * size + e];
        }
        a += take_mine;
        b += take_theirs;
      }
      sum.start[j + 1] = static_cast<Index>(sum.partner.size());
    }
    pairs[k] = std::move(sum);
  }
}

}  // namespace henderson
