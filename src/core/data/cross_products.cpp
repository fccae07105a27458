#include "data/cross_products.h"

#include <stdexcept>
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

}  // namespace

double CrossProducts::bytes() const {
  Index count = xy.size();
  for (const TermSums& term : terms) count += term.xy.size() + term.diagonal.size();
  for (const PairSums& pair : pairs) {
    count += static_cast<Index>(pair.start.size() + pair.values.size() + pair.partner.size() / 2);
  }
  return static_cast<double>(count) * sizeof(double);
}

void CrossProducts::recentre(const Vector& new_x_shift, const Vector& new_y_shift,
                             const std::vector<Vector>& new_z_shifts) {
  const Index width = p + 1;
  std::vector<int> ones(p, -1);
  for (int c = 0; c < p; ++c) ones[c] = (c == intercept) ? -1 : intercept;
  Matrix map = Matrix::Identity(width, width);
  map.topLeftCorner(p, p) = shift_map(x_shift, new_x_shift, ones);
  map.col(p).head(p) = y_shift - map.topLeftCorner(p, p) * new_y_shift;
  xy = (map.transpose() * xy * map).eval();
  std::vector<Matrix> z_maps;
  for (std::size_t t = 0; t < terms.size(); ++t) {
    TermSums& term = terms[t];
    const Matrix z_map = shift_map(term.shift, new_z_shifts[t], term.centred_with);
    term.xy = (map.transpose() * term.xy).eval();
    for (int j = 0; j < term.n_levels; ++j) {
      term.xy.middleCols(static_cast<Index>(j) * term.v, term.v) *= z_map;
      MatrixMap diagonal(term.diagonal.col(j).data(), term.v, term.v);
      diagonal = (z_map.transpose() * diagonal * z_map).eval();
    }
    term.shift = new_z_shifts[t];
    z_maps.push_back(z_map);
  }
  for (PairSums& pair : pairs) {
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
  xy += other.xy;
  for (std::size_t t = 0; t < terms.size(); ++t) {
    terms[t].xy += other.terms[t].xy;
    terms[t].diagonal += other.terms[t].diagonal;
  }
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    const PairSums& mine = pairs[k];
    const PairSums& theirs = other.pairs[k];
    const Index size = static_cast<Index>(terms[mine.term_row].v) * terms[mine.term_column].v;
    PairSums sum;
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
