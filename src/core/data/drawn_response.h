// Responses of a bootstrap, drawn row by row.
#ifndef HENDERSON_DATA_DRAWN_RESPONSE_H_
#define HENDERSON_DATA_DRAWN_RESPONSE_H_

#include <functional>
#include <vector>

#include "algebra/random_stream.h"
#include "algebra/types.h"
#include "data/rows.h"

namespace henderson {

// y* = mean + Z b* + e*.
struct ResponseModel {
  // Of b* and e*: drawn from their distributions; with replacement from given ones; or no b*, and
  // e* = the given residuals of a whole cluster times +1 or -1.
  enum class Kind { kParametric, kResampled, kSigns };
  Kind kind = Kind::kParametric;
  const double* mean = nullptr;  // n
  // By term: kParametric: a factor of Cov(b), v x v; kResampled: modes, v x J, a column each.
  std::vector<Matrix> effects;
  // kParametric, by term: R x of x with a row for each level, K = RR' the covariance among levels.
  // None at all, or of a term an empty one: levels are independent.
  std::vector<std::function<Matrix(const Matrix&)>> relate;
  double sigma = 0;          // kParametric: of rows of weight one
  Vector residuals;          // kResampled: of rows of weight one; kSigns: a row each
  std::vector<int> cluster;  // kSigns: 1-based
  int n_clusters = 0;
};

// In the order of the rows; those of weight zero get their mean and effects only. b: the b* of each
// term, v x J, if they are wanted.
void draw_response(const ResponseModel& model, const DataRows& rows, RandomStream* random,
                   double* y, std::vector<Matrix>* b = nullptr);

}  // namespace henderson

#endif  // HENDERSON_DATA_DRAWN_RESPONSE_H_
