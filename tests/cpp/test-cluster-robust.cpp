// Parts of cluster-robust covariances against their definition, with V_i and the pseudoinverse of
// the root of B_i formed in full.
#include <catch.h>

#include <Eigen/Dense>
#include <cmath>
#include <random>
#include <vector>

#include "inference/cluster_robust.h"

using henderson::cluster_parts;
using henderson::cluster_size;
using henderson::ClusterParts;
using henderson::ClusterRows;
using henderson::Index;
using henderson::Matrix;
using henderson::Vector;

namespace {

Matrix normal_matrix(std::mt19937* engine, Index rows, Index columns) {
  std::normal_distribution<double> normal;
  return Matrix::NullaryExpr(rows, columns, [&] { return normal(*engine); });
}

// Clusters of some rows; the last column of X is one in the first cluster alone if `own_column`.
std::vector<ClusterRows> some_clusters(Index p, Index q, double size, bool weighted,
                                       bool own_column) {
  std::mt19937 engine(7);
  std::vector<ClusterRows> clusters;
  for (Index n : {3, 9, 4, 12, 6}) {
    ClusterRows rows;
    rows.x = normal_matrix(&engine, n, p);
    if (own_column) rows.x.col(p - 1).setConstant(clusters.empty() ? 1 : 0);
    rows.factor = size * normal_matrix(&engine, n, q);
    rows.residual = normal_matrix(&engine, n, 1);
    rows.weights = Vector::Constant(n, weighted ? 1.5 + static_cast<double>(n) : 1);
    if (weighted && n % 2 == 0) rows.weights = normal_matrix(&engine, n, 1).array().exp();
    clusters.push_back(rows);
  }
  return clusters;
}

Matrix covariance(const ClusterRows& rows) {
  Matrix v = rows.factor * rows.factor.transpose();
  v.diagonal() += rows.weights.cwiseInverse();
  return v;
}

Matrix phi_of(const std::vector<ClusterRows>& clusters) {
  Matrix information = Matrix::Zero(clusters[0].x.cols(), clusters[0].x.cols());
  for (const ClusterRows& rows : clusters) {
    information += rows.x.transpose() * covariance(rows).inverse() * rows.x;
  }
  return information.inverse();
}

// A_i with D_i the symmetric root of V_i.
Matrix adjustment(const ClusterRows& rows, const Matrix& phi) {
  const Matrix v = covariance(rows);
  const Matrix root = Eigen::SelfAdjointEigenSolver<Matrix>(v).operatorSqrt();
  const Matrix b = root * (v - rows.x * phi * rows.x.transpose()) * root;
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(b);
  Vector inverse = eigen.eigenvalues();
  for (Index i = 0; i < inverse.size(); ++i) {
    inverse[i] = inverse[i] > 1e-9 ? 1 / std::sqrt(inverse[i]) : 0;
  }
  return root * eigen.eigenvectors() * inverse.asDiagonal() * eigen.eigenvectors().transpose() *
         root;
}

void check_parts(const std::vector<ClusterRows>& clusters, bool adjust, double tolerance) {
  const Matrix phi = phi_of(clusters);
  const Matrix phi_root = phi.llt().matrixL();
  for (const ClusterRows& rows : clusters) {
    const ClusterParts parts = cluster_parts(rows, phi_root, adjust);
    const Matrix v = covariance(rows);
    const Matrix e =
        rows.x.transpose() * v.inverse() *
        (adjust ? adjustment(rows, phi) : Matrix::Identity(rows.x.rows(), rows.x.rows()));
    CHECK((parts.score - e * rows.residual).norm() < tolerance * (1 + parts.score.norm()));
    CHECK((parts.squares - e * v * e.transpose()).norm() < tolerance * (1 + parts.squares.norm()));
    CHECK((parts.cross - e * rows.x).norm() < tolerance * (1 + parts.cross.norm()));
  }
}

}  // namespace

TEST_CASE("parts of clusters are those of the definition") {
  for (const bool adjust : {false, true}) {
    for (const bool weighted : {false, true}) {
      check_parts(some_clusters(2, 2, 1, weighted, false), adjust, 1e-10);
      check_parts(some_clusters(3, 1, 1, weighted, true), adjust, 1e-9);
      check_parts(some_clusters(2, 0, 1, weighted, false), adjust, 1e-10);
      check_parts(some_clusters(1, 5, 4, weighted, false), adjust, 1e-8);
    }
  }
}

TEST_CASE("the adjusted estimate is unbiased under the model") {
  const std::vector<ClusterRows> clusters = some_clusters(2, 2, 1, true, false);
  const Matrix phi = phi_of(clusters);
  Matrix expected = Matrix::Zero(2, 2);
  for (const ClusterRows& rows : clusters) {
    const ClusterParts parts = cluster_parts(rows, phi.llt().matrixL(), true);
    expected += parts.squares - parts.cross * phi * parts.cross.transpose();
  }
  CHECK((phi * expected * phi - phi).norm() < 1e-12);
}

TEST_CASE("many rows of equal weights are as few as there are columns") {
  std::mt19937 engine(3);
  ClusterRows rows;
  rows.x = normal_matrix(&engine, 400, 2);
  rows.factor = normal_matrix(&engine, 400, 3);
  rows.residual = normal_matrix(&engine, 400, 1);
  rows.weights = Vector::Constant(400, 2);
  CHECK(cluster_size(rows) == 5);
  check_parts({rows, rows}, true, 1e-9);
  // beyond the rows of which singular values are found
  rows.weights[0] = 3;
  CHECK(cluster_size(rows) == 400);
  check_parts({rows, rows}, true, 1e-9);
}

TEST_CASE("a column that one cluster alone has leaves nothing of it") {
  ClusterRows first = some_clusters(1, 1, 1, false, true)[0];
  first.x = first.x.topRows(1).eval();
  first.factor = first.factor.topRows(1).eval();
  first.residual = first.residual.head(1).eval();
  first.weights = first.weights.head(1).eval();
  const double v = covariance(first)(0, 0);
  const ClusterParts parts = cluster_parts(first, Matrix::Constant(1, 1, std::sqrt(v)), true);
  CHECK(parts.score[0] == 0);
  CHECK(parts.squares(0, 0) == 0);
}
