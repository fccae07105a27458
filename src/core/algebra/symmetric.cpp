#include "algebra/symmetric.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "algebra/eigen_decompositions.h"

namespace henderson {

Matrix semidefinite_cholesky(const ConstMatrixRef& gamma) {
  const Index v = gamma.rows();
  const double epsilon = 64 * std::numeric_limits<double>::epsilon();
  Matrix factor = Matrix::Zero(v, v);
  for (Index c = 0; c < v; ++c) {
    const double pivot = gamma(c, c) - factor.row(c).head(c).squaredNorm();
    if (!(pivot > epsilon * gamma(c, c))) continue;  // the column stays zero
    factor(c, c) = std::sqrt(pivot);
    for (Index r = c + 1; r < v; ++r) {
      factor(r, c) =
          (gamma(r, c) - factor.row(r).head(c).dot(factor.row(c).head(c))) / factor(c, c);
    }
  }
  return factor;
}

Matrix triangular_factor(const ConstMatrixRef& factor, Matrix* rotation) {
  const Index v = factor.rows();
  Eigen::HouseholderQR<Matrix> qr(factor.transpose());
  Matrix lower = Matrix(qr.matrixQR().triangularView<Eigen::Upper>()).transpose();
  Matrix q = qr.householderQ() * Matrix::Identity(v, v);
  for (Index c = 0; c < v; ++c) {
    if (lower(c, c) < 0) {
      lower.col(c) = -lower.col(c);
      q.col(c) = -q.col(c);
    }
  }
  if (rotation != nullptr) *rotation = q;
  return lower;
}

Matrix canonical_factor(const ConstMatrixRef& factor, Matrix* rotation) {
  const Index v = factor.rows();
  Matrix q;
  Matrix lower = triangular_factor(factor, &q);
  bool singular = false;
  for (Index c = 0; c < v; ++c) singular |= lower(c, c) <= 1e-7 * factor.row(c).norm();
  if (singular) {
    // The QR factor of a singular matrix is arbitrary below a zero pivot. The canonical factor is
    // unique; its rotation solves the orthogonal Procrustes problem min |lower Q' - factor|.
    lower = semidefinite_cholesky(factor * factor.transpose());
    Eigen::JacobiSVD<Matrix, Eigen::NoQRPreconditioner> svd(
        lower.transpose() * factor, Eigen::ComputeFullU | Eigen::ComputeFullV);
    q = svd.matrixV() * svd.matrixU().transpose();
  }
  if (rotation != nullptr) *rotation = q;
  return lower;
}

Matrix submatrix(const ConstMatrixRef& matrix, const std::vector<int>& positions) {
  const Index n = static_cast<Index>(positions.size());
  Matrix result(n, n);
  for (Index c = 0; c < n; ++c) {
    for (Index r = 0; r < n; ++r) result(r, c) = matrix(positions[r], positions[c]);
  }
  return result;
}

Vector subvector(const ConstVectorRef& vector, const std::vector<int>& positions) {
  Vector result(static_cast<Index>(positions.size()));
  for (Index i = 0; i < result.size(); ++i) result[i] = vector[positions[i]];
  return result;
}

Matrix positive_definite(const ConstMatrixRef& matrix) {
  constexpr double kSmallest = 1e-8;
  const Vector scale = matrix.diagonal().cwiseAbs().cwiseMax(1e-300).cwiseSqrt();
  const Matrix scaled =
      scale.cwiseInverse().asDiagonal() * matrix * scale.cwiseInverse().asDiagonal();
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(scaled);
  const Matrix root = scale.asDiagonal() * eigen.eigenvectors();
  return root * eigen.eigenvalues().cwiseMax(kSmallest).asDiagonal() * root.transpose();
}

DampedHessian damp(const ConstMatrixRef& hessian, const ConstMatrixRef& metric, double floor,
                   double damping) {
  constexpr double kPositive = 1e-5;
  const Eigen::LLT<Matrix> root(metric);
  Matrix scaled = root.matrixL().solve(hessian);
  scaled = root.matrixL().solve(scaled.transpose()).eval();
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(Matrix(0.5 * (scaled + scaled.transpose())));
  Vector values = eigen.eigenvalues();
  DampedHessian result;
  result.convex = values[0] > kPositive;
  for (Index i = 0; i < values.size(); ++i) {
    if (!(values[i] > kPositive)) {
      values[i] = floor > 0 ? floor : std::min(std::max(std::abs(values[i]), 0.01), 1.0);
    }
    values[i] += damping;
  }
  const Matrix back = Matrix(root.matrixL()) * eigen.eigenvectors();
  result.matrix = back * values.asDiagonal() * back.transpose();
  return result;
}

}  // namespace henderson
