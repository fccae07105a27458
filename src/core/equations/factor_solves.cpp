// Triangular solves with the blocked factor, and right-hand sides whose levels are centred.
#include "algebra/dense.h"
#include "algebra/eigen_decompositions.h"
#include "algebra/small.h"
#include "equations/factor.h"

namespace henderson {

void Factor::assemble_remainder_rhs() {
  const Index width = layout_.p + 1;
  for (Index i = 0; i < layout_.remainder_size();) {
    const int term = layout_.row_term[i];
    const int v = layout_.term_size[term];
    rhs_.remainder.middleCols(i, v).noalias() =
        system_->zxy.remainder.middleCols(i, v) * lambda_[term];
    i += v;
  }
  if (system_->centred()) rhs_.remainder -= scaled_centre_.remainder;
  if (layout_.panels_full) {
    const Index q = remainder_.size();
    gemm_nt(width, q, v0_ * layout_.leaf_levels(), -1.0, rhs_.leaf.data(), width, panels_.data(), q,
            rhs_.remainder.data(), width);
    return;
  }
  with_width(width, [&](auto w) {
    for (Index j = 0; j < layout_.leaf_levels(); ++j) {
      subtract_from_remainder<w>(j, width, rhs_.leaf.data() + j * v0_ * width,
                                 rhs_.remainder.data());
    }
  });
}

template <int W>
void Factor::subtract_from_remainder(Index j, Index width, const double* own,
                                     double* remainder) const {
  const Index count = layout_.panel_count(j);
  const int* rows = layout_.rows_of_panel(j);
  const double* b = panel(j);
  for (Index c = 0; c < v0_; ++c, own += width_or<W>(width), b += count) {
    for (Index i = 0; i < count; ++i) {
      add_scaled<W>(width, -b[i], own, remainder + rows[i] * width_or<W>(width));
    }
  }
}

template <int W>
void Factor::subtract_from_level(Index j, Index width, const double* remainder, double* own) const {
  const Index count = layout_.panel_count(j);
  const int* rows = layout_.rows_of_panel(j);
  const double* b = panel(j);
  for (Index c = 0; c < v0_; ++c, own += width_or<W>(width), b += count) {
    for (Index i = 0; i < count; ++i) {
      add_scaled<W>(width, -b[i], remainder + rows[i] * width_or<W>(width), own);
    }
  }
}

// B Lambda^-T, by forward substitution. False where B is not in the range of Lambda.
bool Factor::scale_centres() {
  constexpr double kRounding = 1e-12;
  scaled_centre_ = system_->centre;
  const auto scale = [&](int term, Index at, Matrix* centre) {
    const Matrix& lambda = lambda_[term];
    const Index v = lambda.cols();
    for (Index c = 0; c < v; ++c) {
      auto column = centre->col(at + c);
      const double nothing = kRounding * column.norm();
      for (Index k = 0; k < c; ++k) column -= lambda(c, k) * centre->col(at + k);
      // what an effect has of others, with no variance of its own
      if (column.norm() <= nothing) {
        column.setZero();
      } else {
        column /= lambda(c, c);
      }
    }
  };
  for (Index j = 0; j < layout_.leaf_levels(); ++j) {
    scale(layout_.leaf, j * v0_, &scaled_centre_.leaf);
  }
  for (Index i = 0; i < layout_.remainder_size(); i += layout_.term_size[layout_.row_term[i]]) {
    scale(layout_.row_term[i], i, &scaled_centre_.remainder);
  }
  return scaled_centre_.all_finite();
}

template <int W>
void Factor::solve_level(Index j, Index width, double* own) const {
  const double* l = leaf_factor(j);
  for (Index c = 0; c < v0_; ++c) {
    double* target = own + c * width_or<W>(width);
    for (Index d = 0; d < c; ++d) {
      add_scaled<W>(width, -l[c + d * v0_], own + d * width_or<W>(width), target);
    }
    scale<W>(width, 1 / l[c + c * v0_], target);
  }
}

void Factor::subtract_leaf_centres() {
  const Index width = layout_.p + 1;
  Matrix own;
  with_width(width, [&](auto w) {
    for (Index j = 0; j < layout_.leaf_levels(); ++j) {
      own = scaled_centre_.leaf.middleCols(j * v0_, v0_);
      solve_level<w>(j, width, own.data());
      rhs_.leaf.middleCols(j * v0_, v0_) -= own;
    }
  });
}

void Factor::solve_forward(Coefficients* rhs) const {
  solve_leaf_forward(0, layout_.leaf_levels(), rhs->rows(), rhs->leaf.data(),
                     rhs->remainder.data());
  if (remainder_.size() > 0) remainder_.solve_forward(&rhs->remainder);
}

void Factor::solve_leaf_forward(Index first, Index levels, Index r, double* rhs,
                                double* remainder) const {
  with_width(r, [&](auto w) {
    for (Index k = 0; k < levels; ++k) {
      double* own = rhs + k * v0_ * r;
      solve_level<w>(first + k, r, own);
      if (!layout_.panels_full) subtract_from_remainder<w>(first + k, r, own, remainder);
    }
  });
  if (!layout_.panels_full) return;
  const Index q = remainder_.size();
  gemm_nt(r, q, v0_ * levels, -1.0, rhs, r, panel(first), q, remainder, r);
}

void Factor::solve_backward(Coefficients* rhs) const {
  if (remainder_.size() > 0) remainder_.solve_backward(&rhs->remainder);
  solve_leaf_backward(0, layout_.leaf_levels(), rhs->rows(), rhs->remainder.data(),
                      rhs->leaf.data());
}

void Factor::solve_leaf_backward(Index first, Index levels, Index r, const double* solved_remainder,
                                 double* rhs) const {
  if (layout_.panels_full) {
    const Index q = remainder_.size();
    gemm_nn(r, levels * v0_, q, -1.0, solved_remainder, r, panel(first), q, rhs, r);
  }
  with_width(r, [&](auto w) {
    for (Index j = first; j < first + levels; ++j, rhs += v0_ * r) {
      if (!layout_.panels_full) subtract_from_level<w>(j, r, solved_remainder, rhs);
      const double* l = leaf_factor(j);
      for (Index c = v0_ - 1; c >= 0; --c) {
        double* target = rhs + c * r;
        for (Index k = c + 1; k < v0_; ++k) {
          add_scaled<w>(r, -l[k + c * v0_], rhs + k * r, target);
        }
        scale<w>(r, 1 / l[c + c * v0_], target);
      }
    }
  });
}

}  // namespace henderson
