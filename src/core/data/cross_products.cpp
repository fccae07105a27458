#include "data/cross_products.h"

#include <algorithm>
#include <utility>

namespace henderson {

namespace {

// T with new columns = old columns * T, for covariates shifted along a column of ones.
Matrix shift_map(const Vector& old_shift, const Vector& new_shift, const std::vector<int>& ones) {
  const Index v = old_shift.size();
  Matrix map = Matrix::Identity(v, v);
  for (Index c = 0; c < v; ++c) {
    if (ones[c] >= 0) map(ones[c], c) += old_shift[c] - new_shift[c];
  }
  return map;
}

// Adds factor times the values of a pair to those of one that has its entries and maybe more.
void add_pair(const Pair& from, const std::vector<double>& values, double factor, Index size,
              const Pair& to, std::vector<double>* sum) {
  for (std::size_t j = 0; j + 1 < from.start.size(); ++j) {
    Index at = to.start[j];
    for (Index e = from.start[j]; e < from.start[j + 1]; ++e) {
      while (to.partner[at] < from.partner[e]) ++at;
      for (Index i = 0; i < size; ++i) (*sum)[at * size + i] += factor * values[e * size + i];
    }
  }
}

void add_pairs(const CrossProducts& part, double factor, CrossProducts* sum) {
  const Incidence& from = *part.incidence;
  const Incidence& to = *sum->incidence;
  for (std::size_t k = 0; k < from.pairs.size(); ++k) {
    const int at = to.find_pair(from.pairs[k].term_row, from.pairs[k].term_column);
    add_pair(from.pairs[k], part.pairs[k], factor, from.block_size(from.pairs[k]), to.pairs[at],
             &sum->pairs[at]);
  }
}

// Of parts about the same shifts, of whose pairs the sum has all.
void add_numbers(const CrossProducts& part, double factor, CrossProducts* sum) {
  sum->n += factor * part.n;
  sum->sum_log_w += factor * part.sum_log_w;
  sum->xy += factor * part.xy;
  for (std::size_t t = 0; t < sum->terms.size(); ++t) {
    sum->terms[t].xy += factor * part.terms[t].xy;
    sum->terms[t].diagonal += factor * part.terms[t].diagonal;
  }
  add_pairs(part, factor, sum);
}

// The same numbers over an incidence that has all of theirs.
void widen(const std::shared_ptr<const Incidence>& wider, CrossProducts* sums) {
  if (wider == sums->incidence) return;
  CrossProducts pairs;
  pairs.incidence = wider;
  for (const Pair& pair : wider->pairs) {
    pairs.pairs.push_back(std::vector<double>(pair.partner.size() * wider->block_size(pair), 0.0));
  }
  add_pairs(*sums, 1, &pairs);
  sums->incidence = wider;
  sums->pairs = std::move(pairs.pairs);
}

}  // namespace

bool Shifts::operator==(const Shifts& other) const {
  return x == other.x && y == other.y && z == other.z;
}

double CrossProducts::bytes() const {
  Index count = xy.size();
  for (const TermSums& term : terms) count += term.xy.size() + term.diagonal.size();
  for (const std::vector<double>& values : pairs) count += static_cast<Index>(values.size());
  for (const Pair& pair : incidence->pairs) {
    count += static_cast<Index>(pair.start.size() + pair.partner.size() / 2);
  }
  return static_cast<double>(count) * sizeof(double);
}

void recentre(const Shifts& shifts, CrossProducts* sums) {
  const Incidence& incidence = *sums->incidence;
  const int p = incidence.p;
  std::vector<int> ones(p, -1);
  for (int c = 0; c < p; ++c) ones[c] = (c == incidence.intercept) ? -1 : incidence.intercept;
  Matrix map = Matrix::Identity(p + 1, p + 1);
  map.topLeftCorner(p, p) = shift_map(sums->shifts.x, shifts.x, ones);
  map.col(p).head(p) = sums->shifts.y - map.topLeftCorner(p, p) * shifts.y;
  sums->xy = (map.transpose() * sums->xy * map).eval();
  std::vector<Matrix> z_maps;
  for (std::size_t t = 0; t < sums->terms.size(); ++t) {
    TermSums& term = sums->terms[t];
    const Matrix z_map = shift_map(sums->shifts.z[t], shifts.z[t], incidence.terms[t].centred_with);
    term.xy = (map.transpose() * term.xy).eval();
    const bool same = sums->shifts.z[t] == shifts.z[t];
    for (int j = 0; j < term.n_levels && !same; ++j) {
      term.xy.middleCols(static_cast<Index>(j) * term.v, term.v) *= z_map;
      MatrixMap diagonal(term.diagonal.col(j).data(), term.v, term.v);
      diagonal = (z_map.transpose() * diagonal * z_map).eval();
    }
    z_maps.push_back(z_map);
  }
  for (std::size_t k = 0; k < sums->pairs.size(); ++k) {
    const Matrix& row_map = z_maps[incidence.pairs[k].term_row];
    const Matrix& column_map = z_maps[incidence.pairs[k].term_column];
    if (row_map.isIdentity(0) && column_map.isIdentity(0)) continue;
    const Index size = row_map.rows() * column_map.rows();
    for (std::size_t e = 0; e < incidence.pairs[k].partner.size(); ++e) {
      MatrixMap value(sums->pairs[k].data() + e * size, column_map.rows(), row_map.rows());
      value = (column_map.transpose() * value * row_map).eval();
    }
  }
  sums->shifts = shifts;
}

void scale(double factor, CrossProducts* sums) {
  sums->n *= factor;
  sums->sum_log_w *= factor;
  sums->xy *= factor;
  for (TermSums& term : sums->terms) {
    term.xy *= factor;
    term.diagonal *= factor;
  }
  for (std::vector<double>& values : sums->pairs) {
    for (double& value : values) value *= factor;
  }
}

void add(const CrossProducts& part, double factor, CrossProducts* sum) {
  widen(unite(sum->incidence, part.incidence), sum);
  if (part.shifts == sum->shifts) {
    add_numbers(part, factor, sum);
    return;
  }
  CrossProducts moved = part;
  recentre(sum->shifts, &moved);
  add_numbers(moved, factor, sum);
}

}  // namespace henderson
