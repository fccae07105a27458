#include "block_operations.h"

#include "dense_kernels.h"

namespace henderson {

void multiply_cross_products(const BlockSystem& system, const Matrix& leaf, const Matrix& remainder,
                             Matrix* leaf_out, Matrix* remainder_out) {
  const Index r = leaf.rows();
  const Index v0 = system.leaf_size();
  leaf_out->resize(r, leaf.cols());
  remainder_out->setZero(r, remainder.cols());
  for (const RemainderBlock& block : system.blocks) {
    const int vr = system.term_size[block.term_row];
    const int vc = system.term_size[block.term_column];
    const double* value = system.remainder_values.data() + block.value;
    for (int c = 0; c < vc; ++c) {
      for (int a = 0; a < vr; ++a) {
        const double x = value[a + c * vr];
        const double* from_row = remainder.data() + (block.row + a) * r;
        double* to_column = remainder_out->data() + (block.column + c) * r;
        for (Index z = 0; z < r; ++z) to_column[z] += x * from_row[z];
        if (block.row == block.column) continue;
        const double* from_column = remainder.data() + (block.column + c) * r;
        double* to_row = remainder_out->data() + (block.row + a) * r;
        for (Index z = 0; z < r; ++z) to_row[z] += x * from_column[z];
      }
    }
  }
  const Index q = remainder.cols();
  for (Index j = 0; j < system.leaf_levels(); ++j) {
    const ConstMatrixMap a(system.leaf_diagonal.data() + j * v0 * v0, v0, v0);
    leaf_out->middleCols(j * v0, v0).noalias() = leaf.middleCols(j * v0, v0).lazyProduct(a);
    if (q == 0 || system.panels_full) continue;
    const Index count = system.panel_count(j);
    const int* rows = system.rows_of_panel(j);
    for (Index c = 0; c < v0; ++c) {
      const double* column = system.panel(j) + c * count;
      const double* own = leaf.data() + (j * v0 + c) * r;
      double* own_out = leaf_out->data() + (j * v0 + c) * r;
      for (Index i = 0; i < count; ++i) {
        const double* other = remainder.data() + rows[i] * r;
        double* other_out = remainder_out->data() + rows[i] * r;
        for (Index z = 0; z < r; ++z) {
          own_out[z] += column[i] * other[z];
          other_out[z] += column[i] * own[z];
        }
      }
    }
  }
  if (system.panels_full) {
    const double* panels = system.panel_values.data();
    gemm_nn(r, leaf.cols(), q, 1.0, remainder.data(), r, panels, q, leaf_out->data(), r);
    gemm_nt(r, q, leaf.cols(), 1.0, leaf.data(), r, panels, q, remainder_out->data(), r);
  }
}

void apply_lambda(const BlockSystem& system, const std::vector<Matrix>& lambda, Matrix* leaf,
                  Matrix* remainder, bool transpose) {
  const Index r = leaf->rows();
  const Index v0 = system.leaf_size();
  const Matrix right0 = transpose ? lambda[0] : Matrix(lambda[0].transpose());
  Matrix copy(r, v0);
  for (Index j = 0; j < system.leaf_levels(); ++j) {
    copy = leaf->middleCols(j * v0, v0);
    leaf->middleCols(j * v0, v0).noalias() = copy.lazyProduct(right0);
  }
  apply_lambda_to_remainder(system, lambda, remainder, transpose);
}

void apply_lambda_to_remainder(const BlockSystem& system, const std::vector<Matrix>& lambda,
                               Matrix* remainder, bool transpose) {
  Matrix copy;
  for (Index i = 0; i < system.remainder_size();) {
    const int term = system.row_term[i];
    const int v = system.term_size[term];
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

}  // namespace henderson
