#include "prepared.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "data/accumulate.h"

namespace {

SEXP prepared_tag() { return Rf_install("henderson_prepared"); }

void require_same_design(const henderson::CrossProducts& moments, const henderson::DataRows& rows) {
  if (moments.p() != rows.p || moments.terms.size() != rows.terms.size()) {
    Rcpp::stop("internal: cross-products of another design");
  }
  for (std::size_t t = 0; t < rows.terms.size(); ++t) {
    if (moments.terms[t].n_levels != rows.terms[t].n_levels ||
        moments.terms[t].v != static_cast<int>(rows.terms[t].columns.size())) {
      Rcpp::stop("internal: cross-products of other terms");
    }
  }
}

}  // namespace

Prepared::Prepared(SEXP design, SEXP moments) : design_(design), given_(moments) {
  if (has_rows()) rows_ = as_data_rows(design);
  if (Rf_isNull(moments)) {
    if (!has_rows()) Rcpp::stop("internal: neither rows nor cross-products");
    gram_ = std::make_unique<const henderson::GramResult>(henderson::dense_gram(rows_));
  }
}

double Prepared::rank_pivot() const {
  return gram_ ? gram_->smallest_pivot : std::numeric_limits<double>::quiet_NaN();
}

henderson::CrossProducts Prepared::make_moments() const {
  if (gram_) return henderson::accumulate(rows_, *gram_);
  henderson::CrossProducts moments = as_cross_products(given_);
  if (has_rows()) {
    require_same_design(moments, rows_);
    henderson::replace_response(rows_, &moments);
  }
  return moments;
}

std::shared_ptr<const henderson::CrossProducts> Prepared::moments() {
  if (!moments_) {
    auto made = std::make_shared<henderson::CrossProducts>(make_moments());
    // related levels stay in the order of their precision, and those of rows that go together
    const bool as_given = related_levels() || !Rf_isNull(residual());
    order_ = as_given ? henderson::sort_levels(made.get(), std::numeric_limits<int>::max())
                      : henderson::sort_levels(made.get());
    moments_ = std::move(made);
  }
  return moments_;
}

bool Prepared::related_levels() const {
  const Rcpp::List terms = specs();
  for (R_xlen_t t = 0; t < terms.size(); ++t) {
    const Rcpp::List own = terms[t];
    if (own.size() == 0) continue;
    const Rcpp::List first = own[0];
    if (!Rf_isNull(first["data"])) return true;
  }
  return false;
}

bool Prepared::is_sorted() const {
  return std::any_of(order_.original.begin(), order_.original.end(),
                     [](const std::vector<int>& term) { return !term.empty(); });
}

std::vector<henderson::TermStructures> Prepared::structures() {
  return as_structures(has_rows() ? design_ : given_, *moments());
}

SEXP Prepared::specs() const {
  const Rcpp::List source(has_rows() ? design_ : given_);
  return source["specs"];
}

SEXP Prepared::residual() const {
  if (!has_rows()) return R_NilValue;
  const Rcpp::List design(design_);
  return design.containsElementNamed("residual") ? SEXP(design["residual"]) : R_NilValue;
}

OrderedRows::OrderedRows(Prepared* prepared) {
  moments = prepared->moments();
  rows = prepared->rows();
  const std::vector<std::vector<int>>& original = prepared->order().original;
  levels.resize(rows.terms.size());
  position.resize(rows.terms.size());
  for (std::size_t t = 0; t < levels.size() && t < original.size(); ++t) {
    if (original[t].empty()) continue;
    std::vector<int>& own = position[t];
    own.resize(original[t].size());
    for (std::size_t k = 0; k < own.size(); ++k) own[original[t][k]] = k + 1;
    for (henderson::Index i = 0; i < rows.n; ++i) {
      levels[t].push_back(own[rows.terms[t].level[i] - 1]);
    }
    rows.terms[t].level = levels[t].data();
  }
}

SEXP wrap_prepared(SEXP design, SEXP moments) {
  const Rcpp::List sources = Rcpp::List::create(design, moments);
  return Rcpp::XPtr<Prepared>(new Prepared(design, moments), true, prepared_tag(), sources);
}

Prepared* as_prepared(SEXP pointer) {
  if (TYPEOF(pointer) != EXTPTRSXP || R_ExternalPtrTag(pointer) != prepared_tag()) {
    Rcpp::stop("internal: nothing prepared");
  }
  auto* own = static_cast<Prepared*>(R_ExternalPtrAddr(pointer));
  if (own == nullptr) Rcpp::stop("internal: what was prepared is gone");
  return own;
}
