// The instances of Eigen's templates that eigen.h and eigen_decompositions.h declare, compiled here
// once for the whole core.
#include "eigen.h"
#include "eigen_decompositions.h"

namespace Eigen {

HENDERSON_EIGEN_DECOMPOSITIONS()

namespace internal {

HENDERSON_EIGEN_KERNELS()

}  // namespace internal
}  // namespace Eigen
