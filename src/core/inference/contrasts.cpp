#include "inference/contrasts.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "algebra/eigen_decompositions.h"
#include "likelihood/curvature.h"
#include "likelihood/expected_information.h"
#include "likelihood/traces.h"

namespace henderson {

Matrix scaled_inverse(const Matrix& matrix, double tolerance) {
  const Index k = matrix.rows();
  if (k == 0) return matrix;
  Vector scale(k);
  for (Index i = 0; i < k; ++i) {
    scale[i] = matrix(i, i) > 0 ? 1 / std::sqrt(matrix(i, i)) : 0.0;
  }
  const Matrix scaled = scale.asDiagonal() * matrix * scale.asDiagonal();
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(scaled);
  const Vector& values = eigen.eigenvalues();
  Vector inverse = Vector::Zero(k);
  for (Index i = 0; i < k; ++i) {
    if (values[i] > tolerance * values[k - 1]) inverse[i] = 1 / values[i];
  }
  const Matrix half = scale.asDiagonal() * eigen.eigenvectors();
  return half * inverse.asDiagonal() * half.transpose();
}

namespace {

// L_x^-1 map': Phi = half'half.
Matrix half_phi(const GaussianObjective& deviance) {
  if (deviance.system().layout->p == 0) return Matrix(0, 0);
  return deviance.factor().x_factor().triangularView<Eigen::Lower>().solve(
      Matrix(deviance.fixed_map().transpose()));
}

// Phi R_i Phi for the columns as given, a column each; R_i for the standardized ones.
Matrix phi_moves(const GaussianObjective& deviance, const std::vector<Matrix>& forms) {
  const Index p = deviance.system().layout->p;
  const auto l = deviance.factor().x_factor().triangularView<Eigen::Lower>();
  Matrix moves(p * p, static_cast<Index>(forms.size()));
  if (p == 0) return moves;
  const Matrix half = half_phi(deviance);
  for (std::size_t i = 0; i < forms.size(); ++i) {
    // L_x^-1 R L_x^-T, symmetric
    Matrix inner = l.solve(forms[i]);
    inner = l.solve(Matrix(inner.transpose()));
    MatrixMap(moves.col(static_cast<Index>(i)).data(), p, p) = half.transpose() * inner * half;
  }
  return moves;
}

// Central differences of the exact gradient. A step is relative to the size of the parameter's
// column in standardized units, below which nothing happens to the criterion.
Matrix difference_hessian(GaussianObjective* deviance, const Vector& theta,
                          const std::vector<int>& free) {
  constexpr double kStep = 1e-5;
  const int k = deviance->n_parameters();
  const std::vector<Matrix> standard =
      deviance->random().factors(deviance->random().to_standard(theta));
  Matrix hessian = Matrix::Zero(k, k);
  for (int i = 0; i < k; ++i) {
    if (free[i] == 0) continue;
    double step = kStep * std::max(std::abs(theta[i]), 1e-2);
    if (deviance->random().has_entries()) {
      const LambdaEntry& entry = deviance->entries()[i];
      const double size = std::max(standard[entry.term].cwiseAbs().maxCoeff(), 1e-2);
      step = kStep * size * std::abs(deviance->basis().z_inverse[entry.term](entry.row, entry.row));
    }
    Vector moved = theta;
    moved[i] = theta[i] + step;
    const Vector above = evaluate_deviance(deviance, moved, true).gradient;
    const double up = moved[i];
    moved[i] = theta[i] - step;
    const Vector below = evaluate_deviance(deviance, moved, true).gradient;
    hessian.col(i) = (above - below) / (up - moved[i]);
  }
  for (int i = 0; i < k; ++i) {
    if (free[i] == 0) hessian.row(i).setZero();
  }
  deviance->value(deviance->random().to_standard(theta));
  return 0.5 * (hessian + hessian.transpose());
}

// Floating-point operations are counted by their leading terms: products of dense matrices on one
// side, factor and selected inverse of the sparse remainder, twice per parameter, on the other.
bool use_exact_hessian(const GaussianObjective& deviance, HessianSource source) {
  constexpr double kCheap = 5e8;  // some hundredths of a second
  const Equations& system = deviance.system();
  if (source != HessianSource::kCheapest || system.layout->n_terms() == 1) {
    return source != HessianSource::kDifferences;
  }
  const double exact = information_cost(system, deviance.reml()).operations;
  double sparse = 0;
  for (int s = 0; s < system.layout->supernodes.count(); ++s) {
    const double rows = static_cast<double>(system.layout->supernodes.row_start[s + 1] -
                                            system.layout->supernodes.row_start[s]);
    sparse +=
        rows * rows *
        (system.layout->supernodes.first_column[s + 1] - system.layout->supernodes.first_column[s]);
  }
  return exact <= std::max(kCheap, 4 * deviance.n_parameters() * sparse);
}

// l_i'A l_i for every row of l; A: p x p, by columns. Rows with few entries (those of a table of
// coefficients have one) are summed by themselves, the others as a product of matrices.
Vector quadratic_forms(const ConstMatrixRef& l, const double* a) {
  const Index p = l.cols();
  const ConstMatrixMap matrix(a, p, p);
  Vector forms(l.rows());
  std::vector<Index> full;
  std::vector<Index> support;
  for (Index i = 0; i < l.rows(); ++i) {
    support.clear();
    for (Index c = 0; c < p; ++c) {
      if (l(i, c) != 0) support.push_back(c);
    }
    if (static_cast<Index>(support.size()) > std::max<Index>(8, p / 8)) {
      full.push_back(i);
      continue;
    }
    double sum = 0;
    for (Index c : support) {
      for (Index r : support) sum += l(i, r) * matrix(r, c) * l(i, c);
    }
    forms[i] = sum;
  }
  if (full.empty()) return forms;
  Matrix rows(static_cast<Index>(full.size()), p);
  for (Index i = 0; i < rows.rows(); ++i) rows.row(i) = l.row(full[i]);
  const Vector values = (rows * matrix).cwiseProduct(rows).rowwise().sum();
  for (Index i = 0; i < rows.rows(); ++i) forms[full[i]] = values[i];
  return forms;
}

// Columns that fixed effects reproduce, tr(P V_i) = 0: no residual depends on their variances and
// covariances, whose estimates by maximum likelihood follow from the others (zero, where there are
// no others) and have no uncertainty of their own. trace: tr(V^-1 V_i), forms: X'V^-1 V_i V^-1 X.
void hold_reproduced(const GaussianObjective& deviance, const Vector& trace,
                     const std::vector<Matrix>& forms, std::vector<int>* held) {
  if (deviance.system().layout->p == 0 || !deviance.random().has_entries()) return;
  const auto l = deviance.factor().x_factor().triangularView<Eigen::Lower>();
  for (int i = 0; i < deviance.n_parameters(); ++i) {
    if (!deviance.is_diagonal(i)) continue;
    const Matrix inner = l.solve(forms[i]);
    const double rest = trace[i] - Matrix(l.solve(Matrix(inner.transpose()))).trace();
    if (!(rest < 1e-10 * trace[i])) continue;
    const LambdaEntry& own = deviance.entries()[i];
    for (int j = 0; j < deviance.n_parameters(); ++j) {
      const LambdaEntry& other = deviance.entries()[j];
      const bool meets = other.row == own.row || other.column == own.row;
      if (other.term == own.term && meets) held->push_back(j);
    }
  }
}

// What both methods have in common: Phi and how it moves.
void take_fixed_part(const GaussianObjective& deviance, const std::vector<Matrix>& forms,
                     ContrastParts* parts) {
  const Matrix half = half_phi(deviance);
  parts->degrees = deviance.degrees();
  parts->phi = half.transpose() * half;
  parts->adjusted = parts->phi;
  parts->phi_moves = phi_moves(deviance, forms);
}

void empty(Index i, Matrix* matrix) {
  matrix->row(i).setZero();
  matrix->col(i).setZero();
}

}  // namespace

// H_theta = J'(H_x - <S, d2Gamma/dx2>) J + <S, d2Gamma/dtheta2>, J with dGamma/dx J =
// dGamma/dtheta, term by term.
Matrix natural_hessian(GaussianObjective* deviance, const Vector& theta, const Matrix& by_x) {
  const RandomPart& random = deviance->random();
  const Vector x = random.to_standard(theta);
  const std::vector<Matrix> score = scores(deviance->modes_at(x));
  const std::vector<CovarianceDirection> from = random.directions(x, Chart::kFactor);
  const std::vector<CovarianceDirection> to = random.natural_directions(theta);
  Matrix jacobian = Matrix::Zero(x.size(), x.size());
  for (int t = 0; t < deviance->system().layout->n_terms(); ++t) {
    std::vector<int> own;
    for (std::size_t i = 0; i < from.size(); ++i) {
      if (from[i].term == t) own.push_back(static_cast<int>(i));
    }
    const Index k = static_cast<Index>(own.size());
    const Index size = deviance->system().layout->term_size[t];
    Matrix left(size * size, k);
    Matrix right(size * size, k);
    for (Index i = 0; i < k; ++i) {
      left.col(i) = Eigen::Map<const Vector>(from[own[i]].gamma.data(), size * size);
      right.col(i) = Eigen::Map<const Vector>(to[own[i]].gamma.data(), size * size);
    }
    const Matrix solved = left.colPivHouseholderQr().solve(right);
    for (Index i = 0; i < k; ++i) {
      for (Index j = 0; j < k; ++j) jacobian(own[i], own[j]) = solved(i, j);
    }
  }
  const Matrix straight = by_x - random.bend(x, Chart::kFactor, score);
  const Matrix moved = jacobian.transpose() * straight * jacobian;
  const Matrix whole = moved + random.natural_bend(theta, score);
  return 0.5 * (whole + whole.transpose());
}

ContrastParts fixed_parts(GaussianObjective* deviance, const Vector& theta) {
  ContrastParts parts;
  deviance->value_at(deviance->random().to_standard(theta));
  take_fixed_part(*deviance,
                  fixed_forms(deviance->modes(), deviance->random().natural_directions(theta)),
                  &parts);
  return parts;
}

ContrastParts satterthwaite_parts(GaussianObjective* deviance, const Vector& theta,
                                  HessianSource source, const std::vector<int>& held,
                                  const Matrix& known) {
  ContrastParts parts;
  deviance->value_at(deviance->random().to_standard(theta));
  const std::vector<CovarianceDirection> directions = deviance->random().natural_directions(theta);
  // nothing moves with an entry of an empty column of Lambda, or a correlation beside zeros
  for (const CovarianceDirection& d : directions) parts.free.push_back(d.gamma.isZero(0) ? 0 : 1);
  const std::vector<char> bound = deviance->random().at_bound(theta);
  for (std::size_t i = 0; i < bound.size(); ++i) {
    if (bound[i] != 0) parts.free[i] = 0;
  }
  for (int i : held) parts.free[i] = 0;
  // with one term the traces cost less than what it takes to move the Hessian
  const bool has_known =
      known.rows() == theta.size() && deviance->system().layout->remainder_size() > 0;
  parts.exact_hessian = has_known || use_exact_hessian(*deviance, source);
  if (!parts.exact_hessian) parts.hessian = difference_hessian(deviance, theta, parts.free);
  const Modes& modes = deviance->modes();
  take_fixed_part(*deviance, fixed_forms(modes, directions), &parts);
  parts.offset = -observed_scores(modes, directions) / parts.degrees;
  if (has_known) {
    parts.hessian = natural_hessian(deviance, theta, known);
  } else if (parts.exact_hessian) {
    const Curvature c = curvature(modes, directions, Order::kTraces);
    parts.hessian = hessian(c, parts.degrees, deviance->random().natural_bend(theta, c.score));
  }
  if (parts.exact_hessian) {
    for (Index i = 0; i < parts.hessian.rows(); ++i) {
      if (parts.free[i] == 0) empty(i, &parts.hessian);
    }
  }
  parts.weight = scaled_inverse(parts.hessian, 1e-9);
  return parts;
}

namespace {

// Kenward and Roger's adjustment: twice Phi [sum W_ij (Q_ij - R_i Phi R_j)] Phi, R the forms.
Matrix adjustment(GaussianObjective* deviance, const std::vector<CovarianceDirection>& directions,
                  const std::vector<Matrix>& forms, const Matrix& weight) {
  const Index p = deviance->system().layout->p;
  const Index k = weight.rows();
  const Matrix q = fixed_information(deviance->modes(), directions);
  std::vector<Matrix> solved;
  for (const Matrix& form : forms) {
    solved.push_back(deviance->factor().x_factor().triangularView<Eigen::Lower>().solve(form));
  }
  Matrix total = Matrix::Zero(p, p);
  for (Index i = 0; i < k; ++i) {
    for (Index j = 0; j < k; ++j) {
      total += 2 * weight(i, j) * (q.block(i * p, j * p, p, p) - solved[i].transpose() * solved[j]);
    }
  }
  total = (0.5 * (total + total.transpose())).eval();
  return 2 * Eigen::Map<const Matrix>(phi_moves(*deviance, {total}).data(), p, p);
}

// What the adjustment takes off where V is not linear in its parameters: half Phi R Phi, R the sum
// of Cov(tau_i, tau_j) X'V^-1 (d2V/dtau_i dtau_j) V^-1 X over the parameters of V itself, variances
// and correlations.
Matrix curved_adjustment(GaussianObjective* deviance, const Vector& theta,
                         const ContrastParts& parts) {
  const Index p = deviance->system().layout->p;
  const Matrix covariance = 2 * parts.weight;
  const std::vector<CovarianceDirection> moved =
      deviance->random().second_order(theta, covariance, covariance * parts.offset);
  Matrix total = Matrix::Zero(p, p);
  for (const Matrix& form : fixed_forms(deviance->modes(), moved)) total += form;
  return 0.5 * Eigen::Map<const Matrix>(phi_moves(*deviance, {total}).data(), p, p);
}

}  // namespace

ContrastParts expected_parts(GaussianObjective* deviance, const Vector& theta, bool adjust,
                             const std::vector<int>& held) {
  ContrastParts parts;
  deviance->value_at(deviance->random().to_standard(theta));
  const Modes& modes = deviance->modes();
  const std::vector<CovarianceDirection> directions = deviance->random().variance_directions(theta);
  const std::vector<Matrix> forms = fixed_forms(modes, directions);
  take_fixed_part(*deviance, forms, &parts);
  const Curvature c = curvature(modes, directions, Order::kTraces);
  // sigma^2 is profiled out: the part of every direction along V itself is taken off
  Matrix information = c.traces - c.expected * c.expected.transpose() / parts.degrees;
  std::vector<int> all_held = held;
  const std::vector<char> bound = deviance->random().at_bound(theta);
  for (std::size_t i = 0; i < bound.size(); ++i) {
    if (bound[i] != 0) all_held.push_back(static_cast<int>(i));
  }
  if (!deviance->reml()) hold_reproduced(*deviance, c.expected, forms, &all_held);
  for (int i = 0; i < deviance->n_parameters(); ++i) {
    const bool is_held = std::find(all_held.begin(), all_held.end(), i) != all_held.end();
    if (is_held || !(c.traces(i, i) > 0)) continue;
    parts.least_kept = std::min(parts.least_kept, information(i, i) / c.traces(i, i));
  }
  for (int i : all_held) empty(i, &information);
  parts.weight = scaled_inverse(information, 1e-12);
  parts.offset = -c.expected / parts.degrees;
  if (!adjust || deviance->system().layout->p == 0) return parts;
  parts.scaled = true;
  parts.adjusted += adjustment(deviance, directions, forms, parts.weight);
  parts.adjusted -= curved_adjustment(deviance, theta, parts);
  return parts;
}

double degrees_of_freedom(const ContrastParts& parts, double kappa, const Vector& moves) {
  if (!(kappa > 0)) return std::numeric_limits<double>::quiet_NaN();
  const Vector h = parts.offset + moves / kappa;
  const double uncertainty = 1 / parts.degrees + h.dot(parts.weight * h);
  // rounding of parameters that are known
  if (uncertainty < 1e-14) return std::numeric_limits<double>::infinity();
  return 1 / uncertainty;
}

RowResult contrast_rows(const ContrastParts& parts, const ConstMatrixRef& l) {
  RowResult result;
  result.variance = quadratic_forms(l, parts.adjusted.data());
  const Vector kappa = quadratic_forms(l, parts.phi.data());
  Matrix moves(parts.phi_moves.cols(), l.rows());
  for (Index k = 0; k < moves.rows(); ++k) {
    moves.row(k) = quadratic_forms(l, parts.phi_moves.col(k).data());
  }
  result.df.resize(l.rows());
  for (Index i = 0; i < l.rows(); ++i) {
    result.df[i] = degrees_of_freedom(parts, kappa[i], moves.col(i));
  }
  return result;
}

}  // namespace henderson
