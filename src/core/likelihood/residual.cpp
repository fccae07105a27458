#include "likelihood/residual.h"

#include <cmath>
#include <limits>
#include <utility>

#include "algebra/eigen_decompositions.h"
#include "likelihood/residual_gradient.h"
#include "likelihood/traces.h"

namespace henderson {

namespace {

constexpr double kStep = 1e-5;  // of phi, which are of order one

// <A, B'> where B may be empty for zero.
double inner(const Matrix& a, const Matrix& b) {
  return b.size() == 0 ? 0 : a.cwiseProduct(b.transpose()).sum();
}

}  // namespace

ResidualModel make_residual_model(const DataRows& rows, const CrossProducts& model,
                                  std::shared_ptr<const ResidualStructure> structure,
                                  const std::vector<int>& group,
                                  const std::vector<ResidualPlace>& places, bool whole_groups) {
  Cliques cliques = find_cliques(*structure, group, places, whole_groups);
  std::vector<int> first_set;
  int n_sets = 0;
  for (const CliqueType& type : cliques.types) {
    first_set.push_back(n_sets);
    n_sets += type.n_sets;
  }
  std::vector<RowProduct> products;
  for (const Clique& clique : cliques.all) {
    const CliqueType& type = cliques.types[clique.type];
    for (std::size_t a = 0; a < clique.rows.size(); ++a) {
      for (std::size_t b = 0; b <= a; ++b) {
        const int set = type.set(static_cast<Index>(a), static_cast<Index>(b));
        products.push_back({clique.rows[a], clique.rows[b], first_set[clique.type] + set});
      }
    }
  }
  return {std::move(structure), std::move(cliques.types), std::move(first_set),
          ResidualSums(rows, model, products, n_sets), model.sum_log_w};
}

ResidualObjective::ResidualObjective(const ResidualModel& residual, const CrossProducts& model,
                                     const std::vector<TermStructures>& structures, bool reml)
    : residual_(residual), moments_(residual.sums.empty(model)) {
  if (!move_to(structure().start())) moments_.xy = model.xy;
  gaussian_ = std::make_unique<GaussianObjective>(moments_, structures, reml);
  coordinates_ = gaussian_->coordinates();
  coordinates_.size += static_cast<int>(n_phi());
}

Vector ResidualObjective::start() const {
  Vector point(coordinates_.size);
  point << gaussian_->random().start(), structure().start();
  return point;
}

bool ResidualObjective::move_to(const Vector& phi) {
  if (phi_.size() == phi.size() && phi_ == phi && !inverse_.empty()) return defined_;
  phi_ = phi;
  defined_ = false;
  if (!phi.allFinite() || (phi.size() > 0 && phi.cwiseAbs().maxCoeff() > 100)) return false;
  inverse_.clear();
  const ResidualPoint here(structure(), phi, false);
  log_det_ = 0;
  Vector coefficients = Vector::Zero(residual_.sums.n_sets());
  for (std::size_t c = 0; c < residual_.types.size(); ++c) {
    const CliqueType& type = residual_.types[c];
    const Matrix v = here.covariance(type.places);
    const Eigen::LLT<Matrix> factor(v);
    if (factor.info() != Eigen::Success) return false;
    const Matrix l = factor.matrixL();
    log_det_ += type.sign * type.count * 2 * l.diagonal().array().log().sum();
    inverse_.push_back(factor.solve(Matrix::Identity(v.rows(), v.rows())));
    for (Index a = 0; a < v.rows(); ++a) {
      for (Index b = 0; b <= a; ++b) {
        coefficients[residual_.first_set[c] + type.set(a, b)] = type.sign * inverse_[c](a, b);
      }
    }
  }
  if (!coefficients.allFinite() || !std::isfinite(log_det_)) return false;
  residual_.sums.combine(coefficients, &moments_);
  moments_.sum_log_w = residual_.sum_log_w - log_det_;
  defined_ = true;
  if (gaussian_) gaussian_->refill();
  return true;
}

// d log|R| = sum s_c tr(V_c^-1 dV_c); dA = -sum s_c S_c (V_c^-1 dV_c V_c^-1), element by element.
ResidualObjective::ByClique ResidualObjective::by_clique() {
  const CrossProductGradient g = cross_product_gradient(gaussian_->mutable_factor(), moments_,
                                                        gaussian_->reml(), gaussian_->degrees());
  const Vector determinants = residual_.sums.contract(g.determinants);
  const Vector residual = residual_.sums.contract(g.residual);
  ByClique result;
  for (std::size_t c = 0; c < residual_.types.size(); ++c) {
    const CliqueType& type = residual_.types[c];
    const Matrix& inverse = inverse_[c];
    const Index n = inverse.rows();
    // by the elements of V_c^-1, of which those of a set are one
    Matrix by_determinants = Matrix::Zero(n, n);
    Matrix by_residual = Matrix::Zero(n, n);
    std::vector<char> seen(type.n_sets, 0);
    for (Index a = 0; a < n; ++a) {
      for (Index b = 0; b <= a; ++b) {
        if (seen[type.set(a, b)]++ > 0) continue;
        const Index at = residual_.first_set[c] + type.set(a, b);
        by_determinants(a, b) += 0.5 * determinants[at];
        by_determinants(b, a) += 0.5 * determinants[at];
        by_residual(a, b) += 0.5 * residual[at];
        by_residual(b, a) += 0.5 * residual[at];
      }
    }
    result.expected.push_back(type.sign *
                              (type.count * inverse - inverse * by_determinants * inverse));
    result.observed.push_back(type.sign * (inverse * by_residual * inverse));
    result.products.push_back(by_determinants + by_residual);
  }
  return result;
}

ResidualObjective::ByPhi ResidualObjective::by_phi(const ByClique& g) const {
  const ResidualPoint here(structure(), phi_, true);
  return {here.contract(residual_.types, g.expected), here.contract(residual_.types, g.observed)};
}

// Of R by itself: sum s_c tr(V_c^-1 dV_i V_c^-1 dV_j).
Matrix ResidualObjective::residual_information() const {
  const Index k = n_phi();
  Matrix result = Matrix::Zero(k, k);
  const ResidualPoint here(structure(), phi_, true);
  for (std::size_t c = 0; c < residual_.types.size(); ++c) {
    const double weight = residual_.types[c].sign * residual_.types[c].count;
    std::vector<Matrix> solved = here.derivatives(residual_.types[c].places);
    for (Matrix& own : solved) {
      if (own.size() > 0) own = (inverse_[c] * own).eval();
    }
    for (Index i = 0; i < k; ++i) {
      if (solved[i].size() == 0) continue;
      for (Index j = 0; j <= i; ++j) {
        const double own = weight * inner(solved[i], solved[j]);
        result(i, j) += own;
        if (j < i) result(j, i) += own;
      }
    }
  }
  return result;
}

// sum_c <G_c, d2V_c> by central differences, on matrices as small as cliques.
Matrix ResidualObjective::bend(const ByClique& g) const {
  const Index k = n_phi();
  std::vector<Matrix> score;
  for (std::size_t c = 0; c < g.expected.size(); ++c) {
    score.push_back(g.expected[c] - g.observed[c]);
  }
  Matrix result(k, k);
  Vector moved = phi_;
  for (Index i = 0; i < k; ++i) {
    moved[i] = phi_[i] + kStep;
    const Vector above = ResidualPoint(structure(), moved, true).contract(residual_.types, score);
    moved[i] = phi_[i] - kStep;
    const Vector below = ResidualPoint(structure(), moved, true).contract(residual_.types, score);
    moved[i] = phi_[i];
    result.col(i) = (above - below) / (2 * kStep);
  }
  return 0.5 * (result + result.transpose());
}

// With Y_i = V_c^-1 dV_i, N_c what the cross-products of a clique have, A_i = dA/dphi_i:
//   sum s_c [2 tr(Y_j V_c^-1 N_c Y_i) - n_c tr(Y_i Y_j)] + bend
//   - [REML] tr(Phi A_i Phi A_j) - 2 (m/r^2) h_i'Phi h_j - observed_i observed_j / m,
// h_i = X'R_i^-1 e, R_i^-1 the derivative of R^-1.
Matrix ResidualObjective::exact_hessian(const ByClique& g, const Evaluation& here) const {
  const Index k = n_phi();
  const Index p = moments_.p();
  Matrix result = bend(g);
  Matrix coefficients = Matrix::Zero(residual_.sums.n_sets(), k);
  const ResidualPoint point(structure(), phi_, true);
  for (std::size_t c = 0; c < residual_.types.size(); ++c) {
    const CliqueType& type = residual_.types[c];
    const Matrix& inverse = inverse_[c];
    const Index n = inverse.rows();
    std::vector<Matrix> solved = point.derivatives(type.places);
    std::vector<Matrix> moved(k);  // V^-1 N Y_i
    const Matrix half = inverse * g.products[c];
    for (Index i = 0; i < k; ++i) {
      if (solved[i].size() == 0) continue;
      solved[i] = (inverse * solved[i]).eval();
      moved[i] = 2 * half * solved[i] - type.count * solved[i];
      const Matrix element = solved[i] * inverse;
      for (Index a = 0; a < n; ++a) {
        for (Index b = 0; b <= a; ++b) {
          coefficients(residual_.first_set[c] + type.set(a, b), i) = -type.sign * element(a, b);
        }
      }
    }
    for (Index i = 0; i < k; ++i) {
      for (Index j = 0; moved[i].size() > 0 && j <= i; ++j) {
        const double own = type.sign * inner(moved[i], solved[j]);
        result(i, j) += own;
        if (j < i) result(j, i) += own;
      }
    }
  }
  const Vector observed = here.expected - here.gradient;
  result -= observed * observed.transpose() / gaussian_->degrees();
  if (p == 0) return result;
  const Matrix moves = residual_.sums.dense_moves(coefficients);
  const Matrix x_half = gaussian_->factor().x_factor().triangularView<Eigen::Lower>().solve(
      Matrix(gaussian_->basis().x_scale.cwiseInverse().asDiagonal()));
  Vector e(p + 1);
  e << -gaussian_->factor().beta().cwiseQuotient(gaussian_->basis().x_scale),
      1 / gaussian_->basis().y_scale;
  e *= std::sqrt(gaussian_->degrees() / gaussian_->factor().residual_ss());
  Matrix squares(p * p, k);
  Matrix slopes(p, k);
  for (Index i = 0; i < k; ++i) {
    const ConstMatrixMap a(moves.col(i).data(), p + 1, p + 1);
    MatrixMap(squares.col(i).data(), p, p) = x_half * a.topLeftCorner(p, p) * x_half.transpose();
    slopes.col(i) = x_half * (a.topRows(p) * e);
  }
  if (gaussian_->reml()) result -= squares.transpose() * squares;
  result -= 2 * slopes.transpose() * slopes;
  return 0.5 * (result + result.transpose());
}

Evaluation ResidualObjective::evaluate(const Vector& point, Order order, Chart chart) {
  Evaluation result;
  const Index n = n_theta();
  if (!move_to(point.tail(n_phi()))) return result;
  if (n > 0) {
    result = gaussian_->evaluate(point.head(n), order, chart);
  } else {
    result.value = gaussian_->value(point.head(0));
    if (std::isfinite(result.value)) result.rounding = gaussian_->rounding(gaussian_->factor());
    result.residual_df = gaussian_->degrees();
  }
  if (!std::isfinite(result.value) || order == Order::kValue) return result;
  const ByClique g = by_clique();
  const ByPhi own = by_phi(g);
  Vector expected(point.size());
  Vector gradient(point.size());
  if (n == 0) result.expected = result.gradient = Vector(0);
  expected << result.expected, own.expected;
  gradient << result.gradient, own.expected - own.observed;
  result.expected = std::move(expected);
  result.gradient = std::move(gradient);
  if (order > Order::kGradient) add_second_order(point, order, chart, g, &result);
  return result;
}

// Far from the minimum the metric counts, that of the residual as if the rest were known.
void ResidualObjective::add_second_order(const Vector& point, Order order, Chart chart,
                                         const ByClique& g, Evaluation* result) {
  const Index n = n_theta();
  const Index k = n_phi();
  const Matrix information = residual_information();
  const Matrix by_x = result->hessian;
  const Matrix metric = result->metric;
  result->metric = result->expected * result->expected.transpose() / result->residual_df;
  result->metric.bottomRightCorner(k, k) = information;
  if (n > 0) result->metric.topLeftCorner(n, n) = metric;
  if (order == Order::kMatched) {
    result->hessian = result->metric;
    return;
  }
  if (n == 0) {
    result->exact = true;
    result->hessian = exact_hessian(g, *result);
    return;
  }
  result->hessian = Matrix::Zero(n + k, n + k);
  result->hessian.topLeftCorner(n, n) = by_x;
  add_rows_by_differences(point, chart, information, result);
}

void ResidualObjective::add_rows_by_differences(const Vector& point, Chart chart,
                                                const Matrix& information, Evaluation* result) {
  const Index n = n_theta();
  const Index k = n_phi();
  for (Index i = 0; i < k; ++i) {
    Vector moved = point;
    moved[n + i] = point[n + i] + kStep;
    const Vector above = gradient_at(moved, chart);
    moved[n + i] = point[n + i] - kStep;
    const Vector below = gradient_at(moved, chart);
    if (above.size() == 0 || below.size() == 0) {
      result->hessian(n + i, n + i) = information(i, i);
      continue;
    }
    const Vector row = (above - below) / (2 * kStep);
    result->hessian.row(n + i).head(n) = row.head(n).transpose();
    result->hessian.col(n + i).head(n) = row.head(n);
    result->hessian.col(n + i).tail(k) += 0.5 * row.tail(k);
    result->hessian.row(n + i).tail(k) += 0.5 * row.tail(k).transpose();
  }
  move_to(point.tail(k));
  gaussian_->value(point.head(n));
}

Vector ResidualObjective::gradient_at(const Vector& point, Chart chart) {
  return evaluate(point, Order::kGradient, chart).gradient;
}

FullRounding ResidualObjective::full_rounding(const Vector& point) {
  if (!move_to(point.tail(n_phi()))) return {};
  return gaussian_->full_rounding(point.head(n_theta()));
}

TraceCost ResidualObjective::trace_cost() const {
  return n_theta() == 0 ? TraceCost::kLittle : gaussian_->trace_cost();
}

Vector ResidualObjective::natural_gradient(const Vector& theta, const Vector& phi) {
  if (!move_to(phi)) return {};
  const NaturalGradient random = evaluate_deviance(gaussian_.get(), theta, n_theta() > 0);
  if (!std::isfinite(random.value)) return {};
  const ByPhi own = by_phi(by_clique());
  Vector gradient(theta.size() + phi.size());
  if (theta.size() > 0) gradient.head(theta.size()) = random.gradient;
  gradient.tail(phi.size()) = own.expected - own.observed;
  return gradient;
}

}  // namespace henderson
