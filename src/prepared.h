// What R holds between its two steps into the core: prepare_cpp() and fit_cpp().
#ifndef HENDERSON_PREPARED_H_
#define HENDERSON_PREPARED_H_

#include <memory>
#include <vector>

#include "convert.h"
#include "data/cross_products.h"
#include "data/gram.h"
#include "data/rows.h"
#include "equations/level_order.h"
#include "henderson_types.h"

// Rows, or cross-products, or both: cross-products of these rows with any response. The R objects
// must outlive it. Sums over the rows wait for moments(), since R decides on the rank of X first,
// and X may lose columns.
class Prepared {
 public:
  Prepared(SEXP design, SEXP moments);

  bool has_rows() const { return !Rf_isNull(design_); }
  const henderson::DataRows& rows() const { return rows_; }
  // Smallest squared pivot of X; not a number where cross-products were given.
  double rank_pivot() const;
  // Computed once, levels sorted by order(), and shared with whoever needs them for longer.
  std::shared_ptr<const henderson::CrossProducts> moments();
  const henderson::LevelOrder& order() const { return order_; }
  bool is_sorted() const;  // or are the levels in the order that R knows?
  std::vector<henderson::TermStructures> structures();
  SEXP specs() const;
  // The residual structure of the design (convert.h); NULL for independent residuals.
  SEXP residual() const;

 private:
  henderson::CrossProducts make_moments() const;
  bool related_levels() const;

  SEXP design_;
  SEXP given_;
  henderson::DataRows rows_;
  std::unique_ptr<const henderson::GramResult> gram_;
  std::shared_ptr<const henderson::CrossProducts> moments_;
  henderson::LevelOrder order_;
};

// Rows whose levels are numbered as the cross-products' are.
struct OrderedRows {
  explicit OrderedRows(Prepared* prepared);
  OrderedRows(const OrderedRows&) = delete;
  OrderedRows& operator=(const OrderedRows&) = delete;

  std::shared_ptr<const henderson::CrossProducts> moments;
  henderson::DataRows rows;
  std::vector<std::vector<int>> levels;
  // By term and user's level (0-based) its number; empty: as it was.
  std::vector<std::vector<int>> position;
};

// The external pointer that R holds, and what it points to: an R error if it is another one's, or
// has been released.
SEXP wrap_prepared(SEXP design, SEXP moments);
Prepared* as_prepared(SEXP pointer);

#endif  // HENDERSON_PREPARED_H_
