#include "likelihood/traces.h"

#include <algorithm>
#include <cmath>

#include "algebra/dense.h"
#include "algebra/eigen_decompositions.h"
#include "algebra/interrupt.h"
#include "equations/products.h"
#include "likelihood/differentiator.h"

namespace henderson {

namespace {

// out += C b for one column c of a symmetric C and what is below its diagonal, row r of it at
// local[rows[r]]: for K right-hand sides, count apart.
template <int K>
void add_symmetric_column(Index c, Index count, const double* column, const int* rows,
                          const int* local, const double* b, double* out) {
  double own[K];
  double sum[K];
  for (int k = 0; k < K; ++k) {
    own[k] = b[c + k * count];
    sum[k] = own[k] * column[local[rows[c]]];
  }
  for (Index r = c + 1; r < count; ++r) {
    const double value = column[local[rows[r]]];
    for (int k = 0; k < K; ++k) {
      out[r + k * count] += own[k] * value;
      sum[k] += b[r + k * count] * value;
    }
  }
  for (int k = 0; k < K; ++k) out[c + k * count] += sum[k];
}

}  // namespace

// products (layout of panels) = C_rr B_j for every leaf level, from the selected inverse.
void Differentiator::accumulate_panels(std::vector<double>* products) const {
  const SupernodalCholesky& remainder = factor_.remainder();
  products->assign(system_.panel_values.size(), 0.0);
  std::vector<int> local(remainder.size());
  for (int s = 0; s < remainder.symbolic().count(); ++s) {
    const Index n_rows = remainder.n_rows(s);
    const int first = remainder.symbolic().first_column[s];
    const double* inverse = remainder.inverse_values(s);
    for (Index i = 0; i < n_rows; ++i) local[remainder.rows(s)[i]] = static_cast<int>(i);
    for (Index e = layout_.segment_start[s]; e < layout_.segment_start[s + 1]; ++e) {
      if (e % 16384 == 16383) check_interrupt();
      const PanelSegment& segment = layout_.segments[e];
      const Index level = layout_.run_start[segment.run];
      const Index count = layout_.panel_count(level);
      const int* rows = layout_.rows_of_panel(level);
      const Index columns = v0_ * layout_.run_levels(segment.run);
      const double* b = factor_.panel(level);
      double* out = products->data() + layout_.panel_start[level] * v0_;
      for (Index c = segment.begin; c < segment.end; ++c) {
        const double* column = inverse + (rows[c] - first) * n_rows;
        Index k = 0;
        for (; k + 4 <= columns; k += 4) {
          add_symmetric_column<4>(c, count, column, rows, local.data(), b + k * count,
                                  out + k * count);
        }
        for (; k < columns; ++k) {
          add_symmetric_column<1>(c, count, column, rows, local.data(), b + k * count,
                                  out + k * count);
        }
      }
    }
  }
}

// G_t from the remainder's own blocks: sum over stored blocks of (A Lambda C)_ll.
void Differentiator::remainder_traces() {
  const SupernodalCholesky& remainder = factor_.remainder();
  std::vector<int> local(remainder.size());
  Matrix c_block;
  for (int s = 0; s < remainder.symbolic().count(); ++s) {
    const Index n_rows = remainder.n_rows(s);
    const int first = remainder.symbolic().first_column[s];
    const double* inverse = remainder.inverse_values(s);
    for (Index i = 0; i < n_rows; ++i) local[remainder.rows(s)[i]] = static_cast<int>(i);
    for (Index b = layout_.block_start[s]; b < layout_.block_start[s + 1]; ++b) {
      const RemainderBlock& block = layout_.blocks[b];
      const int tr = block.term_row;
      const int tc = block.term_column;
      const int vr = layout_.term_size[tr];
      const int vc = layout_.term_size[tc];
      const double* value = system_.remainder_values.data() + block.value;
      const double* source = inverse + (block.column - first) * n_rows + local[block.row];
      if (vr == 1 && vc == 1) {
        trace_[tr](0, 0) += *value * lambda_[tc](0, 0) * *source;
        if (block.row != block.column) trace_[tc](0, 0) += *value * lambda_[tr](0, 0) * *source;
        continue;
      }
      const ConstMatrixMap a(value, vr, vc);
      c_block.resize(vr, vc);
      for (int c = 0; c < vc; ++c) {
        for (int r = 0; r < vr; ++r) c_block(r, c) = source[r + c * n_rows];
      }
      if (block.row == block.column) {
        for (int c = 0; c < vc; ++c) {
          for (int r = 0; r < c; ++r) c_block(r, c) = c_block(c, r);
        }
        trace_[tr] += a * lambda_[tc] * c_block;
      } else {
        trace_[tr] += a * lambda_[tc] * c_block.transpose();
        trace_[tc] += a.transpose() * lambda_[tr] * c_block;
      }
    }
  }
}

void Differentiator::inverse_block_of_remainder(DevianceDerivatives* result) const {
  const SupernodalCholesky& remainder = factor_.remainder();
  for (int t = 0; t < layout_.n_terms(); ++t) {
    if (layout_.is_leaf(t)) continue;
    const int v = layout_.term_size[t];
    Matrix& blocks = result->inverse_blocks[t];
    for (int l = 0; l < layout_.term_levels[t]; ++l) {
      const int row = layout_.scalar_row[t][l];
      const int s = remainder.symbolic().supernode_of[row];
      const Index n_rows = remainder.n_rows(s);
      const int at = row - remainder.symbolic().first_column[s];
      const double* source = remainder.inverse_values(s) + at * n_rows + at;
      for (int c = 0; c < v; ++c) {
        for (int r = c; r < v; ++r) {
          blocks(r + c * v, l) = source[r + c * n_rows];
          blocks(c + r * v, l) = source[r + c * n_rows];
        }
      }
    }
  }
}

namespace {

// Of rows of a panel that belong to one term: trace += sum of A C' over its blocks of v_t rows, and
// C := Lambda C.
void add_block_traces(const Matrix& lambda, Index rows, Index columns, const double* a, double* c,
                      Index stride, Matrix* trace) {
  const Index v = lambda.rows();
  for (Index k = 0; k < columns; ++k, a += stride, c += stride) {
    if (v == 1) {
      const Eigen::Map<const Vector> own_a(a, rows);
      Eigen::Map<Vector> own_c(c, rows);
      (*trace)(0, 0) += own_a.dot(own_c);
      own_c *= lambda(0, 0);
      continue;
    }
    for (Index at = 0; at < rows; at += v) {
      for (Index r = v - 1; r >= 0; --r) {
        const double value = c[at + r];
        double moved = lambda(r, r) * value;
        for (Index d = 0; d < r; ++d) moved += lambda(r, d) * c[at + d];
        for (Index d = 0; d < v; ++d) (*trace)(d, r) += a[at + d] * value;
        c[at + r] = moved;
      }
    }
  }
}

}  // namespace

// trace_part() of the leaf where all terms are scalar: C_jj = (1 + b'C_rr b) / l^2 and
// c_rj = -C_rr b / l, with the products C_rr b given.
void Differentiator::scalar_leaf_traces(const std::vector<double>& products,
                                        DevianceDerivatives* result) {
  const int leaf = layout_.leaf;
  const double lambda = lambda_[leaf](0, 0);
  std::vector<double> with_leaf(layout_.n_terms(), 0.0);  // sum of a_rj c_rj by the term of r
  double own = 0;
  for (Index j = 0; j < layout_.leaf_levels(); ++j) {
    const double scale = 1 / factor_.leaf_factor(j)[0];
    const Index count = layout_.panel_count(j);
    const int* rows = layout_.rows_of_panel(j);
    const double* a = system_.panel(j);
    const double* b = factor_.panel(j);
    const double* product = products.data() + layout_.panel_start[j];
    double c_jj = 1;
    for (Index i = 0; i < count; ++i) {
      c_jj += b[i] * product[i];
      with_leaf[layout_.row_term[rows[i]]] -= a[i] * product[i] * scale;
    }
    c_jj *= scale * scale;
    own += system_.leaf_diagonal(0, j) * c_jj;
    if (request_.inverse_blocks) result->inverse_blocks[leaf](0, j) = c_jj;
  }
  trace_[leaf](0, 0) += lambda * own;
  for (int t = 0; t < layout_.n_terms(); ++t) {
    if (layout_.is_leaf(t)) continue;
    trace_[t](0, 0) += lambda * with_leaf[t];
    trace_[leaf](0, 0) += lambda_[t](0, 0) * with_leaf[t];
  }
}

template <int V>
void Differentiator::trace_part(DevianceDerivatives* result) {
  using Small = Eigen::Matrix<double, V, V>;
  const Index v = v0_;
  const int k = layout_.n_terms();
  const Index q = layout_.remainder_size();
  const Small lambda = factor_.leaf_lambda();
  if (request_.inverse_blocks) {
    for (int t = 0; t < k; ++t) {
      const int vt = layout_.term_size[t];
      result->inverse_blocks.push_back(Matrix::Zero(vt * vt, layout_.term_levels[t]));
    }
  }
  std::vector<double> products;
  if (q > 0) {
    factor_.mutable_remainder()->compute_selected_inverse();
    if (layout_.panels_full) {
      // One dense supernode: C_rr is a full symmetric matrix once its upper part is filled.
      products.assign(system_.panel_values.size(), 0.0);
      Matrix inverse = ConstMatrixMap(factor_.remainder().inverse_values(0), q, q)
                           .selfadjointView<Eigen::Lower>();
      gemm_nn(q, v * layout_.leaf_levels(), q, 1.0, inverse.data(), q, factor_.panel(0), q,
              products.data(), q);
    } else {
      accumulate_panels(&products);
    }
    remainder_traces();
    if (request_.inverse_blocks) inverse_block_of_remainder(result);
  }
  if (layout_.leaf < 0) return;
  if (V == 1 && factor_.scalar_remainder()) {
    scalar_leaf_traces(products, result);
    return;
  }
  Small c_jj(v, v);
  Small l_inverse(v, v);
  Small product(v, v);
  Small total = Small::Zero(v, v);
  std::vector<double> c_rj;
  std::vector<double> a_lambda;
  for (Index j = 0; j < layout_.leaf_levels(); ++j) {
    const Eigen::Map<const Small> a(system_.leaf_diagonal.data() + j * v * v, v, v);
    const double* l = factor_.leaf_factor(j);
    l_inverse.setZero(v, v);
    for (Index c = 0; c < v; ++c) {
      l_inverse(c, c) = 1 / l[c + c * v];
      for (Index r = c + 1; r < v; ++r) {
        double sum = 0;
        for (Index d = c; d < r; ++d) sum += l[r + d * v] * l_inverse(d, c);
        l_inverse(r, c) = -sum / l[r + r * v];
      }
    }
    const Index count = layout_.panel_count(j);
    if (count == 0) {
      c_jj.noalias() = l_inverse.transpose() * l_inverse;
    } else {
      const Index at = layout_.panel_start[j] * v;
      const ConstMatrixMap b(factor_.panel(j), count, v);
      const ConstMatrixMap p(products.data() + at, count, v);
      // C_jj = L^-T (I + B'C_rr B) L^-1 and C_rj = -C_rr B L^-1.
      product = b.transpose().lazyProduct(p);
      product += Small::Identity(v, v);
      c_jj.noalias() = l_inverse.transpose() * product * l_inverse;
      c_rj.resize(count * v);
      a_lambda.resize(count * v);
      MatrixMap c(c_rj.data(), count, v);
      MatrixMap al(a_lambda.data(), count, v);
      c.noalias() = -p.lazyProduct(l_inverse);
      const ConstMatrixMap source(system_.panel(j), count, v);
      al.noalias() = source.lazyProduct(lambda);
      const int* rows = layout_.rows_of_panel(j);
      for (Index i = 0; i < count;) {
        const int term = layout_.row_term[rows[i]];
        Index end = i + 1;
        while (end < count && layout_.row_term[rows[end]] == term) ++end;
        add_block_traces(lambda_[term], end - i, v, al.data() + i, c.data() + i, count,
                         &trace_[term]);
        i = end;
      }
      total += source.transpose().lazyProduct(c);
    }
    product.noalias() = lambda * c_jj;
    total.noalias() += a * product;
    if (request_.inverse_blocks) {
      Eigen::Map<Small>(result->inverse_blocks[layout_.leaf].data() + j * v * v, v, v) = c_jj;
    }
  }
  trace_[layout_.leaf] += total;
}

// G_t -= sum_j (C_X Phi U_X')_jj.
void Differentiator::reml_correction() {
  if (!request_.reml) return;
  for (int t = 0; t < layout_.n_terms(); ++t) trace_[t] -= fixed_[t];
}

void Differentiator::scores(DevianceDerivatives* result) const {
  for (int t = 0; t < layout_.n_terms(); ++t) {
    const int v = layout_.term_size[t];
    result->lambda_gradient.push_back(2 * (trace_[t] - f_ * cross_[t]));
    // Q from G = Q Lambda, last column first; a vanishing pivot is held off zero by the optimizer.
    const Matrix& lambda = lambda_[t];
    Matrix q = Matrix::Zero(v, v);
    for (int c = v - 1; c >= 0; --c) {
      double pivot = lambda(c, c);
      if (std::abs(pivot) < 1e-12) pivot = pivot < 0 ? -1e-12 : 1e-12;
      for (int r = v - 1; r >= c; --r) {
        double sum = trace_[t](r, c);
        for (int e = c + 1; e < v; ++e) sum -= q(r, e) * lambda(e, c);
        q(r, c) = sum / pivot;
        q(c, r) = q(r, c);
      }
    }
    result->score.push_back(q - f_ * square_[t]);
    result->expected.push_back(q);
  }
}

void Differentiator::take_modes(DevianceDerivatives* result) { result->modes = std::move(mode_); }

DevianceDerivatives differentiate(Factor* factor, const std::vector<LambdaEntry>& entries,
                                  const DerivativeRequest& request) {
  DevianceDerivatives result;
  Differentiator work(factor, request);
  work.solve_modes();
  switch (factor->system().layout->leaf_size()) {
    case 1:
      work.trace_part<1>(&result);
      break;
    case 2:
      work.trace_part<2>(&result);
      break;
    case 3:
      work.trace_part<3>(&result);
      break;
    default:
      work.trace_part<Eigen::Dynamic>(&result);
  }
  work.reml_correction();
  work.scores(&result);
  if (request.hessian != HessianKind::kNone) {
    work.hessian(entries, request.hessian == HessianKind::kExact, &result);
  }
  if (request.curvature != CurvatureKind::kNone) work.gamma_curvature(entries, &result);
  work.take_modes(&result);
  return result;
}

}  // namespace henderson
