#include "covariance/random_part.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "algebra/eigen_decompositions.h"
#include "algebra/symmetric.h"

namespace henderson {

namespace {

// dG_k/dL_i of G = L L', for the coordinates of one cone (first ones of x: its factor).
Matrix cone_jacobian(const Cone& cone, const Vector& x) {
  const Matrix l = cone_factor(cone, x);
  Cone own = cone;
  own.first = 0;
  const int n = own.n_coordinates();
  Matrix jacobian(n, n);
  Vector column(n);
  int at = 0;
  for (int c = 0; c < cone.size; ++c) {
    for (int r = c; r < cone.size; ++r, ++at) {
      Matrix moved = Matrix::Zero(cone.size, cone.size);
      moved.row(r) += l.col(c).transpose();
      moved.col(r) += l.col(c);
      set_cone_matrix(own, moved, &column);
      jacobian.col(at) = column;
    }
  }
  return jacobian;
}

// From the chart of covariances to that of factors, for a structure's coordinates.
Matrix chart_jacobian(const std::vector<Cone>& cones, const Vector& x) {
  Matrix jacobian = Matrix::Identity(x.size(), x.size());
  for (const Cone& cone : cones) {
    const int n = cone.n_coordinates();
    jacobian.block(cone.first, cone.first, n, n) = cone_jacobian(cone, x);
  }
  return jacobian;
}

double inner(const Matrix& a, const Matrix& b) { return a.cwiseProduct(b).sum(); }

}  // namespace

std::vector<LevelPrecision> level_precisions(const std::vector<TermStructures>& terms) {
  std::vector<LevelPrecision> precisions;
  bool any = false;
  for (const TermStructures& term : terms) {
    const auto& own = term.front().precision;
    precisions.push_back(own ? *own : LevelPrecision());
    any = any || own;
  }
  if (!any) precisions.clear();
  return precisions;
}

RandomPart::RandomPart(std::vector<TermStructures> structures, const std::vector<int>& n_levels,
                       std::vector<Matrix> bases, std::vector<Matrix> inverses)
    : structures_(std::move(structures)), bases_(std::move(bases)), inverses_(std::move(inverses)) {
  for (std::size_t t = 0; t < structures_.size(); ++t) {
    size_.push_back(static_cast<int>(bases_[t].rows()));
    for (const PlacedStructure& placed : structures_[t]) {
      Part part;
      part.term = static_cast<int>(t);
      part.first_column = placed.first_column;
      part.first_parameter = placed.first_parameter;
      part.v = placed.n_columns();
      part.n_parameters = placed.n_parameters();
      part.structure = placed.structure.get();
      part.cones = placed.structure->cones();
      coordinates_.size += part.n_parameters;
      for (Cone cone : part.cones) {
        cone.first += part.first_parameter;
        cone.levels = n_levels[t];
        coordinates_.cones.push_back(cone);
      }
      if (!part.structure->has_entries()) {
        has_entries_ = false;
        const Vector k = bases_[t].diagonal().segment(part.first_column, part.v);
        const Vector one = Vector::Constant(part.v, std::exp(k.array().log().mean()));
        const Vector scale = part.structure->basis() == Basis::kOneScale ? one : k;
        part.multipliers = part.structure->multipliers(scale);
        part.rest = k.cwiseQuotient(scale);
      }
      parts_.push_back(std::move(part));
    }
  }
}

std::vector<LambdaEntry> RandomPart::entries() const {
  if (!has_entries_) return {};
  std::vector<LambdaEntry> result(n_parameters());
  for (const Part& part : parts_) {
    each_entry(part, [&](int i, int r, int c) { result[i] = {part.term, r, c}; });
  }
  return result;
}

std::vector<Matrix> RandomPart::zeros() const {
  std::vector<Matrix> result;
  for (const int v : size_) result.push_back(Matrix::Zero(v, v));
  return result;
}

Vector RandomPart::start() const {
  Vector x(n_parameters());
  for (const Part& part : parts_) {
    x.segment(part.first_parameter, part.n_parameters) = part.structure->start();
  }
  return x;
}

std::vector<Vector> RandomPart::other_starts() const {
  std::vector<Vector> result;
  for (const Part& part : parts_) {
    const std::vector<Vector> own = part.structure->other_starts();
    for (std::size_t k = 0; k < own.size(); ++k) {
      if (k == result.size()) result.push_back(start());
      result[k].segment(part.first_parameter, part.n_parameters) = own[k];
    }
  }
  return result;
}

std::vector<Matrix> RandomPart::factors(const Vector& x) const {
  std::vector<Matrix> lambda = zeros();
  for (const Part& part : parts_) {
    Matrix& target = lambda[part.term];
    if (part.structure->has_entries()) {
      each_entry(part, [&](int i, int r, int c) { target(r, c) = x[i]; });
    } else {
      target.block(part.first_column, part.first_column, part.v, part.v) =
          part.rest.asDiagonal() * part.structure->factor(own(part, x));
    }
  }
  return lambda;
}

std::vector<Matrix> RandomPart::natural_factors(const Vector& theta) const {
  std::vector<Matrix> lambda = zeros();
  for (const Part& part : parts_) {
    const Vector x = part.structure->from_theta(own(part, theta));
    lambda[part.term].block(part.first_column, part.first_column, part.v, part.v) =
        part.structure->factor(x);
  }
  return lambda;
}

// dGamma~/dx_i of one structure in the chart of covariances.
std::vector<Matrix> RandomPart::derivatives(const Part& part, const Vector& own) const {
  std::vector<Matrix> result;
  for (int i = 0; i < part.n_parameters; ++i) {
    Matrix d = part.structure->derivative(own, i);
    if (part.rest.size() > 0) d = part.rest.asDiagonal() * d * part.rest.asDiagonal();
    result.push_back(std::move(d));
  }
  return result;
}

std::vector<CovarianceDirection> RandomPart::directions(const Vector& x, Chart chart) const {
  std::vector<CovarianceDirection> result(n_parameters());
  for (const Part& part : parts_) {
    const Vector here = own(part, x);
    std::vector<Matrix> d = derivatives(part, here);
    if (chart == Chart::kFactor) {
      const Matrix jacobian = chart_jacobian(part.cones, here);
      std::vector<Matrix> moved(part.n_parameters, Matrix::Zero(part.v, part.v));
      for (int i = 0; i < part.n_parameters; ++i) {
        for (int j = 0; j < part.n_parameters; ++j) {
          if (jacobian(j, i) != 0) moved[i] += jacobian(j, i) * d[j];
        }
      }
      d = std::move(moved);
    }
    for (int i = 0; i < part.n_parameters; ++i) {
      CovarianceDirection& direction = result[part.first_parameter + i];
      direction.term = part.term;
      direction.gamma = Matrix::Zero(size_[part.term], size_[part.term]);
      direction.gamma.block(part.first_column, part.first_column, part.v, part.v) = d[i];
    }
  }
  return result;
}

Matrix RandomPart::bend(const Vector& x, Chart chart, const std::vector<Matrix>& s) const {
  constexpr double kStep = 1e-5;  // errors of 1e-10, of second differences' size
  Matrix result = Matrix::Zero(n_parameters(), n_parameters());
  for (const Part& part : parts_) {
    const Vector here = own(part, x);
    const int n = part.n_parameters;
    const Matrix score = s[part.term].block(part.first_column, part.first_column, part.v, part.v);
    Matrix bent = Matrix::Zero(n, n);
    if (!part.structure->has_entries()) {
      // by x; for an entry of a cone of one, dg = 2 x dx
      for (int i = 0; i < n; ++i) {
        const double step = kStep * std::max(1.0, std::abs(here[i]));
        Vector moved = here;
        moved[i] = here[i] + step;
        const std::vector<Matrix> above = derivatives(part, moved);
        moved[i] = here[i] - step;
        const std::vector<Matrix> below = derivatives(part, moved);
        for (int j = 0; j < n; ++j) {
          bent(i, j) = inner(score, Matrix(above[j] - below[j])) / (2 * step);
        }
      }
      for (const Cone& cone : part.cones) bent.row(cone.first) /= 2 * here[cone.first];
      bent = (0.5 * (bent + bent.transpose())).eval();
    }
    if (chart == Chart::kFactor) {
      const Matrix jacobian = chart_jacobian(part.cones, here);
      bent = (jacobian.transpose() * bent * jacobian).eval();
      const std::vector<Matrix> d = derivatives(part, here);
      Vector slope(n);
      for (int i = 0; i < n; ++i) slope[i] = inner(score, d[i]);
      for (const Cone& cone : part.cones) {
        const Matrix own_score = cone_gradient(cone, slope);
        for (int c = 0; c < cone.size; ++c) {
          const int w = cone.size - c;
          bent.block(cone.pivot(c), cone.pivot(c), w, w) += 2 * own_score.bottomRightCorner(w, w);
        }
      }
    }
    result.block(part.first_parameter, part.first_parameter, n, n) = bent;
  }
  return result;
}

Vector RandomPart::gradient(const Vector& x, Chart chart, const std::vector<Matrix>& by_lambda,
                            const std::vector<Matrix>& s) const {
  Vector result(n_parameters());
  for (const Part& part : parts_) {
    if (part.structure->has_entries()) {
      const Matrix& source = (chart == Chart::kFactor ? by_lambda : s)[part.term];
      each_entry(part, [&](int i, int r, int c) {
        result[i] = (chart == Chart::kFactor || r == c ? 1 : 2) * source(r, c);
      });
      continue;
    }
    const Vector here = own(part, x);
    const Matrix score = s[part.term].block(part.first_column, part.first_column, part.v, part.v);
    const std::vector<Matrix> d = derivatives(part, here);
    Vector slope(part.n_parameters);
    for (int i = 0; i < part.n_parameters; ++i) slope[i] = inner(score, d[i]);
    if (chart == Chart::kFactor) slope = chart_jacobian(part.cones, here).transpose() * slope;
    result.segment(part.first_parameter, part.n_parameters) = slope;
  }
  return result;
}

// Entries of F = L Q' structure by structure: what allows only scales stays as it is, what allows
// any basis is brought back to lower triangular form.
Matrix RandomPart::refactor(const Matrix& factor, int term, Matrix* rotation) const {
  const Index v = factor.rows();
  Matrix result = Matrix::Zero(v, v);
  *rotation = Matrix::Identity(v, v);
  for (const Part& part : parts_) {
    if (part.term != term) continue;
    const auto block = factor.block(part.first_column, part.first_column, part.v, part.v);
    auto target = result.block(part.first_column, part.first_column, part.v, part.v);
    if (part.structure->basis() != Basis::kAny || block.isLowerTriangular(0)) {
      target = block;
      continue;
    }
    Matrix own;
    target = canonical_factor(block, &own);
    rotation->block(part.first_column, part.first_column, part.v, part.v) = own;
  }
  return result;
}

Vector RandomPart::to_standard(const Vector& theta, std::vector<Matrix>* rotations) const {
  std::vector<Matrix> lambda = natural_factors(theta);
  for (std::size_t t = 0; t < lambda.size(); ++t) {
    Matrix rotation;
    lambda[t] = refactor(bases_[t] * lambda[t], static_cast<int>(t), &rotation);
    if (rotations != nullptr) rotations->push_back(rotation);
  }
  Vector x(n_parameters());
  for (const Part& part : parts_) {
    if (part.structure->has_entries()) {
      each_entry(part, [&](int i, int r, int c) { x[i] = lambda[part.term](r, c); });
    } else {
      x.segment(part.first_parameter, part.n_parameters) =
          part.multipliers.cwiseProduct(part.structure->from_theta(own(part, theta)));
    }
  }
  return x;
}

Vector RandomPart::to_natural(const Vector& x, std::vector<Matrix>* rotations) const {
  std::vector<Matrix> lambda = factors(x);
  for (std::size_t t = 0; t < lambda.size(); ++t) {
    Matrix rotation;
    lambda[t] = refactor(inverses_[t] * lambda[t], static_cast<int>(t), &rotation);
    for (Index c = 0; c < lambda[t].cols(); ++c) {
      if (lambda[t](c, c) < 0) {
        lambda[t].col(c) = -lambda[t].col(c);
        rotation.col(c) = -rotation.col(c);
      }
    }
    if (rotations != nullptr) rotations->push_back(rotation);
  }
  Vector theta(n_parameters());
  for (const Part& part : parts_) {
    if (part.structure->has_entries()) {
      each_entry(part, [&](int i, int r, int c) { theta[i] = lambda[part.term](r, c); });
    } else {
      theta.segment(part.first_parameter, part.n_parameters) = part.structure->to_theta(
          part.structure->canonical(own(part, x).cwiseQuotient(part.multipliers)));
    }
  }
  return theta;
}

}  // namespace henderson
