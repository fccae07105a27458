#include "likelihood/expected_information.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "algebra/dense.h"
#include "algebra/interrupt.h"
#include "likelihood/elimination.h"

namespace henderson {

namespace {

// T[ab, cd] += squares[ac, bd], for blocks of v x w.
void add_permuted(const Matrix& squares, Index v, Index w, Matrix* t) {
  for (Index d = 0; d < w; ++d) {
    for (Index c = 0; c < w; ++c) {
      for (Index b = 0; b < v; ++b) {
        for (Index a = 0; a < v; ++a) (*t)(a + b * v, c + d * w) += squares(a + c * v, b + d * v);
      }
    }
  }
}

// tr(M_i M_j) for all pairs of square matrices, as products of some of their columns with some of
// their rows at a time.
Matrix traces_of_products(const std::vector<Matrix>& matrices) {
  constexpr Index kWidth = 32;
  const Index count = static_cast<Index>(matrices.size());
  const Index n = matrices[0].rows();
  Matrix traces = Matrix::Zero(count, count);
  Matrix columns;
  Matrix rows;
  for (Index at = 0; at < n; at += kWidth) {
    const Index width = std::min(kWidth, n - at);
    columns.resize(n * width, count);
    rows.resize(n * width, count);
    for (Index i = 0; i < count; ++i) {
      MatrixMap(columns.col(i).data(), n, width) = matrices[i].middleCols(at, width);
      MatrixMap(rows.col(i).data(), n, width) = matrices[i].middleRows(at, width).transpose();
    }
    gemm_tn(count, count, n * width, 1.0, columns.data(), n * width, rows.data(), n * width,
            traces.data(), count);
  }
  return traces;
}

// Y = (I - B F)[, r], n x q_r, so that D_jr = H_j Y.
Matrix remainder_map(const LeafElimination& parts) {
  const Index n = parts.size();
  const Index q = parts.remainder_size();
  Matrix y = Matrix::Identity(n, q);
  if (q == 0) return y;
  gemm_nn(n, q, n, -1.0, parts.b().data(), n, parts.f().data(), n, y.data(), n);
  if (n > q) y.bottomRows(n - q) = -parts.x_remainder();
  return y;
}

// D_rr = F[r, ] Y (less Y_x'Y_x), in D from column `at`.
void fill_remainder(const LeafElimination& parts, const Matrix& y, Index at, Matrix* d) {
  const Index n = parts.size();
  const Index q = parts.remainder_size();
  double* target = d->data() + at * d->rows() + at;
  gemm_nn(q, q, n, 1.0, parts.f().data(), n, y.data(), n, target, d->rows());
  const double* x = parts.x_remainder().data();
  gemm_tn(q, q, n - q, -1.0, x, n - q, x, n - q, target, d->rows());
}

// D_00 = blkdiag(C0) - H B H', D_0r = H Y and its transpose.
void fill_leaf(const LeafElimination& parts, const Matrix& y, Matrix* d) {
  const Matrix& h = parts.h();
  const Index n = h.rows();
  const Index m = h.cols();
  Matrix bh = Matrix::Zero(n, m);
  gemm_nn(n, m, n, 1.0, parts.b().data(), n, h.data(), n, bh.data(), n);
  gemm_tn(m, m, n, -1.0, h.data(), n, bh.data(), n, d->data(), d->rows());
  gemm_tn(m, y.cols(), n, 1.0, h.data(), n, y.data(), n, d->data() + m * d->rows(), d->rows());
  d->bottomLeftCorner(y.cols(), m) = d->topRightCorner(m, y.cols()).transpose();
  const Matrix& c0 = parts.c0();
  const Index v = m / c0.cols();
  for (Index j = 0; j < c0.cols(); ++j) {
    d->block(j * v, j * v, v, v) += ConstMatrixMap(c0.col(j).data(), v, v);
  }
}

}  // namespace

Index ExpectedInformation::width(const Equations& system, bool restricted) {
  const Index leaf = system.layout->any_precision() ? system.layout->leaf_columns() : 0;
  return leaf + system.layout->remainder_size() + (restricted ? system.layout->p : 0);
}

InformationCost information_cost(const Equations& system, bool restricted) {
  const double v = system.layout->leaf_size();
  const double m = v * system.layout->leaf_levels();
  const double q = system.layout->remainder_size();
  const double n = static_cast<double>(ExpectedInformation::width(system, restricted));
  const double pairs = (2 * n * n * v * v + v * (v + 1) * n * q) * n;
  const double whole = 2 * m * n * (m + n + q);
  InformationCost cost;
  cost.whole = system.layout->any_precision() || (n > 0 && whole < pairs);
  // F, its Cholesky factor and B, and the remainder with itself
  cost.operations = (cost.whole ? whole : pairs) + 7 * n * n * n;
  const double widths = cost.whole ? 3 * m * n + (m + q) * (m + q) : n * n * v * (3 * v + 1) / 2;
  cost.bytes = 8 * (widths + 4 * n * n);
  return cost;
}

ExpectedInformation::ExpectedInformation(const Modes& modes)
    : system_(modes.system()), layout_(*system_.layout) {
  const int k = layout_.n_terms();
  for (int t = 0; t < k; ++t) {
    const int v = layout_.term_size[t];
    sum_.push_back(Matrix::Zero(v, v));
    products_.emplace_back();
    for (const int w : layout_.term_size) products_[t].push_back(Matrix::Zero(v * v, w * w));
  }
  const bool whole = information_cost(system_, modes.reml).whole;
  const LeafElimination parts(modes, whole);
  const Index q = parts.remainder_size();
  const Matrix y = remainder_map(parts);
  if (whole) {
    const Index m = static_cast<Index>(layout_.leaf_size()) * layout_.leaf_levels();
    Matrix d = Matrix::Zero(m + q, m + q);
    if (m > 0) fill_leaf(parts, y, &d);
    fill_remainder(parts, y, m, &d);
    for (int t = 0; layout_.any_precision() && t < k; ++t) {
      if (layout_.has_precision[t] == 0) continue;
      for (int side = 0; side < 2; ++side) {
        apply_level_root(t, m, &d);
        d.transposeInPlace();
      }
    }
    for (int t = 0; t < k; ++t) add_sums(d, m, t);
  } else {
    const std::vector<Matrix> products = parts.level_products();
    add_leaf(parts, products);
    if (q > 0) {
      add_leaf_with_remainder(products, y);
      Matrix d = Matrix::Zero(q, q);
      fill_remainder(parts, y, 0, &d);
      for (int t = 0; t < k; ++t) {
        if (!layout_.is_leaf(t)) add_sums(d, 0, t);
      }
    }
  }
  for (int t = 0; t < k; ++t) {
    for (int s = 0; s < t; ++s) products_[s][t] = products_[t][s].transpose();
  }
}

// d := (R' (x) I) d in the rows of a term with K = R R': so that tr(D V_i D V_j), V_i = Z (K (x)
// G_i) Z', are sums over levels as if they were independent.
void ExpectedInformation::apply_level_root(int t, Index leaf, Matrix* d) const {
  for (Index a = 0; a < layout_.term_size[t]; ++a) {
    Matrix own(layout_.term_levels[t], d->cols());
    for (int l = 0; l < layout_.term_levels[t]; ++l) own.row(l) = d->row(first_of(t, l, leaf) + a);
    own = layout_.level_covariance[t]->multiply_root(own);
    for (int l = 0; l < layout_.term_levels[t]; ++l) d->row(first_of(t, l, leaf) + a) = own.row(l);
  }
}

// The leaf with itself, of which only sums are formed: D_jl = delta_jl C0_j - H_j B H_l', so
// D_jj = C0_j - U_j, and the squares of the levels with themselves are those of D_jj less those of
// U_j, which come with all pairs: sum_jl (H_j B H_l')[ac] (H_j B H_l')[bd] = tr(B N_cd B N_ba).
void ExpectedInformation::add_leaf(const LeafElimination& parts,
                                   const std::vector<Matrix>& products) {
  const Index v = layout_.leaf_size();
  const Index n = parts.size();
  Matrix& t00 = products_[layout_.leaf][layout_.leaf];
  const Matrix forms = parts.leaf_forms();
  const Matrix own = parts.c0() - forms;
  MatrixMap(sum_[layout_.leaf].data(), v * v, 1) = own.rowwise().sum();
  Matrix squares = Matrix::Zero(v * v, v * v);  // [ac, bd]
  gemm_nt(v * v, v * v, own.cols(), 1.0, own.data(), v * v, own.data(), v * v, squares.data(),
          v * v);
  gemm_nt(v * v, v * v, own.cols(), -1.0, forms.data(), v * v, forms.data(), v * v, squares.data(),
          v * v);
  add_permuted(squares, v, v, &t00);
  if (n == 0) return;
  std::vector<Matrix> bn(v * v);
  for (Index b = 0; b < v; ++b) {
    for (Index a = 0; a < v; ++a) {
      Matrix& product = bn[a + b * v];
      product.setZero(n, n);
      const double* left = parts.b().data();
      if (a >= b) {
        gemm_nn(n, n, n, 1.0, left, n, products[a + b * v].data(), n, product.data(), n);
      } else {
        gemm_nt(n, n, n, 1.0, left, n, products[b + a * v].data(), n, product.data(), n);
      }
    }
  }
  const Matrix traces = traces_of_products(bn);
  for (Index d = 0; d < v; ++d) {
    for (Index c = 0; c < v; ++c) {
      for (Index b = 0; b < v; ++b) {
        for (Index a = 0; a < v; ++a) t00(a + b * v, c + d * v) += traces(c + d * v, b + a * v);
      }
    }
  }
}

// T_s0 = sum_jl D[lc, ja] D[ld, jb] from Y'N_ab Y.
void ExpectedInformation::add_leaf_with_remainder(const std::vector<Matrix>& products,
                                                  const Matrix& y) {
  const Index v = layout_.leaf_size();
  const Index n = y.rows();
  Matrix ny(n, y.cols());
  for (Index b = 0; b < v; ++b) {
    for (Index a = b; a < v; ++a) {
      ny.setZero();
      gemm_nn(n, y.cols(), n, 1.0, products[a + b * v].data(), n, y.data(), n, ny.data(), n);
      for (int s = 0; s < layout_.n_terms(); ++s) {
        if (layout_.is_leaf(s)) continue;
        const Index w = layout_.term_size[s];
        Matrix& product = products_[s][layout_.leaf];
        for (const Index at : layout_.scalar_row[s]) {
          for (Index d = 0; d < w; ++d) {
            for (Index c = 0; c < w; ++c) {
              const double value = y.col(at + c).dot(ny.col(at + d));
              product(c + d * w, a + b * v) += value;
              if (a != b) product(d + c * w, b + a * v) += value;
            }
          }
        }
      }
    }
  }
}

// Q_t and T_ts, s <= t, from D: the leaf before `leaf` columns of the remainder's.
void ExpectedInformation::add_sums(const Matrix& d, Index leaf, int t) {
  const Index v = layout_.term_size[t];
  for (int j = 0; j < layout_.term_levels[t]; ++j) {
    const Index at = first_of(t, j, leaf);
    sum_[t] += d.block(at, at, v, v);
  }
  Matrix blocks;
  for (int s = 0; s <= t; ++s) {
    if (leaf == 0 && layout_.is_leaf(s)) continue;
    const Index w = layout_.term_size[s];
    const Index levels = layout_.term_levels[s];
    Matrix squares = Matrix::Zero(v * w, v * w);
    blocks.resize(v * w, levels);
    for (int j = 0; j < layout_.term_levels[t]; ++j) {
      if (j % 256 == 255) check_interrupt();
      const Index at = first_of(t, j, leaf);
      // by columns of the symmetric D, so that memory is read in order
      for (int l = 0; l < levels; ++l) {
        MatrixMap(blocks.col(l).data(), v, w) = d.block(first_of(s, l, leaf), at, w, v).transpose();
      }
      if (v * w == 1) {
        squares(0, 0) += blocks.squaredNorm();
      } else {
        gemm_nt(v * w, v * w, levels, 1.0, blocks.data(), v * w, blocks.data(), v * w,
                squares.data(), v * w);
      }
    }
    add_permuted(squares, v, w, &products_[t][s]);
  }
}

Index ExpectedInformation::first_of(int t, int level, Index leaf) const {
  return layout_.at(t, level) + (layout_.is_leaf(t) ? 0 : leaf);
}

Matrix direction_columns(const std::vector<CovarianceDirection>& directions, int term, Index v) {
  Matrix columns = Matrix::Zero(v * v, static_cast<Index>(directions.size()));
  for (std::size_t i = 0; i < directions.size(); ++i) {
    if (directions[i].term != term) continue;
    columns.col(i) = Eigen::Map<const Vector>(directions[i].gamma.data(), v * v);
  }
  return columns;
}

Matrix ExpectedInformation::traces(const std::vector<CovarianceDirection>& directions) const {
  const Index r = static_cast<Index>(directions.size());
  Matrix result = Matrix::Zero(r, r);
  std::vector<Matrix> columns;
  for (int t = 0; t < layout_.n_terms(); ++t) {
    columns.push_back(direction_columns(directions, t, layout_.term_size[t]));
  }
  Matrix half;
  for (int t = 0; t < layout_.n_terms(); ++t) {
    const Index size = columns[t].rows();
    half.setZero(size, r);
    for (int s = 0; s < layout_.n_terms(); ++s) {
      check_interrupt();
      const Index other = columns[s].rows();
      gemm_nn(size, r, other, 1.0, products_[t][s].data(), size, columns[s].data(), other,
              half.data(), size);
    }
    gemm_tn(r, r, size, 1.0, columns[t].data(), size, half.data(), size, result.data(), r);
  }
  return 0.5 * (result + result.transpose());
}

}  // namespace henderson
