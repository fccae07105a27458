#include "newton_matrix.h"

#include <algorithm>
#include <cmath>

#include "eigen_decompositions.h"

namespace henderson {

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
