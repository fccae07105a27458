#include <algorithm>
#include <utility>
#include <vector>

#include "convert.h"
#include "henderson_types.h"
#include "inference/cluster_robust.h"

namespace {

// The rows start .. end - 1, with the columns of Z Lambda that they have.
henderson::ClusterRows rows_of(const Eigen::MatrixXd& x, const Rcpp::S4& transposed_factor,
                               const Eigen::VectorXd& residual, const Eigen::VectorXd& weights,
                               int start, int end) {
  const Rcpp::IntegerVector first = transposed_factor.slot("p");
  const Rcpp::IntegerVector place = transposed_factor.slot("i");
  const Rcpp::NumericVector value = transposed_factor.slot("x");
  henderson::ClusterRows rows;
  const int count = end - start;
  rows.x = x.middleRows(start, count);
  rows.residual = residual.segment(start, count);
  rows.weights = weights.segment(start, count);
  std::vector<int> columns(place.begin() + first[start], place.begin() + first[end]);
  std::sort(columns.begin(), columns.end());
  columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
  rows.factor.setZero(count, columns.size());
  for (int row = 0; row < count; ++row) {
    for (int k = first[start + row]; k < first[start + row + 1]; ++k) {
      const auto column = std::lower_bound(columns.begin(), columns.end(), place[k]);
      rows.factor(row, column - columns.begin()) += value[k];
    }
  }
  return rows;
}

}  // namespace

// Parts of cluster-robust covariances (inference/cluster_robust.h) of rows in the order of their
// clusters, which begin at `starts` (0-based, the number of rows last). transposed_factor: (Z
// Lambda)', dgCMatrix. list(scores (p x m), squares, cross (p p x m)), or list(size), that of the
// largest cluster, where it is above `limit`.
// [[Rcpp::export(rng = false)]]
Rcpp::List cluster_parts_cpp(const Eigen::MatrixXd& x, const Rcpp::S4& transposed_factor,
                             const Eigen::VectorXd& residual, const Eigen::VectorXd& weights,
                             const Rcpp::IntegerVector& starts, const Eigen::MatrixXd& phi_root,
                             bool adjust, double limit) {
  const UserInterrupts interruptible;
  const int p = static_cast<int>(x.cols());
  const int count = static_cast<int>(starts.size()) - 1;
  Eigen::MatrixXd scores(p, count);
  Eigen::MatrixXd squares(p * p, count);
  Eigen::MatrixXd cross(p * p, count);
  for (int k = 0; k < count; ++k) {
    henderson::check_interrupt();
    henderson::ClusterRows rows =
        rows_of(x, transposed_factor, residual, weights, starts[k], starts[k + 1]);
    const double size = static_cast<double>(henderson::cluster_size(rows));
    if (size > limit) return Rcpp::List::create(Rcpp::_["size"] = size);
    const henderson::ClusterParts parts =
        henderson::cluster_parts(std::move(rows), phi_root, adjust);
    scores.col(k) = parts.score;
    squares.col(k) = Eigen::Map<const Eigen::VectorXd>(parts.squares.data(), p * p);
    cross.col(k) = Eigen::Map<const Eigen::VectorXd>(parts.cross.data(), p * p);
  }
  return Rcpp::List::create(Rcpp::_["scores"] = scores, Rcpp::_["squares"] = squares,
                            Rcpp::_["cross"] = cross);
}
