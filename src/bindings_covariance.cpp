#include <string>

#include "convert.h"
#include "covariance/pedigree.h"
#include "covariance/random_part.h"
#include "henderson_types.h"

// Of one covariance structure (its spec: convert.h): "factor", Lambda at its own parameters theta;
// "canonical", the same within their bounds; "by_theta" and "by_variances", dGamma by each of theta
// and by variances and what else there is in its place; "start", values of theta; "n_parameters",
// their number.
// [[Rcpp::export(rng = false)]]
SEXP structure_cpp(const Rcpp::List& spec, const Eigen::VectorXd& theta, const std::string& what) {
  const UserInterrupts interruptible;
  const SEXP data = spec["data"];  // of levels, which a structure does not know
  if (!Rf_isNull(data) && TYPEOF(data) != VECSXP) Rcpp::stop("internal: data of a spec");
  const auto structure = as_structure(spec);
  if (what == "n_parameters") return Rcpp::wrap(structure->n_parameters());
  if (what == "start") return Rcpp::wrap(structure->to_theta(structure->start()));
  const bool by_variances = what == "by_variances";
  if (what != "factor" && what != "canonical" && what != "by_theta" && !by_variances) {
    Rcpp::stop("internal: a structure has no %s", what);
  }
  if (theta.size() != structure->n_parameters()) {
    Rcpp::stop("internal: theta has a wrong length");
  }
  if (by_variances || what == "by_theta") {
    const Eigen::MatrixXd one =
        Eigen::MatrixXd::Identity(structure->n_columns(), structure->n_columns());
    const henderson::RandomPart alone({{{structure, 0, 0}}}, {1}, {one}, {one});
    Rcpp::List directions;
    for (const auto& own :
         by_variances ? alone.variance_directions(theta) : alone.natural_directions(theta)) {
      directions.push_back(Rcpp::wrap(own.gamma));
    }
    return directions;
  }
  const Eigen::VectorXd x = structure->from_theta(theta);
  if (what == "canonical") return Rcpp::wrap(structure->to_theta(x));
  return Rcpp::wrap(structure->factor(x));
}

// Animals and their parents as positions, 0 for an unknown one -> list(order, parents: a row for
// each animal in that order, positions in it; panmictic, 1 - F; variance, of Mendelian sampling).
// Animals in loops, and their descendants, are not in order, and nothing else is there.
// [[Rcpp::export(rng = false)]]
Rcpp::List pedigree_cpp(const std::vector<int>& sire, const std::vector<int>& dam) {
  const UserInterrupts interruptible;
  const henderson::Pedigree given = [&] {
    henderson::Pedigree result{sire, dam};
    for (int& parent : result.sire) --parent;
    for (int& parent : result.dam) --parent;
    return result;
  }();
  const std::vector<int> order = henderson::parents_first(given);
  const int n = static_cast<int>(order.size());
  const Rcpp::IntegerVector order_of_r = Rcpp::wrap(order);
  if (n < given.size()) return Rcpp::List::create(Rcpp::_["order"] = order_of_r + 1);
  std::vector<int> position(n);
  for (int k = 0; k < n; ++k) position[order[k]] = k;
  const auto position_of = [&](int animal) { return animal < 0 ? -1 : position[animal]; };
  henderson::Pedigree sorted;
  Rcpp::IntegerMatrix parents(n, 2);
  for (int k = 0; k < n; ++k) {
    sorted.sire.push_back(position_of(given.sire[order[k]]));
    sorted.dam.push_back(position_of(given.dam[order[k]]));
    parents(k, 0) = sorted.sire[k] + 1;
    parents(k, 1) = sorted.dam[k] + 1;
  }
  const std::vector<double> panmictic = henderson::panmictic_indices(sorted);
  return Rcpp::List::create(
      Rcpp::_["order"] = order_of_r + 1, Rcpp::_["parents"] = parents,
      Rcpp::_["panmictic"] = panmictic,
      Rcpp::_["variance"] = henderson::mendelian_variances(sorted, panmictic));
}
