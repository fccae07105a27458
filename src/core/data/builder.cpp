#include "data/builder.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "data/accumulate.h"
#include "data/gram.h"
#include "data/rearrange.h"

namespace henderson {

namespace {

void extend(const CrossProducts& like, CrossProducts* sums) {
  std::vector<NewLevels> levels(sums->terms.size());
  std::vector<int> order(sums->terms.size());
  bool grows = false;
  for (std::size_t t = 0; t < levels.size(); ++t) {
    order[t] = static_cast<int>(t);
    levels[t].n_levels = std::max(like.terms[t].n_levels, sums->terms[t].n_levels);
    grows = grows || levels[t].n_levels > sums->terms[t].n_levels;
  }
  if (grows) *sums = rearrange(*sums, order, levels);
}

// Slopes of the last column on those that are not all but combinations of earlier ones. Those would
// have large slopes that say nothing, and of a part of the rows there may be any number.
Vector determined_fit(const Matrix& gram, int p) {
  constexpr double kOwnPart = 1e-8;  // of a column's square
  const Vector scale = gram.diagonal().cwiseMax(1e-300).cwiseSqrt().cwiseInverse();
  Matrix swept = scale.asDiagonal() * gram * scale.asDiagonal();
  std::vector<bool> has_slope(p, false);
  for (int c = 0; c < p; ++c) {
    const double pivot = swept(c, c);
    if (!(pivot > kOwnPart)) continue;
    has_slope[c] = true;
    const Vector column = swept.col(c);
    swept -= column * column.transpose() / pivot;
    swept.col(c) = column / pivot;
    swept.row(c) = column.transpose() / pivot;
    swept(c, c) = -1 / pivot;
  }
  Vector slopes = Vector::Zero(p);
  for (int c = 0; c < p; ++c) {
    if (has_slope[c]) slopes[c] = swept(c, p) * scale[c] / scale[p];
  }
  return slopes;
}

double weight_of(const TermSums& term, int ones) {
  return term.diagonal.row(ones * (term.v + 1)).sum();
}

// X about its means, y the same function of the columns.
Shifts about_means(const CrossProducts& sums) {
  Shifts shifts = sums.shifts;
  const int ones = sums.intercept();
  if (ones < 0) return shifts;
  const double weight = sums.xy(ones, ones);
  for (int c = 0; c < sums.p() && weight > 0; ++c) {
    if (c != ones) shifts.x[c] += sums.xy(ones, c) / weight;
  }
  shifts.y[ones] += (shifts.x - sums.shifts.x).dot(shifts.y);
  return shifts;
}

// The sums over all rows only.
CrossProducts dense_part(const CrossProducts& sums) {
  CrossProducts dense;
  const auto incidence = std::make_shared<Incidence>();
  incidence->p = sums.p();
  incidence->intercept = sums.intercept();
  dense.incidence = incidence;
  dense.shifts.x = sums.shifts.x;
  dense.shifts.y = sums.shifts.y;
  dense.n = sums.n;
  dense.xy = sums.xy;
  return dense;
}

// Means of z in both.
void unite_z_shifts(const CrossProducts& a, const CrossProducts& b, std::vector<Vector>* shifts) {
  for (std::size_t t = 0; t < shifts->size(); ++t) {
    const std::vector<int>& with = a.incidence->terms[t].centred_with;
    for (int c = 0; c < a.terms[t].v; ++c) {
      if (with[c] < 0) continue;
      double sum = 0;
      double weight = 0;
      for (const CrossProducts* part : {&a, &b}) {
        const TermSums& term = part->terms[t];
        const double own = weight_of(term, with[c]);
        sum += term.diagonal.row(c + with[c] * term.v).sum() + own * part->shifts.z[t][c];
        weight += own;
      }
      if (weight > 0) (*shifts)[t][c] = sum / weight;
    }
  }
}

// About the means and the least-squares fit of both: what is small in one of them remains a sum of
// what is small. Those of z are left where they agree, as moving them takes a pass over all levels.
Shifts common_shifts(const CrossProducts& a, const CrossProducts& b) {
  CrossProducts both = dense_part(a);
  add(dense_part(b), 1, &both);
  recentre(about_means(both), &both);
  Shifts shifts = both.shifts;
  shifts.y += determined_fit(both.xy, both.p());
  shifts.z = a.shifts.z;
  if (a.shifts.z != b.shifts.z) unite_z_shifts(a, b, &shifts.z);
  return shifts;
}

// Are columns of z so far from what they are taken about that their squares lose digits?
bool is_far(const CrossProducts& sums) {
  constexpr double kMostDeviations = 8;
  for (std::size_t t = 0; t < sums.terms.size(); ++t) {
    const TermSums& term = sums.terms[t];
    const std::vector<int>& with = sums.incidence->terms[t].centred_with;
    for (int c = 0; c < term.v; ++c) {
      if (with[c] < 0) continue;
      const double weight = weight_of(term, with[c]);
      if (!(weight > 0)) continue;
      const double mean = term.diagonal.row(c + with[c] * term.v).sum() / weight;
      const double square = term.diagonal.row(c * (term.v + 1)).sum() / weight;
      if (mean * mean > kMostDeviations * kMostDeviations * (square - mean * mean)) return true;
    }
  }
  return false;
}

}  // namespace

void Builder::join_last() {
  CrossProducts last = std::move(parts_.back());
  parts_.pop_back();
  extend(last, &parts_.back());
  extend(parts_.back(), &last);
  const Shifts shifts = common_shifts(parts_.back(), last);
  recentre(shifts, &parts_.back());
  recentre(shifts, &last);
  henderson::add(last, 1, &parts_.back());
}

void Builder::add(const DataRows& rows) {
  const GramResult gram = dense_gram(rows);
  Shifts shifts = usual_shifts(rows, gram);
  shifts.y = determined_fit(gram.gram, rows.p);
  if (parts_.empty()) {
    parts_.push_back(accumulate(rows, gram, shifts));
    return;
  }
  const std::vector<Vector> own = shifts.z;
  shifts.z = parts_.front().shifts.z;
  CrossProducts part = accumulate(rows, gram, shifts);
  if (is_far(part)) {
    shifts.z = own;
    part = accumulate(rows, gram, shifts);
  }
  parts_.push_back(std::move(part));
  while (parts_.size() > 1 && parts_.back().n >= parts_[parts_.size() - 2].n / 2) join_last();
}

const CrossProducts& Builder::sums() {
  while (parts_.size() > 1) join_last();
  return parts_.front();
}

void recentre_at_means(CrossProducts* sums) {
  Shifts shifts = about_means(*sums);
  unite_z_shifts(*sums, *sums, &shifts.z);
  recentre(shifts, sums);
  const Vector change = least_squares(sums->xy, sums->p());
  if (!change.allFinite()) return;
  shifts.y += change;
  recentre(shifts, sums);
}

}  // namespace henderson
