#include "inference/undetermined.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "algebra/eigen_decompositions.h"
#include "equations/products.h"
#include "likelihood/curvature.h"

namespace henderson {

namespace {

// Of the information that a column of full size would have: sums that cancel to nothing keep 1e-16
// of their terms, and there are several.
constexpr double kNothing = 1e-13;
constexpr double kNull = 1e-12;  // eigenvalue of the information scaled to unit diagonal

// Entries of Gamma in standardized units.
std::vector<CovarianceDirection> unit_directions(const GaussianObjective& deviance) {
  std::vector<CovarianceDirection> directions;
  for (const LambdaEntry& entry : deviance.entries()) {
    const Index v = deviance.system().layout->term_size[entry.term];
    Matrix gamma = Matrix::Zero(v, v);
    gamma(entry.row, entry.column) = gamma(entry.column, entry.row) = 1;
    directions.push_back({entry.term, gamma});
  }
  return directions;
}

// Rows per level: where Gamma is their inverse, a level and its residuals count about the same.
double rows_per_level(const GaussianObjective& deviance, int term) {
  const CrossProducts& moments = deviance.moments();
  return std::max(moments.n / moments.terms[term].n_levels, 1e-3);
}

Vector balanced_point(const GaussianObjective& deviance) {
  Vector x = Vector::Zero(deviance.n_parameters());
  for (int i = 0; i < deviance.n_parameters(); ++i) {
    if (!deviance.is_diagonal(i)) continue;
    x[i] = 1 / std::sqrt(rows_per_level(deviance, deviance.entries()[i].term));
  }
  return x;
}

// ---- is there reason to look? -----------------------------------------------------------------

// Is the Gram matrix of some columns singular?
bool is_singular(const ConstMatrixRef& gram) {
  if (!(gram.diagonal().minCoeff() > 0)) return true;
  if (gram.rows() == 1) return false;
  const Vector scale = gram.diagonal().array().rsqrt();
  const Matrix scaled = scale.asDiagonal() * gram * scale.asDiagonal();
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(scaled, Eigen::EigenvaluesOnly);
  return eigen.eigenvalues()[0] < 1e-10;
}

// Columns that depend on each other within every level, or a column of zeros.
bool has_dependent_columns(const CrossProducts& moments, std::size_t t,
                           const TermStructures& structures) {
  const TermSums& term = moments.terms[t];
  const Matrix own = structure_columns(moments, t, structures);
  for (const PlacedStructure& s : structures) {
    bool dependent = true;
    for (Index j = 0; j < term.diagonal.cols() && dependent; ++j) {
      const ConstMatrixMap centred(term.diagonal.col(j).data(), term.v, term.v);
      const Matrix gram = own.transpose() * centred * own;
      dependent =
          is_singular(gram.block(s.first_column, s.first_column, s.n_columns(), s.n_columns()));
    }
    if (dependent) return true;
  }
  return false;
}

// Is a term with several columns on levels that another term divides? Its columns may be those of
// the division.
bool has_divided_columns(const CrossProducts& moments) {
  for (const Pair& pair : moments.incidence->pairs) {
    const TermSums* fine = &moments.terms[pair.term_row];
    const TermSums* coarse = &moments.terms[pair.term_column];
    if (fine->n_levels < coarse->n_levels) std::swap(fine, coarse);
    const bool nested = static_cast<int>(pair.partner.size()) == fine->n_levels;
    if (nested && coarse->v > 1) return true;
  }
  return false;
}

// What undetermined parameters come from, judged by counts alone.
bool is_possible(const GaussianObjective& deviance) {
  const CrossProducts& moments = deviance.moments();
  double coefficients = moments.p();
  for (std::size_t t = 0; t < moments.terms.size(); ++t) {
    const TermSums& term = moments.terms[t];
    coefficients += static_cast<double>(term.v) * term.n_levels;
    const TermStructures& structures = deviance.random().structures()[t];
    if ((deviance.reml() && term.n_levels <= moments.p()) || structures.size() > 1) return true;
    for (std::size_t s = 0; s < t; ++s) {
      if (moments.terms[s].n_levels == term.n_levels) return true;
    }
    if (has_dependent_columns(moments, t, structures)) return true;
  }
  return coefficients >= moments.n || has_divided_columns(moments);
}

// A minimum with curvature in all directions is the proof that there are none, but for the
// boundary, where a criterion may slope along a direction that is one of another term too, and for
// rounding.
// So whatever counts do not exclude is looked at where that is cheap.
bool worth_looking(const GaussianObjective& deviance, const Vector& x,
                   const Certificate& certificate, bool certified) {
  constexpr double kFlatCurvature = 1e-3;
  constexpr double kDoubtful = 1e-6;
  const bool curved = certified && certificate.undetermined.empty() &&
                      certificate.smallest_curvature > kFlatCurvature &&
                      certificate.rounding < kDoubtful;
  if (!curved) return true;
  bool boundary = false;
  for (int i = 0; i < deviance.n_parameters(); ++i) {
    boundary = boundary || (deviance.is_diagonal(i) && x[i] == 0);
  }
  return (boundary || deviance.trace_cost() == TraceCost::kLittle) && is_possible(deviance);
}

// ---- information on Gamma and tau -------------------------------------------------------------

// Of the k entries of Gamma, and of V itself in the last place.
struct LinearInformation {
  Matrix values;
  bool exact = true;  // else from random vectors, and V only within the space of Z
  Vector trace;       // then: tr(P V_i)
};

// Products of the directions with each other, with V, and of V with itself.
Matrix with_variance(const Matrix& products, const Vector& of_variance, double own) {
  const Index k = of_variance.size();
  Matrix values(k + 1, k + 1);
  values.topLeftCorner(k, k) = products;
  values.col(k).head(k) = of_variance;
  values.row(k).head(k) = of_variance.transpose();
  values(k, k) = own;
  return values;
}

// At the point of the deviance.
LinearInformation exact_information(GaussianObjective* deviance) {
  const Curvature c = curvature(deviance->modes(), unit_directions(*deviance), Order::kTraces);
  LinearInformation information;
  information.values = with_variance(c.traces, c.expected, deviance->degrees());
  return information;
}

// Numbers of mean zero that are the same in every session.
class Sequence {
 public:
  double next() {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<double>(state_ >> 11) / 9007199254740992.0 - 0.5;
  }

 private:
  std::uint64_t state_ = 20261128;
};

// Sums over random w = Zr of w'P V_i P V_j P w: with more of them than columns in a term they have
// the null space of the traces, which need dense matrices.
LinearInformation sampled_information(GaussianObjective* deviance, const Vector& point) {
  const Index k = deviance->n_parameters();
  const std::vector<CovarianceDirection> directions = unit_directions(*deviance);
  Modes modes = deviance->modes_at(point);
  LinearInformation information;
  information.exact = false;
  information.trace = curvature(modes, directions, Order::kGradient).expected;
  information.values = Matrix::Zero(k + 1, k + 1);
  modes.scale = 1;
  if (!deviance->reml()) modes.leave_out_fixed();
  const Equations& system = deviance->system();
  const Factor& factor = deviance->factor();
  const Coefficients cx = modes.zvxy.top_rows(system.layout->p);
  const auto x_factor = factor.x_factor().triangularView<Eigen::Lower>();
  std::vector<Matrix> inverse;
  int widest = 0;
  for (const Matrix& lambda : factor.lambda()) {
    inverse.push_back(lambda.diagonal().cwiseInverse().asDiagonal());
    widest = std::max(widest, static_cast<int>(lambda.rows()));
  }
  Sequence sequence;
  for (int probe = 0; probe < widest + 3; ++probe) {
    Coefficients r;
    r.resize(1, system.layout->leaf_size() * system.layout->leaf_levels(),
             system.layout->remainder_size());
    for (Matrix* part : {&r.leaf, &r.remainder}) {
      for (Index i = 0; i < part->cols(); ++i) (*part)(0, i) = sequence.next();
    }
    Coefficients g = r;
    // r = Lambda times these, C r = Lambda^-1 (I - M^-1) times these
    factor.solve_forward(&g);
    factor.solve_backward(&g);
    g.subtract_from(r);
    apply_lambda(system, factor.lambda(), &r, false);
    apply_lambda(system, inverse, &g, false);
    if (system.layout->p > 0) {
      Vector fixed = inner_products(cx, r);
      x_factor.solveInPlace(fixed);
      x_factor.transpose().solveInPlace(fixed);
      g.leaf -= fixed.transpose() * cx.leaf;
      g.remainder -= fixed.transpose() * cx.remainder;
    }
    const double own = inner_products(r, g)(0, 0);
    const Curvature c = curvature(with_scores(modes, std::move(g)), directions, Order::kAverage);
    information.values += with_variance(c.average, c.observed, own);
  }
  return information;
}

// ---- null space -------------------------------------------------------------------------------

// Entries of Gamma on which V does not depend within the space of P: variances of columns with
// P Z_c = 0, and every covariance with such a column. A covariance's own information is then the
// rounding of the one column times the size of the other, which is not small.
std::vector<bool> entries_without_information(const GaussianObjective& deviance,
                                              const Matrix& values) {
  const std::vector<LambdaEntry>& entries = deviance.entries();
  std::vector<std::vector<bool>> reproduced;  // [term][column]
  for (const TermSums& term : deviance.moments().terms) {
    reproduced.push_back(std::vector<bool>(term.v, false));
  }
  std::vector<bool> nothing(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const int term = entries[i].term;
    const double rows = rows_per_level(deviance, term);
    const double full = deviance.moments().terms[term].n_levels * rows * rows;
    const Index at = static_cast<Index>(i);
    nothing[i] = !(values(at, at) > kNothing * full);
    if (entries[i].row == entries[i].column) reproduced[term][entries[i].row] = nothing[i];
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::vector<bool>& own = reproduced[entries[i].term];
    nothing[i] = nothing[i] || own[entries[i].row] || own[entries[i].column];
  }
  return nothing;
}

// Columns that span the null space: of the entries of Gamma and of V (last).
Matrix null_space(const GaussianObjective& deviance, const LinearInformation& information) {
  const int k = deviance.n_parameters();
  const Matrix& values = information.values;
  const std::vector<bool> nothing = entries_without_information(deviance, values);
  std::vector<int> some;
  std::vector<int> none;
  for (int i = 0; i < k; ++i) (nothing[i] ? none : some).push_back(i);
  some.push_back(k);
  const Index n = static_cast<Index>(some.size());
  Matrix scaled(n, n);
  Vector scale(n);
  for (Index i = 0; i < n; ++i) {
    const double own = values(some[i], some[i]);
    scale[i] = own > 0 ? 1 / std::sqrt(own) : 0.0;
  }
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < n; ++j) scaled(i, j) = scale[i] * values(some[i], some[j]) * scale[j];
  }
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(scaled);
  std::vector<Vector> columns;
  for (int i : none) columns.push_back(Vector::Unit(k + 1, i));
  for (Index i = 0; i < n && eigen.eigenvalues()[i] < kNull * eigen.eigenvalues()[n - 1]; ++i) {
    Vector column = Vector::Zero(k + 1);
    for (Index a = 0; a < n; ++a) column[some[a]] = scale[a] * eigen.eigenvectors()(a, i);
    columns.push_back(column);
  }
  Matrix null(k + 1, static_cast<Index>(columns.size()));
  for (std::size_t i = 0; i < columns.size(); ++i) null.col(static_cast<Index>(i)) = columns[i];
  return null;
}

// Random vectors w = Zr see V in the space of Z only. A direction D = V + sum delta_i V_i that is
// null there is null if nothing is left outside: the rank of P ZZ' P, -sum delta_i tr(P V_i), is
// that of P.
void drop_residual(const GaussianObjective& deviance, const LinearInformation& information,
                   Matrix* null) {
  const Index k = deviance.n_parameters();
  if (information.exact || null->cols() == 0) return;
  Index largest = 0;
  const double size = null->row(k).cwiseAbs().maxCoeff(&largest);
  if (!(size > 1e-9 * null->cwiseAbs().maxCoeff())) {
    null->row(k).setZero();
    return;
  }
  const Vector residual = null->col(largest) / (*null)(k, largest);
  for (Index i = 0; i < null->cols(); ++i) {
    if (i != largest) null->col(i) -= (*null)(k, i) * residual;
  }
  null->col(largest) = residual;
  const double rank = -residual.head(k).dot(information.trace);
  if (std::abs(rank - deviance.degrees()) < 0.01) return;
  null->col(largest) = null->col(null->cols() - 1);
  null->conservativeResize(Eigen::NoChange, null->cols() - 1);
}

// From entries of Gamma and V to those of Gamma and tau: V = tau W^-1 + sum of Gamma at `x`.
void split_residual(const GaussianObjective& deviance, const Vector& x, Matrix* null) {
  const Index k = deviance.n_parameters();
  for (int i = 0; i < k; ++i) {
    if (deviance.is_diagonal(i)) null->row(i) += x[i] * x[i] * null->row(k);
  }
}

std::vector<Matrix> direction_matrices(const GaussianObjective& deviance, const Vector& values) {
  std::vector<Matrix> gamma;
  for (const TermSums& term : deviance.moments().terms) {
    gamma.push_back(Matrix::Zero(term.v, term.v));
  }
  for (int i = 0; i < deviance.n_parameters(); ++i) {
    const LambdaEntry& entry = deviance.entries()[i];
    gamma[entry.term](entry.row, entry.column) = gamma[entry.term](entry.column, entry.row) =
        values[i];
  }
  return gamma;
}

// ---- in the data's own units ------------------------------------------------------------------

void to_natural(const GaussianObjective& deviance, const Matrix& null,
                UndeterminedDirections* result) {
  const Index k = deviance.n_parameters();
  const Standardization& basis = deviance.basis();
  result->sizes = Vector::Ones(k + 1);
  for (int i = 0; i < k; ++i) {
    const LambdaEntry& entry = deviance.entries()[i];
    const Matrix& map = basis.z_map[entry.term];
    result->sizes[i] = map.col(entry.row).norm() * map.col(entry.column).norm();
  }
  result->directions = null;
  for (Index d = 0; d < null.cols(); ++d) {
    std::vector<Matrix> gamma = direction_matrices(deviance, null.col(d));
    for (std::size_t t = 0; t < gamma.size(); ++t) {
      gamma[t] = (basis.z_inverse[t] * gamma[t] * basis.z_inverse[t].transpose()).eval();
    }
    for (int i = 0; i < k; ++i) {
      const LambdaEntry& entry = deviance.entries()[i];
      result->directions(i, d) = gamma[entry.term](entry.row, entry.column) * result->sizes[i];
    }
    result->directions.col(d) /= result->directions.col(d).cwiseAbs().maxCoeff();
  }
}

// Phi X'V^-1 D V^-1 X Phi at x, D = tau W^-1 + sum of Gamma: W^-1 is V less that of the fit.
void move_fixed(GaussianObjective* deviance, const Vector& x, UndeterminedDirections* result) {
  const Index k = deviance->n_parameters();
  const Index p = deviance->system().layout->p;
  if (p == 0) return;
  deviance->value(x);
  const Modes& modes = deviance->modes();
  const auto l = deviance->factor().x_factor().triangularView<Eigen::Lower>();
  const Matrix map = deviance->fixed_map();
  const Matrix half = l.solve(Matrix(map.transpose()));
  const std::vector<Matrix> lambda = deviance->random().factors(x);
  for (Index d = 0; d < result->directions.cols(); ++d) {
    const Vector natural = result->directions.col(d).cwiseQuotient(result->sizes);
    const double tau = natural[k];
    std::vector<Matrix> gamma = direction_matrices(*deviance, natural);
    std::vector<CovarianceDirection> directions;
    for (std::size_t t = 0; t < gamma.size(); ++t) {
      const Matrix& z_map = deviance->basis().z_map[t];
      gamma[t] = (z_map * gamma[t] * z_map.transpose()).eval();
      gamma[t] -= tau * lambda[t] * lambda[t].transpose();
      directions.push_back({static_cast<int>(t), gamma[t]});
    }
    Matrix form = Matrix::Zero(p, p);
    for (const Matrix& own : fixed_forms(modes, directions)) form += own;
    Matrix inner = l.solve(form);
    inner = l.solve(Matrix(inner.transpose()));
    inner += tau * Matrix::Identity(p, p);
    result->fixed_moves.push_back(half.transpose() * inner * half);
  }
}

}  // namespace

UndeterminedDirections find_undetermined(GaussianObjective* deviance, const Vector& x,
                                         const Certificate& certificate, bool certified) {
  UndeterminedDirections result;
  if (!worth_looking(*deviance, x, certificate, certified)) return result;
  const Vector point = balanced_point(*deviance);
  if (!std::isfinite(deviance->value(point))) return result;
  const bool exact = deviance->trace_cost() != TraceCost::kTooMuch;
  const LinearInformation information =
      exact ? exact_information(deviance) : sampled_information(deviance, point);
  Matrix null = null_space(*deviance, information);
  drop_residual(*deviance, information, &null);
  if (null.cols() == 0) return result;
  split_residual(*deviance, point, &null);
  to_natural(*deviance, null, &result);
  move_fixed(deviance, x, &result);
  return result;
}

}  // namespace henderson
