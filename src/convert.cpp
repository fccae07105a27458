#include "convert.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using henderson::BlockTermRows;
using henderson::CrossProducts;
using henderson::DataRows;
using henderson::Incidence;
using henderson::Index;
using henderson::Pair;
using henderson::TermColumns;
using henderson::TermStructures;
using henderson::TermSums;

namespace {

// Everything below is checked here, whoever called: an index out of range or a vector that is too
// short would be read in the core without a question.

// Counts that the core holds as int; beyond them it would have to say so itself.
constexpr Index kMostRows = std::numeric_limits<int>::max();
constexpr Index kMostCoefficients = std::numeric_limits<int>::max() / 2;

void require_length(Index found, Index wanted, const char* what) {
  if (found != wanted) {
    Rcpp::stop("internal: %s has length %d, expected %d", what, static_cast<double>(found),
               static_cast<double>(wanted));
  }
}

// A vector of another type would be converted: to a copy that is gone when it is read.
SEXP require_type(SEXP object, int type, const char* what) {
  if (TYPEOF(object) != type) {
    Rcpp::stop("internal: %s is of type %s, expected %s", what, Rf_type2char(TYPEOF(object)),
               Rf_type2char(type));
  }
  return object;
}

// The values of a vector or matrix of the required type and number of rows. Read only: asked for
// memory to write to, R would copy a vector that shares its values with another.
const double* read_doubles(SEXP object, Index n_rows, const char* what) {
  require_type(object, REALSXP, what);
  require_length(Rf_isMatrix(object) ? Rf_nrows(object) : XLENGTH(object), n_rows, what);
  return REAL_RO(object);
}

const int* read_levels(SEXP object, Index n_rows, int n_levels) {
  require_type(object, INTSXP, "level");
  require_length(XLENGTH(object), n_rows, "level");
  const int* level = INTEGER_RO(object);
  for (Index i = 0; i < n_rows; ++i) {
    if (level[i] < 1 || level[i] > n_levels) {
      Rcpp::stop("internal: level index %d out of range", level[i]);
    }
  }
  return level;
}

// 1-based numbers in R that follow each other: the first, 0-based.
int as_range(SEXP object, const char* what) {
  require_type(object, INTSXP, what);
  const Index size = XLENGTH(object);
  const int* numbers = INTEGER_RO(object);
  if (size < 1 || numbers[0] < 1) Rcpp::stop("internal: %s are no positions", what);
  for (Index i = 1; i < size; ++i) {
    if (numbers[i] != static_cast<double>(numbers[0]) + static_cast<double>(i)) {
      Rcpp::stop("internal: %s do not follow each other", what);
    }
  }
  return numbers[0] - 1;
}

// A term's precision of levels: list(p, i (0-based), x), slots of its sparse lower triangle.
std::shared_ptr<const henderson::LevelPrecision> as_level_precision(SEXP object, int n_levels) {
  if (Rf_isNull(object)) return nullptr;
  const Rcpp::List slots(require_type(object, VECSXP, "data of a spec"));
  const Rcpp::IntegerVector start(require_type(slots["p"], INTSXP, "p of a precision"));
  const Rcpp::IntegerVector row(require_type(slots["i"], INTSXP, "i of a precision"));
  const Rcpp::NumericVector value(require_type(slots["x"], REALSXP, "x of a precision"));
  require_length(start.size(), static_cast<Index>(n_levels) + 1, "p of a precision");
  require_length(value.size(), row.size(), "x of a precision");
  henderson::SparseLower inverse;
  inverse.size = n_levels;
  inverse.start.assign(start.begin(), start.end());
  inverse.row.assign(row.begin(), row.end());
  inverse.value.assign(value.begin(), value.end());
  if (inverse.start.front() != 0 || inverse.start.back() != row.size()) {
    Rcpp::stop("internal: the columns of a precision do not follow each other");
  }
  for (int c = 0; c < n_levels; ++c) {
    if (inverse.start[c] >= inverse.start[c + 1] || inverse.start[c + 1] > row.size() ||
        row[inverse.start[c]] != c) {
      Rcpp::stop("internal: a precision without its diagonal");
    }
    for (Index e = inverse.start[c] + 1; e < inverse.start[c + 1]; ++e) {
      if (row[e] <= row[e - 1] || row[e] >= n_levels) {
        Rcpp::stop("internal: rows of a precision are out of range or out of order");
      }
    }
  }
  try {
    return std::make_shared<const henderson::LevelPrecision>(
        henderson::make_level_precision(std::move(inverse)));
  } catch (const std::invalid_argument& singular) {
    Rcpp::stop("internal: %s", singular.what());
  }
}

// The structures of one factor term: they follow each other on its v columns.
TermStructures as_term_structures(SEXP object, int v, int n_levels) {
  const Rcpp::List specs(require_type(object, VECSXP, "specs of a term"));
  TermStructures structures;
  Index next = 0;
  for (R_xlen_t s = 0; s < specs.size(); ++s) {
    const Rcpp::List spec(require_type(specs[s], VECSXP, "a spec"));
    const SEXP columns = spec["columns"];
    const SEXP parameters = spec["parameters"];
    const int first_column = as_range(columns, "columns of a spec");
    if (first_column != next || XLENGTH(columns) > v - next) {
      Rcpp::stop("internal: structures do not follow each other");
    }
    const int first_parameter = as_range(parameters, "parameters of a spec");
    structures.push_back({as_structure(spec), first_column, first_parameter});
    require_length(XLENGTH(parameters), structures.back().n_parameters(), "parameters of a spec");
    next += XLENGTH(columns);
  }
  require_length(next, v, "specs of a term");
  if (specs.size() == 0) return structures;
  // all terms on one grouping factor have the same
  const auto precision = as_level_precision(Rcpp::List(specs[0])["data"], n_levels);
  for (henderson::PlacedStructure& own : structures) own.precision = precision;
  return structures;
}

// Every parameter of theta belongs to one structure.
void require_theta(const std::vector<TermStructures>& terms) {
  std::vector<std::pair<Index, Index>> ranges;
  for (const TermStructures& term : terms) {
    for (const henderson::PlacedStructure& structure : term) {
      ranges.emplace_back(structure.first_parameter, structure.n_parameters());
    }
  }
  std::sort(ranges.begin(), ranges.end());
  Index next = 0;
  for (const auto& range : ranges) {
    if (range.first != next) Rcpp::stop("internal: the parameters of the terms do not add up");
    next += range.second;
  }
}

void require_coefficients(Index v, Index n_levels, Index* total) {
  // v * v is an int in many places.
  if (v < 1 || v > 46340 || n_levels < 1) Rcpp::stop("internal: a term without columns or levels");
  *total += v * n_levels;
  if (*total > kMostCoefficients) {
    Rcpp::stop("More than 2^30 random effects in one model are not supported.");
  }
}

// 1-based number of X's column of ones, 0 for none; 0-based and -1 in the core.
int as_column_index(SEXP object, int p) {
  const int column = Rcpp::as<int>(object);
  if (column < 0 || column > p) Rcpp::stop("internal: X has no column %d", column);
  return column - 1;
}

}  // namespace

DataRows as_data_rows(const Rcpp::List& design) {
  DataRows rows;
  const SEXP x = design["X"];
  const SEXP y = design["y"];
  if (!Rf_isMatrix(x)) Rcpp::stop("internal: X is no matrix");
  rows.n = Rf_xlength(y);
  if (rows.n > kMostRows) Rcpp::stop("More than 2^31 - 1 rows in one piece are not supported.");
  rows.p = Rf_ncols(x);
  rows.x = read_doubles(x, rows.n, "X");
  rows.y = read_doubles(y, rows.n, "y");
  rows.intercept = as_column_index(design["intercept"], rows.p);
  const SEXP weights = design["weights"];
  if (!Rf_isNull(weights)) rows.weights = read_doubles(weights, rows.n, "weights");
  const Rcpp::List terms(require_type(design["terms"], VECSXP, "terms"));
  const bool alone = design.containsElementNamed("residual");
  if (terms.size() == 0 && !alone) Rcpp::stop("internal: no terms");
  Index coefficients = 0;
  for (R_xlen_t t = 0; t < terms.size(); ++t) {
    const Rcpp::List term(require_type(terms[t], VECSXP, "a term"));
    BlockTermRows block;
    block.n_levels = Rcpp::as<int>(term["n_levels"]);
    block.level = read_levels(term["level"], rows.n, block.n_levels);
    const Rcpp::List columns(require_type(term["columns"], VECSXP, "columns"));
    require_coefficients(columns.size(), block.n_levels, &coefficients);
    for (R_xlen_t c = 0; c < columns.size(); ++c) {
      const SEXP column = columns[c];
      if (Rf_isNull(column)) {
        block.columns.push_back(nullptr);
        continue;
      }
      // list(matrix, 1-based column): columns of one matrix are shared, not copied.
      const Rcpp::List reference(require_type(column, VECSXP, "a column"));
      require_length(reference.size(), 2, "a column");
      const SEXP source = reference[0];
      const double* z = read_doubles(source, rows.n, "z");
      const int which = Rcpp::as<int>(reference[1]);
      if (which < 1 || which > Rf_ncols(source)) Rcpp::stop("internal: column out of range");
      block.columns.push_back(z + static_cast<Index>(which - 1) * rows.n);
    }
    rows.terms.push_back(block);
  }
  return rows;
}

Rcpp::List wrap_cross_products(const CrossProducts& moments, SEXP specs) {
  Rcpp::List terms;
  for (std::size_t t = 0; t < moments.terms.size(); ++t) {
    const TermSums& term = moments.terms[t];
    terms.push_back(Rcpp::List::create(
        Rcpp::_["v"] = term.v, Rcpp::_["n_levels"] = term.n_levels,
        Rcpp::_["centred_with"] = Rcpp::wrap(moments.incidence->terms[t].centred_with),
        Rcpp::_["shift"] = moments.shifts.z[t], Rcpp::_["dense"] = term.xy,
        Rcpp::_["diagonal"] = term.diagonal));
  }
  Rcpp::List pairs;
  for (std::size_t k = 0; k < moments.pairs.size(); ++k) {
    const Pair& pair = moments.incidence->pairs[k];
    pairs.push_back(Rcpp::List::create(
        Rcpp::_["terms"] = Rcpp::IntegerVector::create(pair.term_row, pair.term_column),
        Rcpp::_["start"] = Rcpp::NumericVector(pair.start.begin(), pair.start.end()),
        Rcpp::_["partner"] = Rcpp::wrap(pair.partner),
        Rcpp::_["values"] = Rcpp::wrap(moments.pairs[k])));
  }
  return Rcpp::List::create(
      Rcpp::_["format_version"] = static_cast<int>(CrossProducts::kFormatVersion),
      Rcpp::_["n"] = moments.n, Rcpp::_["sum_log_w"] = moments.sum_log_w,
      Rcpp::_["p"] = moments.p(), Rcpp::_["intercept"] = moments.intercept() + 1,
      Rcpp::_["shift"] =
          Rcpp::List::create(Rcpp::_["x"] = moments.shifts.x, Rcpp::_["y"] = moments.shifts.y),
      Rcpp::_["specs"] = specs,
      Rcpp::_["blocks"] = Rcpp::List::create(Rcpp::_["dense"] = moments.xy,
                                             Rcpp::_["terms"] = terms, Rcpp::_["pairs"] = pairs));
}

namespace {

TermColumns as_term_columns(const Rcpp::List& item, Index* coefficients) {
  TermColumns term;
  term.v = Rcpp::as<int>(item["v"]);
  term.n_levels = Rcpp::as<int>(item["n_levels"]);
  require_coefficients(term.v, term.n_levels, coefficients);
  term.centred_with = Rcpp::as<std::vector<int>>(item["centred_with"]);
  require_length(static_cast<Index>(term.centred_with.size()), term.v, "centred_with");
  for (const int ones : term.centred_with) {
    if (ones < -1 || ones >= term.v || (ones >= 0 && term.centred_with[ones] != -1)) {
      Rcpp::stop("internal: columns are centred with column %d", ones);
    }
  }
  return term;
}

TermSums as_term_sums(const Rcpp::List& item, const TermColumns& columns, int p) {
  TermSums term;
  term.v = columns.v;
  term.n_levels = columns.n_levels;
  term.xy = Rcpp::as<Eigen::MatrixXd>(item["dense"]);
  term.diagonal = Rcpp::as<Eigen::MatrixXd>(item["diagonal"]);
  require_length(term.xy.cols(), static_cast<Index>(term.v) * term.n_levels,
                 "a term's dense block");
  require_length(term.xy.rows(), p + 1, "a column of a term's dense block");
  require_length(term.diagonal.cols(), term.n_levels, "a term's diagonal block");
  require_length(term.diagonal.rows(), term.v * term.v, "a column of a term's diagonal block");
  return term;
}

Pair as_pair(const Rcpp::List& item, const TermColumns& row, const TermColumns& column) {
  Pair pair;
  const Rcpp::NumericVector start = item["start"];
  require_length(start.size(), static_cast<Index>(row.n_levels) + 1, "a pair's start");
  pair.partner = Rcpp::as<std::vector<int>>(item["partner"]);
  const double count = static_cast<double>(pair.partner.size());
  double last = 0;
  for (const double s : start) {
    if (!(s >= last && s <= count && s == std::floor(s))) {
      Rcpp::stop("internal: the starts of a pair of cross-products do not increase");
    }
    last = s;
  }
  pair.start.assign(start.begin(), start.end());
  if (pair.start.front() != 0) Rcpp::stop("internal: a pair's first start is not zero");
  require_length(static_cast<Index>(pair.partner.size()), pair.start.back(), "a pair's partner");
  for (std::size_t j = 0; j + 1 < pair.start.size(); ++j) {
    int previous = -1;
    for (Index e = pair.start[j]; e < pair.start[j + 1]; ++e) {
      const int l = pair.partner[e];
      if (l <= previous || l >= column.n_levels) {
        Rcpp::stop("internal: a pair's levels are out of range or out of order");
      }
      previous = l;
    }
  }
  return pair;
}

// One for every two terms in order; of a term with itself where residuals of its levels meet.
void read_pairs(const Rcpp::List& pairs, Incidence* incidence,
                std::vector<std::vector<double>>* values) {
  const int n = static_cast<int>(incidence->terms.size());
  R_xlen_t k = 0;
  for (int t = 0; t < n; ++t) {
    for (int s = t; s < n; ++s) {
      const Rcpp::List item = k < pairs.size() ? Rcpp::List(SEXP(pairs[k])) : Rcpp::List();
      Rcpp::IntegerVector which(0);
      if (item.size() > 0) which = item["terms"];
      const bool own = which.size() == 2 && which[0] == t && which[1] == s;
      if (!own && t == s) continue;
      if (!own) Rcpp::stop("internal: a pair of cross-products names unknown terms");
      Pair pair = as_pair(item, incidence->terms[t], incidence->terms[s]);
      pair.term_row = t;
      pair.term_column = s;
      values->push_back(Rcpp::as<std::vector<double>>(item["values"]));
      const Index size = static_cast<Index>(pair.partner.size()) * incidence->block_size(pair);
      require_length(static_cast<Index>(values->back().size()), size, "a pair's values");
      incidence->pairs.push_back(std::move(pair));
      ++k;
    }
  }
  require_length(pairs.size(), k, "pairs");
}

}  // namespace

CrossProducts as_cross_products(const Rcpp::List& list) {
  CrossProducts moments;
  const int version = Rcpp::as<int>(list["format_version"]);
  const int own = CrossProducts::kFormatVersion;
  if (version != own) Rcpp::stop("internal: cross-products of format %d, not %d", version, own);
  const auto incidence = std::make_shared<Incidence>();
  moments.n = Rcpp::as<double>(list["n"]);
  moments.sum_log_w = Rcpp::as<double>(list["sum_log_w"]);
  const int p = Rcpp::as<int>(list["p"]);
  if (p < 0 || p > kMostRows - 1) Rcpp::stop("internal: p = %d", p);
  incidence->p = p;
  incidence->intercept = as_column_index(list["intercept"], p);
  const Rcpp::List shift = list["shift"];
  moments.shifts.x = Rcpp::as<Eigen::VectorXd>(shift["x"]);
  moments.shifts.y = Rcpp::as<Eigen::VectorXd>(shift["y"]);
  const Rcpp::List blocks = list["blocks"];
  moments.xy = Rcpp::as<Eigen::MatrixXd>(blocks["dense"]);
  require_length(moments.xy.rows(), p + 1, "blocks$dense");
  require_length(moments.xy.cols(), p + 1, "blocks$dense");
  require_length(moments.shifts.x.size(), p, "shift$x");
  require_length(moments.shifts.y.size(), p, "shift$y");
  const Rcpp::List terms(require_type(blocks["terms"], VECSXP, "terms"));
  Index coefficients = 0;
  for (R_xlen_t t = 0; t < terms.size(); ++t) {
    const Rcpp::List item(require_type(terms[t], VECSXP, "a term"));
    incidence->terms.push_back(as_term_columns(item, &coefficients));
    moments.terms.push_back(as_term_sums(item, incidence->terms.back(), p));
    moments.shifts.z.push_back(Rcpp::as<Eigen::VectorXd>(item["shift"]));
    require_length(moments.shifts.z.back().size(), incidence->terms.back().v, "a term's shift");
  }
  read_pairs(blocks["pairs"], incidence.get(), &moments.pairs);
  moments.incidence = incidence;
  return moments;
}

std::vector<TermStructures> as_structures(const Rcpp::List& list, const CrossProducts& moments) {
  const Rcpp::List terms(require_type(list["specs"], VECSXP, "specs"));
  require_length(terms.size(), static_cast<Index>(moments.terms.size()), "specs");
  std::vector<TermStructures> structures;
  for (R_xlen_t t = 0; t < terms.size(); ++t) {
    const TermSums& term = moments.terms[t];
    structures.push_back(as_term_structures(terms[t], term.v, term.n_levels));
  }
  require_theta(structures);
  return structures;
}
