// Matrix product behind the dense kernels: blocked and packed, with a micro-kernel chosen at run
// time from what the processor offers (AVX-512, AVX2 with FMA, or none of them: then Eigen
// computes). Goto & van de Geijn (2008), ACM TOMS 34(3), describe the scheme.
#ifndef HENDERSON_ALGEBRA_GEMM_H_
#define HENDERSON_ALGEBRA_GEMM_H_

#include "algebra/types.h"

namespace henderson {

enum class GemmKernel { kEigen, kAvx2, kAvx512 };

// A general matrix by strides: element (i, j) at data[i * row + j * column].
struct StridedMatrix {
  const double* data;
  Index row;
  Index column;
};

// The kernel in use; the best one the processor supports unless set otherwise (tests, comparisons).
GemmKernel gemm_kernel();
// False, and no change, if the processor or the compiler does not support it.
bool set_gemm_kernel(GemmKernel kernel);

// C (m x n, leading dimension ldc) += alpha A (m x k) B (k x n), or its lower triangle (m = n)
// only; entries above the diagonal are then left alone. False: not done, the caller computes by
// Eigen.
bool packed_gemm(Index m, Index n, Index k, double alpha, const StridedMatrix& a,
                 const StridedMatrix& b, double* c, Index ldc, bool lower_only);

}  // namespace henderson

#endif  // HENDERSON_ALGEBRA_GEMM_H_
