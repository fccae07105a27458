#include "inference/prediction.h"

#include <algorithm>
#include <stdexcept>

#include "algebra/interrupt.h"
#include "equations/products.h"
#include "likelihood/modes.h"

namespace henderson {

namespace {

constexpr Index kBatch = 64;                // rows solved together at most
constexpr double kBatchElements = 4 << 20;  // of a right-hand side of all random coefficients

// Rows of X in the centred and scaled basis of the core.
Matrix standard_rows(const GaussianObjective& deviance, const Matrix& x) {
  const CrossProducts& moments = deviance.moments();
  Matrix rows = x;
  if (moments.intercept() >= 0) {
    for (int c = 0; c < moments.p(); ++c) {
      if (c != moments.intercept()) rows.col(c) -= moments.shifts.x[c] * x.col(moments.intercept());
    }
  }
  return rows * deviance.basis().x_scale.cwiseInverse().asDiagonal();
}

// Everything in the basis of the core (equations/standardization.h): z~ = K^-T z, s~ = K^-T s.
class Predictor {
 public:
  Predictor(const GaussianObjective& deviance, const PredictionRows& rows, bool with_scores)
      : deviance_(deviance),
        factor_(deviance.factor()),
        system_(deviance.system()),
        layout_(*system_.layout),
        data_(rows),
        p_(layout_.p),
        v0_(layout_.leaf_size()),
        x_(standard_rows(deviance, rows.x).transpose()) {
    for (int t = 0; t < layout_.n_terms(); ++t) {
      const Matrix& inverse = deviance.basis().z_inverse[t];
      to_spherical_.push_back((inverse * factor_.lambda()[t]).transpose());
      to_standard_.push_back(inverse.transpose());
    }
    result_.variance = Vector::Zero(rows.x.rows());
    if (with_scores) {
      for (const int v : layout_.term_size) {
        result_.scores.push_back(Matrix::Zero(v * v, rows.x.rows()));
      }
    }
  }

  PredictionVariance run() {
    const Index m = data_.x.rows();
    const double q = static_cast<double>(n_leaf()) + layout_.remainder_size();
    const Index batch = std::max<Index>(1, std::min<Index>(kBatch, kBatchElements / q));
    for (Index first = 0; first < m; first += batch) {
      check_interrupt();
      const Index count = std::min(batch, m - first);
      eliminate(first, count);
      add_fixed_part(first, count);
      if (!result_.scores.empty()) add_scores(first, count);
    }
    return std::move(result_);
  }

 private:
  Index n_leaf() const { return v0_ * layout_.leaf_levels(); }
  bool known(int t, Index i) const { return data_.terms[t].level[i] > 0; }
  Index leaf_column(Index i) const { return (data_.terms[layout_.leaf].level[i] - 1) * v0_; }
  Index remainder_row(int t, Index i) const {
    return layout_.scalar_row[t][data_.terms[t].level[i] - 1];
  }

  // Forward elimination of Lambda'z: adds z'Lambda M^-1 Lambda'z, and z'Gamma z of new levels, to
  // kappa, and takes C_X'Gamma z off x. Keeps L^-1 Lambda'z in leaf_ (the row's own level) and
  // remainder_.
  void eliminate(Index first, Index count) {
    leaf_.setZero(count, v0_);
    remainder_.setZero(count, layout_.remainder_size());
    if (data_.terms.empty()) return;
    for (int t = 0; t < layout_.n_terms(); ++t) {
      for (Index k = 0; k < count; ++k) {
        const Index i = first + k;
        Vector w = to_spherical_[t] * data_.terms[t].z.row(i).transpose();
        if (!known(t, i)) {
          if (layout_.level_covariance[t]) {
            throw std::invalid_argument("a new level of a term whose levels are related");
          }
          result_.variance[i] += w.squaredNorm();
        } else if (!layout_.is_leaf(t)) {
          remainder_.row(k).segment(remainder_row(t, i), w.size()) += w.transpose();
        } else {
          eliminate_leaf(i, k, &w);
        }
      }
    }
    if (layout_.remainder_size() == 0) return;
    factor_.remainder().solve_forward(&remainder_);
    result_.variance.segment(first, count) += remainder_.rowwise().squaredNorm();
    x_.middleCols(first, count).noalias() -=
        factor_.rhs().remainder.topRows(p_) * remainder_.transpose();
  }

  void eliminate_leaf(Index i, Index k, Vector* w) {
    const Index j = data_.terms[layout_.leaf].level[i] - 1;
    ConstMatrixMap(factor_.leaf_factor(j), v0_, v0_)
        .triangularView<Eigen::Lower>()
        .solveInPlace(*w);
    result_.variance[i] += w->squaredNorm();
    x_.col(i) -= factor_.rhs().leaf.block(0, j * v0_, p_, v0_) * *w;
    leaf_.row(k) = w->transpose();
    const Index start = layout_.panel_start[j];
    const Index n_rows = layout_.panel_start[j + 1] - start;
    const ConstMatrixMap panel(factor_.panel(j), n_rows, v0_);
    for (Index r = 0; r < n_rows; ++r) {
      remainder_(k, layout_.panel_rows[start + r]) -= panel.row(r).dot(*w);
    }
  }

  // Adds x~'Phi x~ to kappa; x~ becomes w = Phi x~.
  void add_fixed_part(Index first, Index count) {
    if (p_ == 0) return;
    auto x = x_.middleCols(first, count);
    factor_.x_factor().triangularView<Eigen::Lower>().solveInPlace(x);
    result_.variance.segment(first, count) += x.colwise().squaredNorm().transpose();
    factor_.x_factor().transpose().triangularView<Eigen::Upper>().solveInPlace(x);
  }

  // C_X, and by term N_t[a, b] = sum over levels of (C_X)_ja (C_X)_jb', p x p blocks: for a row
  // without known levels s = -C_X w.
  void prepare_fixed_scores() {
    const Modes modes(factor_, deviance_.reml(), deviance_.degrees());
    cx_leaf_ = modes.zvxy.leaf.topRows(p_);
    fixed_scores_ = fixed_squares(modes);
  }

  void add_scores(Index first, Index count) {
    bool any_known = false;
    for (std::size_t t = 0; t < data_.terms.size(); ++t) {
      for (Index k = 0; k < count; ++k) any_known |= known(static_cast<int>(t), first + k);
    }
    scores_.clear();
    if (any_known && layout_.remainder_size() > 0) {
      full_scores(first, count);
    } else {
      add_fixed_scores(first, count);
      for (Index k = 0; any_known && k < count; ++k) {
        if (known(layout_.leaf, first + k)) correct_own_level(first + k, k);
      }
    }
    for (int t = 0; t < layout_.n_terms(); ++t) take_scores(t, first, count);
  }

  // scores_[t] (v v x count): sum over levels of s_j s_j', one column per row. Here s = -C_X w.
  void add_fixed_scores(Index first, Index count) {
    if (p_ > 0 && fixed_scores_.empty()) prepare_fixed_scores();
    const auto w = x_.middleCols(first, count);
    for (int t = 0; t < layout_.n_terms(); ++t) {
      const int v = layout_.term_size[t];
      Matrix score = Matrix::Zero(v * v, count);
      for (int a = 0; a < v && p_ > 0; ++a) {
        for (int b = 0; b < v; ++b) {
          const Matrix product = fixed_scores_[t].block(a * p_, b * p_, p_, p_) * w;
          score.row(a + b * v) = product.cwiseProduct(w).colwise().sum();
        }
      }
      scores_.push_back(score);
    }
  }

  // One block term: at the row's own level s has (I - C_j Gamma) z as well.
  void correct_own_level(Index i, Index k) {
    const Index column = leaf_column(i);
    const ConstMatrixMap a(system_.leaf_diagonal.data() + column * v0_, v0_, v0_);
    Vector h = leaf_.row(k).transpose();
    ConstMatrixMap(factor_.leaf_factor(column / v0_), v0_, v0_)
        .transpose()
        .triangularView<Eigen::Upper>()
        .solveInPlace(h);
    Vector fixed = Vector::Zero(v0_);
    if (p_ > 0) fixed = cx_leaf_.middleCols(column, v0_).transpose() * x_.col(i);
    const Vector s = to_standard_[layout_.leaf] * data_.terms[layout_.leaf].z.row(i).transpose() -
                     a * (factor_.leaf_lambda() * h) - fixed;
    MatrixMap(scores_[layout_.leaf].col(k).data(), v0_, v0_) +=
        s * s.transpose() - fixed * fixed.transpose();
  }

  // Several block terms: s in full.
  void full_scores(Index first, Index count) {
    const auto w = x_.middleCols(first, count);
    Coefficients solved;
    solved.leaf = -w.transpose() * factor_.rhs().leaf.topRows(p_);
    solved.remainder = remainder_ - w.transpose() * factor_.rhs().remainder.topRows(p_);
    for (Index k = 0; k < count; ++k) {
      if (layout_.leaf < 0 || !known(layout_.leaf, first + k)) continue;
      solved.leaf.row(k).segment(leaf_column(first + k), v0_) += leaf_.row(k);
    }
    factor_.solve_backward(&solved);
    apply_lambda(system_, factor_.lambda(), &solved, false);
    Coefficients s = multiply_cross_products(system_, solved);
    s.leaf = -s.leaf - w.transpose() * system_.zxy.leaf.topRows(p_);
    s.remainder = -s.remainder - w.transpose() * system_.zxy.remainder.topRows(p_);
    for (int t = 0; t < layout_.n_terms(); ++t) {
      const int v = layout_.term_size[t];
      for (Index k = 0; k < count; ++k) {
        if (!known(t, first + k)) continue;
        const Index column = layout_.at(t, data_.terms[t].level[first + k] - 1);
        s.part(layout_.is_leaf(t)).row(k).segment(column, v) +=
            (to_standard_[t] * data_.terms[t].z.row(first + k).transpose()).transpose();
      }
      scores_.push_back(Matrix::Zero(v * v, count));
    }
    Coefficients moved = s;
    spread_over_levels(layout_, &moved);
    const auto add = [&](int t, const Matrix& part, const Matrix& other, Index column) {
      const int v = layout_.term_size[t];
      for (int a = 0; a < v; ++a) {
        for (int b = 0; b < v; ++b) {
          scores_[t].row(a + b * v) +=
              part.col(column + a).cwiseProduct(other.col(column + b)).transpose();
        }
      }
    };
    for (Index column = 0; column < n_leaf(); column += v0_) {
      add(layout_.leaf, s.leaf, moved.leaf, column);
    }
    for (Index row = 0; row < layout_.remainder_size();) {
      add(layout_.row_term[row], s.remainder, moved.remainder, row);
      row += layout_.term_size[layout_.row_term[row]];
    }
  }

  // Scores in natural units, S = K'S~K, and z z' of new levels.
  void take_scores(int t, Index first, Index count) {
    const int v = layout_.term_size[t];
    const Matrix& map = deviance_.basis().z_map[t];
    for (Index k = 0; k < count; ++k) {
      MatrixMap sum(result_.scores[t].col(first + k).data(), v, v);
      sum = map.transpose() * ConstMatrixMap(scores_[t].col(k).data(), v, v) * map;
      if (data_.terms.empty() || known(t, first + k)) continue;
      const auto z = data_.terms[t].z.row(first + k);
      sum += z.transpose() * z;
    }
  }

  const GaussianObjective& deviance_;
  const Factor& factor_;
  const Equations& system_;
  const Layout& layout_;
  const PredictionRows& data_;
  const int p_;
  const Index v0_;
  std::vector<Matrix> to_spherical_;  // Lambda~'K^-T: z -> Lambda'z
  std::vector<Matrix> to_standard_;   // K^-T
  Matrix x_;                          // p x m: x, then x~, then w
  Matrix leaf_, remainder_;           // of the batch: L^-1 Lambda'z
  Matrix cx_leaf_;                    // p x v0 J0
  std::vector<Matrix> fixed_scores_;  // N_t, p v x p v
  std::vector<Matrix> scores_;
  PredictionVariance result_;
};

}  // namespace

PredictionVariance prediction_variance(const GaussianObjective& deviance,
                                       const PredictionRows& rows, bool with_scores) {
  return Predictor(deviance, rows, with_scores).run();
}

}  // namespace henderson
