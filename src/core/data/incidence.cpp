#include "data/incidence.h"

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace henderson {

namespace {

bool before(const Pair& a, const Pair& b) {
  return std::make_pair(a.term_row, a.term_column) < std::make_pair(b.term_row, b.term_column);
}

bool same(const Pair& a, const Pair& b) {
  return a.term_row == b.term_row && a.term_column == b.term_column && a.start == b.start &&
         a.partner == b.partner;
}

Pair unite_pair(const Pair& a, const Pair& b) {
  Pair both;
  both.term_row = a.term_row;
  both.term_column = a.term_column;
  both.start.assign(1, 0);
  for (std::size_t j = 0; j + 1 < a.start.size(); ++j) {
    std::set_union(a.partner.begin() + a.start[j], a.partner.begin() + a.start[j + 1],
                   b.partner.begin() + b.start[j], b.partner.begin() + b.start[j + 1],
                   std::back_inserter(both.partner));
    both.start.push_back(static_cast<Index>(both.partner.size()));
  }
  return both;
}

void require_same_columns(const Incidence& a, const Incidence& b) {
  if (a.p != b.p || a.intercept != b.intercept || a.terms.size() != b.terms.size()) {
    throw std::invalid_argument("cross-products of different models cannot be added");
  }
  for (std::size_t t = 0; t < a.terms.size(); ++t) {
    if (a.terms[t].v != b.terms[t].v || a.terms[t].n_levels != b.terms[t].n_levels ||
        a.terms[t].centred_with != b.terms[t].centred_with) {
      throw std::invalid_argument("cross-products with different levels cannot be added");
    }
  }
}

bool has_all(const Incidence& some, const std::vector<Pair>& pairs) {
  return std::equal(some.pairs.begin(), some.pairs.end(), pairs.begin(), pairs.end(), same);
}

}  // namespace

Index Pair::find(int j, int l) const {
  const auto first = partner.begin() + start[j];
  const auto last = partner.begin() + start[j + 1];
  const auto found = std::lower_bound(first, last, l);
  return found == last || *found != l ? -1 : found - partner.begin();
}

int Incidence::find_pair(int term_row, int term_column) const {
  Pair wanted;
  wanted.term_row = term_row;
  wanted.term_column = term_column;
  const auto found = std::lower_bound(pairs.begin(), pairs.end(), wanted, before);
  if (found == pairs.end() || before(wanted, *found)) return -1;
  return static_cast<int>(found - pairs.begin());
}

Index Incidence::block_size(const Pair& pair) const {
  return static_cast<Index>(terms[pair.term_row].v) * terms[pair.term_column].v;
}

std::shared_ptr<const Incidence> unite(const std::shared_ptr<const Incidence>& a,
                                       const std::shared_ptr<const Incidence>& b) {
  if (a == b) return a;
  require_same_columns(*a, *b);
  std::vector<Pair> pairs;
  auto mine = a->pairs.begin();
  auto theirs = b->pairs.begin();
  while (mine != a->pairs.end() || theirs != b->pairs.end()) {
    const bool only_mine =
        theirs == b->pairs.end() || (mine != a->pairs.end() && before(*mine, *theirs));
    const bool only_theirs =
        mine == a->pairs.end() || (theirs != b->pairs.end() && before(*theirs, *mine));
    if (only_mine) {
      pairs.push_back(*mine++);
    } else if (only_theirs) {
      pairs.push_back(*theirs++);
    } else {
      pairs.push_back(unite_pair(*mine++, *theirs++));
    }
  }
  if (has_all(*a, pairs)) return a;
  if (has_all(*b, pairs)) return b;
  auto united = std::make_shared<Incidence>(*a);
  united->pairs = std::move(pairs);
  return united;
}

}  // namespace henderson
