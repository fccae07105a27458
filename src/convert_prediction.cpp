#include "convert.h"

henderson::PredictionRows as_prediction_rows(const Eigen::MatrixXd& x, const Rcpp::List& terms,
                                             const henderson::CrossProducts& moments) {
  henderson::PredictionRows rows;
  rows.x = x;
  for (R_xlen_t t = 0; t < terms.size(); ++t) {
    const Rcpp::List item = terms[t];
    henderson::PredictionTerm term;
    term.z = Rcpp::as<Eigen::MatrixXd>(item["z"]);
    term.level = Rcpp::as<std::vector<int>>(item["level"]);
    const henderson::TermSums& known = moments.terms.at(t);
    if (term.z.cols() != known.v || term.z.rows() != x.rows() ||
        static_cast<Eigen::Index>(term.level.size()) != x.rows()) {
      Rcpp::stop("internal: rows to predict have wrong dimensions");
    }
    for (const int l : term.level) {
      if (l < 0 || l > known.n_levels) Rcpp::stop("internal: level out of range");
    }
    rows.terms.push_back(term);
  }
  if (x.cols() != moments.p() ||
      (!rows.terms.empty() && rows.terms.size() != moments.terms.size())) {
    Rcpp::stop("internal: rows to predict have wrong dimensions");
  }
  return rows;
}
