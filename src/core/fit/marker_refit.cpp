#include "fit/marker_refit.h"

#include <cmath>
#include <limits>
#include <utility>

#include "algebra/interrupt.h"
#include "data/accumulate.h"
#include "data/gram.h"
#include "fit/nearby_minimum.h"
#include "fit/report.h"

namespace henderson {

MarkerRefit::MarkerRefit(const DataRows& rows, std::vector<TermStructures> structures,
                         const Vector& theta, bool reml)
    : rows_(rows),
      structures_(std::move(structures)),
      theta_(theta),
      reml_(reml),
      x_(rows.n, rows.p + 1) {
  if (rows.p > 0) x_.leftCols(rows.p) = ConstMatrixMap(rows.x, rows.n, rows.p);
  rows_.p = rows.p + 1;
  rows_.x = x_.data();
}

MarkerFit MarkerRefit::run(const Vector& column) {
  check_interrupt();
  MarkerFit result;
  result.estimate = result.variance = std::numeric_limits<double>::quiet_NaN();
  const Index last = x_.cols() - 1;
  // one basis serves all columns
  double mean = 0;
  double weight = 0;
  for (Index i = 0; i < rows_.n; ++i) {
    mean += weight_of(rows_, i) * column[i];
    weight += weight_of(rows_, i);
  }
  mean = rows_.intercept >= 0 ? mean / weight : 0;
  double size = 0;
  for (Index i = 0; i < rows_.n; ++i) {
    size += weight_of(rows_, i) * (column[i] - mean) * (column[i] - mean);
  }
  size = std::sqrt(size / weight);
  if (!(size > 0)) return result;
  x_.col(last) = (column.array() - mean) / size;
  const GramResult gram = dense_gram(rows_);
  if (!(gram.smallest_pivot > 1e-10)) return result;
  moments_ = accumulate(rows_, gram);
  if (objective_ == nullptr) {
    objective_ = std::make_unique<GaussianObjective>(moments_, structures_, reml_);
  } else {
    objective_->refill();
  }
  const Vector start =
      start_for_other_data(objective_->coordinates(), objective_->random().to_standard(theta_));
  const NearbyMinimum minimum = search_nearby(objective_.get(), start, SearchOptions());
  if (minimum.found.status == SearchStatus::kUndefined) return result;
  result.certain = minimum.certificate.holds() || start.size() == 0;
  result.criterion = objective_->value_at(minimum.found.x);
  if (!std::isfinite(result.criterion)) return result;
  // of the scaled column; by REML its scale is part of the criterion
  if (reml_) result.criterion += 2 * std::log(size);
  result.theta = objective_->random().to_natural(minimum.found.x);
  const FixedReport fixed = report_fixed(*objective_);
  const double sigma = residual_deviation(*objective_);
  result.estimate = fixed.beta[last] / size;
  result.variance = sigma * sigma * fixed.unscaled_vcov(last, last) / (size * size);
  return result;
}

}  // namespace henderson
