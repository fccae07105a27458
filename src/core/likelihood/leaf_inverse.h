// One level of the leaf with its variances: the piece that likelihood/expected_information.cpp and
// likelihood/projection.cpp share.
#ifndef HENDERSON_LIKELIHOOD_LEAF_INVERSE_H_
#define HENDERSON_LIKELIHOOD_LEAF_INVERSE_H_

#include <cmath>

#include "algebra/types.h"
#include "equations/factor.h"

namespace henderson {

// E_j = (I + A_j Gamma_0)^-1 of one leaf level, and C0_j = E_j A_j: unlike A - A Lambda M^-1
// Lambda'A, nothing cancels however large the variances are.
class LeafInverse {
 public:
  explicit LeafInverse(const Factor& factor)
      : system_(factor.system()),
        layout_(*system_.layout),
        v_(layout_.leaf_size()),
        gamma_(factor.leaf_lambda() * factor.leaf_lambda().transpose()),
        work_(v_, 2 * v_),
        c0_(v_, v_) {}

  void compute(Index j) {
    const ConstMatrixMap a(system_.leaf_diagonal.data() + j * v_ * v_, v_, v_);
    if (v_ == 1) {
      work_(0, 1) = 1 / (1 + a(0, 0) * gamma_(0, 0));
      c0_(0, 0) = work_(0, 1) * a(0, 0);
      return;
    }
    work_.leftCols(v_).noalias() = a.lazyProduct(gamma_);
    work_.leftCols(v_).diagonal().array() += 1;
    work_.rightCols(v_).setIdentity();
    eliminate();
    c0_.noalias() = inverse().lazyProduct(a);
    for (Index c = 0; c < v_; ++c) {
      for (Index r = 0; r < c; ++r) c0_(r, c) = c0_(c, r) = 0.5 * (c0_(r, c) + c0_(c, r));
    }
  }

  Eigen::Block<const Matrix> inverse() const { return work_.block(0, v_, v_, v_); }
  const Matrix& c0() const { return c0_; }
  const Matrix& gamma() const { return gamma_; }

 private:
  // Gauss-Jordan with partial pivoting: turns [B, I] into [I, B^-1].
  void eliminate() {
    for (Index k = 0; k < v_; ++k) {
      Index pivot = k;
      for (Index r = k + 1; r < v_; ++r) {
        if (std::abs(work_(r, k)) > std::abs(work_(pivot, k))) pivot = r;
      }
      if (pivot != k) work_.row(k).swap(work_.row(pivot));
      work_.row(k) /= work_(k, k);
      for (Index r = 0; r < v_; ++r) {
        if (r == k) continue;
        const double factor = work_(r, k);
        if (factor != 0) work_.row(r) -= factor * work_.row(k);
      }
    }
  }

  const Equations& system_;
  const Layout& layout_;
  Index v_;
  Matrix gamma_;
  Matrix work_;
  Matrix c0_;
};

}  // namespace henderson

#endif  // HENDERSON_LIKELIHOOD_LEAF_INVERSE_H_
