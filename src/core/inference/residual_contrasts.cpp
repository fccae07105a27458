#include "inference/residual_contrasts.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace henderson {

ContrastParts residual_parts(ResidualObjective* objective, const Vector& theta, const Vector& phi) {
  constexpr double kStep = 1e-5;
  const Index n = theta.size();
  const Index count = n + phi.size();
  GaussianObjective& gaussian = objective->gaussian();
  ContrastParts parts;
  parts.hessian = Matrix::Zero(count, count);
  parts.free.assign(count, 1);
  parts.exact_hessian = false;
  parts.degrees = gaussian.degrees();
  parts.offset = Vector::Zero(count);
  const auto scaled_phi = [&] {
    const Matrix half = gaussian.factor().x_factor().triangularView<Eigen::Lower>().solve(
        Matrix(gaussian.fixed_map().transpose()));
    return Matrix(half.transpose() * half);
  };
  objective->natural_gradient(theta, phi);
  const std::vector<CovarianceDirection> directions =
      n > 0 ? gaussian.random().natural_directions(theta) : std::vector<CovarianceDirection>();
  parts.phi = scaled_phi();
  parts.adjusted = parts.phi;
  parts.phi_moves = Matrix::Zero(parts.phi.size(), count);
  Vector at(count);
  at << theta, phi;
  for (Index i = 0; i < count; ++i) {
    double step = kStep;
    if (i < n) {
      if (directions[i].gamma.isZero(0)) {
        parts.free[i] = 0;
        continue;
      }
      step *= std::max(std::abs(theta[i]), 1e-2);
      if (gaussian.random().has_entries()) {
        // relative to what the column is in standardized units
        const LambdaEntry& entry = gaussian.entries()[i];
        const Matrix& inverse = gaussian.basis().z_inverse[entry.term];
        step = kStep * std::max(std::abs(theta[i]), std::abs(inverse(entry.row, entry.row)));
      }
    }
    Vector moved = at;
    moved[i] = at[i] + step;
    const Vector above = objective->natural_gradient(moved.head(n), moved.tail(phi.size()));
    if (above.size() == 0) throw std::runtime_error("no criterion beside the fit");
    const double log_above = std::log(gaussian.factor().residual_ss());
    const Matrix phi_above = scaled_phi();
    const double up = moved[i];
    moved[i] = at[i] - step;
    const Vector below = objective->natural_gradient(moved.head(n), moved.tail(phi.size()));
    if (below.size() == 0) throw std::runtime_error("no criterion beside the fit");
    const double width = up - moved[i];
    parts.hessian.col(i) = (above - below) / width;
    parts.offset[i] = (log_above - std::log(gaussian.factor().residual_ss())) / width;
    const Matrix change = (phi_above - scaled_phi()) / width;
    parts.phi_moves.col(i) = Eigen::Map<const Vector>(change.data(), change.size());
  }
  for (Index i = 0; i < count; ++i) {
    if (parts.free[i] == 0) parts.hessian.row(i).setZero();
  }
  parts.hessian = (0.5 * (parts.hessian + parts.hessian.transpose())).eval();
  parts.weight = scaled_inverse(parts.hessian, 1e-9);
  objective->natural_gradient(theta, phi);
  return parts;
}

namespace {

// tr(a b) of symmetric or other matrices; zero where one is empty.
double trace_of(const Matrix& a, const Matrix& b) {
  return a.size() == 0 || b.size() == 0 ? 0 : a.cwiseProduct(b.transpose()).sum();
}

// Sums over types of cliques, by the derivatives V_i of their covariance matrices V.
class ExpectedSums {
 public:
  ExpectedSums(ResidualObjective* objective, const Vector& phi)
      : objective_(*objective),
        model_(objective->model()),
        inverse_(objective->inverses()),
        point_(objective->structure(), phi, true),
        k_(phi.size()),
        p_(objective->moments().p()) {
    const GaussianObjective& gaussian = objective_.gaussian();
    half_ = gaussian.factor().x_factor().triangularView<Eigen::Lower>().solve(
        Matrix(gaussian.basis().x_scale.cwiseInverse().asDiagonal()));
  }

  // half R_i half', R_i = X'V^-1 V_i V^-1 X, for half'half = Phi of centred columns.
  std::vector<Matrix> forms() const;
  // tr(V^-1 V_i), tr(V^-1 V_i V^-1 V_j) and tr(Phi X'V^-1 V_i V^-1 V_j V^-1 X).
  void traces(Vector* first, Matrix* second, Matrix* fixed) const;
  // half sum_ij w_ij X'V^-1 V_i V^-1 V_j V^-1 X half'.
  Matrix weighted(const Matrix& w) const;

 private:
  Matrix combine(const Vector& coefficients) const;

  ResidualObjective& objective_;
  const ResidualModel& model_;
  const std::vector<Matrix>& inverse_;
  ResidualPoint point_;
  Index k_, p_;
  Matrix half_;
};

Matrix ExpectedSums::combine(const Vector& coefficients) const {
  const Matrix sums = model_.sums.dense_moves(coefficients);
  const ConstMatrixMap all(sums.data(), p_ + 1, p_ + 1);
  return half_ * all.topLeftCorner(p_, p_) * half_.transpose();
}

// The elements of a matrix for a clique, in the places of its sets.
void take_elements(const CliqueType& type, int first, const Matrix& element, Vector* coefficients) {
  for (Index a = 0; a < element.rows(); ++a) {
    for (Index b = 0; b <= a; ++b) {
      (*coefficients)[first + type.set(a, b)] = 0.5 * (element(a, b) + element(b, a));
    }
  }
}

std::vector<Matrix> ExpectedSums::forms() const {
  std::vector<Vector> coefficients(k_, Vector::Zero(model_.sums.n_sets()));
  for (std::size_t c = 0; c < model_.types.size(); ++c) {
    const std::vector<Matrix> moves = point_.derivatives(model_.types[c].places);
    for (Index i = 0; i < k_; ++i) {
      if (moves[i].size() == 0) continue;
      take_elements(model_.types[c], model_.first_set[c], inverse_[c] * moves[i] * inverse_[c],
                    &coefficients[i]);
    }
  }
  std::vector<Matrix> result;
  for (const Vector& own : coefficients) result.push_back(combine(own));
  return result;
}

void ExpectedSums::traces(Vector* first, Matrix* second, Matrix* fixed) const {
  *first = Vector::Zero(k_);
  *second = *fixed = Matrix::Zero(k_, k_);
  // tr(Phi X'S_k X) of each set
  CrossProducts weight = objective_.moments();
  weight.xy.setZero();
  weight.xy.topLeftCorner(p_, p_) = half_.transpose() * half_;
  const Vector by_set = model_.sums.contract(weight);
  for (std::size_t c = 0; c < model_.types.size(); ++c) {
    const CliqueType& type = model_.types[c];
    const Index n = inverse_[c].rows();
    Matrix own = Matrix::Zero(n, n);
    std::vector<char> seen(type.n_sets, 0);
    for (Index a = 0; a < n; ++a) {
      for (Index b = 0; b <= a; ++b) {
        if (seen[type.set(a, b)]++ > 0) continue;
        own(a, b) += 0.5 * by_set[model_.first_set[c] + type.set(a, b)];
        own(b, a) += 0.5 * by_set[model_.first_set[c] + type.set(a, b)];
      }
    }
    const Matrix right = inverse_[c] * own;
    std::vector<Matrix> solved = point_.derivatives(type.places);
    for (Matrix& one : solved) {
      if (one.size() > 0) one = (inverse_[c] * one).eval();
    }
    for (Index i = 0; i < k_; ++i) {
      if (solved[i].size() == 0) continue;
      (*first)[i] += type.count * solved[i].trace();
      const Matrix moved = right * solved[i];
      for (Index j = 0; j < k_; ++j) {
        (*second)(i, j) += type.count * trace_of(solved[i], solved[j]);
        (*fixed)(i, j) += trace_of(moved, solved[j]);
      }
    }
  }
}

Matrix ExpectedSums::weighted(const Matrix& w) const {
  Vector coefficients = Vector::Zero(model_.sums.n_sets());
  for (std::size_t c = 0; c < model_.types.size(); ++c) {
    const Index n = inverse_[c].rows();
    const std::vector<Matrix> moves = point_.derivatives(model_.types[c].places);
    Matrix sum = Matrix::Zero(n, n);
    for (Index i = 0; i < k_; ++i) {
      if (moves[i].size() == 0) continue;
      Matrix other = Matrix::Zero(n, n);
      for (Index j = 0; j < k_; ++j) {
        if (moves[j].size() > 0) other += w(i, j) * moves[j];
      }
      sum += moves[i] * inverse_[c] * other;
    }
    take_elements(model_.types[c], model_.first_set[c], inverse_[c] * sum * inverse_[c],
                  &coefficients);
  }
  return combine(coefficients);
}

}  // namespace

namespace {

void evaluate_at(ResidualObjective* objective, const Vector& phi) {
  GaussianObjective& gaussian = objective->gaussian();
  if (gaussian.system().layout->n_terms() > 0) {
    throw std::invalid_argument("expected information is for models without random effects");
  }
  if (!objective->move_to(phi) || !std::isfinite(gaussian.value(Vector(0)))) {
    throw std::runtime_error("no criterion at the fit");
  }
}

// L_x^-1 times the map to columns as given: Phi = (.)'(.).
Matrix given_half(const GaussianObjective& gaussian) {
  return gaussian.factor().x_factor().triangularView<Eigen::Lower>().solve(
      Matrix(gaussian.fixed_map().transpose()));
}

}  // namespace

ContrastParts residual_expected_parts(ResidualObjective* objective, const Vector& phi) {
  evaluate_at(objective, phi);
  const Index k = phi.size();
  const GaussianObjective& gaussian = objective->gaussian();
  const Index p = objective->moments().p();
  const ExpectedSums sums(objective, phi);
  ContrastParts parts;
  parts.degrees = gaussian.degrees();
  const Matrix half = given_half(gaussian);
  parts.phi = half.transpose() * half;
  parts.adjusted = parts.phi;
  const std::vector<Matrix> forms = sums.forms();
  parts.phi_moves = Matrix::Zero(p * p, k);
  for (Index i = 0; i < k; ++i) {
    MatrixMap(parts.phi_moves.col(i).data(), p, p) = half.transpose() * forms[i] * half;
  }
  Vector expected;
  Matrix information, fixed;
  sums.traces(&expected, &information, &fixed);
  if (gaussian.reml()) {
    for (Index i = 0; i < k; ++i) {
      expected[i] -= forms[i].trace();
      for (Index j = 0; j < k; ++j) {
        information(i, j) += trace_of(forms[i], forms[j]) - fixed(i, j) - fixed(j, i);
      }
    }
  }
  parts.offset = -expected / parts.degrees;
  parts.weight =
      scaled_inverse(information - expected * expected.transpose() / parts.degrees, 1e-12);
  return parts;
}

// Phi + 2 Phi [sum W_ij (Q_ij - R_i Phi R_j)] Phi, W twice the weight.
ContrastParts residual_adjusted_parts(ResidualObjective* objective, const Vector& phi) {
  evaluate_at(objective, phi);
  ContrastParts parts = residual_parts(objective, Vector(0), phi);
  parts.scaled = true;
  if (objective->moments().p() == 0) return parts;
  const ExpectedSums sums(objective, phi);
  const std::vector<Matrix> forms = sums.forms();
  const Matrix w = 2 * parts.weight;
  Matrix total = sums.weighted(w);
  for (Index i = 0; i < phi.size(); ++i) {
    for (Index j = 0; j < phi.size(); ++j) total -= w(i, j) * forms[i] * forms[j];
  }
  total = (0.5 * (total + total.transpose())).eval();
  const Matrix half = given_half(objective->gaussian());
  parts.adjusted += 2 * half.transpose() * total * half;
  return parts;
}

}  // namespace henderson
