// Responses of a bootstrap, drawn row by row.
#ifndef HENDERSON_DATA_DRAWN_RESPONSE_H_
#define HENDERSON_DATA_DRAWN_RESPONSE_H_

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
  double sigma = 0;          // kParametric: of rows of weight one
  Vector residuals;          // kResampled: of rows of weight one; kSigns: a row each
  std::vector<int> cluster;  // kSigns: 1-based
  int n_clusters = 0;
};

// In the order of the rows; those of weight zero get their mean and effects only.
void draw_response(const ResponseModel& model, const DataRows& rows, RandomStream* random,
                   double* y);

}  // namespace henderson

#endif  // HENDERSON_DATA_DRAWN_RESPONSE_H_
