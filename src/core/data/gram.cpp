#include "data/gram.h"

#include <algorithm>
#include <cmath>

#include "algebra/dense.h"
#include "algebra/eigen_decompositions.h"
#include "algebra/interrupt.h"

namespace henderson {

double column_mean(const DataRows& rows, const double* column, double n_used) {
  if (rows.weights == nullptr) return Eigen::Map<const Vector>(column, rows.n).sum() / n_used;
  double sum = 0;
  for (Index i = 0; i < rows.n; ++i) sum += rows.weights[i] > 0 ? column[i] : 0.0;
  return sum / n_used;
}

Vector least_squares(const Matrix& gram, int p) {
  if (p == 0) return Vector();
  // Unit diagonal first, so that scales do not matter; refined once by the caller's residual pass.
  const Vector scale = gram.diagonal().head(p).cwiseMax(1e-300).cwiseSqrt().cwiseInverse();
  const Matrix scaled = scale.asDiagonal() * gram.topLeftCorner(p, p) * scale.asDiagonal();
  const Vector right = scale.asDiagonal() * gram.col(p).head(p);
  return scale.asDiagonal() * scaled.ldlt().solve(right);
}

namespace {

constexpr Index kRowBlock = 512;   // rows of [X y] that stay in cache
constexpr Index kFewColumns = 16;  // products of so many columns need no matrix product
// Our kernel beats Eigen's from here on. On fewer columns it gains little, and sums in another
// order would change what is printed: of the sorghum trial (19 columns) two estimates lie half way
// between two printed numbers, 581.855 and -66.515, and the test of its published summary
// (tests/testthat/test-course-numbers.R) holds what Eigen's sums round to.
constexpr Index kManyColumns = 64;

Vector column_means(const DataRows& rows, double n_used) {
  Vector means = Vector::Zero(rows.p);
  if (rows.intercept < 0) return means;
  for (int c = 0; c < rows.p; ++c) {
    if (c == rows.intercept) continue;
    means[c] = column_mean(rows, rows.x + static_cast<Index>(c) * rows.n, n_used);
  }
  return means;
}

// The same rows, a column for each of [X - shift, y], times the root of the weights.
void fill_columns(const DataRows& rows, const Vector& x_shift, Index first, Index count,
                  Matrix* block) {
  using Column = Eigen::Map<const Eigen::ArrayXd>;
  for (int c = 0; c < rows.p; ++c) {
    const Column x(rows.x + static_cast<Index>(c) * rows.n + first, count);
    block->col(c).head(count) = x - x_shift[c];
  }
  block->col(rows.p).head(count) = Column(rows.y + first, count);
  if (rows.weights == nullptr) return;
  const Eigen::ArrayXd root = Column(rows.weights + first, count).sqrt();
  for (int c = 0; c <= rows.p; ++c) block->col(c).head(count).array() *= root;
}

double smallest_unit_pivot(const Matrix& gram, int p) {
  double smallest = 1;
  Matrix factor = Matrix::Zero(p, p);
  for (int c = 0; c < p; ++c) {
    if (!(gram(c, c) > 0)) return 0;
    const double pivot = gram(c, c) - factor.row(c).head(c).squaredNorm();
    smallest = std::min(smallest, pivot / gram(c, c));
    if (!(pivot > 0)) return 0;
    factor(c, c) = std::sqrt(pivot);
    for (int r = c + 1; r < p; ++r) {
      factor(r, c) = (gram(r, c) - factor.row(r).head(c).dot(factor.row(c).head(c))) / factor(c, c);
    }
  }
  return smallest;
}

}  // namespace

GramResult dense_gram(const DataRows& rows) {
  double used = 0;
  for (Index i = 0; rows.weights != nullptr && i < rows.n; ++i) used += rows.weights[i] > 0 ? 1 : 0;
  if (rows.weights == nullptr) used = static_cast<double>(rows.n);
  return dense_gram(rows, column_means(rows, std::max(used, 1.0)));
}

GramResult dense_gram(const DataRows& rows, const Vector& x_shift) {
  GramResult result;
  if (rows.weights == nullptr) {
    result.n = static_cast<double>(rows.n);
  } else {
    for (Index i = 0; i < rows.n; ++i) {
      if (rows.weights[i] > 0) {
        result.n += 1;
        result.sum_log_w += std::log(rows.weights[i]);
      }
    }
  }
  result.x_shift = x_shift;
  const Index width = rows.p + 1;
  result.gram = Matrix::Zero(width, width);
  Matrix block(kRowBlock, width);
  for (Index first = 0; first < rows.n; first += kRowBlock) {
    const Index count = std::min(kRowBlock, rows.n - first);
    fill_columns(rows, result.x_shift, first, count, &block);
    const bool wide = width > kFewColumns;
    if (wide || (first / kRowBlock) % 256 == 0) check_interrupt();
    if (wide) {
      if (width > kManyColumns) {
        syrk_lower_transposed(width, count, 1.0, block.data(), kRowBlock, result.gram.data(),
                              width);
      } else {
        result.gram.selfadjointView<Eigen::Lower>().rankUpdate(block.topRows(count).transpose());
      }
      continue;
    }
    const auto used = block.topRows(count);
    for (Index c = 0; c < width; ++c) {
      for (Index r = c; r < width; ++r) result.gram(r, c) += used.col(r).dot(used.col(c));
    }
  }
  result.gram.triangularView<Eigen::StrictlyUpper>() = result.gram.transpose();
  result.smallest_pivot = smallest_unit_pivot(result.gram, rows.p);
  return result;
}

}  // namespace henderson
