// The instances of Eigen's templates that algebra/eigen.h and algebra/eigen_decompositions.h
// declare, compiled here once for the whole core.
#include "algebra/eigen.h"
#include "algebra/eigen_decompositions.h"

namespace Eigen {

HENDERSON_EIGEN_DECOMPOSITIONS()

namespace internal {

HENDERSON_EIGEN_KERNELS()

}  // namespace internal
}  // namespace Eigen
