#include "convert.h"

#include <string>
#include <vector>

using henderson::BlockTermRows;
using henderson::CovarianceStructure;
using henderson::CrossProducts;
using henderson::DataRows;
using henderson::FitOptions;
using henderson::FitResult;
using henderson::Index;
using henderson::PairMoments;
using henderson::StructureKind;
using henderson::TermMoments;

namespace {

std::vector<CovarianceStructure> as_structures(const Rcpp::IntegerMatrix& table) {
  std::vector<CovarianceStructure> structures;
  for (int c = 0; c < table.ncol(); ++c) {
    CovarianceStructure structure;
    structure.kind = table(0, c) == 1 ? StructureKind::kDiagonal : StructureKind::kUnstructured;
    structure.first_column = table(1, c);
    structure.n_columns = table(2, c);
    structure.first_parameter = table(3, c);
    structures.push_back(structure);
  }
  return structures;
}

Rcpp::IntegerMatrix wrap_structures(const std::vector<CovarianceStructure>& structures) {
  Rcpp::IntegerMatrix table(4, static_cast<int>(structures.size()));
  for (std::size_t c = 0; c < structures.size(); ++c) {
    table(0, c) = structures[c].kind == StructureKind::kDiagonal ? 1 : 0;
    table(1, c) = structures[c].first_column;
    table(2, c) = structures[c].n_columns;
    table(3, c) = structures[c].first_parameter;
  }
  return table;
}

void require_length(Index found, Index wanted, const char* what) {
  if (found != wanted) {
    Rcpp::stop("internal: %s has length %d, expected %d", what, static_cast<double>(found),
               static_cast<double>(wanted));
  }
}

}  // namespace

DataRows as_data_rows(const Rcpp::List& design) {
  DataRows rows;
  const Rcpp::NumericMatrix x = design["X"];
  const Rcpp::NumericVector y = design["y"];
  rows.n = y.size();
  rows.p = x.ncol();
  require_length(x.nrow(), rows.n, "X");
  rows.x = x.begin();
  rows.y = y.begin();
  rows.intercept = Rcpp::as<int>(design["intercept"]) - 1;
  if (!Rf_isNull(design["weights"])) {
    const Rcpp::NumericVector weights = design["weights"];
    require_length(weights.size(), rows.n, "weights");
    rows.weights = weights.begin();
  }
  const Rcpp::List terms = design["terms"];
  for (R_xlen_t t = 0; t < terms.size(); ++t) {
    const Rcpp::List term = terms[t];
    BlockTermRows block;
    const Rcpp::IntegerVector level = term["level"];
    require_length(level.size(), rows.n, "level");
    block.level = level.begin();
    block.n_levels = Rcpp::as<int>(term["n_levels"]);
    for (const int l : level) {
      if (l < 1 || l > block.n_levels) Rcpp::stop("internal: level index %d out of range", l);
    }
    const Rcpp::List columns = term["columns"];
    for (R_xlen_t c = 0; c < columns.size(); ++c) {
      const SEXP column = columns[c];
      if (Rf_isNull(column)) {
        block.columns.push_back(nullptr);
        continue;
      }
      // list(matrix, 1-based column): columns of one matrix are shared, not copied.
      const Rcpp::List reference(column);
      const Rcpp::NumericMatrix source = reference[0];
      const int which = Rcpp::as<int>(reference[1]) - 1;
      require_length(source.nrow(), rows.n, "z");
      if (which < 0 || which >= source.ncol()) Rcpp::stop("internal: column out of range");
      block.columns.push_back(source.begin() + static_cast<Index>(which) * rows.n);
    }
    block.structures = as_structures(term["structures"]);
    rows.terms.push_back(block);
  }
  return rows;
}

Rcpp::List wrap_cross_products(const CrossProducts& moments) {
  Rcpp::List terms;
  for (const TermMoments& term : moments.terms) {
    terms.push_back(Rcpp::List::create(
        Rcpp::_["v"] = term.v, Rcpp::_["n_levels"] = term.n_levels,
        Rcpp::_["structures"] = wrap_structures(term.structures),
        Rcpp::_["centred_with"] = Rcpp::wrap(term.centred_with), Rcpp::_["shift"] = term.shift,
        Rcpp::_["dense"] = term.dense, Rcpp::_["diagonal"] = term.diagonal));
  }
  Rcpp::List pairs;
  for (const PairMoments& pair : moments.pairs) {
    pairs.push_back(Rcpp::List::create(
        Rcpp::_["terms"] = Rcpp::IntegerVector::create(pair.term_row, pair.term_column),
        Rcpp::_["start"] = Rcpp::NumericVector(pair.start.begin(), pair.start.end()),
        Rcpp::_["partner"] = Rcpp::wrap(pair.partner),
        Rcpp::_["values"] = Rcpp::wrap(pair.values)));
  }
  return Rcpp::List::create(
      Rcpp::_["format_version"] = static_cast<int>(CrossProducts::kFormatVersion),
      Rcpp::_["n"] = moments.n,
      Rcpp::_["sum_log_w"] = moments.sum_log_w, Rcpp::_["p"] = moments.p,
      Rcpp::_["intercept"] = moments.intercept + 1,
      Rcpp::_["shift"] = Rcpp::List::create(Rcpp::_["x"] = moments.x_shift,
                                            Rcpp::_["y"] = moments.y_shift),
      Rcpp::_["blocks"] = Rcpp::List::create(Rcpp::_["dense"] = moments.dense,
                                             Rcpp::_["terms"] = terms, Rcpp::_["pairs"] = pairs));
}

CrossProducts as_cross_products(const Rcpp::List& list) {
  CrossProducts moments;
  const int version = Rcpp::as<int>(list["format_version"]);
  if (version != CrossProducts::kFormatVersion) {
    Rcpp::stop("internal: cross-products of format version %d", version);
  }
  moments.n = Rcpp::as<double>(list["n"]);
  moments.sum_log_w = Rcpp::as<double>(list["sum_log_w"]);
  moments.p = Rcpp::as<int>(list["p"]);
  moments.intercept = Rcpp::as<int>(list["intercept"]) - 1;
  const Rcpp::List shift = list["shift"];
  moments.x_shift = Rcpp::as<Eigen::VectorXd>(shift["x"]);
  moments.y_shift = Rcpp::as<Eigen::VectorXd>(shift["y"]);
  const Rcpp::List blocks = list["blocks"];
  moments.dense = Rcpp::as<Eigen::MatrixXd>(blocks["dense"]);
  require_length(moments.dense.rows(), moments.p + 1, "blocks$dense");
  require_length(moments.x_shift.size(), moments.p, "shift$x");
  require_length(moments.y_shift.size(), moments.p, "shift$y");
  const Rcpp::List terms = blocks["terms"];
  for (R_xlen_t t = 0; t < terms.size(); ++t) {
    const Rcpp::List item = terms[t];
    TermMoments term;
    term.v = Rcpp::as<int>(item["v"]);
    term.n_levels = Rcpp::as<int>(item["n_levels"]);
    term.structures = as_structures(item["structures"]);
    term.centred_with = Rcpp::as<std::vector<int>>(item["centred_with"]);
    term.shift = Rcpp::as<Eigen::VectorXd>(item["shift"]);
    term.dense = Rcpp::as<Eigen::MatrixXd>(item["dense"]);
    term.diagonal = Rcpp::as<Eigen::MatrixXd>(item["diagonal"]);
    const Index coefficients = static_cast<Index>(term.v) * term.n_levels;
    require_length(term.dense.cols(), coefficients, "a term's dense block");
    require_length(term.dense.rows(), moments.p + 1, "a term's dense block");
    require_length(term.diagonal.size(), coefficients * term.v, "a term's diagonal block");
    require_length(term.shift.size(), term.v, "a term's shift");
    require_length(static_cast<Index>(term.centred_with.size()), term.v, "centred_with");
    moments.terms.push_back(term);
  }
  const Rcpp::List pairs = blocks["pairs"];
  for (R_xlen_t k = 0; k < pairs.size(); ++k) {
    const Rcpp::List item = pairs[k];
    PairMoments pair;
    const Rcpp::IntegerVector which = item["terms"];
    pair.term_row = which[0];
    pair.term_column = which[1];
    const int n_terms = static_cast<int>(moments.terms.size());
    if (pair.term_row < 0 || pair.term_row >= pair.term_column || pair.term_column >= n_terms) {
      Rcpp::stop("internal: a pair of cross-products names unknown terms");
    }
    const TermMoments& row = moments.terms[pair.term_row];
    const TermMoments& column = moments.terms[pair.term_column];
    const Rcpp::NumericVector start = item["start"];
    pair.start.assign(start.begin(), start.end());
    pair.partner = Rcpp::as<std::vector<int>>(item["partner"]);
    pair.values = Rcpp::as<std::vector<double>>(item["values"]);
    require_length(static_cast<Index>(pair.start.size()), row.n_levels + 1, "a pair's start");
    require_length(static_cast<Index>(pair.partner.size()), pair.start.back(), "a pair's partner");
    require_length(static_cast<Index>(pair.values.size()),
                   static_cast<Index>(pair.partner.size()) * row.v * column.v, "a pair's values");
    for (const int l : pair.partner) {
      if (l < 0 || l >= column.n_levels) Rcpp::stop("internal: a pair's level is out of range");
    }
    moments.pairs.push_back(pair);
  }
  return moments;
}

FitOptions as_fit_options(const Rcpp::List& options) {
  FitOptions result;
  result.reml = Rcpp::as<bool>(options["REML"]);
  result.optimize = Rcpp::as<bool>(options["optimize"]);
  if (!Rf_isNull(options["start"])) result.start = Rcpp::as<Eigen::VectorXd>(options["start"]);
  result.max_evaluations = Rcpp::as<int>(options["max_iterations"]);
  result.tolerance = Rcpp::as<double>(options["tolerance"]);
  return result;
}

namespace {

Rcpp::NumericMatrix wrap_trace(const std::vector<henderson::OptimizerTrace>& trace) {
  Rcpp::NumericMatrix table(static_cast<int>(trace.size()), 4);
  for (std::size_t i = 0; i < trace.size(); ++i) {
    table(i, 0) = trace[i].evaluation;
    table(i, 1) = trace[i].value;
    table(i, 2) = trace[i].predicted_decrease;
    table(i, 3) = trace[i].radius;
  }
  Rcpp::colnames(table) =
      Rcpp::CharacterVector::create("evaluation", "criterion", "predicted_decrease", "radius");
  return table;
}

}  // namespace

Rcpp::List wrap_fit(const FitResult& result) {
  return Rcpp::List::create(
      Rcpp::_["theta"] = result.theta, Rcpp::_["standardized"] = result.standardized,
      Rcpp::_["criterion"] = result.criterion,
      Rcpp::_["log_det"] = Rcpp::NumericVector::create(Rcpp::_["M"] = result.log_det_m,
                                                       Rcpp::_["RX"] = result.log_det_x),
      Rcpp::_["pwrss"] = result.residual_ss, Rcpp::_["sigma"] = result.sigma,
      Rcpp::_["beta"] = result.beta, Rcpp::_["unscaled_vcov"] = result.unscaled_vcov,
      Rcpp::_["modes"] = Rcpp::wrap(result.modes),
      Rcpp::_["spherical_modes"] = Rcpp::wrap(result.spherical_modes),
      Rcpp::_["conditional_variance"] = Rcpp::wrap(result.conditional_variance),
      Rcpp::_["gradient"] = result.gradient,
      Rcpp::_["certificate"] = Rcpp::List::create(
          Rcpp::_["predicted_decrease"] = result.certificate.predicted_decrease,
          Rcpp::_["smallest_curvature"] = result.certificate.smallest_curvature,
          Rcpp::_["smallest_score"] = result.certificate.smallest_score,
          Rcpp::_["hessian"] =
              result.certificate.exact_hessian ? "exact" : "average information"),
      Rcpp::_["evaluations"] = result.evaluations, Rcpp::_["iterations"] = result.iterations,
      Rcpp::_["status"] = std::string(henderson::status_name(result.status)),
      Rcpp::_["trace"] = wrap_trace(result.trace));
}
