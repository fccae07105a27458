#include "inference/cluster_robust.h"

#include <algorithm>
#include <cmath>

#include "algebra/eigen_decompositions.h"

namespace henderson {

namespace {

bool equal_weights(const Vector& weights) {
  return weights.size() == 0 || (weights.array() == weights[0]).all();
}

// With equal weights, taken into the rows, V_i is I outside of the columns of [Z_i X_i]: so is A_i,
// and an orthogonal transformation of the rows leaves as many of them as there are columns.
void compress(ClusterRows* rows) {
  const Index q = rows->factor.cols();
  const Index p = rows->x.cols();
  const double root = std::sqrt(rows->weights[0]);
  rows->factor *= root;
  rows->x *= root;
  rows->residual *= root;
  rows->weights.setOnes();
  const Index n = rows->x.rows();
  const Index size = q + p;
  if (n <= size) return;
  Matrix columns(n, size);
  columns << rows->factor, rows->x;
  const Eigen::HouseholderQR<Matrix> qr(columns);
  const Matrix triangle = qr.matrixQR().topRows(size).triangularView<Eigen::Upper>();
  const Vector turned = qr.householderQ().adjoint() * rows->residual;
  rows->factor = triangle.leftCols(q);
  rows->x = triangle.rightCols(p);
  rows->residual = turned.head(size);
  rows->weights = Vector::Ones(size);
}

// B^{+1/2} for D = L', V = LL': with x = L^-1 X and NN' = I - x Phi x' it is that of
// B = (L'L N)(L'L N)'. Eigenvalues of I - x Phi x' are between 0 and 1 in any units: they tell the
// rank. Singular values have their digits whatever the variances; those of many rows take too long
// (500: 5 s), and B itself loses digits only at variances of 1e5 sigma^2.
Matrix inverse_root(const Matrix& lower, const Matrix& whitened, const Matrix& phi_root) {
  constexpr double kZero = 1e-10;
  constexpr Index kJacobi = 150;
  const Index n = lower.rows();
  const Matrix leverage = whitened * phi_root;
  const Matrix left = Matrix::Identity(n, n) - leverage * leverage.transpose();
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(left);
  const Index rank = (eigen.eigenvalues().array() > kZero).count();
  if (rank == 0) return Matrix::Zero(n, n);
  const Matrix root = eigen.eigenvectors().rightCols(rank) *
                      eigen.eigenvalues().tail(rank).cwiseSqrt().asDiagonal();
  const Matrix product = lower.transpose() * (lower.triangularView<Eigen::Lower>() * root);
  if (n > kJacobi) {
    const Eigen::SelfAdjointEigenSolver<Matrix> squared(Matrix(product * product.transpose()));
    const auto& u = squared.eigenvectors().rightCols(rank);
    return u * squared.eigenvalues().tail(rank).cwiseSqrt().cwiseInverse().asDiagonal() *
           u.transpose();
  }
  // BDCSVD of Eigen 3.3 is off in the second digit where singular values are equal
  const Eigen::JacobiSVD<Matrix> svd(product, Eigen::ComputeThinU);
  const auto& u = svd.matrixU();
  return u * svd.singularValues().cwiseInverse().asDiagonal() * u.transpose();
}

}  // namespace

Index cluster_size(const ClusterRows& rows) {
  const Index n = rows.x.rows();
  return equal_weights(rows.weights) ? std::min(n, rows.factor.cols() + rows.x.cols()) : n;
}

ClusterParts cluster_parts(ClusterRows rows, const Matrix& phi_root, bool adjust) {
  if (equal_weights(rows.weights)) compress(&rows);
  Matrix v = rows.factor * rows.factor.transpose();
  v.diagonal() += rows.weights.cwiseInverse();
  const Eigen::LLT<Matrix> llt(v);
  const Matrix lower = llt.matrixL();
  const auto triangle = lower.triangularView<Eigen::Lower>();
  const Matrix whitened = triangle.solve(rows.x);
  ClusterParts parts;
  if (!adjust) {
    parts.score = whitened.transpose() * triangle.solve(rows.residual);
    parts.squares = whitened.transpose() * whitened;
    parts.cross = parts.squares;
    return parts;
  }
  // E = taken D, E V E' = (taken D D')(...)'
  const Matrix taken = whitened.transpose() * inverse_root(lower, whitened, phi_root);
  parts.score = taken * (lower.transpose() * rows.residual);
  parts.cross = taken * (lower.transpose() * rows.x);
  const Matrix spread = taken * lower.transpose() * lower;
  parts.squares = spread * spread.transpose();
  return parts;
}

}  // namespace henderson
