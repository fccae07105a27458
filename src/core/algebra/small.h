// Small loops whose length the compiler knows. Right-hand sides, columns of a term and covariates
// are few in most models; loops over a number known only at run time cost several times as much.
#ifndef HENDERSON_ALGEBRA_SMALL_H_
#define HENDERSON_ALGEBRA_SMALL_H_

#include <type_traits>

#include "algebra/types.h"

namespace henderson {

// Calls work(std::integral_constant<int, W>()) with W = width up to 4, else Eigen::Dynamic.
template <class Work>
void with_width(Index width, const Work& work) {
  switch (width) {
    case 1:
      return work(std::integral_constant<int, 1>());
    case 2:
      return work(std::integral_constant<int, 2>());
    case 3:
      return work(std::integral_constant<int, 3>());
    case 4:
      return work(std::integral_constant<int, 4>());
    default:
      return work(std::integral_constant<int, Eigen::Dynamic>());
  }
}

// W if it is a number, else the width given.
template <int W>
constexpr Index width_or(Index width) {
  return W == Eigen::Dynamic ? width : W;
}

// y += factor x.
template <int W>
inline void add_scaled(Index width, double factor, const double* x, double* y) {
  for (Index z = 0; z < width_or<W>(width); ++z) y[z] += factor * x[z];
}

template <int W>
inline void scale(Index width, double factor, double* x) {
  for (Index z = 0; z < width_or<W>(width); ++z) x[z] *= factor;
}

}  // namespace henderson

#endif  // HENDERSON_ALGEBRA_SMALL_H_
