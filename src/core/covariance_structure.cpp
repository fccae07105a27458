#include "covariance_structure.h"

#include <cmath>
#include <limits>

#include "eigen_decompositions.h"

namespace henderson {

std::vector<LambdaEntry> lambda_entries(const CovarianceStructure& structure, int term) {
  std::vector<LambdaEntry> entries;
  const int first = structure.first_column;
  for (int column = 0; column < structure.n_columns; ++column) {
    const int last = structure.kind == StructureKind::kDiagonal ? column + 1 : structure.n_columns;
    for (int row = column; row < last; ++row) {
      entries.push_back({term, first + row, first + column});
    }
  }
  return entries;
}

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

Matrix canonical_factor(const ConstMatrixRef& factor, Matrix* rotation) {
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

}  // namespace henderson
