// A known precision of the levels of a term: relationships among animals, neighbourhoods.
#ifndef HENDERSON_COVARIANCE_LEVEL_PRECISION_H_
#define HENDERSON_COVARIANCE_LEVEL_PRECISION_H_

#include <memory>
#include <vector>

#include "algebra/types.h"

namespace henderson {

// Lower triangle of a symmetric matrix by columns.
struct SparseLower {
  int size = 0;
  std::vector<Index> start;  // size + 1
  std::vector<int> row;      // >= its column
  std::vector<double> value;
};

// K as what K^-1's sparse Cholesky factor makes of a matrix.
class LevelCovariance {
 public:
  virtual ~LevelCovariance() = default;
  // K x, a row of x for each level.
  virtual Matrix multiply(const Matrix& x) const = 0;
  // R'x for an R with K = R R', and R x.
  virtual Matrix multiply_root(const Matrix& x) const = 0;
  virtual Matrix multiply_factor(const Matrix& x) const = 0;
};

// The levels' random effects have the covariance matrix K (x) Gamma. Empty: K = I.
struct LevelPrecision {
  SparseLower inverse;                                // K^-1, with all of its diagonal
  double log_det = 0;                                 // log|K|
  std::shared_ptr<const LevelCovariance> covariance;  // K

  bool empty() const { return inverse.size == 0; }
};

// std::invalid_argument where K^-1 is not positive definite.
LevelPrecision make_level_precision(SparseLower inverse);

}  // namespace henderson

#endif  // HENDERSON_COVARIANCE_LEVEL_PRECISION_H_
