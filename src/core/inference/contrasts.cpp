#include "inference/contrasts.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "algebra/eigen_decompositions.h"
#include "likelihood/expected_information.h"
#include "likelihood/projection.h"

namespace henderson {

namespace {

// Inverse of a symmetric matrix scaled to unit diagonal; directions of eigenvalues below
// `tolerance` of the largest one are left out.
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
    const LambdaEntry& entry = deviance->entries()[i];
    const double size = std::max(standard[entry.term].cwiseAbs().maxCoeff(), 1e-2);
    const double unit = std::abs(deviance->basis().z_inverse[entry.term](entry.row, entry.row));
    const double step = kStep * size * unit;
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
  if (source != HessianSource::kCheapest || system.layout->remainder_size() == 0) {
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

// Denominator degrees of freedom of a sum of independent t^2 (Fai and Cornelius 1996): the F
// distribution with the same expectation.
double joined_df(const Vector& df) {
  const double q = static_cast<double>(df.size());
  if (q == 1) return df[0];
  if (df.maxCoeff() - df.minCoeff() < 1e-8) return df.mean();
  if (df.minCoeff() <= 2) return 2;
  double expectation = 0;
  for (Index i = 0; i < df.size(); ++i) {
    expectation += std::isfinite(df[i]) ? df[i] / (df[i] - 2) : 1.0;
  }
  if (expectation - q < 1e-12) return std::numeric_limits<double>::infinity();
  return 2 * expectation / (expectation - q);
}

struct KenwardRogerScale {
  double df = 0;
  double scale = 1;
  bool singular = false;  // 0/0 within rounding
};

// Kenward and Roger (1997), section 3: the moments of F matched to those of scale^-1 F(q, df).
KenwardRogerScale matched_moments(double a1, double a2, double q) {
  const double b = (a1 + 6 * a2) / (2 * q);
  const double g = ((q + 1) * a1 - (q + 4) * a2) / ((q + 2) * a2);
  const double divisor = 3 * q + 2 * (1 - g);
  const double c1 = g / divisor;
  const double c2 = (q - g) / divisor;
  const double c3 = (q + 2 - g) / divisor;
  const double expectation = 1 - a2 / q;
  const double root = expectation / (1 - c2 * b);
  const double rho = root * root * (1 + c1 * b) / (1 - c3 * b) / q;
  KenwardRogerScale result;
  result.df = 4 + (q + 2) / (q * rho - 1);
  result.scale = result.df * expectation / (result.df - 2);
  result.singular = std::abs(expectation) < 1e-5 && std::abs(1 - c2 * b) < 1e-5;
  return result;
}

// The same where it is 0/0: with two more groups than rows, the layout of Hotelling's T^2, the
// expectation of F does not exist, but the limit does (df = 2). It is approached along the ray of
// (A1, A2), from both sides, which leaves an error of 1e-8.
KenwardRogerScale kenward_roger_scale(double a1, double a2, double q) {
  constexpr double kAside = 1e-4;
  KenwardRogerScale result = matched_moments(a1, a2, q);
  if (result.singular) {
    const KenwardRogerScale above = matched_moments((1 + kAside) * a1, (1 + kAside) * a2, q);
    const KenwardRogerScale below = matched_moments((1 - kAside) * a1, (1 - kAside) * a2, q);
    result.df = 0.5 * (above.df + below.df);
    result.scale = 0.5 * (above.scale + below.scale);
  } else if (std::abs(result.df - 2) < 0.01 && std::abs(1 - a2 / q) > 0.01) {
    result.scale = 1;  // a pole, not a limit; as pbkrtest
  }
  // no F distribution has these moments
  if (!(result.df > 0) || !(result.scale > 0) || !std::isfinite(result.df)) {
    result.df = result.scale = std::numeric_limits<double>::quiet_NaN();
  }
  return result;
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
  if (deviance.system().layout->p == 0) return;
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

}  // namespace

ContrastParts satterthwaite_parts(GaussianObjective* deviance, const Vector& theta,
                                  HessianSource source, const std::vector<int>& held) {
  ContrastParts parts;
  const int k = deviance->n_parameters();
  const Equations& system = deviance->system();
  deviance->value_at(deviance->random().to_standard(theta));
  const std::vector<Matrix> lambda = deviance->random().factors(theta);
  std::vector<CovarianceDirection> directions;
  for (const LambdaEntry& entry : deviance->entries()) {
    parts.free.push_back((lambda[entry.term].col(entry.column).array() != 0).any() ? 1 : 0);
    CovarianceDirection direction = direction_of(entry, lambda[entry.term]);
    const Matrix& map = deviance->basis().z_map[entry.term];
    direction.gamma = map * direction.gamma * map.transpose();
    directions.push_back(direction);
  }
  for (int i : held) parts.free[i] = 0;
  parts.exact_hessian = use_exact_hessian(*deviance, source);
  if (!parts.exact_hessian) parts.hessian = difference_hessian(deviance, theta, parts.free);
  const Factor& factor = deviance->factor();
  const Projection projection(factor);
  const double r2 = factor.residual_ss();
  const Vector slope = -projection.score_forms(directions);
  parts.degrees = deviance->degrees();
  parts.offset = slope / r2;
  const Matrix half = half_phi(*deviance);
  parts.phi = half.transpose() * half;
  parts.adjusted = parts.phi;
  parts.phi_moves = phi_moves(*deviance, projection.fixed_forms(directions));
  if (parts.exact_hessian) {
    const double f = parts.degrees / r2;
    const ExpectedInformation sums(factor, deviance->reml(), projection.cx());
    Matrix& h = parts.hessian;
    h = 2 * f * projection.average_information(directions) - sums.traces(directions) -
        (f / r2) * slope * slope.transpose();
    std::vector<Matrix> score;
    for (int t = 0; t < system.layout->n_terms(); ++t) {
      const Matrix& map = deviance->basis().z_map[t];
      score.push_back(map.transpose() * (sums.sum(t) - f * projection.score_squares(t)) * map);
    }
    for (int i = 0; i < k; ++i) {
      const LambdaEntry& a = deviance->entries()[i];
      for (int j = 0; j < k; ++j) {
        const LambdaEntry& b = deviance->entries()[j];
        if (a.term == b.term && a.column == b.column) h(i, j) += 2 * score[a.term](a.row, b.row);
        if (parts.free[i] == 0 || parts.free[j] == 0) h(i, j) = 0;
      }
    }
  }
  parts.weight = scaled_inverse(parts.hessian, 1e-9);
  return parts;
}

ContrastParts expected_parts(GaussianObjective* deviance, const Vector& theta, bool adjust,
                             const std::vector<int>& held) {
  ContrastParts parts;
  const int k = deviance->n_parameters();
  const int p = deviance->system().layout->p;
  deviance->value_at(deviance->random().to_standard(theta));
  const Factor& factor = deviance->factor();
  std::vector<CovarianceDirection> directions;
  for (const LambdaEntry& entry : deviance->entries()) {
    const Matrix& map = deviance->basis().z_map[entry.term];
    CovarianceDirection direction;
    direction.term = entry.term;
    direction.gamma = map.col(entry.row) * map.col(entry.column).transpose();
    if (entry.row != entry.column) direction.gamma += direction.gamma.transpose().eval();
    directions.push_back(direction);
  }
  const Projection projection(factor);
  const ExpectedInformation sums(factor, deviance->reml(), projection.cx());
  parts.degrees = deviance->degrees();
  Vector trace(k);
  for (int i = 0; i < k; ++i) trace[i] = sums.trace(directions[i]);
  // sigma^2 is profiled out: the part of every direction along V itself is taken off
  const Matrix whole = sums.traces(directions);
  Matrix information = whole - trace * trace.transpose() / parts.degrees;
  const std::vector<Matrix> forms = projection.fixed_forms(directions);
  std::vector<int> all_held = held;
  if (!deviance->reml()) hold_reproduced(*deviance, trace, forms, &all_held);
  for (int i = 0; i < k; ++i) {
    const bool is_held = std::find(all_held.begin(), all_held.end(), i) != all_held.end();
    if (is_held || !(whole(i, i) > 0)) continue;
    parts.least_kept = std::min(parts.least_kept, information(i, i) / whole(i, i));
  }
  for (int i : all_held) {
    information.row(i).setZero();
    information.col(i).setZero();
  }
  parts.weight = scaled_inverse(information, 1e-12);
  parts.offset = -trace / parts.degrees;
  const Matrix half = half_phi(*deviance);
  parts.phi = half.transpose() * half;
  parts.adjusted = parts.phi;
  parts.phi_moves = phi_moves(*deviance, forms);
  if (!adjust || p == 0) return parts;
  parts.scaled = true;
  // (G_i C_X)'C (G_j C_X)
  const Matrix q = projection.quadratic(projection.move_fixed(directions));
  Matrix total = Matrix::Zero(p, p);
  for (int i = 0; i < k; ++i) {
    const Matrix solved = factor.x_factor().triangularView<Eigen::Lower>().solve(forms[i]);
    for (int j = 0; j < k; ++j) {
      const Matrix other = factor.x_factor().triangularView<Eigen::Lower>().solve(forms[j]);
      total += 2 * parts.weight(i, j) * (q.block(i * p, j * p, p, p) - solved.transpose() * other);
    }
  }
  total = (0.5 * (total + total.transpose())).eval();
  parts.adjusted += 2 * Eigen::Map<const Matrix>(phi_moves(*deviance, {total}).data(), p, p);
  return parts;
}

double degrees_of_freedom(const ContrastParts& parts, double kappa, const Vector& moves) {
  if (!(kappa > 0)) return std::numeric_limits<double>::quiet_NaN();
  const Vector h = parts.offset + moves / kappa;
  return 1 / (1 / parts.degrees + h.dot(parts.weight * h));
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

JointResult joint_test(const ContrastParts& parts, const ConstMatrixRef& l,
                       const ConstVectorRef& estimate, double sigma2) {
  JointResult result;
  result.denominator_df = result.f = std::numeric_limits<double>::quiet_NaN();
  if (l.rows() == 0) return result;
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(Matrix(l * parts.phi * l.transpose()));
  const Vector& values = eigen.eigenvalues();
  const double limit = std::sqrt(std::numeric_limits<double>::epsilon()) * values.maxCoeff();
  std::vector<Index> kept;
  for (Index i = values.size() - 1; i >= 0; --i) {
    if (values[i] > limit && values[i] > 0) kept.push_back(i);
  }
  const Index q = static_cast<Index>(kept.size());
  result.numerator_df = static_cast<double>(q);
  if (q == 0) return result;
  Matrix rows(q, l.cols());
  Vector difference(q);
  for (Index i = 0; i < q; ++i) {
    rows.row(i) = eigen.eigenvectors().col(kept[i]).transpose() * l;
    difference[i] = eigen.eigenvectors().col(kept[i]).dot(estimate);
  }
  const Matrix covariance = rows * parts.adjusted * rows.transpose();
  result.f =
      difference.dot(covariance.ldlt().solve(difference)) / (sigma2 * static_cast<double>(q));
  if (!parts.scaled || q == 1) {
    result.denominator_df = joined_df(contrast_rows(parts, rows).df);
    return result;
  }
  // Theta Phi_i with Theta = L'(L Phi L')^-1 L, in the basis where L Phi L' is the identity
  for (Index i = 0; i < q; ++i) rows.row(i) /= std::sqrt(values[kept[i]]);
  const Index k = parts.weight.rows();
  const Index p = l.cols();
  Matrix moves(q * q, k);
  Vector traces(k);
  for (Index i = 0; i < k; ++i) {
    const ConstMatrixMap move(parts.phi_moves.col(i).data(), p, p);
    MatrixMap own(moves.col(i).data(), q, q);
    own = rows * move * rows.transpose();
    own.diagonal().array() += parts.offset[i];
    traces[i] = own.trace();
  }
  const double size = static_cast<double>(q);
  const double a1 = 2 * size * size / parts.degrees + 2 * traces.dot(parts.weight * traces);
  const double a2 =
      2 * size / parts.degrees + 2 * (moves.transpose() * moves).cwiseProduct(parts.weight).sum();
  const KenwardRogerScale scale = kenward_roger_scale(a1, a2, size);
  result.denominator_df = scale.df;
  result.f *= scale.scale;
  return result;
}

}  // namespace henderson
