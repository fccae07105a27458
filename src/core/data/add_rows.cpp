// Single rows in cross-products (accumulate.h).
#include <cmath>
#include <stdexcept>

#include "data/accumulate.h"
#include "data/level_values.h"

namespace henderson {

namespace {

struct RowValues {
  Vector xy;              // about the shifts, as z
  std::vector<Vector> z;  // by term
  std::vector<Index> at;  // entry of each pair
};

int level_of(const DataRows& rows, int t, Index i) { return rows.terms[t].level[i] - 1; }

// False if two levels of the row do not meet in the incidence.
bool find_entries(const DataRows& rows, const Incidence& incidence, Index i, RowValues* row) {
  for (std::size_t k = 0; k < incidence.pairs.size(); ++k) {
    const Pair& pair = incidence.pairs[k];
    row->at[k] = pair.find(level_of(rows, pair.term_row, i), level_of(rows, pair.term_column, i));
    if (row->at[k] < 0) return false;
  }
  return true;
}

void read_row(const DataRows& rows, const Shifts& shifts, Index i, RowValues* row) {
  const int p = rows.p;
  row->xy[p] = rows.y[i];
  for (int c = 0; c < p; ++c) {
    row->xy[c] = rows.x[static_cast<Index>(c) * rows.n + i] - shifts.x[c];
    row->xy[p] -= shifts.y[c] * row->xy[c];
  }
  for (std::size_t t = 0; t < row->z.size(); ++t) {
    for (int c = 0; c < row->z[t].size(); ++c) {
      row->z[t][c] = z_value(rows.terms[t], shifts.z[t], c, i);
    }
  }
}

void add_row(const DataRows& rows, const RowValues& row, Index i, double factor,
             CrossProducts* sums) {
  const double w = factor * weight_of(rows, i);
  sums->n += factor;
  sums->sum_log_w += factor * std::log(weight_of(rows, i));
  sums->xy.noalias() += w * row.xy * row.xy.transpose();
  for (std::size_t t = 0; t < sums->terms.size(); ++t) {
    TermSums& term = sums->terms[t];
    const Vector& z = row.z[t];
    const Index j = level_of(rows, static_cast<int>(t), i);
    term.xy.middleCols(j * term.v, term.v).noalias() += w * row.xy * z.transpose();
    MatrixMap(term.diagonal.col(j).data(), term.v, term.v).noalias() += w * z * z.transpose();
  }
  for (std::size_t k = 0; k < sums->pairs.size(); ++k) {
    const Vector& z_row = row.z[sums->incidence->pairs[k].term_row];
    const Vector& z_column = row.z[sums->incidence->pairs[k].term_column];
    double* value = sums->pairs[k].data() + row.at[k] * z_row.size() * z_column.size();
    MatrixMap(value, z_column.size(), z_row.size()).noalias() += w * z_column * z_row.transpose();
  }
}

}  // namespace

void add_rows(const DataRows& rows, const std::vector<Index>& which, double factor,
              CrossProducts* sums) {
  RowValues row;
  row.xy.resize(rows.p + 1);
  for (const TermSums& term : sums->terms) row.z.push_back(Vector(term.v));
  row.at.resize(sums->pairs.size());
  for (const Index i : which) {
    if (weight_of(rows, i) > 0 && !find_entries(rows, *sums->incidence, i, &row)) {
      throw std::invalid_argument("levels of a row do not meet in the cross-products");
    }
  }
  for (const Index i : which) {
    if (!(weight_of(rows, i) > 0)) continue;
    find_entries(rows, *sums->incidence, i, &row);
    read_row(rows, sums->shifts, i, &row);
    add_row(rows, row, i, factor, sums);
  }
}

}  // namespace henderson
