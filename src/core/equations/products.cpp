#include "equations/products.h"

#include <algorithm>

#include "algebra/dense.h"
#include "algebra/small.h"

namespace henderson {

namespace {

// out += x A over the remainder's own blocks.
template <int W>
void add_remainder_products(const Equations& system, Index r, const double* x, double* out) {
  for (const RemainderBlock& block : system.layout->blocks) {
    const int vr = system.layout->term_size[block.term_row];
    const int vc = system.layout->term_size[block.term_column];
    const double* value = system.remainder_values.data() + block.value;
    for (int c = 0; c < vc; ++c) {
      const Index column = (block.column + c) * width_or<W>(r);
      for (int a = 0; a < vr; ++a) {
        const Index row = (block.row + a) * width_or<W>(r);
        const double factor = value[a + c * vr];
        add_scaled<W>(r, factor, x + row, out + column);
        if (block.row != block.column) add_scaled<W>(r, factor, x + column, out + row);
      }
    }
  }
}

// out = x right, for right-hand sides x of one leaf level.
template <int W>
void multiply_level(Index r, Index v, const double* x, const double* right, double* out) {
  for (Index c = 0; c < v; ++c, out += width_or<W>(r)) {
    for (Index z = 0; z < width_or<W>(r); ++z) out[z] = right[c * v] * x[z];
    for (Index k = 1; k < v; ++k) {
      add_scaled<W>(r, right[k + c * v], x + k * width_or<W>(r), out);
    }
  }
}

// What one leaf level and the remainder add to each other's products.
template <int W>
void add_panel_products(const Equations& system, Index j, Index r, const double* own,
                        const double* remainder, double* own_out, double* remainder_out) {
  const Index count = system.layout->panel_count(j);
  const int* rows = system.layout->rows_of_panel(j);
  const double* column = system.panel(j);
  for (int c = 0; c < system.layout->leaf_size(); ++c, column += count) {
    const double* x = own + c * width_or<W>(r);
    double* target = own_out + c * width_or<W>(r);
    for (Index i = 0; i < count; ++i) {
      const Index at = rows[i] * width_or<W>(r);
      add_scaled<W>(r, column[i], remainder + at, target);
      add_scaled<W>(r, column[i], x, remainder_out + at);
    }
  }
}

}  // namespace

void multiply_remainder(const Equations& system, Index r, const Matrix& remainder, Matrix* out) {
  out->setZero(r, remainder.cols());
  with_width(r,
             [&](auto w) { add_remainder_products<w>(system, r, remainder.data(), out->data()); });
}

void multiply_leaf(const Equations& system, Index first, Index levels, Index r, const double* leaf,
                   const double* remainder, double* leaf_out, double* remainder_out) {
  const Index v0 = system.layout->leaf_size();
  const Index q = system.layout->remainder_size();
  with_width(r, [&](auto w) {
    for (Index k = 0; k < levels; ++k) {
      const Index j = first + k;
      const Index at = k * v0 * r;
      multiply_level<w>(r, v0, leaf + at, system.leaf_diagonal.data() + j * v0 * v0, leaf_out + at);
      if (q == 0 || system.layout->panels_full) continue;
      add_panel_products<w>(system, j, r, leaf + at, remainder, leaf_out + at, remainder_out);
    }
  });
  if (q == 0 || !system.layout->panels_full) return;
  const double* panels = system.panel(first);
  gemm_nn(r, v0 * levels, q, 1.0, remainder, r, panels, q, leaf_out, r);
  gemm_nt(r, q, v0 * levels, 1.0, leaf, r, panels, q, remainder_out, r);
}

Coefficients multiply_cross_products(const Equations& system, const Coefficients& in) {
  Coefficients out;
  out.leaf.resize(in.rows(), in.leaf.cols());
  multiply_remainder(system, in.rows(), in.remainder, &out.remainder);
  multiply_leaf(system, 0, system.layout->leaf_levels(), in.rows(), in.leaf.data(),
                in.remainder.data(), out.leaf.data(), out.remainder.data());
  return out;
}

void multiply_levels(const Matrix& right, Index r, Index levels, const double* in, double* out) {
  const Index v = right.rows();
  with_width(r, [&](auto w) {
    for (Index at = 0; at < r * v * levels; at += r * v) {
      multiply_level<w>(r, v, in + at, right.data(), out + at);
    }
  });
}

void apply_lambda(const Equations& system, const std::vector<Matrix>& lambda, Coefficients* rhs,
                  bool transpose) {
  const Index r = rhs->rows();
  const Index v0 = system.layout->leaf_size();
  if (rhs->leaf.size() > 0) {
    const Matrix& own = lambda[system.layout->leaf];
    const Matrix right = transpose ? own : Matrix(own.transpose());
    Matrix copy(r, v0);
    with_width(r, [&](auto w) {
      for (Index at = 0; at < rhs->leaf.size(); at += r * v0) {
        std::copy_n(rhs->leaf.data() + at, r * v0, copy.data());
        multiply_level<w>(r, v0, copy.data(), right.data(), rhs->leaf.data() + at);
      }
    });
  }
  apply_lambda_to_remainder(system, lambda, &rhs->remainder, transpose);
}

void apply_lambda_to_remainder(const Equations& system, const std::vector<Matrix>& lambda,
                               Matrix* remainder, bool transpose) {
  Matrix copy;
  for (Index i = 0; i < system.layout->remainder_size();) {
    const int term = system.layout->row_term[i];
    const int v = system.layout->term_size[term];
    if (v == 1) {
      remainder->col(i) *= lambda[term](0, 0);
    } else {
      copy = remainder->middleCols(i, v);
      if (transpose) {
        remainder->middleCols(i, v).noalias() = copy.lazyProduct(lambda[term]);
      } else {
        remainder->middleCols(i, v).noalias() = copy.lazyProduct(lambda[term].transpose());
      }
    }
    i += v;
  }
}

void spread_over_levels(const Layout& layout, Coefficients* rows) {
  for (int t = 0; layout.any_precision() && t < layout.n_terms(); ++t) {
    if (layout.has_precision[t] == 0) continue;
    const Index width = rows->remainder.rows();
    const Index v = layout.term_size[t];
    const Index levels = layout.term_levels[t];
    Matrix own(levels, width * v);
    for (Index l = 0; l < levels; ++l) {
      const double* from = rows->remainder.data() + layout.scalar_row[t][l] * width;
      for (Index i = 0; i < width * v; ++i) own(l, i) = from[i];
    }
    own = layout.level_covariance[t]->multiply(own);
    for (Index l = 0; l < levels; ++l) {
      double* to = rows->remainder.data() + layout.scalar_row[t][l] * width;
      for (Index i = 0; i < width * v; ++i) to[i] = own(l, i);
    }
  }
}

}  // namespace henderson
