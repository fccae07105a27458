#include "search/cone_program.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "algebra/eigen_decompositions.h"

namespace henderson {

using Eigen::SelfAdjointEigenSolver;

namespace {

Matrix inverse(const Matrix& positive) {
  return positive.llt().solve(Matrix::Identity(positive.rows(), positive.cols()));
}

// Share of a step from m to m + d that stays well inside the positive definite matrices, up to 1.
double share_inside(const Matrix& m, const Matrix& d) {
  const Eigen::LLT<Matrix> factor(m);
  Matrix scaled = factor.matrixL().solve(d);
  scaled = factor.matrixL().solve(scaled.transpose()).eval();
  const SelfAdjointEigenSolver<Matrix> eigen(Matrix(0.5 * (scaled + scaled.transpose())),
                                             Eigen::EigenvaluesOnly);
  const double lowest = eigen.eigenvalues()[0];
  return lowest < 0 ? std::min(1.0, -0.95 / lowest) : 1.0;
}

// Primal-dual interior point method. With multipliers Z_k,
//   s + B (x - x0) = sum_k <Z_k, dGamma_k/dx>,  Gamma_k Z_k = mu I,  mu -> 0,
// linearized as Z + dZ = mu Gamma^-1 - sym(Z dGamma Gamma^-1) (Helmberg et al. 1996, SIAM J. Optim.
// 6, 342-361; Kojima et al. 1997, ibid. 7, 86-125).
class InteriorPoint {
 public:
  InteriorPoint(const std::vector<Cone>& cones, const Vector& x0, const Vector& s, const Matrix& b,
                const Vector& unconstrained);

  bool done() const { return gap() < 1e-15 * scale_ && infeasible_ < 1e-14; }
  bool iterate();  // false when rounding leaves no step
  ConeStep solution() const;

 private:
  double gap() const;
  Matrix system(const std::vector<Matrix>& inverses) const;

  const std::vector<Cone>& cones_;
  const Vector& x0_;
  const Vector& s_;
  const Matrix& b_;
  Vector x_;
  std::vector<Matrix> gamma_, dual_, reference_;  // reference: the size of Gamma at the start
  int order_ = 0;                                 // sum of the matrices' sizes
  double scale_ = 0;                              // gap at the start
  double infeasible_ = 1;                         // share of the first dual residual that is left
  double centring_ = 0.1;
};

InteriorPoint::InteriorPoint(const std::vector<Cone>& cones, const Vector& x0, const Vector& s,
                             const Matrix& b, const Vector& unconstrained)
    : cones_(cones), x0_(x0), s_(s), b_(b), x_(x0) {
  // Start at the sizes of both ends of the unconstrained step, which flat directions can make long.
  for (const Cone& cone : cones_) {
    Matrix size = Matrix::Zero(cone.size, cone.size);
    double most = std::numeric_limits<double>::infinity();
    for (const Vector* end : {&x0, &unconstrained}) {
      const SelfAdjointEigenSolver<Matrix> eigen(cone_matrix(cone, *end));
      const Vector values = eigen.eigenvalues().cwiseAbs().cwiseMin(most);
      most = 10 * std::max(1.0, values.maxCoeff());
      size += eigen.eigenvectors() * values.asDiagonal() * eigen.eigenvectors().transpose();
    }
    size.diagonal().array() += 1e-3 * size.trace() / cone.size + 1e-300;
    reference_.push_back(size);
    set_cone_matrix(cone, size, &x_);
    order_ += cone.size;
  }
  gamma_ = reference_;
  const Vector slope = s_ + b_ * (x_ - x0_);
  for (std::size_t k = 0; k < cones_.size(); ++k) {
    const Vector root = gamma_[k].diagonal().cwiseSqrt();
    scale_ += root.dot(cone_gradient(cones_[k], slope).cwiseAbs() * root);
  }
  scale_ = std::max(scale_, 1e-300);
  for (const Matrix& gamma : gamma_) dual_.push_back(scale_ / order_ * inverse(gamma));
}

double InteriorPoint::gap() const {
  double sum = 0;
  for (std::size_t k = 0; k < gamma_.size(); ++k) sum += gamma_[k].cwiseProduct(dual_[k]).sum();
  return sum;
}

Matrix InteriorPoint::system(const std::vector<Matrix>& inverses) const {
  Matrix result = b_;
  Vector part(result.rows());
  for (std::size_t k = 0; k < cones_.size(); ++k) {
    const Matrix& z = dual_[k];
    const Matrix& g = inverses[k];
    int column = cones_[k].first;
    for (int c = 0; c < cones_[k].size; ++c) {
      for (int d = c; d < cones_[k].size; ++d, ++column) {
        // sym(Z dGamma Gamma^-1) for one coordinate
        Matrix moved = z.col(c) * g.row(d);
        if (c != d) moved += z.col(d) * g.row(c);
        part.setZero();
        add_cone_derivative(cones_[k], 0.5 * (moved + moved.transpose()), &part);
        result.col(column) += part;
      }
    }
  }
  return result;
}

bool InteriorPoint::iterate() {
  const double mu = centring_ * gap() / order_;
  Vector rhs = -(s_ + b_ * (x_ - x0_));
  std::vector<Matrix> inverses;
  for (std::size_t k = 0; k < cones_.size(); ++k) {
    inverses.push_back(inverse(gamma_[k]));
    add_cone_derivative(cones_[k], mu * inverses[k], &rhs);
  }
  const Vector dx = system(inverses).ldlt().solve(rhs);
  if (!dx.allFinite()) return false;
  // One length for Gamma and Z: the dual residual shrinks with it.
  double length = 1;
  std::vector<Matrix> d_gamma;
  std::vector<Matrix> d_dual;
  for (std::size_t k = 0; k < cones_.size(); ++k) {
    d_gamma.push_back(cone_matrix(cones_[k], dx));
    const Matrix moved = dual_[k] * d_gamma[k] * inverses[k];
    d_dual.push_back(mu * inverses[k] - dual_[k] - 0.5 * (moved + moved.transpose()));
    length = std::min(length, share_inside(gamma_[k], d_gamma[k]));
    length = std::min(length, share_inside(dual_[k], d_dual[k]));
  }
  for (std::size_t k = 0; k < cones_.size(); ++k) {
    d_gamma[k] = gamma_[k] + length * d_gamma[k];
    d_dual[k] = dual_[k] + length * d_dual[k];
    if (d_gamma[k].llt().info() != Eigen::Success || d_dual[k].llt().info() != Eigen::Success) {
      return false;
    }
  }
  gamma_ = d_gamma;
  dual_ = d_dual;
  x_ += length * dx;
  infeasible_ *= 1 - length;
  centring_ = length > 0.9 ? 0.02 : length > 0.5 ? 0.1 : 0.5;
  return true;
}

ConeStep InteriorPoint::solution() const {
  ConeStep result;
  result.x = x_;
  for (std::size_t k = 0; k < cones_.size(); ++k) {
    const SelfAdjointEigenSolver<Matrix> eigen(gamma_[k]);
    Vector values = eigen.eigenvalues();
    for (Index i = 0; i < values.size(); ++i) {
      // An eigenvalue or its multiplier is zero at the solution: the smaller one, in free units.
      const auto v = eigen.eigenvectors().col(i);
      const double size = v.dot(reference_[k] * v);
      if (values[i] / size < v.dot(dual_[k] * v) * size / scale_) values[i] = 0;
    }
    result.factors.push_back(eigen.eigenvectors() * values.cwiseSqrt().asDiagonal());
    set_cone_matrix(cones_[k], result.factors[k] * result.factors[k].transpose(), &result.x);
  }
  return result;
}

}  // namespace

ConeStep solve_cone_program(const std::vector<Cone>& cones, const Vector& x0, const Vector& s,
                            const Matrix& b) {
  constexpr int kMaxIterations = 80;
  const auto decrease = [&](const Vector& x) {
    const Vector step = x - x0;
    return -(s.dot(step) + 0.5 * step.dot(b * step));
  };
  ConeStep free;
  free.x = x0 - b.ldlt().solve(s);
  free.decrease = decrease(free.x);
  bool inside = true;
  for (const Cone& cone : cones) {
    const SelfAdjointEigenSolver<Matrix> eigen(cone_matrix(cone, free.x));
    inside = inside && eigen.eigenvalues()[0] > 0;
    free.factors.push_back(eigen.eigenvectors() *
                           eigen.eigenvalues().cwiseMax(0).cwiseSqrt().asDiagonal());
  }
  if (inside) return free;
  InteriorPoint method(cones, x0, s, b, free.x);
  for (int k = 0; k < kMaxIterations && !method.done(); ++k) {
    if (!method.iterate()) break;
  }
  ConeStep result = method.solution();
  result.decrease = decrease(result.x);
  return result;
}

}  // namespace henderson
