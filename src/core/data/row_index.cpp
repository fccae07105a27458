#include "data/row_index.h"

#include <limits>
#include <stdexcept>

#include "algebra/interrupt.h"
#include "data/level_values.h"

namespace henderson {

namespace {

// One row's centred columns of one term.
class RowValues {
 public:
  RowValues(const IndexedRows& data, std::size_t t)
      : term_(data.rows.terms[t]), shift_(data.shifts.z[t]), z_(shift_.size()) {}
  Index size() const { return static_cast<Index>(z_.size()); }
  Index level(Index i) const { return term_.level[i] - 1; }
  const double* read(Index i) {
    for (Index c = 0; c < size(); ++c) z_[c] = z_value(term_, shift_, static_cast<int>(c), i);
    return z_.data();
  }

 private:
  const BlockTermRows& term_;
  const Vector& shift_;
  std::vector<double> z_;
};

template <class Work>
void each_row(const IndexedRows& data, std::size_t t, Index first, Index count, const Work& work) {
  RowValues term(data, t);
  if (is_ones(data.rows.terms[t])) {
    constexpr double kOne = 1;
    for (Index i = 0; i < count; ++i) work(i, Index{1}, term.level(first + i), &kOne);
    return;
  }
  for (Index i = 0; i < count; ++i) {
    work(i, term.size(), term.level(first + i), term.read(first + i));
  }
}

// work(i, v_s, v_t, place, z_s, z_t) for the pair k.
template <class Work>
void each_pair(const IndexedRows& data, const Pair& pair, const std::vector<int>& places,
               Index first, Index count, const Work& work) {
  const BlockTermRows& row_term = data.rows.terms[pair.term_row];
  const BlockTermRows& column_term = data.rows.terms[pair.term_column];
  if (is_ones(row_term) && is_ones(column_term)) {
    constexpr double kOne = 1;
    for (Index i = 0; i < count; ++i) work(i, Index{1}, Index{1}, places[first + i], &kOne, &kOne);
    return;
  }
  RowValues row(data, pair.term_row);
  RowValues column(data, pair.term_column);
  for (Index i = 0; i < count; ++i) {
    work(i, column.size(), row.size(), places[first + i], column.read(first + i),
         row.read(first + i));
  }
}

}  // namespace

RowIndex index_rows(const DataRows& rows, const Incidence& incidence) {
  RowIndex index;
  for (const Pair& pair : incidence.pairs) {
    check_interrupt();
    if (pair.partner.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
      throw std::invalid_argument("too many levels meet");
    }
    const int* t = rows.terms[pair.term_row].level;
    const int* s = rows.terms[pair.term_column].level;
    std::vector<int> places(rows.n);
    for (Index i = 0; i < rows.n; ++i) {
      const Index found = pair.find(t[i] - 1, s[i] - 1);
      if (found < 0) throw std::invalid_argument("levels of a row do not meet in the incidence");
      places[i] = static_cast<int>(found);
    }
    index.push_back(std::move(places));
  }
  return index;
}

void add_random(const IndexedRows& data, const std::vector<Matrix>& b, Index first, Index count,
                double* eta) {
  for (std::size_t t = 0; t < b.size(); ++t) {
    const double* own = b[t].data();
    each_row(data, t, first, count, [&](Index i, Index v, Index level, const double* z) {
      for (Index c = 0; c < v; ++c) eta[i] += z[c] * own[level * v + c];
    });
  }
}

void add_squares(const IndexedRows& data, Index first, Index count, const double* w,
                 CrossProducts* sums) {
  for (std::size_t t = 0; t < sums->terms.size(); ++t) {
    double* own = sums->terms[t].diagonal.data();
    each_row(data, t, first, count, [&](Index i, Index v, Index level, const double* z) {
      double* target = own + level * v * v;
      for (Index c = 0; c < v; ++c) {
        for (Index r = 0; r < v; ++r) *target++ += w[i] * z[c] * z[r];
      }
    });
  }
  for (std::size_t k = 0; k < sums->pairs.size(); ++k) {
    double* own = sums->pairs[k].data();
    each_pair(data, sums->incidence->pairs[k], data.index[k], first, count,
              [&](Index i, Index vs, Index vt, Index place, const double* zs, const double* zt) {
                double* target = own + place * vs * vt;
                for (Index c = 0; c < vt; ++c) {
                  for (Index r = 0; r < vs; ++r) *target++ += w[i] * zt[c] * zs[r];
                }
              });
  }
}

void add_values(const IndexedRows& data, Index first, Index count, const double* values,
                std::vector<Matrix>* by_level) {
  for (std::size_t t = 0; t < by_level->size(); ++t) {
    double* own = (*by_level)[t].data();
    each_row(data, t, first, count, [&](Index i, Index v, Index level, const double* z) {
      for (Index c = 0; c < v; ++c) own[level * v + c] += values[i] * z[c];
    });
  }
}

void add_columns(const IndexedRows& data, Index first, const Matrix& values,
                 std::vector<Matrix>* by_level) {
  const Index p = values.cols();
  const Index count = values.rows();
  for (std::size_t t = 0; t < by_level->size(); ++t) {
    double* own = (*by_level)[t].data();
    each_row(data, t, first, count, [&](Index i, Index v, Index level, const double* z) {
      double* target = own + level * v * p;
      for (Index c = 0; c < v; ++c) {
        for (Index k = 0; k < p; ++k) *target++ += values(i, k) * z[c];
      }
    });
  }
}

void leverages(const IndexedRows& data, const CrossProducts& inverse, Index first, Index count,
               double* out) {
  for (Index i = 0; i < count; ++i) out[i] = 0;
  for (std::size_t t = 0; t < inverse.terms.size(); ++t) {
    const double* own = inverse.terms[t].diagonal.data();
    each_row(data, t, first, count, [&](Index i, Index v, Index level, const double* z) {
      const double* source = own + level * v * v;
      for (Index c = 0; c < v; ++c) {
        for (Index r = 0; r < v; ++r) out[i] += *source++ * z[c] * z[r];
      }
    });
  }
  for (std::size_t k = 0; k < inverse.pairs.size(); ++k) {
    const double* own = inverse.pairs[k].data();
    each_pair(data, inverse.incidence->pairs[k], data.index[k], first, count,
              [&](Index i, Index vs, Index vt, Index place, const double* zs, const double* zt) {
                const double* source = own + place * vs * vt;
                for (Index c = 0; c < vt; ++c) {
                  for (Index r = 0; r < vs; ++r) out[i] += 2 * *source++ * zt[c] * zs[r];
                }
              });
  }
}

}  // namespace henderson
