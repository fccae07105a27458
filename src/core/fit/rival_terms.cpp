#include "fit/rival_terms.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "algebra/eigen_decompositions.h"
#include "algebra/symmetric.h"

namespace henderson {

namespace {

// Z_r'W z by level of term r, v_r x J_r, for each column z = Z~ (1 (x) e_c) of term t, side by side
// per level: v_r v_t x J_r.
Matrix products_with(const GaussianObjective& objective, int t, int r) {
  const CrossProducts& moments = objective.moments();
  const Incidence& incidence = *moments.incidence;
  const int k = incidence.find_pair(std::min(t, r), std::max(t, r));
  const int v = incidence.terms[t].v;
  const int v_r = incidence.terms[r].v;
  Matrix sums = Matrix::Zero(v_r * v, incidence.terms[r].n_levels);
  if (k < 0) return sums;
  const Pair& pair = incidence.pairs[k];
  const Matrix& own = objective.basis().z_basis[t];
  const Matrix& other = objective.basis().z_basis[r];
  for (std::size_t j = 0; j + 1 < pair.start.size(); ++j) {
    for (Index e = pair.start[j]; e < pair.start[j + 1]; ++e) {
      const double* block = moments.pairs[k].data() + e * v * v_r;
      const int level = r == pair.term_row ? static_cast<int>(j) : pair.partner[e];
      MatrixMap sum(sums.col(level).data(), v_r, v);
      // Z_column'W Z_row
      if (r == pair.term_column) {
        sum += other.transpose() * ConstMatrixMap(block, v_r, v) * own;
      } else {
        sum += (own.transpose() * ConstMatrixMap(block, v, v_r) * other).transpose();
      }
    }
  }
  return sums;
}

// The columns of a term that X does not have, about X.
struct AboutFixed {
  std::vector<int> columns;
  Vector square;     // of each column of the term
  Vector remainder;  // about X
  Vector with_y;
};

AboutFixed about_fixed(const GaussianObjective& objective, int t) {
  constexpr double kLeft = 1e-6;  // of a column's square, by X
  const CrossProducts& moments = objective.moments();
  const TermSums& term = moments.terms[t];
  const Standardization& basis = objective.basis();
  const int p = moments.p();
  Matrix sums = Matrix::Zero(p + 1, term.v);  // [X y]'W z
  for (int j = 0; j < term.n_levels; ++j) sums += term.xy.middleCols(j * term.v, term.v);
  sums = (sums * basis.z_basis[t]).eval();
  AboutFixed result;
  result.square = pooled_products(term, basis.z_basis[t]).diagonal();
  result.remainder = result.square;
  result.with_y = sums.row(p).transpose() / basis.y_scale;
  if (p > 0) {
    const auto unscale = basis.x_scale.cwiseInverse().asDiagonal();
    const Matrix xx = unscale * moments.xy.topLeftCorner(p, p) * unscale;
    const Matrix xz = unscale * sums.topRows(p);
    const Matrix solved = xx.ldlt().solve(xz);
    result.remainder -= solved.cwiseProduct(xz).colwise().sum().transpose();
    // y is taken about coefficients that are near those of least squares
    const Vector xy = unscale * moments.xy.col(p).head(p) / basis.y_scale;
    result.with_y -= solved.transpose() * xy;
  }
  for (int c = 0; c < term.v; ++c) {
    if (result.remainder[c] > kLeft * result.square[c]) result.columns.push_back(c);
  }
  return result;
}

struct Projection {
  double square = 0;  // of what of z is in the rival's columns
  Matrix spread;      // as in RivalTerms
};

// What all levels have in common of the coefficients of columns that X has is left to X.
Projection project(const GaussianObjective& objective, const ConstMatrixRef& products, int r,
                   const std::vector<int>& missing_columns) {
  const TermSums& term = objective.moments().terms[r];
  const Matrix& basis = objective.basis().z_basis[r];
  Matrix coefficients(term.v, term.n_levels);
  Projection result;
  for (int j = 0; j < term.n_levels; ++j) {
    const Matrix own =
        basis.transpose() * ConstMatrixMap(term.diagonal.col(j).data(), term.v, term.v) * basis;
    coefficients.col(j) = own.ldlt().solve(products.col(j));
    if (!coefficients.col(j).allFinite()) coefficients.col(j).setZero();
    result.square += coefficients.col(j).dot(products.col(j));
  }
  Vector common = coefficients.rowwise().mean();
  for (const int c : missing_columns) common[c] = 0;
  coefficients.colwise() -= common;
  result.spread = coefficients * coefficients.transpose() / term.n_levels;
  return result;
}

void add_rivals(const GaussianObjective& objective, const std::vector<AboutFixed>& about, int t,
                int r, std::vector<RivalTerms>* found) {
  constexpr double kMost = 0.5;  // of the column about X, left by the rival
  const int v = objective.moments().terms[r].v;
  const Matrix products = products_with(objective, t, r);
  for (const int c : about[t].columns) {
    const Projection told = project(objective, products.middleRows(c * v, v), r, about[r].columns);
    if (about[t].square[c] - told.square > kMost * about[t].remainder[c]) continue;
    const double coefficient = about[t].with_y[c] / about[t].remainder[c];
    found->push_back({t, c, r, coefficient * coefficient, told.spread});
  }
}

}  // namespace

std::vector<RivalTerms> find_rivals(const GaussianObjective& objective) {
  std::vector<RivalTerms> found;
  const int n_terms = static_cast<int>(objective.moments().terms.size());
  if (n_terms < 2) return found;
  std::vector<AboutFixed> about;
  for (int t = 0; t < n_terms; ++t) about.push_back(about_fixed(objective, t));
  for (int t = 0; t < n_terms; ++t) {
    for (int r = 0; r < n_terms && !about[t].columns.empty(); ++r) {
      if (r != t) add_rivals(objective, about, t, r, &found);
    }
  }
  return found;
}

namespace {

// At a minimum the term or the rival has the mean: the one whose variance has more room for it.
struct Standing {
  bool with_term = false;
  double f = 0;  // of the mean, by the variances without it
};

Standing stand(const GaussianObjective& objective, const RivalTerms& rivals, double mean,
               double term_variance, double rival_variance) {
  const std::vector<TermSums>& terms = objective.moments().terms;
  const double n = objective.moments().n;
  const double levels = terms[rivals.term].n_levels;
  const double rival_levels = terms[rivals.rival].n_levels;
  const double told = rivals.spread.trace();
  Standing result;
  result.with_term = term_variance * told > rival_variance;
  const double term_left = std::max(term_variance - (result.with_term ? mean : 0), 0.0);
  const double rival_left = std::max(rival_variance - (result.with_term ? 0 : mean * told), 0.0);
  result.f = mean / (term_left / levels + rival_left / (rival_levels * told) + 2 / n);
  return result;
}

struct Candidate {
  double f = 0;
  std::pair<int, int> terms;
  Vector start;
};

// Where the other one has the mean.
Candidate exchange(const GaussianObjective& objective, const RivalTerms& rivals, double mean,
                   const std::vector<Matrix>& factors, const Vector& x) {
  constexpr double kSmall = 0.1;   // of the SDs of who gives the mean up
  constexpr double kLeast = 1e-3;  // variances, relative to the residual one
  const int c = rivals.column;
  Matrix term = factors[rivals.term] * factors[rivals.term].transpose();
  Matrix rival = factors[rivals.rival] * factors[rivals.rival].transpose();
  const Standing standing = stand(objective, rivals, mean, term(c, c), rival.trace());
  if (standing.with_term) {
    term.row(c) *= kSmall;
    term.col(c) *= kSmall;
    term(c, c) += kLeast;
    rival += mean * rivals.spread;
  } else {
    term(c, c) += mean;
    rival *= kSmall * kSmall;
    rival.diagonal().array() += kLeast;
  }
  const Matrix term_factor = semidefinite_cholesky(term);
  const Matrix rival_factor = semidefinite_cholesky(rival);
  Candidate result{standing.f, std::minmax(rivals.term, rivals.rival), x};
  for (Index i = 0; i < x.size(); ++i) {
    const LambdaEntry& e = objective.entries()[i];
    if (e.term == rivals.term) result.start[i] = term_factor(e.row, e.column);
    if (e.term == rivals.rival) result.start[i] = rival_factor(e.row, e.column);
  }
  return result;
}

}  // namespace

std::vector<Vector> rival_starts(GaussianObjective* objective, const Vector& x) {
  constexpr double kClear = 8;  // F: below there is no mean to speak of (design/decisions.md)
  constexpr std::size_t kMost = 2;
  std::vector<Vector> starts;
  if (!objective->random().has_entries()) return starts;
  const std::vector<RivalTerms> all = find_rivals(*objective);
  if (all.empty() || !std::isfinite(objective->value_at(x))) return starts;
  const double variance = objective->factor().residual_ss() / objective->degrees();
  const std::vector<Matrix> factors = objective->random().factors(x);
  std::vector<Candidate> candidates;
  for (const RivalTerms& rivals : all) {
    candidates.push_back(exchange(*objective, rivals, rivals.mean / variance, factors, x));
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.f > b.f; });
  std::set<std::pair<int, int>> seen;  // of two terms the clearest mean
  for (const Candidate& candidate : candidates) {
    if (candidate.f < kClear || starts.size() == kMost) break;
    if (seen.insert(candidate.terms).second) starts.push_back(candidate.start);
  }
  return starts;
}

}  // namespace henderson
