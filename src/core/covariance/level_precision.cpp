#include "covariance/level_precision.h"

#include <cmath>
#include <stdexcept>
#include <utility>

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

}  // namespace

LevelPrecision make_level_precision(SparseLower inverse) {
  LevelPrecision precision;
  const auto covariance = std::make_shared<const FactoredPrecision>(inverse);
  precision.inverse = std::move(inverse);
  precision.log_det = covariance->log_det();
  precision.covariance = covariance;
  return precision;
}

}  // namespace henderson
