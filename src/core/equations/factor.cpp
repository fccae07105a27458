#include "equations/factor.h"

#include <cmath>
#include <utility>

#include "algebra/dense.h"
#include "algebra/eigen_decompositions.h"
#include "algebra/interrupt.h"
#include "algebra/small.h"

namespace henderson {

namespace {

// Sum of logs of many positive numbers: one log per chunk of products that cannot overflow.
class LogProduct {
 public:
  void multiply(double x) {
    product_ *= x;
    if (!(product_ < 1e100 && product_ > 1e-100)) {
      sum_ += std::log(product_);
      product_ = 1;
    }
  }
  double value() const { return sum_ + std::log(product_); }

 private:
  double sum_ = 0;
  double product_ = 1;
};

// out = in t, in and out rows x v, row r of out times scale(r). By rows if v is known, else by
// columns; in and out do not overlap.
template <int V, class Scale>
void multiply_columns(const double* in, Index rows, const double* t, Index v, const Scale& scale,
                      double* out) {
  if (V != Eigen::Dynamic) {
    for (Index r = 0; r < rows; ++r) {
      const double factor = scale(r);
      for (Index c = 0; c < width_or<V>(v); ++c) {
        double sum = 0;
        for (Index k = 0; k < width_or<V>(v); ++k) sum += in[r + k * rows] * t[k + c * v];
        out[r + c * rows] = factor * sum;
      }
    }
    return;
  }
  for (Index c = 0; c < v; ++c) {
    double* column = out + c * rows;
    for (Index r = 0; r < rows; ++r) column[r] = in[r] * t[c * v];
    for (Index k = 1; k < v; ++k) {
      add_scaled<Eigen::Dynamic>(rows, t[k + c * v], in + k * rows, column);
    }
    for (Index r = 0; r < rows; ++r) column[r] *= scale(r);
  }
}

}  // namespace

Factor::Factor(std::shared_ptr<const Layout> layout)
    : shared_layout_(std::move(layout)),
      layout_(*shared_layout_),
      v0_(layout_.leaf_size()),
      scalar_remainder_(true),
      leaf_factor_(static_cast<std::size_t>(v0_ * v0_) * layout_.leaf_levels()),
      panels_(layout_.panel_rows.size() * v0_),
      remainder_(layout_.supernodes) {
  rhs_.resize(layout_.p + 1, layout_.leaf_columns(), layout_.remainder_size());
  for (int t = 0; t < layout_.n_terms(); ++t) {
    scalar_remainder_ &= layout_.is_leaf(t) || layout_.term_size[t] == 1;
  }
}

Vector Factor::beta() const {
  return x_factor_.triangularView<Eigen::Lower>().transpose().solve(xy_);
}

void Factor::scale_panel_rows(double* panel, const int* rows, Index count) const {
  for (Index r = 0; r < count;) {
    const int term = layout_.row_term[rows[r]];
    const int v = layout_.term_size[term];
    const Matrix& lambda = lambda_[term];
    for (Index c = 0; c < v0_; ++c) {
      double* x = panel + c * count + r;
      // Lambda' x in place: ascending rows read only entries not yet overwritten.
      for (int a = 0; a < v; ++a) {
        double sum = 0;
        for (int b = a; b < v; ++b) sum += lambda(b, a) * x[b];
        x[a] = sum;
      }
    }
    r += v;
  }
}

template <int V>
bool Factor::factorize_leaf() {
  using Small = Eigen::Matrix<double, V, V>;
  const Index v = v0_;
  const Index width = layout_.p + 1;
  const Small lambda = leaf_lambda_;
  const Small identity = Small::Identity(v, v);
  const auto one = [](Index) { return 1.0; };
  Small m(v, v);
  Small transform(v, v);
  LogProduct pivots;
  for (Index j = 0; j < layout_.leaf_levels(); ++j) {
    if (j % 65536 == 65535) check_interrupt();
    const Eigen::Map<const Small> a(system_->leaf_diagonal.data() + j * v * v, v, v);
    Eigen::Map<Small> l(leaf_factor_.data() + j * v * v, v, v);
    m.noalias() = a * lambda;
    l.noalias() = lambda.transpose() * m;
    l += identity;
    // Pivots are at least 1 in exact arithmetic: a smaller one means overflow or NaN.
    for (Index c = 0; c < v; ++c) {
      double pivot = l(c, c);
      for (Index k = 0; k < c; ++k) pivot -= l(c, k) * l(c, k);
      if (!(pivot > 0) || !std::isfinite(pivot)) return false;
      l(c, c) = std::sqrt(pivot);
      pivots.multiply(l(c, c));
      for (Index r = c + 1; r < v; ++r) {
        double sum = l(r, c);
        for (Index k = 0; k < c; ++k) sum -= l(r, k) * l(c, k);
        l(r, c) = sum / l(c, c);
        l(c, r) = 0;
      }
    }
    // transform = Lambda L^-T, so that a panel is B = A transform.
    transform = lambda;
    for (Index c = 0; c < v; ++c) {
      for (Index k = 0; k < c; ++k) transform.col(c) -= l(c, k) * transform.col(k);
      transform.col(c) /= l(c, c);
    }
    const Index at = j * v * width;
    multiply_columns<V>(system_->zxy.leaf.data() + at, width, transform.data(), v, one,
                        rhs_.leaf.data() + at);
    const Index start = layout_.panel_start[j];
    const Index count = layout_.panel_start[j + 1] - start;
    if (count == 0) continue;
    const double* source = system_->panel_values.data() + start * v;
    double* panel = panels_.data() + start * v;
    const int* rows = layout_.panel_rows.data() + start;
    if (scalar_remainder_) {
      const auto row_scale = [&](Index r) { return row_scale_[rows[r]]; };
      multiply_columns<V>(source, count, transform.data(), v, row_scale, panel);
    } else {
      multiply_columns<V>(source, count, transform.data(), v, one, panel);
      scale_panel_rows(panel, rows, count);
    }
  }
  log_det_leaf_ = 2 * pivots.value();
  return true;
}

void Factor::assemble_supernode(int s, double* values, const int* local) const {
  const Index n_rows = remainder_.n_rows(s);
  const int first = layout_.supernodes.first_column[s];
  for (Index b = layout_.block_start[s]; b < layout_.block_start[s + 1]; ++b) {
    const RemainderBlock& block = layout_.blocks[b];
    const int vr = layout_.term_size[block.term_row];
    const int vc = layout_.term_size[block.term_column];
    const double* value = system_->remainder_values.data() + block.value;
    double* target = values + static_cast<Index>(block.column - first) * n_rows + local[block.row];
    if (vr == 1 && vc == 1) {
      *target += lambda_[block.term_row](0, 0) * *value * lambda_[block.term_column](0, 0);
    } else {
      const Matrix scaled = lambda_[block.term_row].transpose() * ConstMatrixMap(value, vr, vc) *
                            lambda_[block.term_column];
      for (int c = 0; c < vc; ++c) {
        for (int r = 0; r < vr; ++r) target[r + c * n_rows] += scaled(r, c);
      }
    }
    if (block.row != block.column) continue;
    if (layout_.any_precision()) {
      const double* own = layout_.precision_diagonal.data() + block.row;
      for (int c = 0; c < vc; ++c) target[c + c * n_rows] += own[c];
    } else {
      for (int c = 0; c < vc; ++c) target[c + c * n_rows] += 1;
    }
  }
  for (Index b = layout_.precision_start[s]; b < layout_.precision_start[s + 1]; ++b) {
    const PrecisionBlock& block = layout_.precision_blocks[b];
    double* target = values + static_cast<Index>(block.column - first) * n_rows + local[block.row];
    const int v = layout_.term_size[block.term];
    for (int c = 0; c < v; ++c) target[c + c * n_rows] += block.value;
  }
  if (layout_.panels_full) {
    // One supernode, every panel complete and in order: the Schur update is one product.
    const Index q = remainder_.size();
    syrk_lower(q, v0_ * layout_.leaf_levels(), -1.0, panels_.data(), q, values, n_rows);
    return;
  }
  for (Index e = layout_.segment_start[s]; e < layout_.segment_start[s + 1]; ++e) {
    if (e % 16384 == 16383) check_interrupt();
    const PanelSegment& segment = layout_.segments[e];
    const Index columns = v0_ * layout_.run_levels(segment.run);
    if (columns >= 16 && segment.end - segment.begin >= 8) {
      subtract_product(segment, columns, first, n_rows, values, local);
    } else {
      with_width(columns,
                 [&](auto k) { subtract_sums<k>(segment, columns, first, n_rows, values, local); });
    }
  }
}

// values -= B B' for the columns of one segment, B the panels of its run side by side: K columns.
template <int K>
void Factor::subtract_sums(const PanelSegment& segment, Index columns, int first, Index n_rows,
                           double* values, const int* local) const {
  const Index level = layout_.run_start[segment.run];
  const Index count = layout_.panel_count(level);
  const int* rows = layout_.rows_of_panel(level);
  const double* b = panel(level);
  Eigen::Matrix<double, K, 1> own(columns);  // row c of B
  for (Index c = segment.begin; c < segment.end; ++c) {
    double* target = values + static_cast<Index>(rows[c] - first) * n_rows;
    for (Index k = 0; k < width_or<K>(columns); ++k) own[k] = b[c + k * count];
    for (Index r = c; r < count; ++r) {
      double sum = own[0] * b[r];
      for (Index k = 1; k < width_or<K>(columns); ++k) sum += own[k] * b[r + k * count];
      target[local[rows[r]]] -= sum;
    }
  }
}

// The same by a matrix product.
void Factor::subtract_product(const PanelSegment& segment, Index columns, int first, Index n_rows,
                              double* values, const int* local) const {
  const Index level = layout_.run_start[segment.run];
  const Index count = layout_.panel_count(level);
  const int* rows = layout_.rows_of_panel(level);
  const double* b = panel(level) + segment.begin;
  const Index m = count - segment.begin;
  const Index n = segment.end - segment.begin;
  Matrix product = Matrix::Zero(m, n);
  gemm_nt(m, n, columns, 1.0, b, count, b, count, product.data(), m);
  for (Index c = 0; c < n; ++c) {
    double* target = values + static_cast<Index>(rows[segment.begin + c] - first) * n_rows;
    for (Index r = c; r < m; ++r) target[local[rows[segment.begin + r]]] -= product(r, c);
  }
}

void Factor::update_row_scale() {
  if (!scalar_remainder_) return;
  row_scale_.resize(remainder_.size());
  for (int i = 0; i < remainder_.size(); ++i) row_scale_[i] = lambda_[layout_.row_term[i]](0, 0);
}

double Factor::leaf_cancellation() const {
  if (v0_ == 1) return static_cast<double>(layout_.leaf_levels());
  double sum = 0;
  for (Index j = 0; j < layout_.leaf_levels(); ++j) {
    const ConstMatrixMap l(leaf_factor(j), v0_, v0_);
    for (Index c = 0; c < v0_; ++c) sum += l.row(c).squaredNorm() / (l(c, c) * l(c, c));
  }
  return sum;
}

double Factor::remainder_cancellation() const {
  double sum = 0;
  for (const RemainderBlock& block : layout_.blocks) {
    if (block.row != block.column) continue;
    const int v = layout_.term_size[block.term_row];
    const Matrix& lambda = lambda_[block.term_row];
    const double* a = system_->remainder_values.data() + block.value;
    for (int c = 0; c < v; ++c) {
      double before = layout_.any_precision() ? layout_.precision_diagonal[block.row + c] : 1;
      for (int j = c; j < v; ++j) {
        for (int i = c; i < v; ++i) before += lambda(i, c) * a[i + j * v] * lambda(j, c);
      }
      const double pivot = remainder_.pivot(block.row + c);
      sum += before / (pivot * pivot);
    }
  }
  return sum;
}

bool Factor::factorize_xy() {
  const Index width = layout_.p + 1;
  const int p = layout_.p;
  Matrix k = system_->xy;
  if (system_->centred()) {
    k.noalias() += scaled_centre_.leaf * scaled_centre_.leaf.transpose();
    k.noalias() += scaled_centre_.remainder * scaled_centre_.remainder.transpose();
  }
  xy_diagonal_ = k.diagonal();
  syrk_lower(width, rhs_.leaf.cols(), -1.0, rhs_.leaf.data(), width, k.data(), width);
  syrk_lower(width, rhs_.remainder.cols(), -1.0, rhs_.remainder.data(), width, k.data(), width);
  if (!cholesky_lower(p, k.data(), width)) return false;
  x_factor_ = k.topLeftCorner(p, p).triangularView<Eigen::Lower>();
  xy_ = k.row(p).head(p).transpose();
  x_factor_.triangularView<Eigen::Lower>().solveInPlace(xy_);
  residual_ss_ = k(p, p) - xy_.squaredNorm();
  log_det_x_ = 2 * x_factor_.diagonal().array().log().sum();
  return residual_ss_ > 0 && std::isfinite(residual_ss_) && std::isfinite(log_det_x_);
}

bool Factor::factorize(const Equations& system, const std::vector<Matrix>& lambda) {
  check_interrupt();
  system_ = &system;
  lambda_ = lambda;
  leaf_lambda_ = layout_.leaf < 0 ? Matrix::Identity(1, 1) : lambda[layout_.leaf];
  update_row_scale();
  if (system_->centred() && !scale_centres()) return false;
  const bool leaf_done = v0_ == 1   ? factorize_leaf<1>()
                         : v0_ == 2 ? factorize_leaf<2>()
                         : v0_ == 3 ? factorize_leaf<3>()
                                    : factorize_leaf<Eigen::Dynamic>();
  if (!leaf_done) return false;
  if (system_->centred()) subtract_leaf_centres();
  log_det_m_ = log_det_leaf_ + layout_.log_det_levels;
  if (remainder_.size() > 0) {
    const bool done = remainder_.factorize(
        [this](int s, double* values, const int* local) { assemble_supernode(s, values, local); });
    if (!done) return false;
    log_det_m_ += remainder_.log_determinant();
    assemble_remainder_rhs();
    remainder_.solve_forward(&rhs_.remainder);
  }
  return factorize_xy();
}

}  // namespace henderson
