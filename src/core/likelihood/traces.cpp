#include "likelihood/traces.h"

#include <algorithm>
#include <cmath>

#include "algebra/dense.h"
#include "algebra/interrupt.h"
#include "algebra/small.h"

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

class TraceSums {
 public:
  TraceSums(Factor* factor, Modes* modes, std::vector<double>* panels)
      : factor_(*factor),
        system_(factor->system()),
        lambda_(factor->lambda()),
        v0_(system_.layout->leaf_size()),
        traces_(modes->traces),
        inverse_blocks_(modes->inverse_blocks),
        panels_(panels) {
    if (panels_ != nullptr) panels_->resize(system_.panel_values.size());
    traces_.clear();
    inverse_blocks_.clear();
    for (int t = 0; t < system_.layout->n_terms(); ++t) {
      const int v = system_.layout->term_size[t];
      traces_.push_back(Matrix::Zero(v, v));
      inverse_blocks_.push_back(Matrix::Zero(v * v, system_.layout->term_levels[t]));
    }
  }

  // C_rr B_j for every leaf level, and what the remainder has in the sums by itself.
  std::vector<double> take_remainder();
  template <int V>
  void take_leaf(const std::vector<double>& products);
  void take_scalar_leaf(const std::vector<double>& products);
  bool all_scalar() const {
    return system_.layout->leaf >= 0 && v0_ == 1 && factor_.scalar_remainder();
  }

 private:
  void accumulate_panels(std::vector<double>* products) const;
  void remainder_traces();
  void inverse_blocks_of_remainder();

  Factor& factor_;
  const Equations& system_;
  const std::vector<Matrix>& lambda_;
  Index v0_;
  std::vector<Matrix>& traces_;
  std::vector<Matrix>& inverse_blocks_;
  std::vector<double>* panels_;
};

// products (layout of panels) = C_rr B_j for every leaf level, from the selected inverse.
void TraceSums::accumulate_panels(std::vector<double>* products) const {
  const SupernodalCholesky& remainder = factor_.remainder();
  products->assign(system_.panel_values.size(), 0.0);
  std::vector<int> local(remainder.size());
  for (int s = 0; s < remainder.symbolic().count(); ++s) {
    const Index n_rows = remainder.n_rows(s);
    const int first = remainder.symbolic().first_column[s];
    const double* inverse = remainder.inverse_values(s);
    for (Index i = 0; i < n_rows; ++i) local[remainder.rows(s)[i]] = static_cast<int>(i);
    for (Index e = system_.layout->segment_start[s]; e < system_.layout->segment_start[s + 1];
         ++e) {
      if (e % 16384 == 16383) check_interrupt();
      const PanelSegment& segment = system_.layout->segments[e];
      const Index level = system_.layout->run_start[segment.run];
      const Index count = system_.layout->panel_count(level);
      const int* rows = system_.layout->rows_of_panel(level);
      const Index columns = v0_ * system_.layout->run_levels(segment.run);
      const double* b = factor_.panel(level);
      double* out = products->data() + system_.layout->panel_start[level] * v0_;
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
void TraceSums::remainder_traces() {
  const SupernodalCholesky& remainder = factor_.remainder();
  std::vector<int> local(remainder.size());
  Matrix c_block;
  for (int s = 0; s < remainder.symbolic().count(); ++s) {
    const Index n_rows = remainder.n_rows(s);
    const int first = remainder.symbolic().first_column[s];
    const double* inverse = remainder.inverse_values(s);
    for (Index i = 0; i < n_rows; ++i) local[remainder.rows(s)[i]] = static_cast<int>(i);
    for (Index b = system_.layout->block_start[s]; b < system_.layout->block_start[s + 1]; ++b) {
      const RemainderBlock& block = system_.layout->blocks[b];
      const int tr = block.term_row;
      const int tc = block.term_column;
      const int vr = system_.layout->term_size[tr];
      const int vc = system_.layout->term_size[tc];
      const double* value = system_.remainder_values.data() + block.value;
      const double* source = inverse + (block.column - first) * n_rows + local[block.row];
      if (vr == 1 && vc == 1) {
        traces_[tr](0, 0) += *value * lambda_[tc](0, 0) * *source;
        if (block.row != block.column) traces_[tc](0, 0) += *value * lambda_[tr](0, 0) * *source;
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
        traces_[tr] += a * lambda_[tc] * c_block;
      } else {
        traces_[tr] += a * lambda_[tc] * c_block.transpose();
        traces_[tc] += a.transpose() * lambda_[tr] * c_block;
      }
    }
  }
}

void TraceSums::inverse_blocks_of_remainder() {
  const SupernodalCholesky& remainder = factor_.remainder();
  for (int t = 0; t < system_.layout->n_terms(); ++t) {
    if (system_.layout->is_leaf(t)) continue;
    const int v = system_.layout->term_size[t];
    Matrix& blocks = inverse_blocks_[t];
    for (int l = 0; l < system_.layout->term_levels[t]; ++l) {
      const int row = system_.layout->scalar_row[t][l];
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

// take_leaf() where all terms are scalar: C_jj = (1 + b'C_rr b) / l^2 and
// c_rj = -C_rr b / l, with the products C_rr b given.
void TraceSums::take_scalar_leaf(const std::vector<double>& products) {
  const int leaf = system_.layout->leaf;
  const double lambda = lambda_[leaf](0, 0);
  std::vector<double> with_leaf(system_.layout->n_terms(),
                                0.0);  // sum of a_rj c_rj by the term of r
  double own = 0;
  for (Index j = 0; j < system_.layout->leaf_levels(); ++j) {
    const double scale = 1 / factor_.leaf_factor(j)[0];
    const Index count = system_.layout->panel_count(j);
    const int* rows = system_.layout->rows_of_panel(j);
    const double* a = system_.panel(j);
    const double* b = factor_.panel(j);
    const double* product = products.data() + system_.layout->panel_start[j];
    double c_jj = 1;
    for (Index i = 0; i < count; ++i) {
      c_jj += b[i] * product[i];
      if (panels_ != nullptr) (*panels_)[system_.layout->panel_start[j] + i] = -product[i] * scale;
      with_leaf[system_.layout->row_term[rows[i]]] -= a[i] * product[i] * scale;
    }
    c_jj *= scale * scale;
    own += system_.leaf_diagonal(0, j) * c_jj;
    inverse_blocks_[leaf](0, j) = c_jj;
  }
  traces_[leaf](0, 0) += lambda * own;
  for (int t = 0; t < system_.layout->n_terms(); ++t) {
    if (system_.layout->is_leaf(t)) continue;
    traces_[t](0, 0) += lambda * with_leaf[t];
    traces_[leaf](0, 0) += lambda_[t](0, 0) * with_leaf[t];
  }
}

std::vector<double> TraceSums::take_remainder() {
  const Index q = system_.layout->remainder_size();
  std::vector<double> products;
  if (q == 0) return products;
  factor_.mutable_remainder()->compute_selected_inverse();
  if (system_.layout->panels_full) {
    // One dense supernode: C_rr is a full symmetric matrix once its upper part is filled.
    products.assign(system_.panel_values.size(), 0.0);
    const Matrix inverse =
        ConstMatrixMap(factor_.remainder().inverse_values(0), q, q).selfadjointView<Eigen::Lower>();
    gemm_nn(q, v0_ * system_.layout->leaf_levels(), q, 1.0, inverse.data(), q, factor_.panel(0), q,
            products.data(), q);
  } else {
    accumulate_panels(&products);
  }
  remainder_traces();
  inverse_blocks_of_remainder();
  return products;
}

template <int V>
void TraceSums::take_leaf(const std::vector<double>& products) {
  using Small = Eigen::Matrix<double, V, V>;
  const Index v = v0_;
  if (system_.layout->leaf < 0) return;
  const Small lambda = factor_.leaf_lambda();
  Small c_jj(v, v);
  Small l_inverse(v, v);
  Small product(v, v);
  Small total = Small::Zero(v, v);
  std::vector<double> c_rj;
  std::vector<double> a_lambda;
  for (Index j = 0; j < system_.layout->leaf_levels(); ++j) {
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
    const Index count = system_.layout->panel_count(j);
    if (count == 0) {
      c_jj.noalias() = l_inverse.transpose() * l_inverse;
    } else {
      const Index at = system_.layout->panel_start[j] * v;
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
      if (panels_ != nullptr) std::copy(c_rj.begin(), c_rj.end(), panels_->begin() + at);
      const ConstMatrixMap source(system_.panel(j), count, v);
      al.noalias() = source.lazyProduct(lambda);
      const int* rows = system_.layout->rows_of_panel(j);
      for (Index i = 0; i < count;) {
        const int term = system_.layout->row_term[rows[i]];
        Index end = i + 1;
        while (end < count && system_.layout->row_term[rows[end]] == term) ++end;
        add_block_traces(lambda_[term], end - i, v, al.data() + i, c.data() + i, count,
                         &traces_[term]);
        i = end;
      }
      total += source.transpose().lazyProduct(c);
    }
    product.noalias() = lambda * c_jj;
    total.noalias() += a * product;
    Eigen::Map<Small>(inverse_blocks_[system_.layout->leaf].data() + j * v * v, v, v) = c_jj;
  }
  traces_[system_.layout->leaf] += total;
}

// Q from G = Q Lambda, last column first; a vanishing pivot is held off zero by the optimizer.
Matrix divide_by_factor(const Matrix& traces, const Matrix& lambda) {
  const Index v = lambda.rows();
  Matrix q = Matrix::Zero(v, v);
  for (Index c = v - 1; c >= 0; --c) {
    double pivot = lambda(c, c);
    if (std::abs(pivot) < 1e-12) pivot = pivot < 0 ? -1e-12 : 1e-12;
    for (Index r = v - 1; r >= c; --r) {
      double sum = traces(r, c);
      for (Index e = c + 1; e < v; ++e) sum -= q(r, e) * lambda(e, c);
      q(r, c) = sum / pivot;
      q(c, r) = q(r, c);
    }
  }
  return q;
}

// One term: Q from the blocks of D.
Matrix sum_of_blocks(const Modes& modes) {
  const Index v = modes.system().layout->leaf_size();
  const Index p = modes.system().layout->p;
  const Vector sum = modes.blocks.rowwise().sum();
  Matrix q = ConstMatrixMap(sum.data(), v, v);
  if (!modes.reml || p == 0) return q;
  const auto l = modes.factor->x_factor().triangularView<Eigen::Lower>();
  const Matrix root = l.solve(Matrix::Identity(p, p));
  const Matrix phi = root.transpose() * root;
  const Matrix squares = fixed_squares(modes)[0];
  for (Index b = 0; b < v; ++b) {
    for (Index a = 0; a < v; ++a) {
      q(a, b) -= squares.block(a * p, b * p, p, p).cwiseProduct(phi).sum();
    }
  }
  return q;
}

}  // namespace

void take_traces(Factor* factor, Modes* modes, std::vector<double>* panels) {
  if (modes->system().layout->n_terms() == 0) return;
  TraceSums sums(factor, modes, panels);
  const std::vector<double> products = sums.take_remainder();
  if (sums.all_scalar()) {
    sums.take_scalar_leaf(products);
  } else {
    with_width(modes->system().layout->leaf_size(), [&](auto v) { sums.take_leaf<v>(products); });
  }
  const std::vector<Matrix>& lambda = factor->lambda();
  const bool known = !modes->expected.empty();
  if (modes->one_term()) {
    if (!known) modes->expected = {sum_of_blocks(*modes)};
    modes->traces = {modes->expected[0] * lambda[0]};
    return;
  }
  for (std::size_t t = 0; t < lambda.size(); ++t) {
    if (modes->reml) modes->traces[t] -= modes->fixed[t];
    if (!known) modes->expected.push_back(divide_by_factor(modes->traces[t], lambda[t]));
  }
}

std::vector<Matrix> scores(const Modes& modes) {
  std::vector<Matrix> scores;
  for (std::size_t t = 0; t < modes.expected.size(); ++t) {
    scores.push_back(modes.expected[t] - modes.scale * modes.squares[t]);
  }
  return scores;
}

std::vector<Matrix> factor_gradient(const Modes& modes) {
  std::vector<Matrix> gradient;
  for (std::size_t t = 0; t < modes.traces.size(); ++t) {
    const Matrix observed = modes.scale * modes.squares[t] * modes.factor->lambda()[t];
    gradient.push_back(2 * (modes.traces[t] - observed));
  }
  return gradient;
}

}  // namespace henderson
