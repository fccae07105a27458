// The standardized cross-products in the layout of the blocked factorization, built once per fit.
//
// Leaf: the block term with the most levels, block-diagonal. Remainder: every other block term, in
// a fill-reducing order. Then the P = p + 1 dense columns [X y], kept as rows. Lower triangle:
//
//   A_00                                 leaf_diagonal: a block for each level
//         A_11
//               A_22
//   A_r0  A_r1  A_r2  A_rr                 panel_values: rows that a level meets; remainder_values
//   Y_0   Y_1   Y_2   Y_r  [X y]'W[X y]    zxy: leaf, remainder; xy
//
// The factor (equations/factor.h) has the same places, but fills A_rr by supernodes. A drawing with
// sizes: vignettes/algorithm.Rmd, "The blocked Cholesky factor".
#ifndef HENDERSON_EQUATIONS_EQUATIONS_H_
#define HENDERSON_EQUATIONS_EQUATIONS_H_

#include <vector>

#include "algebra/types.h"
#include "data/cross_products.h"
#include "equations/coefficients.h"
#include "equations/ordering.h"
#include "equations/standardization.h"

namespace henderson {

// A stored block of the remainder's lower triangle, in scalar rows and columns of the new order.
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

struct Equations {
  double n = 0;
  double sum_log_w = 0;
  int p = 0;
  std::vector<int> term_size;    // v_t
  std::vector<int> term_levels;  // J_t

  // Leaf: A_jj, and panels A_rj (rows of the remainder that meet level j).
  Matrix leaf_diagonal;              // v0 v0 x J0
  std::vector<Index> panel_start;    // J0 + 1
  std::vector<int> panel_rows;       // scalar rows, ascending within a panel
  std::vector<double> panel_values;  // panel j: R_j x v0, column-major, at panel_start[j] v0
  std::vector<int> run_start;        // levels of a run meet the same rows: count (of runs) + 1
  bool panels_full = false;          // every panel holds every remainder row in order

  // Remainder.
  Supernodes supernodes;
  std::vector<std::vector<int>> scalar_row;  // [term][level]: first scalar row (term >= 1)
  std::vector<int> row_term;                 // scalar row -> term
  std::vector<RemainderBlock> blocks;        // by supernode of their column
  std::vector<Index> block_start;            // supernode -> blocks
  std::vector<double> remainder_values;
  std::vector<PanelSegment> segments;  // by supernode
  std::vector<Index> segment_start;

  Coefficients zxy;  // [X y]'Wz, P right-hand sides
  Matrix xy;         // P x P

  // B of [X y] = [X~ y~] + Z B' where levels are centred (equations/level_centring.h), in the
  // layout of zxy, which then are products of [X~ y~], as xy is. Empty: B = 0.
  Coefficients centre;
  bool centred() const { return centre.size() > 0; }

  int n_terms() const { return static_cast<int>(term_size.size()); }
  int leaf_size() const { return term_size[0]; }
  int leaf_levels() const { return term_levels[0]; }
  // Where the coefficients of a level are: in which part, and its first column there.
  bool is_leaf(int term) const { return term == 0; }
  Index at(int term, int level) const {
    return is_leaf(term) ? static_cast<Index>(level) * leaf_size() : scalar_row[term][level];
  }
  int remainder_size() const { return supernodes.size(); }
  int run_levels(int run) const { return run_start[run + 1] - run_start[run]; }
  // The panel of leaf level j: count rows (scalar rows of the remainder) x v0.
  Index panel_count(Index j) const { return panel_start[j + 1] - panel_start[j]; }
  const int* rows_of_panel(Index j) const { return panel_rows.data() + panel_start[j]; }
  const double* panel(Index j) const { return panel_values.data() + panel_start[j] * leaf_size(); }
};

Equations build_equations(const CrossProducts& moments, const Standardization& basis);

}  // namespace henderson

#endif  // HENDERSON_EQUATIONS_EQUATIONS_H_
