#include "likelihood/curvature.h"

#include <algorithm>
#include <stdexcept>

#include "algebra/dense.h"
#include "algebra/eigen_decompositions.h"
#include "equations/products.h"
#include "likelihood/expected_information.h"

namespace henderson {

namespace {

using Directions = std::vector<CovarianceDirection>;

// ---- s_x'G_i C G_j s_y for rows s_1 ... s_w, at (i w + x, j w + y) ------------------------------

// With one term C is block-diagonal, and sums over its levels take the place of coefficients:
//   s_x'G_i C G_k s_y = vec(G_i)' W_xy vec(G_k),  W_xy[ca, db] = sum_j C_j[a, b] s_xj[c] s_yj[d].
Matrix forms_by_blocks(const Modes& modes, const Directions& directions, const Matrix& source) {
  constexpr Index kElements = 4096;  // of a buffer that stays in the cache
  const Index k = static_cast<Index>(directions.size());
  const Index w = source.rows();
  const Index levels = modes.system().layout->leaf_levels();
  const Index v = modes.system().layout->leaf_size();
  const Index size = w * v;
  const Index step = std::max<Index>(1, kElements / (size * size));
  Matrix squares(size * size, step);                   // [xc, yd] of each level
  Matrix products = Matrix::Zero(v * v, size * size);  // [ab, (xc yd)]
  for (Index first = 0; first < levels; first += step) {
    const Index count = std::min(step, levels - first);
    for (Index j = 0; j < count; ++j) {
      const double* s = source.data() + (first + j) * size;
      double* out = squares.col(j).data();
      for (Index d = 0; d < size; ++d) {
        for (Index c = 0; c < size; ++c) *out++ = s[c] * s[d];
      }
    }
    gemm_nt(v * v, size * size, count, 1.0, modes.blocks.col(first).data(), v * v, squares.data(),
            size * size, products.data(), v * v);
  }
  const Matrix moves = direction_columns(directions, modes.system().layout->leaf, v);
  Matrix forms(k * w, k * w);
  Matrix between(v * v, v * v);
  Matrix half(v * v, k);
  Matrix form(k, k);
  for (Index y = 0; y < w; ++y) {
    for (Index x = 0; x < w; ++x) {
      for (Index d = 0; d < v; ++d) {
        for (Index c = 0; c < v; ++c) {
          const double* own = products.col(x + c * w + (y + d * w) * size).data();
          for (Index b = 0; b < v; ++b) {
            for (Index a = 0; a < v; ++a) between(c + a * v, d + b * v) = own[a + b * v];
          }
        }
      }
      half.setZero();
      gemm_nn(v * v, k, v * v, 1.0, between.data(), v * v, moves.data(), v * v, half.data(), v * v);
      form.setZero();
      gemm_tn(k, k, v * v, 1.0, moves.data(), v * v, half.data(), v * v, form.data(), k);
      for (Index j = 0; j < k; ++j) {
        for (Index i = 0; i < k; ++i) forms(i * w + x, j * w + y) = form(i, j);
      }
    }
  }
  return forms;
}

// out += s Gamma for one level's part of w rows s, in rows of a matrix of r.
void add_moved(const Matrix& gamma, Index w, const double* s, Index r, double* out) {
  for (Index a = 0; a < gamma.cols(); ++a, out += r) {
    for (Index c = 0; c < gamma.rows(); ++c) {
      const double factor = gamma(c, a);
      if (factor == 0) continue;
      for (Index x = 0; x < w; ++x) out[x] += factor * s[x + c * w];
    }
  }
}

// With several terms, by f = G s and one forward solve for all of them together: with a = f A,
// f'C f = f'a - (a Lambda L^-T)(.)'. The leaf's levels come by blocks that stay in the cache.
class ForwardForms {
 public:
  ForwardForms(const Modes& modes, const Directions& directions, const Coefficients& source)
      : factor_(*modes.factor),
        system_(modes.system()),
        directions_(directions),
        source_(source),
        w_(source.leaf.rows()),
        r_(w_ * static_cast<Index>(directions.size())),
        v0_(system_.layout->leaf_size()) {}

  Matrix run();

 private:
  void move_leaf(Index first, Index count, Matrix* f) const;
  Matrix move_remainder() const;

  const Factor& factor_;
  const Equations& system_;
  const Directions& directions_;
  const Coefficients& source_;
  Index w_;
  Index r_;
  Index v0_;
};

void ForwardForms::move_leaf(Index first, Index count, Matrix* f) const {
  f->setZero();
  for (std::size_t i = 0; i < directions_.size(); ++i) {
    if (!system_.layout->is_leaf(directions_[i].term)) continue;
    for (Index j = 0; j < count; ++j) {
      add_moved(directions_[i].gamma, w_, source_.leaf.data() + (first + j) * v0_ * w_, r_,
                f->data() + static_cast<Index>(i) * w_ + j * v0_ * r_);
    }
  }
}

Matrix ForwardForms::move_remainder() const {
  Matrix f = Matrix::Zero(r_, system_.layout->remainder_size());
  for (std::size_t i = 0; i < directions_.size(); ++i) {
    if (system_.layout->is_leaf(directions_[i].term)) continue;
    for (const Index at : system_.layout->scalar_row[directions_[i].term]) {
      add_moved(directions_[i].gamma, w_, source_.remainder.data() + at * w_, r_,
                f.data() + static_cast<Index>(i) * w_ + at * r_);
    }
  }
  return f;
}

Matrix ForwardForms::run() {
  const Index q = system_.layout->remainder_size();
  const Index step = v0_ < 128 ? 128 / v0_ : 1;
  Matrix forms = Matrix::Zero(r_, r_);
  Matrix square = Matrix::Zero(r_, r_);  // lower triangle
  Index leaf_rows = 0;                   // the others of f are zero
  for (std::size_t i = 0; i < directions_.size(); ++i) {
    if (system_.layout->is_leaf(directions_[i].term)) leaf_rows = (static_cast<Index>(i) + 1) * w_;
  }
  const Matrix f_remainder = move_remainder();
  Matrix a_remainder;
  multiply_remainder(system_, r_, f_remainder, &a_remainder);
  Matrix eliminated = Matrix::Zero(r_, q);  // what the leaf's solution takes from the remainder
  Matrix f(r_, v0_ * step);
  Matrix a(r_, v0_ * step);
  Matrix solved(r_, v0_ * step);
  for (Index first = 0; first < system_.layout->leaf_levels(); first += step) {
    const Index count = std::min(step, system_.layout->leaf_levels() - first);
    move_leaf(first, count, &f);
    multiply_leaf(system_, first, count, r_, f.data(), f_remainder.data(), a.data(),
                  a_remainder.data());
    gemm_nt(leaf_rows, r_, v0_ * count, 1.0, f.data(), r_, a.data(), r_, forms.data(), r_);
    multiply_levels(factor_.leaf_lambda(), r_, count, a.data(), solved.data());
    factor_.solve_leaf_forward(first, count, r_, solved.data(), eliminated.data());
    syrk_lower(r_, v0_ * count, 1.0, solved.data(), r_, square.data(), r_);
  }
  gemm_nt(r_, r_, q, 1.0, f_remainder.data(), r_, a_remainder.data(), r_, forms.data(), r_);
  apply_lambda_to_remainder(system_, factor_.lambda(), &a_remainder, true);
  a_remainder += eliminated;
  factor_.remainder().solve_forward(&a_remainder);
  syrk_lower(r_, q, 1.0, a_remainder.data(), r_, square.data(), r_);
  forms -= Matrix(square.selfadjointView<Eigen::Lower>());
  return forms;
}

Matrix quadratic_forms(const Modes& modes, const Directions& directions,
                       const Coefficients& source) {
  if (directions.empty()) return Matrix(0, 0);
  if (modes.one_term()) return forms_by_blocks(modes, directions, source.leaf);
  return ForwardForms(modes, directions, source).run();
}

// ---- with the fixed effects ---------------------------------------------------------------------

// C_X'G_i s, p x k (s = gK of terms with a K): by term sum_j C_X,j s_j' is all that it takes.
Matrix fixed_products(const Modes& modes, const Directions& directions, const Coefficients& s) {
  const Equations& system = modes.system();
  const Index width = system.layout->p + 1;  // of [X y]
  Matrix result = Matrix::Zero(width, static_cast<Index>(directions.size()));
  std::vector<Matrix> products;  // [., ca]
  for (const Index v : system.layout->term_size) products.push_back(Matrix::Zero(width, v * v));
  const Index v0 = system.layout->leaf_size();
  const int leaf = system.layout->leaf;
  for (Index a = 0; leaf >= 0 && a < v0; ++a) {
    gemm_nt(width, v0, system.layout->leaf_levels(), 1.0, modes.zvxy.leaf.data() + a * width,
            width * v0, s.leaf.data(), v0, products[leaf].data() + a * v0 * width, width);
  }
  for (Index at = 0; at < system.layout->remainder_size();) {
    const int t = system.layout->row_term[at];
    const Index v = system.layout->term_size[t];
    double* out = products[t].data();
    for (Index a = 0; a < v; ++a) {
      const double* own = modes.zvxy.remainder.data() + (at + a) * width;
      for (Index c = 0; c < v; ++c, out += width) {
        const double factor = s.remainder(0, at + c);
        for (Index i = 0; i < width; ++i) out[i] += factor * own[i];
      }
    }
    at += v;
  }
  for (std::size_t i = 0; i < directions.size(); ++i) {
    const Matrix& gamma = directions[i].gamma;
    result.col(static_cast<Index>(i)).noalias() +=
        products[directions[i].term] * Eigen::Map<const Vector>(gamma.data(), gamma.size());
  }
  return result.topRows(system.layout->p);
}

// s'G_i K G_j s.
Matrix restricted_forms(const Modes& modes, const Directions& directions, const Coefficients& s) {
  Matrix forms = quadratic_forms(modes, directions, s);
  if (modes.system().layout->p == 0 || directions.empty()) return forms;
  Matrix fixed = fixed_products(modes, directions, s);
  modes.factor->x_factor().triangularView<Eigen::Lower>().solveInPlace(fixed);
  forms.noalias() -= fixed.transpose() * fixed;
  return forms;
}

// ---- scores matched to their expectation --------------------------------------------------------

// T with T (f sum g g') T' = Q: the scores T g have the second moments that are expected at the
// current Gamma. The identity where there are too few levels to tell.
Matrix matching_transform(const Matrix& expected, const Matrix& observed) {
  const Index v = expected.rows();
  const Eigen::LLT<Matrix> target(expected);
  const Eigen::LLT<Matrix> own(observed);
  if (target.info() != Eigen::Success || own.info() != Eigen::Success) {
    return Matrix::Identity(v, v);
  }
  const Matrix root = own.matrixL();
  for (Index c = 0; c < v; ++c) {
    if (!(root(c, c) > 1e-4 * root.row(c).norm())) return Matrix::Identity(v, v);
  }
  return Matrix(target.matrixL()) *
         root.triangularView<Eigen::Lower>().solve(Matrix::Identity(v, v));
}

Coefficients matched_scores(const Modes& modes) {
  const Equations& system = modes.system();
  std::vector<Matrix> transform;
  for (std::size_t t = 0; t < modes.squares.size(); ++t) {
    transform.push_back(matching_transform(modes.expected[t], modes.scale * modes.squares[t]));
  }
  Coefficients matched = modes.moved_g();
  const int leaf = system.layout->leaf;
  const Matrix leaf_transform = leaf < 0 ? Matrix::Identity(1, 1) : transform[leaf];
  multiply_levels(leaf_transform.transpose(), 1, system.layout->leaf_levels(), modes.g.leaf.data(),
                  matched.leaf.data());
  for (Index at = 0; at < system.layout->remainder_size();) {
    const Matrix& own = transform[system.layout->row_term[at]];
    matched.remainder.middleCols(at, own.cols()).noalias() =
        modes.moved_g().remainder.middleCols(at, own.cols()).lazyProduct(own.transpose());
    at += own.cols();
  }
  return matched;
}

// <X_t, G_i>.
Vector along(const std::vector<Matrix>& x, const Directions& directions) {
  Vector values(directions.size());
  for (std::size_t i = 0; i < directions.size(); ++i) {
    values[i] = x[directions[i].term].cwiseProduct(directions[i].gamma).sum();
  }
  return values;
}

}  // namespace

Curvature curvature(const Modes& modes, const Directions& directions, Order order) {
  Curvature result;
  std::vector<Matrix> expected = modes.expected;
  if (order == Order::kTraces) {
    // These sums are Q_t without a division by Lambda, which near zero costs digits.
    const ExpectedInformation sums(modes);
    result.traces = sums.traces(directions);
    expected = sums.sums();
  } else if (expected.empty()) {
    throw std::logic_error("curvature() without traces needs take_traces()");
  }
  for (std::size_t t = 0; t < expected.size(); ++t) {
    result.score.push_back(expected[t] - modes.scale * modes.squares[t]);
  }
  result.expected = along(expected, directions);
  result.observed = observed_scores(modes, directions);
  if (order == Order::kMatched) {
    result.average = modes.scale * restricted_forms(modes, directions, matched_scores(modes));
  } else if (order > Order::kMatched) {
    result.average = modes.scale * restricted_forms(modes, directions, modes.moved_g());
  }
  return result;
}

Matrix hessian(const Curvature& curvature, double m, const Matrix& bend) {
  Matrix result = curvature.average + bend;
  if (curvature.traces.size() > 0) result += curvature.average - curvature.traces;
  result.noalias() -= curvature.observed * curvature.observed.transpose() / m;
  return 0.5 * (result + result.transpose());
}

Vector observed_scores(const Modes& modes, const Directions& directions) {
  return modes.scale * along(modes.squares, directions);
}

std::vector<Matrix> fixed_forms(const Modes& modes, const Directions& directions) {
  const Index p = modes.system().layout->p;
  const std::vector<Matrix> squares = fixed_squares(modes);
  std::vector<Matrix> forms;
  for (const CovarianceDirection& g : directions) {
    Matrix form = Matrix::Zero(p, p);
    for (Index b = 0; b < g.gamma.cols(); ++b) {
      for (Index a = 0; a < g.gamma.rows(); ++a) {
        form += g.gamma(a, b) * squares[g.term].block(a * p, b * p, p, p);
      }
    }
    forms.push_back(form);
  }
  return forms;
}

Matrix fixed_information(const Modes& modes, const Directions& directions) {
  return quadratic_forms(modes, directions, modes.moved_zvxy().top_rows(modes.system().layout->p));
}

}  // namespace henderson
