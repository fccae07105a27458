#include "equations/standardization.h"

#include <algorithm>
#include <cmath>

#include "algebra/eigen_decompositions.h"

namespace henderson {

namespace {

double root_or_one(double sum, double n) {
  const double value = std::sqrt(sum / n);
  return value > 0 && std::isfinite(value) ? value : 1.0;
}

// A constant column about its mean is rounding, which must not pass for a column.
bool is_constant(double shift, double mean_square) {
  constexpr double kRounding = 1e-14;
  return shift != 0 && std::sqrt(mean_square) <= kRounding * std::abs(shift);
}

// The column of ones along which a structure lets its columns be centred, -1 for none.
int own_ones(const TermColumns& term, const PlacedStructure& structure) {
  if (structure.structure->basis() != Basis::kAny) return -1;
  const auto first = term.centred_with.begin() + structure.first_column;
  const auto found = std::find(first, first + structure.n_columns(), -1);
  return found == first + structure.n_columns()
             ? -1
             : static_cast<int>(found - term.centred_with.begin());
}

// U with Z = centred Z * V * U: the shifts that V leaves, each along its structure's ones.
Matrix remaining_shifts(const TermColumns& term, const Vector& shift,
                        const TermStructures& structures) {
  Matrix map = Matrix::Identity(term.v, term.v);
  for (const PlacedStructure& structure : structures) {
    const int ones = own_ones(term, structure);
    for (int i = 0; ones >= 0 && i < structure.n_columns(); ++i) {
      const int c = structure.first_column + i;
      if (term.centred_with[c] >= 0) map(ones, c) += shift[c];
    }
  }
  return map;
}

// R, upper triangular, with n R'R = pooled within each unstructured term, diagonal otherwise.
// A column that is a combination of earlier ones to the precision of cross-products is only scaled.
// shifts: U.
Matrix pooled_factor(const Matrix& pooled, const Matrix& shifts, const TermStructures& structures) {
  constexpr double kIndependent =
      1e-12;  // of a column's sum of squares, beyond the earlier columns
  const Index v = pooled.rows();
  const Vector shift = (shifts - Matrix::Identity(v, v)).colwise().sum();
  Matrix factor = Matrix::Zero(v, v);
  for (Index c = 0; c < v; ++c) {
    const double own = pooled(c, c);
    factor(c, c) = is_constant(shift[c], own) ? std::abs(shift[c]) : root_or_one(own, 1.0);
  }
  for (const PlacedStructure& structure : structures) {
    if (structure.structure->basis() != Basis::kAny) continue;
    const int first = structure.first_column;
    const int last = first + structure.n_columns();
    for (int c = first + 1; c < last; ++c) {
      if (is_constant(shift[c], pooled(c, c))) continue;
      Vector column = Vector::Zero(v);
      double left = pooled(c, c);
      for (int r = first; r < c; ++r) {
        double sum = pooled(r, c);
        for (int k = first; k < r; ++k) sum -= factor(k, r) * column[k];
        column[r] = sum / factor(r, r);
        left -= column[r] * column[r];
      }
      if (!(left > kIndependent * pooled(c, c))) continue;
      factor.col(c).segment(first, c - first) = column.segment(first, c - first);
      factor(c, c) = std::sqrt(left);
    }
  }
  return factor;
}

// The standard deviation of a typical level where covariances are known, in whatever unit: of the
// geometric mean of their eigenvalues. Columns take it over.
double level_scale(const LevelPrecision& precision) {
  return std::exp(0.5 * precision.log_det / precision.inverse.size);
}

}  // namespace

Matrix structure_columns(const CrossProducts& moments, std::size_t t,
                         const TermStructures& structures) {
  const TermColumns& term = moments.incidence->terms[t];
  const Vector& shift = moments.shifts.z[t];
  Matrix map = Matrix::Identity(term.v, term.v);
  for (const PlacedStructure& structure : structures) {
    if (own_ones(term, structure) >= 0) continue;
    for (int i = 0; i < structure.n_columns(); ++i) {
      const int c = structure.first_column + i;
      if (term.centred_with[c] >= 0) map(term.centred_with[c], c) += shift[c];
    }
  }
  return map;
}

Matrix pooled_products(const TermSums& term, const Matrix& map) {
  const Vector sums = term.diagonal.rowwise().sum();
  return map.transpose() * ConstMatrixMap(sums.data(), term.v, term.v) * map;
}

Standardization standardize(const CrossProducts& moments,
                            const std::vector<TermStructures>& structures) {
  Standardization basis;
  const int p = moments.p();
  const double n = moments.n;
  basis.x_scale.resize(p);
  for (int c = 0; c < p; ++c) basis.x_scale[c] = root_or_one(moments.xy(c, c), n);
  basis.y_scale = root_or_one(moments.xy(p, p), n);
  for (std::size_t t = 0; t < moments.terms.size(); ++t) {
    const TermSums& term = moments.terms[t];
    const Matrix columns = structure_columns(moments, t, structures[t]);
    const Matrix shifts =
        remaining_shifts(moments.incidence->terms[t], moments.shifts.z[t], structures[t]);
    Matrix factor = pooled_factor(pooled_products(term, columns) / n, shifts, structures[t]);
    const auto& precision = structures[t].front().precision;
    if (precision) factor *= level_scale(*precision);
    const Matrix inverse =
        factor.triangularView<Eigen::Upper>().solve(Matrix::Identity(term.v, term.v));
    const Matrix map = factor * shifts;
    basis.z_basis.push_back(columns * inverse);
    basis.z_map.push_back(map);
    basis.z_inverse.push_back(map.inverse());
  }
  return basis;
}

}  // namespace henderson
