#include "information.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "dense_kernels.h"
#include "leaf_inverse.h"
#include "projection.h"

namespace henderson {

namespace {

// Columns of one coefficient of a term within the remainder.
class RemainderIndex {
 public:
  explicit RemainderIndex(const BlockSystem& system) : system_(system) {}
  Index operator()(int term, int level) const { return system_.scalar_row[term][level]; }

 private:
  const BlockSystem& system_;
};

// W~ = blkdiag(Lambda_r, I): m := m W~.
void multiply_right(const BlockSystem& system, const std::vector<Matrix>& lambda, Matrix* m) {
  Matrix copy;
  for (Index i = 0; i < system.remainder_size();) {
    const int term = system.row_term[i];
    const int v = system.term_size[term];
    if (v == 1) {
      m->col(i) *= lambda[term](0, 0);
    } else {
      copy = m->middleCols(i, v);
      m->middleCols(i, v).noalias() = copy * lambda[term];
    }
    i += v;
  }
}

// The leaf's levels eliminated from the remainder, in the notation of design/inference.md:
//   H_j = E_j A_jr,  F = A_rr - sum_j A_rj Gamma_0 H_j,  N_ab = sum_j h_ja h_jb',
//   B = Lambda (Lambda'F Lambda + I)^-1 Lambda'.
// For K = C - Y'Y, Y = L_x^-1 C_X', p more columns with Y_j' in H_j and I in B stand for Y. (X
// itself among the columns of the remainder, as in the design, would lose all digits where a factor
// with a large variance can stand in for the intercept.)
class Elimination {
 public:
  Elimination(const BlockCholesky& factor, bool restricted)
      : factor_(factor),
        system_(factor.system()),
        v_(system_.leaf_size()),
        q_(system_.remainder_size()),
        px_(restricted ? system_.p : 0),
        n_(q_ + px_),
        full_(q_ == 0 || system_.panels_full) {
    if (px_ > 0) {
      const Projection projection(factor);
      const auto l = factor.x_factor().triangularView<Eigen::Lower>();
      x_leaf_ = l.solve(projection.cx_leaf());
      if (q_ > 0) x_remainder_ = l.solve(projection.cx_remainder());
    }
    eliminate_leaf();
    check_interrupt();
    invert();
  }

  Index size() const { return n_; }
  Index remainder_size() const { return q_; }
  const Matrix& f() const { return f_; }
  const Matrix& b() const { return b_; }
  const Matrix& n(Index a, Index b) const { return n_ab_[a + b * v_]; }  // a >= b only
  const Matrix& c0() const { return c0_; }                               // v v x J0
  const Matrix& x_remainder() const { return x_remainder_; }             // L_x^-1 C_X', p x q_r

  // U_j = H_j B H_j' for every level, v v x J0.
  Matrix leaf_forms() const {
    const Index levels = system_.leaf_levels();
    Matrix forms = Matrix::Zero(v_ * v_, levels);
    if (n_ == 0) return forms;
    if (full_) {
      Matrix bh = Matrix::Zero(n_, v_ * levels);
      gemm_nn(n_, v_ * levels, n_, 1.0, b_.data(), n_, h_.data(), n_, bh.data(), n_);
      for (Index j = 0; j < levels; ++j) {
        MatrixMap(forms.col(j).data(), v_, v_).noalias() =
            h_.middleCols(j * v_, v_).transpose().lazyProduct(bh.middleCols(j * v_, v_));
      }
      return forms;
    }
    Matrix bh;
    for (Index j = 0; j < levels; ++j) {
      const ConstMatrixMap h = level(j);
      const int* rows = level_rows(j);
      bh.setZero(h.rows(), v_);
      for (Index k = 0; k < h.rows(); ++k) {
        const double* column = b_.col(rows[k]).data();
        for (Index a = 0; a < v_; ++a) {
          const double value = h(k, a);
          for (Index i = 0; i < h.rows(); ++i) bh(i, a) += column[rows[i]] * value;
        }
      }
      MatrixMap(forms.col(j).data(), v_, v_).noalias() = h.transpose().lazyProduct(bh);
    }
    return forms;
  }

 private:
  Index level_size(Index j) const { return system_.panel_count(j) + px_; }
  Index level_start(Index j) const { return (system_.panel_start[j] + j * px_) * v_; }
  // H_j' of one level: its rows of [remainder, X] x v.
  ConstMatrixMap level(Index j) const {
    return ConstMatrixMap(h_.data() + level_start(j), level_size(j), v_);
  }
  const int* level_rows(Index j) const { return rows_.data() + system_.panel_start[j] + j * px_; }

  void eliminate_leaf() {
    const Index levels = system_.leaf_levels();
    LeafInverse leaf(factor_);
    c0_.resize(v_ * v_, levels);
    const Index total = (system_.panel_start[levels] + levels * px_) * v_;
    h_.resize(full_ ? n_ : 1, full_ ? v_ * levels : total);
    Matrix moved(h_.rows(), h_.cols());  // A_rj Gamma_0
    Matrix source;
    for (Index j = 0; j < levels; ++j) {
      leaf.compute(j);
      Eigen::Map<Matrix>(c0_.col(j).data(), v_, v_) = leaf.c0();
      const Index count = system_.panel_count(j);
      const Index at = level_start(j);
      if (count + px_ == 0) continue;
      source.resize(count + px_, v_);
      source.topRows(count) = ConstMatrixMap(system_.panel(j), count, v_);
      source.bottomRows(px_).setZero();
      MatrixMap(h_.data() + at, count + px_, v_).noalias() =
          source.lazyProduct(leaf.inverse().transpose());
      if (px_ > 0) {
        MatrixMap(h_.data() + at, count + px_, v_).bottomRows(px_) = x_leaf_.middleCols(j * v_, v_);
      }
      MatrixMap(moved.data() + at, count + px_, v_).noalias() = source.lazyProduct(leaf.gamma());
      if (!full_) {
        rows_.insert(rows_.end(), system_.rows_of_panel(j), system_.rows_of_panel(j) + count);
        for (Index x = 0; x < px_; ++x) rows_.push_back(static_cast<int>(q_ + x));
      }
    }
    start_f();
    if (n_ == 0) {
      n_ab_.assign(v_ * v_, Matrix());
      return;
    }
    Matrix update = Matrix::Zero(n_, n_);
    for (Index a = 0; a < v_; ++a) add_products(moved, a, h_, a, &update);
    f_ -= 0.5 * (update + update.transpose());
    f_.bottomRows(px_).setZero();
    f_.rightCols(px_).setZero();
    n_ab_.resize(v_ * v_);
    for (Index b = 0; b < v_; ++b) {
      for (Index a = b; a < v_; ++a) {
        check_interrupt();
        n_ab_[a + b * v_].setZero(n_, n_);
        add_products(h_, a, h_, b, &n_ab_[a + b * v_]);
      }
    }
  }

  // target += sum_j l_ja r_jb'.
  void add_products(const Matrix& left, Index a, const Matrix& right, Index b,
                    Matrix* target) const {
    const Index levels = system_.leaf_levels();
    if (full_) {
      gemm_nt(n_, n_, levels, 1.0, left.data() + a * n_, n_ * v_, right.data() + b * n_, n_ * v_,
              target->data(), n_);
      return;
    }
    for (Index j = 0; j < levels; ++j) {
      const Index count = level_size(j);
      const int* rows = level_rows(j);
      const double* l = left.data() + level_start(j) + a * count;
      const double* r = right.data() + level_start(j) + b * count;
      for (Index c = 0; c < count; ++c) {
        double* column = target->col(rows[c]).data();
        const double value = r[c];
        for (Index i = 0; i < count; ++i) column[rows[i]] += l[i] * value;
      }
    }
  }

  // F := A over [remainder, X].
  void start_f() {
    f_.setZero(n_, n_);
    for (const RemainderBlock& block : system_.blocks) {
      const int vr = system_.term_size[block.term_row];
      const int vc = system_.term_size[block.term_column];
      const ConstMatrixMap value(system_.remainder_values.data() + block.value, vr, vc);
      f_.block(block.row, block.column, vr, vc) = value;
      if (block.row != block.column) {
        f_.block(block.column, block.row, vc, vr) = value.transpose();
      }
    }
  }

  void invert() {
    if (n_ == 0) return;
    const std::vector<Matrix>& lambda = factor_.lambda();
    Matrix s = f_;
    multiply_right(system_, lambda, &s);
    s.transposeInPlace();
    multiply_right(system_, lambda, &s);
    s.diagonal().array() += 1;
    // a pivot that is not positive would have stopped the factorization at this Lambda before
    cholesky_lower(n_, s.data(), n_);
    Matrix root = Matrix::Identity(n_, n_);
    for (Index i = 0; i < q_;) {
      const int term = system_.row_term[i];
      const int v = system_.term_size[term];
      root.block(i, i, v, v) = lambda[term];
      i += v;
    }
    check_interrupt();
    solve_right_transposed(n_, n_, s.data(), n_, root.data(), n_);
    b_.setZero(n_, n_);
    syrk_lower(n_, n_, 1.0, root.data(), n_, b_.data(), n_);
    b_.triangularView<Eigen::StrictlyUpper>() = b_.transpose();
  }

  const BlockCholesky& factor_;
  const BlockSystem& system_;
  Index v_;
  Index q_;
  Index px_;
  Index n_;
  bool full_;  // every level meets every row: H is one n x v0 J0 matrix
  Matrix x_leaf_, x_remainder_;
  Matrix h_;
  std::vector<int> rows_;
  Matrix c0_;
  Matrix f_;
  Matrix b_;
  std::vector<Matrix> n_ab_;
};

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

// T_ts += sum_jl D[ja, lc] D[jb, ld] for two terms of the remainder.
void add_remainder_products(const BlockSystem& system, const Matrix& d, int t, int s, Matrix* sum) {
  const Index v = system.term_size[t];
  const Index w = system.term_size[s];
  const Index levels = system.term_levels[s];
  Matrix squares = Matrix::Zero(v * w, v * w);
  Matrix blocks(v * w, levels);
  for (int j = 0; j < system.term_levels[t]; ++j) {
    if (j % 256 == 255) check_interrupt();
    const Index at = system.scalar_row[t][j];
    // by columns of the symmetric D, so that memory is read in order
    for (Index l = 0; l < levels; ++l) {
      MatrixMap(blocks.col(l).data(), v, w) =
          d.block(system.scalar_row[s][l], at, w, v).transpose();
    }
    if (v * w == 1) {
      squares(0, 0) += blocks.squaredNorm();
    } else {
      gemm_nt(v * w, v * w, levels, 1.0, blocks.data(), v * w, blocks.data(), v * w, squares.data(),
              v * w);
    }
  }
  add_permuted(squares, v, w, sum);
}

}  // namespace

CovarianceDirection direction_of(const LambdaEntry& entry, const Matrix& lambda) {
  CovarianceDirection direction;
  direction.term = entry.term;
  direction.gamma = Matrix::Zero(lambda.rows(), lambda.rows());
  direction.gamma.row(entry.row) += lambda.col(entry.column).transpose();
  direction.gamma.col(entry.row) += lambda.col(entry.column);
  return direction;
}

Index InformationSums::width(const BlockSystem& system, bool restricted) {
  return system.remainder_size() + (restricted ? system.p : 0);
}

double InformationSums::memory(const BlockSystem& system, bool restricted) {
  const double n = static_cast<double>(width(system, restricted));
  const double v = system.leaf_size();
  return 8 * n * n * (v * v + v * (v + 1) / 2 + 4);
}

InformationSums::InformationSums(const BlockCholesky& factor, bool restricted) {
  const BlockSystem& system = factor.system();
  const InterruptScope scope(factor.interrupt());
  const int k = system.n_terms();
  const Index v = system.leaf_size();
  const Elimination parts(factor, restricted);
  const Index n = parts.size();
  const Index q = parts.remainder_size();
  for (int t = 0; t < k; ++t) {
    sum_.push_back(Matrix::Zero(system.term_size[t], system.term_size[t]));
    products_.emplace_back();
    for (int s = 0; s < k; ++s) {
      products_[t].push_back(Matrix::Zero(system.term_size[t] * system.term_size[t],
                                          system.term_size[s] * system.term_size[s]));
    }
  }
  // The leaf with itself: D_jl = delta_jl C0_j - H_j B H_l', so D_jj = C0_j - U_j, and the squares
  // of the levels with themselves are those of D_jj less those of U_j, which come with all pairs.
  Matrix& t00 = products_[0][0];
  const Matrix forms = parts.leaf_forms();
  const Matrix own = parts.c0() - forms;
  MatrixMap(sum_[0].data(), v * v, 1) = own.rowwise().sum();
  Matrix squares = Matrix::Zero(v * v, v * v);  // [ac, bd]
  gemm_nt(v * v, v * v, own.cols(), 1.0, own.data(), v * v, own.data(), v * v, squares.data(),
          v * v);
  gemm_nt(v * v, v * v, own.cols(), -1.0, forms.data(), v * v, forms.data(), v * v, squares.data(),
          v * v);
  add_permuted(squares, v, v, &t00);
  if (n > 0) {
    std::vector<Matrix> bn(v * v);
    for (Index b = 0; b < v; ++b) {
      for (Index a = 0; a < v; ++a) {
        Matrix& product = bn[a + b * v];
        product.setZero(n, n);
        const double* left = parts.b().data();
        if (a >= b) {
          gemm_nn(n, n, n, 1.0, left, n, parts.n(a, b).data(), n, product.data(), n);
        } else {
          gemm_nt(n, n, n, 1.0, left, n, parts.n(b, a).data(), n, product.data(), n);
        }
      }
    }
    // sum_jl (H_j B H_l')[ac] (H_j B H_l')[bd] = tr(B N_cd B N_ba)
    const Matrix traces = traces_of_products(bn);
    for (Index d = 0; d < v; ++d) {
      for (Index c = 0; c < v; ++c) {
        for (Index b = 0; b < v; ++b) {
          for (Index a = 0; a < v; ++a) t00(a + b * v, c + d * v) += traces(c + d * v, b + a * v);
        }
      }
    }
  }
  if (q == 0) return;
  // Y = (I - B F)[, r]; the leaf's levels with the remainder's: D_jr = H_j Y; D_rr = F[r, ] Y.
  Matrix y = Matrix::Identity(n, q);
  gemm_nn(n, q, n, -1.0, parts.b().data(), n, parts.f().data(), n, y.data(), n);
  if (n > q) y.bottomRows(n - q) = -parts.x_remainder();
  const RemainderIndex first(system);
  Matrix ny(n, q);
  for (Index b = 0; b < v; ++b) {
    for (Index a = b; a < v; ++a) {
      ny.setZero();
      gemm_nn(n, q, n, 1.0, parts.n(a, b).data(), n, y.data(), n, ny.data(), n);
      for (int s = 1; s < k; ++s) {
        const Index w = system.term_size[s];
        Matrix& product = products_[0][s];
        for (int l = 0; l < system.term_levels[s]; ++l) {
          const Index at = first(s, l);
          for (Index d = 0; d < w; ++d) {
            for (Index c = 0; c < w; ++c) {
              const double value = y.col(at + c).dot(ny.col(at + d));
              product(a + b * v, c + d * w) += value;
              if (a != b) product(b + a * v, d + c * w) += value;
            }
          }
        }
      }
    }
  }
  for (int s = 1; s < k; ++s) products_[s][0] = products_[0][s].transpose();
  Matrix& d_rr = ny;
  d_rr.setZero(q, q);
  gemm_nn(q, q, q, 1.0, parts.f().data(), n, y.data(), n, d_rr.data(), q);
  gemm_tn(q, q, n - q, -1.0, parts.x_remainder().data(), n - q, parts.x_remainder().data(), n - q,
          d_rr.data(), q);
  for (int t = 1; t < k; ++t) {
    const int vt = system.term_size[t];
    for (int j = 0; j < system.term_levels[t]; ++j) {
      const Index at = first(t, j);
      sum_[t] += d_rr.block(at, at, vt, vt);
    }
    for (int s = 1; s <= t; ++s) add_remainder_products(system, d_rr, t, s, &products_[t][s]);
  }
  for (int t = 1; t < k; ++t) {
    for (int s = 1; s < t; ++s) products_[s][t] = products_[t][s].transpose();
  }
}

double InformationSums::trace(const CovarianceDirection& g) const {
  return sum_[g.term].cwiseProduct(g.gamma).sum();
}

Matrix InformationSums::traces(const std::vector<CovarianceDirection>& directions) const {
  const Index k = static_cast<Index>(directions.size());
  Matrix result(k, k);
  for (Index i = 0; i < k; ++i) {
    const Matrix& gi = directions[i].gamma;
    for (Index j = 0; j <= i; ++j) {
      const Matrix& gj = directions[j].gamma;
      const Matrix& product = products_[directions[i].term][directions[j].term];
      result(i, j) = Eigen::Map<const Vector>(gi.data(), gi.size())
                         .dot(product * Eigen::Map<const Vector>(gj.data(), gj.size()));
      result(j, i) = result(i, j);
    }
  }
  return result;
}

}  // namespace henderson
