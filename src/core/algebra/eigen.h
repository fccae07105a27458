// The way to Eigen: every file of the core includes Eigen through this header (or through
// algebra/eigen_decompositions.h), for two reasons.
//
// Silence: as a system header it, and what it includes, warns nobody. Eigen 3.3 would otherwise
// make GCC print thousands of lines (-Wignored-attributes) to everyone who installs the package.
//
// Time to compile: Eigen's kernels of matrix products and triangular solves, the largest pieces of
// code that Eigen has, are compiled once, in algebra/eigen_instances.cpp, and not in every file
// that multiplies matrices. What is missing from the list is compiled where it is used, as always.
#ifndef HENDERSON_ALGEBRA_EIGEN_H_
#define HENDERSON_ALGEBRA_EIGEN_H_

#ifdef __GNUC__
#pragma GCC system_header
#endif

#include <Eigen/Core>

namespace Eigen {
namespace internal {

using HendersonTraits = gebp_traits<double, double>;
template <int order>
using HendersonInput = const_blas_data_mapper<double, Index, order>;
using HendersonOutput = blas_data_mapper<double, Index, ColMajor, Unaligned, 1>;

// Expands to explicit instantiations; declarations only where `storage` is extern.
#define HENDERSON_EIGEN_KERNELS(storage)                                                           \
  storage template void evaluateProductBlockingSizesHeuristic<double, double, 1, Index>(           \
      Index&, Index&, Index&, Index);                                                              \
  storage template void evaluateProductBlockingSizesHeuristic<double, double, 4, Index>(           \
      Index&, Index&, Index&, Index);                                                              \
  storage template struct gebp_kernel<double, double, Index, HendersonOutput, HendersonTraits::mr, \
                                      HendersonTraits::nr, false, false>;                          \
  storage template struct gemm_pack_lhs<double, Index, HendersonInput<ColMajor>,                   \
                                        HendersonTraits::mr, HendersonTraits::LhsProgress,         \
                                        ColMajor>;                                                 \
  storage template struct gemm_pack_lhs<double, Index, HendersonInput<RowMajor>,                   \
                                        HendersonTraits::mr, HendersonTraits::LhsProgress,         \
                                        RowMajor>;                                                 \
  storage template struct gemm_pack_lhs<double, Index, HendersonOutput, HendersonTraits::mr,       \
                                        HendersonTraits::LhsProgress, ColMajor, false, true>;      \
  storage template struct gemm_pack_rhs<double, Index, HendersonInput<ColMajor>,                   \
                                        HendersonTraits::nr, ColMajor>;                            \
  storage template struct gemm_pack_rhs<double, Index, HendersonInput<RowMajor>,                   \
                                        HendersonTraits::nr, RowMajor>;                            \
  storage template struct gemm_pack_rhs<double, Index, HendersonOutput, HendersonTraits::nr,       \
                                        ColMajor, false, true>;                                    \
  storage template struct gemm_pack_rhs<double, Index, HendersonInput<RowMajor>,                   \
                                        HendersonTraits::nr, RowMajor, false, true>;               \
  storage template struct general_matrix_matrix_product<Index, double, ColMajor, false, double,    \
                                                        ColMajor, false, ColMajor, 1>;             \
  storage template struct general_matrix_matrix_product<Index, double, ColMajor, false, double,    \
                                                        RowMajor, false, ColMajor, 1>;             \
  storage template struct general_matrix_matrix_product<Index, double, RowMajor, false, double,    \
                                                        ColMajor, false, ColMajor, 1>;             \
  storage template struct general_matrix_vector_product<Index, double, HendersonInput<ColMajor>,   \
                                                        ColMajor, false, double,                   \
                                                        HendersonInput<RowMajor>, false>;          \
  storage template struct general_matrix_vector_product<Index, double, HendersonInput<ColMajor>,   \
                                                        ColMajor, false, double,                   \
                                                        HendersonInput<ColMajor>, false>;          \
  storage template struct general_matrix_vector_product<Index, double, HendersonInput<RowMajor>,   \
                                                        RowMajor, false, double,                   \
                                                        HendersonInput<ColMajor>, false>;          \
  storage template struct triangular_solve_matrix<double, Index, OnTheLeft, Lower, false,          \
                                                  ColMajor, ColMajor, 1>;                          \
  storage template struct triangular_solve_matrix<double, Index, OnTheLeft, Upper, false,          \
                                                  ColMajor, ColMajor, 1>;                          \
  storage template struct triangular_solve_matrix<double, Index, OnTheLeft, Upper, false,          \
                                                  RowMajor, ColMajor, 1>;                          \
  storage template struct triangular_solve_matrix<double, Index, OnTheRight, Upper, false,         \
                                                  RowMajor, ColMajor, 1>;                          \
  storage template struct triangular_solve_matrix<double, Index, OnTheLeft, UnitLower, false,      \
                                                  ColMajor, ColMajor, 1>;                          \
  storage template struct selfadjoint_matrix_vector_product<double, Index, ColMajor, Lower, false, \
                                                            false, 0>;

HENDERSON_EIGEN_KERNELS(extern)

}  // namespace internal
}  // namespace Eigen

#endif  // HENDERSON_ALGEBRA_EIGEN_H_
