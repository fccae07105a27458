#include "equations/standardization.h"

#include <cmath>

#include "algebra/eigen_decompositions.h"

namespace henderson {

namespace {

double root_or_one(double sum, double n) {
  const double value = std::sqrt(sum / n);
  return value > 0 && std::isfinite(value) ? value : 1.0;
}

// A constant column about its mean is rounding, which must not pass for a column.
bool is_constant(const TermSums& term, int c, double mean_square) {
  constexpr double kRounding = 1e-14;
  const double shift = term.centred_with[c] >= 0 ? std::abs(term.shift[c]) : 0.0;
  return shift > 0 && std::sqrt(mean_square) <= kRounding * shift;
}

// R, upper triangular, with centred Z'Z = n R'R within each unstructured term, diagonal otherwise.
// A column that is a combination of earlier ones to the precision of cross-products is only scaled.
Matrix pooled_factor(const TermSums& term, double n) {
  constexpr double kIndependent =
      1e-12;  // of a column's sum of squares, beyond the earlier columns
  const int v = term.v;
  const Vector pooled = term.diagonal.rowwise().sum() / n;
  Matrix factor = Matrix::Zero(v, v);
  for (int c = 0; c < v; ++c) {
    const double own = pooled[c * v + c];
    factor(c, c) = is_constant(term, c, own) ? std::abs(term.shift[c]) : root_or_one(own, 1.0);
  }
  for (const CovarianceStructure& structure : term.structures) {
    if (structure.kind != StructureKind::kUnstructured) continue;
    const int first = structure.first_column;
    const int last = first + structure.n_columns;
    for (int c = first + 1; c < last; ++c) {
      if (is_constant(term, c, pooled[c * v + c])) continue;
      Vector column = Vector::Zero(v);
      double left = pooled[c * v + c];
      for (int r = first; r < c; ++r) {
        double sum = pooled[r + c * v];
        for (int k = first; k < r; ++k) sum -= factor(k, r) * column[k];
        column[r] = sum / factor(r, r);
        left -= column[r] * column[r];
      }
      if (!(left > kIndependent * pooled[c * v + c])) continue;
      factor.col(c).segment(first, c - first) = column.segment(first, c - first);
      factor(c, c) = std::sqrt(left);
    }
  }
  return factor;
}

}  // namespace

Standardization standardize(const CrossProducts& moments) {
  Standardization basis;
  const int p = moments.p;
  const double n = moments.n;
  basis.x_scale.resize(p);
  for (int c = 0; c < p; ++c) basis.x_scale[c] = root_or_one(moments.xy(c, c), n);
  basis.y_scale = root_or_one(moments.xy(p, p), n);
  for (const TermSums& term : moments.terms) {
    const int v = term.v;
    const Matrix factor = pooled_factor(term, n);
    // Columns are those of the centred ones plus their shift along the column of ones.
    Matrix uncentre = Matrix::Identity(v, v);
    for (int c = 0; c < v; ++c) {
      const int ones = term.centred_with[c];
      if (ones >= 0) uncentre(ones, c) += term.shift[c];
    }
    const Matrix map = factor * uncentre;
    basis.z_basis.push_back(factor.triangularView<Eigen::Upper>().solve(Matrix::Identity(v, v)));
    basis.z_map.push_back(map);
    basis.z_inverse.push_back(map.inverse());
  }
  return basis;
}

}  // namespace henderson
