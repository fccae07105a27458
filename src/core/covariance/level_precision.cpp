#include "covariance/level_precision.h"

#include <cmath>
#include <stdexcept>
#include <utility>

#include "algebra/eigen_decompositions.h"
#include "algebra/eigen_sparse.h"

namespace henderson {

namespace {

using Sparse = Eigen::SparseMatrix<double>;

class FactoredPrecision : public LevelCovariance {
 public:
  explicit FactoredPrecision(const SparseLower& inverse) {
    std::vector<Eigen::Triplet<double>> elements;
    elements.reserve(inverse.value.size());
    for (int c = 0; c < inverse.size; ++c) {
      for (Index e = inverse.start[c]; e < inverse.start[c + 1]; ++e) {
        elements.emplace_back(inverse.row[e], c, inverse.value[e]);
      }
    }
    Sparse lower(inverse.size, inverse.size);
    lower.setFromTriplets(elements.begin(), elements.end());
    factor_.compute(lower);
    if (factor_.info() != Eigen::Success) {
      throw std::invalid_argument("a precision of levels is not positive definite");
    }
  }

  Matrix multiply(const Matrix& x) const override { return factor_.solve(x); }

  // K^-1 = P' L L' P, R' = L^-1 P.
  Matrix multiply_root(const Matrix& x) const override {
    return factor_.matrixL().solve(factor_.permutationP() * x);
  }

  Matrix multiply_factor(const Matrix& x) const override {
    return factor_.permutationPinv() * factor_.matrixU().solve(x);
  }

  double log_det() const {
    const Sparse& l = factor_.matrixL().nestedExpression();
    return -2 * l.diagonal().array().log().sum();
  }

 private:
  Eigen::SimplicialLLT<Sparse> factor_;
};

// Of a matrix most of whose elements are there.
class DensePrecision : public LevelCovariance {
 public:
  explicit DensePrecision(const SparseLower& inverse)
      : factor_(Matrix::Zero(inverse.size, inverse.size)) {
    for (int c = 0; c < inverse.size; ++c) {
      for (Index e = inverse.start[c]; e < inverse.start[c + 1]; ++e) {
        factor_(inverse.row[e], c) = inverse.value[e];
      }
    }
    const Eigen::LLT<Eigen::Ref<Matrix>> in_place(factor_);
    if (in_place.info() != Eigen::Success) {
      throw std::invalid_argument("a precision of levels is not positive definite");
    }
  }

  // K^-1 = L L', R' = L^-1.
  Matrix multiply(const Matrix& x) const override { return multiply_factor(multiply_root(x)); }
  Matrix multiply_root(const Matrix& x) const override {
    return factor_.triangularView<Eigen::Lower>().solve(x);
  }
  Matrix multiply_factor(const Matrix& x) const override {
    return factor_.transpose().triangularView<Eigen::Upper>().solve(x);
  }

  double log_det() const { return -2 * factor_.diagonal().array().log().sum(); }

 private:
  Matrix factor_;  // lower triangle
};

// Are so many elements there that indices cost more than zeros?
bool is_dense(const SparseLower& inverse) {
  const double size = inverse.size;
  return static_cast<double>(inverse.value.size()) > 0.15 * size * (size + 1);
}

template <class Covariance>
void factorize(LevelPrecision* precision) {
  const auto covariance = std::make_shared<const Covariance>(precision->inverse);
  precision->log_det = covariance->log_det();
  precision->covariance = covariance;
}

}  // namespace

LevelPrecision make_level_precision(SparseLower inverse) {
  LevelPrecision precision;
  precision.inverse = std::move(inverse);
  if (is_dense(precision.inverse)) {
    factorize<DensePrecision>(&precision);
  } else {
    factorize<FactoredPrecision>(&precision);
  }
  return precision;
}

}  // namespace henderson
