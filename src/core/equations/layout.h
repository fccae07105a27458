// Where every number of the equations and of their factor stands. Symbolic: it depends on who meets
// whom, not on any sum over the rows, and is shared by all that differ in these.
//
// Leaf: the first factor term, that with the most levels, block-diagonal. There is none if its
// levels are dependent. Remainder: every other factor term, in a fill-reducing order. Then the
// P = p + 1 dense columns [X y].
#ifndef HENDERSON_EQUATIONS_LAYOUT_H_
#define HENDERSON_EQUATIONS_LAYOUT_H_

#include <memory>
#include <vector>

#include "algebra/types.h"
#include "covariance/level_precision.h"
#include "data/incidence.h"
#include "equations/ordering.h"

namespace henderson {

// A stored block of A in the remainder's lower triangle, in scalar rows and columns of the new
// order.
struct RemainderBlock {
  int row = 0;
  int column = 0;
  int term_row = 0;
  int term_column = 0;
  Index value = 0;  // offset into remainder_values, v_row x v_column, column-major
};

// The rows [begin, end) of a run's panels that are columns of one supernode.
struct PanelSegment {
  int run = 0;
  int begin = 0;
  int end = 0;
};

// Element K^-1[l, m], l != m, of a term's known precision, in the coefficients of both levels.
struct PrecisionBlock {
  int row = 0;
  int column = 0;
  int term = 0;
  double value = 0;
};

struct Layout {
  // precisions: of each term; none at all if no term has one.
  explicit Layout(const Incidence& incidence, const std::vector<LevelPrecision>& precisions = {});

  int p = 0;
  int leaf = 0;                  // the term, -1 if there is none
  std::vector<int> term_size;    // v_t
  std::vector<int> term_levels;  // J_t

  // Panels of the leaf's levels: the rows of the remainder that meet them.
  std::vector<Index> panel_start;  // J0 + 1
  std::vector<int> panel_rows;     // scalar rows, ascending within a panel
  std::vector<int> run_start;      // levels of a run meet the same rows: count (of runs) + 1
  bool panels_full = false;        // every panel holds every remainder row in order

  // Remainder.
  Supernodes supernodes;
  std::vector<std::vector<int>> scalar_row;  // [term][level]: first scalar row; empty for the leaf
  std::vector<int> row_term;                 // scalar row -> term
  std::vector<RemainderBlock> blocks;        // by supernode of their column
  std::vector<Index> block_start;            // supernode -> blocks
  Index n_remainder_values = 0;
  std::vector<PanelSegment> segments;  // by supernode
  std::vector<Index> segment_start;

  // What the levels' precisions add to M: the diagonal, 1 where levels are independent, empty if
  // all are; and the rest by supernode.
  Vector precision_diagonal;
  std::vector<PrecisionBlock> precision_blocks;
  std::vector<Index> precision_start;
  std::vector<char> has_precision;                                       // by term
  double log_det_levels = 0;                                             // sum of v_t log|K_t|
  std::vector<std::shared_ptr<const LevelCovariance>> level_covariance;  // K_t, null if K_t = I

  int n_terms() const { return static_cast<int>(term_size.size()); }
  bool any_precision() const { return precision_diagonal.size() > 0; }
  // Where the coefficients of a level are: in which part, and its first column there.
  bool is_leaf(int term) const { return term == leaf; }
  Index at(int term, int level) const {
    return is_leaf(term) ? static_cast<Index>(level) * leaf_size() : scalar_row[term][level];
  }
  int leaf_size() const { return leaf < 0 ? 1 : term_size[leaf]; }
  int leaf_levels() const { return leaf < 0 ? 0 : term_levels[leaf]; }
  Index leaf_columns() const { return static_cast<Index>(leaf_size()) * leaf_levels(); }
  int remainder_size() const { return supernodes.size(); }
  int run_levels(int run) const { return run_start[run + 1] - run_start[run]; }
  // The panel of leaf level j: count rows (scalar rows of the remainder) x v0.
  Index panel_count(Index j) const { return panel_start[j + 1] - panel_start[j]; }
  const int* rows_of_panel(Index j) const { return panel_rows.data() + panel_start[j]; }
};

}  // namespace henderson

#endif  // HENDERSON_EQUATIONS_LAYOUT_H_
