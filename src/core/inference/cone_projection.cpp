#include "inference/cone_projection.h"

#include <algorithm>
#include <cmath>

#include "algebra/eigen_decompositions.h"
#include "algebra/interrupt.h"

namespace henderson {

namespace {

constexpr int kMaxSteps = 500;
constexpr Index kBatch = 256;  // draws between interrupt checks

// Symmetric r x r matrices as vectors that keep the Frobenius norm: lower triangle by columns,
// off-diagonal entries times sqrt(2).
Vector to_vector(const Matrix& symmetric) {
  const Index r = symmetric.rows();
  Vector x(r * (r + 1) / 2);
  Index at = 0;
  for (Index c = 0; c < r; ++c) {
    x[at++] = symmetric(c, c);
    for (Index a = c + 1; a < r; ++a) x[at++] = std::sqrt(2.0) * symmetric(a, c);
  }
  return x;
}

Matrix to_matrix(const Vector& x, Index r) {
  Matrix symmetric(r, r);
  Index at = 0;
  for (Index c = 0; c < r; ++c) {
    symmetric(c, c) = x[at++];
    for (Index a = c + 1; a < r; ++a) {
      symmetric(a, c) = symmetric(c, a) = x[at++] / std::sqrt(2.0);
    }
  }
  return symmetric;
}

// The nearest point of the cone in the Frobenius norm.
class Cone {
 public:
  Cone(Index r, bool diagonal) : r_(r), diagonal_(diagonal) {}

  Vector project(const Vector& x) {
    if (diagonal_) return x.cwiseMax(0);
    solver_.compute(to_matrix(x, r_));
    const Vector values = solver_.eigenvalues().cwiseMax(0);
    return to_vector(solver_.eigenvectors() * values.asDiagonal() *
                     solver_.eigenvectors().transpose());
  }
  bool contains(const Vector& x) {
    if (diagonal_) return x.minCoeff() >= 0;
    solver_.compute(to_matrix(x, r_), Eigen::EigenvaluesOnly);
    return solver_.eigenvalues()[0] >= 0;
  }

 private:
  Index r_;
  bool diagonal_;
  Eigen::SelfAdjointEigenSolver<Matrix> solver_;
};

// x = B z turns lower triangles z into vectors of T^-1 G T'^-1: the cone is the same in every basis
// of the random effects, and in one where the information is nearly a multiple of the identity the
// iteration below needs few steps. T^-1 is the square root of the information contracted over one
// index, which has the eigenvectors of C when the information is that of tr(C G C G).
Matrix change_of_basis(const Matrix& information, Index r, bool diagonal) {
  const Index size = information.rows();
  if (diagonal) return information.diagonal().cwiseSqrt().asDiagonal();
  const auto position = [r](Index a, Index b) {
    if (a < b) std::swap(a, b);
    return b * r - b * (b - 1) / 2 + a - b;
  };
  Matrix contracted = Matrix::Zero(r, r);
  for (Index a = 0; a < r; ++a) {
    for (Index b = 0; b < r; ++b) {
      for (Index c = 0; c < r; ++c) {
        const double weight = (a == c ? 1 : 0.5) * (b == c ? 1 : 0.5);
        contracted(a, b) += weight * information(position(a, c), position(b, c));
      }
    }
  }
  const Matrix root = Eigen::SelfAdjointEigenSolver<Matrix>(contracted).operatorSqrt();
  Matrix basis(size, size);
  Index at = 0;
  for (Index c = 0; c < r; ++c) {
    for (Index a = c; a < r; ++a) {
      Matrix unit = Matrix::Zero(r, r);
      unit(a, c) = unit(c, a) = 1;
      basis.col(at++) = to_vector(root * unit * root);
    }
  }
  return basis;
}

}  // namespace

Vector projection_shares(const ConstMatrixRef& information, const ConstMatrixRef& draws,
                         bool diagonal) {
  const Index size = information.rows();
  const Index r = diagonal ? size : static_cast<Index>((std::sqrt(8.0 * size + 1) - 1) / 2 + 0.5);
  const Matrix basis = change_of_basis(information, r, diagonal);
  const Matrix inverse = basis.inverse();
  Matrix metric = inverse.transpose() * information * inverse;
  metric = (0.5 * (metric + metric.transpose())).eval();
  const Vector spectrum = Eigen::SelfAdjointEigenSolver<Matrix>(metric).eigenvalues();
  const double lipschitz = spectrum[size - 1];
  const double root = std::sqrt(std::max(spectrum[0], 0.0) / lipschitz);
  // momentum of the accelerated projected gradient of a strongly convex function (Nesterov 2004,
  // Introductory Lectures on Convex Optimization, section 2.2)
  const double momentum = (1 - root) / (1 + root);
  Cone cone(r, diagonal);
  Vector share(draws.cols());
  for (Index i = 0; i < draws.cols(); ++i) {
    if (i % kBatch == 0) check_interrupt();
    const Vector z = basis * draws.col(i);
    const Vector target = metric * z;
    const double length = z.dot(target);
    if (cone.contains(z)) {
      share[i] = 1;
      continue;
    }
    if (cone.contains(-target)) {
      share[i] = 0;  // the apex is nearest
      continue;
    }
    Vector g = cone.project(z);
    Vector ahead = g;
    for (int step = 0; step < kMaxSteps; ++step) {
      const Vector next = cone.project(ahead - (metric * ahead - target) / lipschitz);
      // zero at the minimum only; the share is off by the square of what is left
      const double moved = (next - ahead).squaredNorm();
      ahead = next + momentum * (next - g);
      g = next;
      if (moved < 1e-14 * z.squaredNorm()) break;
    }
    share[i] = std::clamp(1 - (z - g).dot(metric * (z - g)) / length, 0.0, 1.0);
  }
  return share;
}

}  // namespace henderson
