#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "convert.h"
#include "data/builder.h"
#include "data/rearrange.h"
#include "henderson_types.h"

namespace {

SEXP builder_tag() { return Rf_install("henderson_builder"); }

henderson::Builder* as_builder(SEXP pointer) {
  if (TYPEOF(pointer) != EXTPTRSXP || R_ExternalPtrTag(pointer) != builder_tag()) {
    Rcpp::stop("internal: no builder");
  }
  auto* own = static_cast<henderson::Builder*>(R_ExternalPtrAddr(pointer));
  if (own == nullptr) Rcpp::stop("internal: the builder is gone");
  return own;
}

// 1-based numbers in R.
std::vector<int> as_positions(SEXP object) {
  std::vector<int> positions = Rcpp::as<std::vector<int>>(object);
  for (int& position : positions) --position;
  return positions;
}

void require_columns(std::vector<int> positions, int size) {
  std::sort(positions.begin(), positions.end());
  int last = -1;
  for (const int position : positions) {
    if (position <= last || position >= size) Rcpp::stop("internal: no such columns");
    last = position;
  }
}

}  // namespace

// Where pieces of data are added up: an external pointer. parts: NULL, or those of
// builder_parts_cpp() to go on from.
// [[Rcpp::export(rng = false)]]
SEXP builder_cpp(SEXP parts) {
  std::vector<henderson::CrossProducts> begun;
  if (!Rf_isNull(parts)) {
    const Rcpp::List given(parts);
    for (R_xlen_t i = 0; i < given.size(); ++i) begun.push_back(as_cross_products(given[i]));
  }
  auto own = std::make_unique<henderson::Builder>(std::move(begun));
  return Rcpp::XPtr<henderson::Builder>(own.release(), true, builder_tag());
}

// Adds a piece: design as for prepare_cpp(), with any number of rows.
// [[Rcpp::export(rng = false)]]
void builder_add_cpp(SEXP builder, const Rcpp::List& design) {
  const UserInterrupts interruptible;
  as_builder(builder)->add(as_data_rows(design));
}

// Cross-products of all pieces so far, as they are numbered there; NULL of none.
// [[Rcpp::export(rng = false)]]
SEXP builder_sums_cpp(SEXP builder) {
  const UserInterrupts interruptible;
  henderson::Builder* own = as_builder(builder);
  if (own->empty()) return R_NilValue;
  return wrap_cross_products(own->sums(), R_NilValue);
}

// What the sum of all pieces so far consists of: a list of cross-products, without joining them.
// [[Rcpp::export(rng = false)]]
Rcpp::List builder_parts_cpp(SEXP builder) {
  Rcpp::List parts;
  for (const henderson::CrossProducts& part : as_builder(builder)->parts()) {
    parts.push_back(wrap_cross_products(part, R_NilValue));
  }
  return parts;
}

// Cross-products with other levels and another order of terms (henderson::rearrange()), about
// means: order: the old number of each term; levels: for each old term list(position (of each
// level), n).
// [[Rcpp::export(rng = false)]]
Rcpp::List rearrange_cpp(const Rcpp::List& moments, SEXP order, const Rcpp::List& levels,
                         SEXP specs) {
  const UserInterrupts interruptible;
  std::vector<henderson::NewLevels> places;
  for (R_xlen_t t = 0; t < levels.size(); ++t) {
    const Rcpp::List item(levels[t]);
    places.push_back({as_positions(item["position"]), Rcpp::as<int>(item["n"])});
  }
  try {
    henderson::CrossProducts sums =
        henderson::rearrange(as_cross_products(moments), as_positions(order), places);
    henderson::recentre_at_means(&sums);
    return wrap_cross_products(sums, specs);
  } catch (const std::invalid_argument& wrong) {
    Rcpp::stop("internal: %s", wrong.what());
  }
}

// Cross-products of some columns (1-based): x of X, z of each term.
// [[Rcpp::export(rng = false)]]
Rcpp::List select_columns_cpp(const Rcpp::List& moments, SEXP x, const Rcpp::List& z, SEXP specs) {
  const UserInterrupts interruptible;
  const henderson::CrossProducts sums = as_cross_products(moments);
  const std::vector<int> columns = as_positions(x);
  require_columns(columns, sums.p());
  if (z.size() != static_cast<R_xlen_t>(sums.terms.size())) Rcpp::stop("internal: other terms");
  std::vector<std::vector<int>> of_terms;
  bool any = false;
  for (R_xlen_t t = 0; t < z.size(); ++t) {
    of_terms.push_back(as_positions(z[t]));
    require_columns(of_terms.back(), sums.terms[t].v);
    any = any || !of_terms.back().empty();
  }
  if (!any) Rcpp::stop("internal: no term is left");
  return wrap_cross_products(henderson::select_columns(sums, columns, of_terms), specs);
}

// Squared length of each column of X beside the earlier ones, over its own.
// [[Rcpp::export(rng = false)]]
Eigen::VectorXd relative_pivots_cpp(const Rcpp::List& moments) {
  const UserInterrupts interruptible;
  return henderson::relative_pivots(as_cross_products(moments));
}
