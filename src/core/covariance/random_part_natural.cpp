// RandomPart by the parameters that users see: theta, and variances with correlations.
#include <algorithm>
#include <cmath>
#include <utility>

#include "algebra/eigen_decompositions.h"
#include "covariance/random_part.h"

namespace henderson {

namespace {

double inner(const Matrix& a, const Matrix& b) { return a.cwiseProduct(b).sum(); }

// dx_i/dtheta_j, zero for theta at a bound: there it moves one way only, and x not at all.
Matrix inverse_jacobian(const CovarianceStructure& structure, const Vector& x) {
  const std::vector<char> bound = structure.at_bound(x);
  std::vector<Index> free;
  for (Index i = 0; i < x.size(); ++i) {
    if (bound[i] == 0) free.push_back(i);
  }
  const Matrix jacobian = structure.jacobian(x);
  const Index n = static_cast<Index>(free.size());
  Matrix own(n, n);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < n; ++j) own(i, j) = jacobian(free[i], free[j]);
  }
  const Matrix solved = own.partialPivLu().solve(Matrix(Matrix::Identity(n, n)));
  Matrix result = Matrix::Zero(x.size(), x.size());
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < n; ++j) result(free[i], free[j]) = solved(i, j);
  }
  return result;
}

// Deviations that others are correlated with, as at zero there is no derivative by their squares.
Vector off_zero(const std::vector<Cone>& cones, Vector x) {
  constexpr double kLeast = 1e-7;
  for (const Cone& cone : cones) x[cone.first] = std::max(std::abs(x[cone.first]), kLeast);
  return x;
}

// Derivatives by theta from those by variances.
std::vector<Matrix> by_theta(const std::vector<Cone>& cones, const Vector& theta,
                             std::vector<Matrix> derivatives) {
  for (const Cone& cone : cones) derivatives[cone.first] *= 2 * theta[cone.first];
  return derivatives;
}

// A step for differences by one of theta that ends at no bound.
double free_step(const CovarianceStructure& structure, const Vector& theta, int i) {
  double step = 1e-5 * std::max(std::abs(theta[i]), 1e-2);
  for (int halved = 0; halved < 8; ++halved, step /= 4) {
    const Vector unit = step * Vector::Unit(theta.size(), i);
    const auto above = structure.at_bound(structure.from_theta(theta + unit));
    const auto below = structure.at_bound(structure.from_theta(theta - unit));
    if (above[i] == 0 && below[i] == 0) break;
  }
  return step;
}

}  // namespace

// A direction of one structure's Gamma for columns as given.
CovarianceDirection RandomPart::placed(const Part& part, const Matrix& gamma) const {
  const Matrix k = bases_[part.term].middleCols(part.first_column, part.v);
  return {part.term, k * gamma * k.transpose()};
}

// dx_i/dtheta_j of a structure whose parameters are no entries of Lambda.
Matrix RandomPart::natural_rates(const Part& part, const Vector& theta) const {
  return inverse_jacobian(*part.structure, off_zero(part.cones, part.structure->from_theta(theta)));
}

// dGamma/dtau of a structure whose parameters are no entries of Lambda, for columns as given.
std::vector<Matrix> RandomPart::by_variances(const Part& part, const Vector& theta) const {
  const Vector x = off_zero(part.cones, part.structure->from_theta(theta));
  const Matrix rate = natural_rates(part, theta);
  std::vector<Matrix> by_x;
  for (int i = 0; i < part.n_parameters; ++i) by_x.push_back(part.structure->derivative(x, i));
  std::vector<Matrix> result;
  for (int i = 0; i < part.n_parameters; ++i) {
    Matrix moved = Matrix::Zero(part.v, part.v);
    for (int j = 0; j < part.n_parameters; ++j) {
      if (rate(j, i) != 0) moved += rate(j, i) * by_x[j];
    }
    result.push_back(std::move(moved));
  }
  return result;
}

std::vector<char> RandomPart::at_bound(const Vector& theta) const {
  std::vector<char> result(n_parameters(), 0);
  for (const Part& part : parts_) {
    const std::vector<char> own_bounds =
        part.structure->at_bound(part.structure->from_theta(own(part, theta)));
    std::copy(own_bounds.begin(), own_bounds.end(), result.begin() + part.first_parameter);
  }
  return result;
}

std::vector<CovarianceDirection> RandomPart::variance_directions(const Vector& theta) const {
  std::vector<CovarianceDirection> result(n_parameters());
  for (const Part& part : parts_) {
    if (part.structure->has_entries()) {
      each_entry(part, [&](int i, int r, int c) {
        const auto& k = bases_[part.term];
        Matrix gamma = k.col(r) * k.col(c).transpose();
        if (r != c) gamma += gamma.transpose().eval();
        result[i] = {part.term, std::move(gamma)};
      });
      continue;
    }
    const std::vector<Matrix> d = by_variances(part, own(part, theta));
    for (int i = 0; i < part.n_parameters; ++i) {
      result[part.first_parameter + i] = placed(part, d[i]);
    }
  }
  return result;
}

std::vector<CovarianceDirection> RandomPart::second_order(const Vector& theta,
                                                          const Matrix& covariance,
                                                          const Vector& with_sigma) const {
  std::vector<CovarianceDirection> result;
  for (const Part& part : parts_) {
    if (part.structure->is_linear()) continue;
    const int n = part.n_parameters;
    const int first = part.first_parameter;
    const Vector here = own(part, theta);
    std::vector<char> squared(n, 0);
    for (const Cone& cone : part.cones) squared[cone.first] = 1;
    const std::vector<Matrix> d = by_variances(part, here);
    Matrix sum = Matrix::Zero(part.v, part.v);
    for (int i = 0; i < n; ++i) {
      if (squared[i] == 0) sum += 2 * with_sigma[first + i] * d[i];
      // differences by theta, of which a deviation's square moves 2 theta times as much
      const double step = free_step(*part.structure, here, i);
      const double moved = squared[i] != 0 ? 2 * here[i] * step : step;
      if (!(moved > 0)) continue;
      const Vector unit = step * Vector::Unit(n, i);
      const std::vector<Matrix> up = by_variances(part, here + unit);
      const std::vector<Matrix> down = by_variances(part, here - unit);
      for (int j = 0; j < n; ++j) {
        sum += covariance(first + i, first + j) / (2 * moved) * (up[j] - down[j]);
      }
    }
    result.push_back(placed(part, sum));
  }
  return result;
}

std::vector<CovarianceDirection> RandomPart::natural_directions(const Vector& theta) const {
  std::vector<CovarianceDirection> result(n_parameters());
  const std::vector<Matrix> lambda = natural_factors(theta);
  for (const Part& part : parts_) {
    if (part.structure->has_entries()) {
      const Matrix& k = bases_[part.term];
      const Matrix moved = k * lambda[part.term];
      each_entry(part, [&](int i, int r, int c) {
        const Matrix half = k.col(r) * moved.col(c).transpose();
        result[i] = {part.term, half + half.transpose()};
      });
      continue;
    }
    const std::vector<Matrix> d =
        by_theta(part.cones, own(part, theta), by_variances(part, own(part, theta)));
    for (int i = 0; i < part.n_parameters; ++i) {
      result[part.first_parameter + i] = placed(part, d[i]);
    }
  }
  return result;
}

Matrix RandomPart::natural_bend(const Vector& theta, const std::vector<Matrix>& s) const {
  Matrix result = Matrix::Zero(n_parameters(), n_parameters());
  for (const Part& part : parts_) {
    const Matrix& k = bases_[part.term];
    const Matrix natural = k.transpose() * s[part.term] * k;
    if (part.structure->has_entries()) {
      each_entry(part, [&](int i, int r, int c) {
        each_entry(part, [&](int j, int q, int d) {
          if (c == d) result(i, j) = 2 * natural(r, q);
        });
      });
      continue;
    }
    const Vector here = own(part, theta);
    const Matrix score = natural.block(part.first_column, part.first_column, part.v, part.v);
    Matrix bent(part.n_parameters, part.n_parameters);
    for (int i = 0; i < part.n_parameters; ++i) {
      const double step = free_step(*part.structure, here, i);
      const Vector unit = step * Vector::Unit(part.n_parameters, i);
      const std::vector<Matrix> above =
          by_theta(part.cones, here + unit, by_variances(part, here + unit));
      const std::vector<Matrix> below =
          by_theta(part.cones, here - unit, by_variances(part, here - unit));
      for (int j = 0; j < part.n_parameters; ++j) {
        bent(i, j) = inner(score, Matrix(above[j] - below[j])) / (2 * step);
      }
    }
    result.block(part.first_parameter, part.first_parameter, part.n_parameters, part.n_parameters) =
        0.5 * (bent + bent.transpose());
  }
  return result;
}

Vector RandomPart::natural_gradient(const Vector& theta, const std::vector<Matrix>& by_lambda,
                                    const std::vector<Matrix>& s,
                                    const std::vector<Matrix>& rotations) const {
  std::vector<Matrix> natural;
  for (std::size_t t = 0; t < by_lambda.size(); ++t) {
    natural.push_back(bases_[t].transpose() * by_lambda[t] * rotations[t].transpose());
  }
  Vector result(n_parameters());
  const std::vector<CovarianceDirection> directions =
      has_entries_ ? std::vector<CovarianceDirection>() : natural_directions(theta);
  for (const Part& part : parts_) {
    if (part.structure->has_entries()) {
      each_entry(part, [&](int i, int r, int c) { result[i] = natural[part.term](r, c); });
      continue;
    }
    for (int i = part.first_parameter; i < part.first_parameter + part.n_parameters; ++i) {
      result[i] = inner(s[part.term], directions[i].gamma);
    }
  }
  return result;
}

}  // namespace henderson
