// One level of the leaf with its variances: the piece that likelihood/modes.cpp and
// likelihood/elimination.cpp share.
#ifndef HENDERSON_LIKELIHOOD_LEAF_INVERSE_H_
#define HENDERSON_LIKELIHOOD_LEAF_INVERSE_H_

#include <cmath>

#include "algebra/small.h"
#include "algebra/types.h"

namespace henderson {

// E_j = (I + A_j Gamma_0)^-1 of one leaf level of V columns, and C0_j = E_j A_j: unlike
// A - A Lambda M^-1 Lambda'A, nothing cancels however large the variances are.
template <int V>
class LeafInverse {
 public:
  using Block = Eigen::Matrix<double, V, V>;

  explicit LeafInverse(const Matrix& lambda)
      : v_(lambda.rows()),
        gamma_(lambda * lambda.transpose()),
        shifted_(v_, v_),
        inverse_(v_, v_),
        c0_(v_, v_) {}

  void compute(const double* level) {
    const Eigen::Map<const Block> a(level, v_, v_);
    if (width_or<V>(v_) == 1) {
      inverse_(0, 0) = 1 / (1 + a(0, 0) * gamma_(0, 0));
      c0_(0, 0) = inverse_(0, 0) * a(0, 0);
      return;
    }
    shifted_.noalias() = a.lazyProduct(gamma_);
    shifted_.diagonal().array() += 1;
    inverse_.setIdentity();
    eliminate();
    c0_.noalias() = inverse_.lazyProduct(a);
    for (Index c = 0; c < width_or<V>(v_); ++c) {
      for (Index r = 0; r < c; ++r) c0_(r, c) = c0_(c, r) = 0.5 * (c0_(r, c) + c0_(c, r));
    }
  }

  const Block& inverse() const { return inverse_; }
  const Block& c0() const { return c0_; }
  const Block& gamma() const { return gamma_; }

 private:
  // Gauss-Jordan with partial pivoting: turns [B, I] into [I, B^-1].
  void eliminate() {
    const Index v = width_or<V>(v_);
    for (Index k = 0; k < v; ++k) {
      Index pivot = k;
      for (Index r = k + 1; r < v; ++r) {
        if (std::abs(shifted_(r, k)) > std::abs(shifted_(pivot, k))) pivot = r;
      }
      if (pivot != k) {
        shifted_.row(k).swap(shifted_.row(pivot));
        inverse_.row(k).swap(inverse_.row(pivot));
      }
      for (Index c = k + 1; c < v; ++c) take_off(k, shifted_.col(c).data());
      for (Index c = 0; c < v; ++c) take_off(k, inverse_.col(c).data());
    }
  }

  // One column, of which row k becomes what the pivot divides it to.
  void take_off(Index k, double* column) const {
    const double* factors = shifted_.col(k).data();
    const double own = column[k] / factors[k];
    for (Index r = 0; r < width_or<V>(v_); ++r) column[r] -= factors[r] * own;
    column[k] = own;
  }

  Index v_;
  Block gamma_;
  Block shifted_;
  Block inverse_;
  Block c0_;
};

}  // namespace henderson

#endif  // HENDERSON_LIKELIHOOD_LEAF_INVERSE_H_
