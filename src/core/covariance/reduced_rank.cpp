// rr: Gamma of rank d, L L' with L v x d and zero above its diagonal. Parameters: the entries of L
// on and below the diagonal, by columns, which are free coordinates: all entries of a column may
// change their sign together.
#include <algorithm>
#include <cmath>

#include "algebra/eigen_decompositions.h"
#include "algebra/symmetric.h"
#include "covariance/registry.h"

namespace henderson {

namespace {

class ReducedRank : public CovarianceStructure {
 public:
  ReducedRank(int v, int rank) : CovarianceStructure(v), rank_(rank) {}

  int n_parameters() const override { return rank_ * n_columns() - rank_ * (rank_ - 1) / 2; }
  Basis basis() const override { return Basis::kScales; }
  std::vector<Cone> cones() const override { return {}; }
  Matrix factor(const ConstVectorRef& x) const override {
    Matrix l = Matrix::Zero(n_columns(), n_columns());
    Index at = 0;
    for (int c = 0; c < rank_; ++c) {
      l.col(c).tail(n_columns() - c) = x.segment(at, n_columns() - c);
      at += n_columns() - c;
    }
    return l;
  }
  Matrix derivative(const ConstVectorRef& x, int i) const override {
    int c = 0;
    int r = i;
    for (; r >= n_columns() - c; ++c) r -= n_columns() - c;
    Matrix moved = Matrix::Zero(n_columns(), n_columns());
    moved.row(c + r) = factor(x).col(c).transpose();
    return moved + moved.transpose();
  }
  // The first trends over the columns, of size one.
  Vector start() const override {
    const int v = n_columns();
    Matrix waves(v, rank_);
    for (int c = 0; c < rank_; ++c) {
      for (int r = 0; r < v; ++r) waves(r, c) = std::cos(kPi * c * (r + 0.5) / v);
    }
    return pack(waves);
  }
  // The first columns themselves, and the last ones.
  std::vector<Vector> other_starts() const override {
    const Matrix unit = Matrix::Identity(n_columns(), rank_);
    const Matrix all = Matrix::Constant(n_columns(), rank_, 0.3);
    return {pack(unit + all), pack(unit.colwise().reverse() + all)};
  }
  Vector canonical(const Vector& x) const override { return pack(factor(x).leftCols(rank_)); }
  Vector multipliers(const Vector& scale) const override {
    return pack(scale.rowwise().replicate(rank_), false);
  }

 private:
  static constexpr double kPi = 3.14159265358979323846;

  // Entries of the lower trapezoidal factor of F F', or of F itself.
  Vector pack(const Matrix& f, bool factorize = true) const {
    const int v = n_columns();
    Matrix l = f;
    if (factorize) {
      Matrix square = Matrix::Zero(v, v);
      square.leftCols(rank_) = f;
      l = triangular_factor(square, nullptr).leftCols(rank_);
    }
    Vector x(n_parameters());
    Index at = 0;
    for (int c = 0; c < rank_; ++c) {
      const double sign = factorize && l(c, c) < 0 ? -1 : 1;
      x.segment(at, v - c) = sign * l.col(c).tail(v - c);
      at += v - c;
    }
    return x;
  }

  int rank_;
};

}  // namespace

std::unique_ptr<CovarianceStructure> make_reduced_rank(int v, int rank) {
  return std::make_unique<ReducedRank>(v, rank);
}

}  // namespace henderson
