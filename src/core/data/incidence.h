// What of a model's cross-products is not a number: columns, levels, and who meets whom.
//
// Immutable and shared: sums over other rows, weights or responses of one model differ in their
// numbers only.
#ifndef HENDERSON_DATA_INCIDENCE_H_
#define HENDERSON_DATA_INCIDENCE_H_

#include <memory>
#include <vector>

#include "algebra/types.h"

namespace henderson {

struct TermColumns {
  int v = 0;
  int n_levels = 0;
  // Per column: the term's first column of ones, along which it is centred; -1 for columns of ones,
  // and if there are none.
  std::vector<int> centred_with;
};

// The levels of two terms that meet, t before s: per level of t the sorted levels of s. A term
// whose rows are in several of its own levels has a pair (t, t) of the later ones.
struct Pair {
  int term_row = 0;          // t
  int term_column = 0;       // s
  std::vector<Index> start;  // J_t + 1
  std::vector<int> partner;  // 0-based level of s

  // Where level l of s is among the partners of level j of t; -1: they do not meet.
  Index find(int j, int l) const;
};

struct Incidence {
  int p = 0;
  int intercept = -1;              // X's column of ones, -1 if there is none
  std::vector<TermColumns> terms;  // by decreasing number of levels
  std::vector<Pair> pairs;         // sorted by term_row and term_column

  // -1: there is none.
  int find_pair(int term_row, int term_column) const;
  // Of a value of a pair, v_s x v_t.
  Index block_size(const Pair& pair) const;
};

// With the pairs of both, which must have the same columns and levels (std::invalid_argument). One
// of the two itself where it has all of them.
std::shared_ptr<const Incidence> unite(const std::shared_ptr<const Incidence>& a,
                                       const std::shared_ptr<const Incidence>& b);

}  // namespace henderson

#endif  // HENDERSON_DATA_INCIDENCE_H_
