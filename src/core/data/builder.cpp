#include "data/builder.h"

#include <algorithm>
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

// y about its mean: a line through one piece may be far from the others.
Vector first_fit(const DataRows& rows, const GramResult& gram) {
  Vector fit = Vector::Zero(rows.p);
  if (rows.intercept >= 0) fit[rows.intercept] = column_mean(rows, rows.y, std::max(gram.n, 1.0));
  return fit;
}

}  // namespace

void Builder::join_last() {
  CrossProducts last = std::move(parts_.back());
  parts_.pop_back();
  extend(last, &parts_.back());
  extend(parts_.back(), &last);
  henderson::add(last, 1, &parts_.back());
}

void Builder::add(const DataRows& rows) {
  if (parts_.empty()) {
    const GramResult gram = dense_gram(rows);
    Shifts shifts = usual_shifts(rows, gram);
    shifts.y = first_fit(rows, gram);
    parts_.push_back(accumulate(rows, gram, shifts));
    return;
  }
  const Shifts& shifts = parts_.front().shifts;
  parts_.push_back(accumulate(rows, dense_gram(rows, shifts.x), shifts));
  while (parts_.size() > 1 && parts_.back().n >= parts_[parts_.size() - 2].n / 2) join_last();
}

const CrossProducts& Builder::sums() {
  while (parts_.size() > 1) join_last();
  return parts_.front();
}

void recentre_at_means(CrossProducts* sums) {
  Shifts shifts = sums->shifts;
  const Incidence& incidence = *sums->incidence;
  const int ones = incidence.intercept;
  if (ones >= 0) {
    const double weight = sums->xy(ones, ones);
    for (int c = 0; c < incidence.p && weight > 0; ++c) {
      if (c != ones) shifts.x[c] += sums->xy(ones, c) / weight;
    }
  }
  for (std::size_t t = 0; t < incidence.terms.size(); ++t) {
    const std::vector<int>& with = incidence.terms[t].centred_with;
    const TermSums& term = sums->terms[t];
    for (int c = 0; c < term.v; ++c) {
      if (with[c] < 0) continue;
      const double sum = term.diagonal.row(c + with[c] * term.v).sum();
      const double weight = term.diagonal.row(with[c] * (term.v + 1)).sum();
      if (weight > 0) shifts.z[t][c] += sum / weight;
    }
  }
  // the same function of the columns, about their new means
  if (ones >= 0) shifts.y[ones] += (shifts.x - sums->shifts.x).dot(shifts.y);
  recentre(shifts, sums);
  const Vector change = least_squares(sums->xy, incidence.p);
  if (!change.allFinite()) return;
  shifts.y += change;
  recentre(shifts, sums);
}

}  // namespace henderson
