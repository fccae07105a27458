// Numbers by random coefficient: right-hand sides, scores, modes, products with Z.
#ifndef HENDERSON_EQUATIONS_COEFFICIENTS_H_
#define HENDERSON_EQUATIONS_COEFFICIENTS_H_

#include "algebra/types.h"

namespace henderson {

// A right-hand side per row, a random coefficient per column, in the order of the equations: the
// leaf's and the remainder's apart, as the factor works through them.
struct Coefficients {
  Matrix leaf;
  Matrix remainder;

  Index rows() const { return leaf.rows(); }
  Index size() const { return leaf.size() + remainder.size(); }
  bool all_finite() const { return leaf.allFinite() && remainder.allFinite(); }
  // Equations::is_leaf() and Equations::at() tell where a level's columns are.
  Matrix& part(bool is_leaf) { return is_leaf ? leaf : remainder; }
  const Matrix& part(bool is_leaf) const { return is_leaf ? leaf : remainder; }

  void resize(Index n_rows, Index n_leaf, Index n_remainder) {
    leaf.resize(n_rows, n_leaf);
    remainder.resize(n_rows, n_remainder);
  }
  void set_zero() {
    leaf.setZero();
    remainder.setZero();
  }
  Coefficients top_rows(Index count) const {
    return {leaf.topRows(count), remainder.topRows(count)};
  }
  Coefficients row(Index i) const { return {leaf.row(i), remainder.row(i)}; }
  Coefficients& operator+=(const Coefficients& other) {
    leaf += other.leaf;
    remainder += other.remainder;
    return *this;
  }
  Coefficients& operator-=(const Coefficients& other) {
    leaf -= other.leaf;
    remainder -= other.remainder;
    return *this;
  }
  // *this = other - *this
  void subtract_from(const Coefficients& other) {
    leaf = other.leaf - leaf;
    remainder = other.remainder - remainder;
  }
};

// Sum over the coefficients: a b'.
inline Matrix inner_products(const Coefficients& a, const Coefficients& b) {
  Matrix sum = a.leaf * b.leaf.transpose();
  sum.noalias() += a.remainder * b.remainder.transpose();
  return sum;
}

}  // namespace henderson

#endif  // HENDERSON_EQUATIONS_COEFFICIENTS_H_
