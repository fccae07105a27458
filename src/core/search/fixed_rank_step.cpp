#include "search/fixed_rank_step.h"

#include <algorithm>
#include <cmath>

#include "algebra/eigen_decompositions.h"
#include "algebra/symmetric.h"

namespace henderson {

double zero_eigenvalue(double largest) { return std::max(1e-12 * largest, 1e-13); }

namespace {

// One matrix in the basis of its eigenvectors, largest first.
struct Frame {
  Matrix vectors;
  Vector pivots;    // the nonzero eigenvalues
  Vector noise;     // c of each
  Matrix score;     // gradient
  Index first = 0;  // its first coordinate among those of the path
  int size = 0;
  int rank() const { return static_cast<int>(pivots.size()); }
  double moved_pivot(int j, double t) const {
    const double total = pivots[j] + noise[j];
    return total * std::exp(t / total) - noise[j];
  }
};

class Path {
 public:
  Path(const Coordinates& coordinates, const SmoothModel& model)
      : cones_(coordinates.cones), free_(coordinates.free()), model_(model) {}

  // False when a zero eigenvalue wants to grow.
  bool set_frames();
  void expand();
  FixedRankStep minimize(double damping);

 private:
  void expand(const Cone& cone, const Frame& frame);
  Vector solve(const Matrix& hessian, const Vector& slope, const Vector& held) const;
  bool hold_leaving_pivots(Vector* z);
  ConeStep end(const Vector& z) const;

  const std::vector<Cone>& cones_;
  const std::vector<int> free_;
  const SmoothModel& model_;
  std::vector<Frame> frames_;
  // Coordinates: of each column of L with a nonzero pivot the pivot and what is below; free ones.
  Index n_ = 0;
  Index first_free_ = 0;
  Matrix basis_;             // dGamma of each
  Matrix bend_, bend_zero_;  // <S, second derivative of Gamma>, and its part from zero eigenvalues
  std::vector<bool> held_;
};

bool Path::set_frames() {
  for (const Cone& cone : cones_) {
    const Eigen::SelfAdjointEigenSolver<Matrix> eigen(cone_matrix(cone, model_.gamma));
    Frame frame;
    frame.size = cone.size;
    frame.vectors = eigen.eigenvectors().rowwise().reverse();
    const Vector values = eigen.eigenvalues().reverse();
    int rank = 0;
    while (rank < cone.size && values[rank] > zero_eigenvalue(values[0])) ++rank;
    frame.pivots = values.head(rank);
    const auto rotated = [&](const Vector& derivative) {
      return Matrix(frame.vectors.transpose() * cone_gradient(cone, derivative) * frame.vectors);
    };
    frame.score = rotated(model_.gradient);
    const Vector per_level = rotated(model_.expected).diagonal().head(rank) / cone.levels;
    frame.noise = (per_level.cwiseMax(1e-300).cwiseInverse() - frame.pivots).cwiseMax(0);
    const int zeros = cone.size - rank;
    if (zeros > 0) {
      const Matrix at_zero = frame.score.bottomRightCorner(zeros, zeros);
      if (!(Eigen::SelfAdjointEigenSolver<Matrix>(at_zero).eigenvalues()[0] > 0)) return false;
    }
    frame.first = n_;
    n_ += rank * (rank + 1) / 2 + rank * zeros;
    frames_.push_back(frame);
  }
  first_free_ = n_;
  n_ += static_cast<Index>(free_.size());
  return true;
}

void Path::expand() {
  basis_ = Matrix::Zero(model_.gamma.size(), n_);
  bend_ = Matrix::Zero(n_, n_);
  bend_zero_ = Matrix::Zero(n_, n_);
  held_.assign(n_, false);
  for (std::size_t k = 0; k < cones_.size(); ++k) expand(cones_[k], frames_[k]);
  for (std::size_t k = 0; k < free_.size(); ++k) basis_(free_[k], first_free_ + k) = 1;
}

void Path::expand(const Cone& cone, const Frame& frame) {
  Vector column = Vector::Zero(model_.gamma.size());
  Index at = frame.first;
  for (int j = 0; j < frame.rank(); at += frame.size - j, ++j) {
    const double root = std::sqrt(frame.pivots[j]);
    for (int i = j; i < frame.size; ++i) {
      Matrix move = (i == j ? 0.5 : root) * frame.vectors.col(i) * frame.vectors.col(j).transpose();
      move += move.transpose().eval();
      set_cone_matrix(cone, move, &column);
      basis_.col(at + i - j) = column;
      for (int k = j; k < frame.size; ++k) {
        double value = 2 * frame.score(i, k);
        if (i == j && k == j) {
          value = frame.score(j, j) / (frame.pivots[j] + frame.noise[j]);
        } else if (i == j || k == j) {
          value = frame.score(i, k) / root;
        }
        bend_(at + i - j, at + k - j) = value;
        if (i >= frame.rank() && k >= frame.rank()) bend_zero_(at + i - j, at + k - j) = value;
      }
    }
  }
}

// Minimises over the coordinates that are not held, z giving the others.
Vector Path::solve(const Matrix& hessian, const Vector& slope, const Vector& held) const {
  std::vector<Index> free;
  for (Index i = 0; i < n_; ++i) {
    if (!held_[i]) free.push_back(i);
  }
  const Index n = static_cast<Index>(free.size());
  Vector z = held;
  if (n == 0) return z;
  const Vector rhs = -(slope + hessian * held);
  Matrix h(n, n);
  Vector r(n);
  for (Index a = 0; a < n; ++a) {
    r[a] = rhs[free[a]];
    for (Index b = 0; b < n; ++b) h(a, b) = hessian(free[a], free[b]);
  }
  const Vector solved = h.ldlt().solve(r);
  for (Index a = 0; a < n; ++a) z[free[a]] = solved[a];
  return z;
}

// Pivots that z would make negative end at zero, with their column: true if there were any; z then
// is zero but for what is held.
bool Path::hold_leaving_pivots(Vector* z) {
  bool any = false;
  for (const Frame& frame : frames_) {
    Index at = frame.first;
    for (int j = 0; j < frame.rank(); at += frame.size - j, ++j) {
      if (held_[at] || frame.moved_pivot(j, (*z)[at]) > 1e-6 * frame.pivots[j]) continue;
      any = true;
      for (int i = j; i < frame.size; ++i) {
        held_[at + i - j] = true;
        (*z)[at + i - j] = i == j ? -frame.pivots[j] : 0;
      }
    }
  }
  for (Index i = 0; any && i < n_; ++i) {
    if (!held_[i]) (*z)[i] = 0;
  }
  return any;
}

ConeStep Path::end(const Vector& z) const {
  ConeStep step;
  step.x = model_.gamma;
  for (std::size_t k = 0; k < cones_.size(); ++k) {
    const Frame& frame = frames_[k];
    Matrix l = Matrix::Zero(frame.size, frame.size);
    Index at = frame.first;
    for (int j = 0; j < frame.rank(); at += frame.size - j, ++j) {
      if (held_[at]) continue;
      l(j, j) = std::sqrt(frame.moved_pivot(j, z[at]));
      for (int i = j + 1; i < frame.size; ++i) l(i, j) = z[at + i - j];
    }
    step.factors.push_back(frame.vectors * l);
    set_cone_matrix(cones_[k], step.factors[k] * step.factors[k].transpose(), &step.x);
  }
  for (std::size_t k = 0; k < free_.size(); ++k) step.x[free_[k]] += z[first_free_ + k];
  return step;
}

FixedRankStep Path::minimize(double damping) {
  FixedRankStep result;
  result.convex = true;
  Vector z = Vector::Zero(n_);
  double decrease = 0;
  if (n_ > 0) {
    const Matrix metric =
        positive_definite(basis_.transpose() * model_.metric * basis_ + bend_zero_);
    const DampedHessian hessian =
        damp(basis_.transpose() * model_.hessian * basis_ + bend_, metric, 0, damping);
    result.convex = hessian.convex;
    const Vector slope = basis_.transpose() * model_.gradient;
    const auto predicted = [&]() { return -(slope.dot(z) + 0.5 * z.dot(hessian.matrix * z)); };
    z = solve(hessian.matrix, slope, z);
    decrease = predicted();
    const double whole = decrease;
    while (hold_leaving_pivots(&z)) {
      z = solve(hessian.matrix, slope, z);
      decrease = predicted();
      if (!(decrease > 0.1 * whole)) return result;
    }
  }
  result.step = end(z);
  result.step.decrease = decrease;
  result.found = result.step.x.allFinite();
  return result;
}

}  // namespace

FixedRankStep fixed_rank_step(const Coordinates& coordinates, const SmoothModel& model,
                              double damping) {
  Path path(coordinates, model);
  if (!path.set_frames()) return FixedRankStep();
  path.expand();
  return path.minimize(damping);
}

}  // namespace henderson
