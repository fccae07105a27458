#include "fit/fit_glmm.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

#include "algebra/eigen_decompositions.h"
#include "algebra/symmetric.h"
#include "search/covariance_search.h"
#include "search/factor_search.h"

namespace henderson {

namespace {

constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();

// Searches go by average information and secants; the certificate has the exact Hessian.
Certificate certify_exactly(LaplaceObjective* objective, const SearchOptions& options,
                            SearchResult* found) {
  objective->set_trace_cost(TraceCost::kMuch);
  Certificate certificate = certify(objective, options, found);
  objective->set_trace_cost(TraceCost::kTooMuch);
  return certificate;
}

struct Minimum {
  SearchResult found;
  Certificate certificate;
};

Minimum find_minimum(LaplaceObjective* objective, const Vector& start, const FitOptions& options) {
  Minimum result;
  if (start.size() == 0) {
    result.found.status = SearchStatus::kUndefined;
    return result;
  }
  result.found = CovarianceSearch(objective, options).run(start, 0);
  if (result.found.status == SearchStatus::kUndefined) return result;
  result.certificate = certify_exactly(objective, options, &result.found);
  if (result.certificate.holds()) return result;
  SearchResult other =
      FactorSearch(objective, options).run(result.found.x, result.found.evaluations);
  result.found.evaluations = other.evaluations;
  if (other.status != SearchStatus::kUndefined && other.value <= result.found.value + 1e-8) {
    result.certificate = certify_exactly(objective, options, &other);
    result.found = std::move(other);
  }
  return result;
}

// Coordinates that are neither in an empty column of a factor nor flat.
std::vector<int> moving(const Coordinates& coordinates, const Vector& x,
                        const std::vector<int>& flat) {
  std::vector<char> still(coordinates.size, 0);
  for (const Cone& cone : coordinates.cones) {
    for (int c = 0; c < cone.size; ++c) {
      const int first = cone.pivot(c);
      if (x[first] != 0) continue;
      for (int i = first; i < first + cone.size - c; ++i) still[i] = 1;
    }
  }
  for (const int i : flat) still[i] = 1;
  std::vector<int> result;
  for (int i = 0; i < coordinates.size; ++i) {
    if (still[i] == 0) result.push_back(i);
  }
  return result;
}

// d(natural theta, beta as given, log phi)/dx.
Matrix natural_jacobian(const LaplaceObjective& objective, const Vector& x) {
  constexpr double kStep = 1e-6;
  const Index n = objective.n_theta();
  Matrix jacobian = Matrix::Identity(x.size(), x.size());
  for (Index i = 0; i < n; ++i) {
    Vector moved = x.head(n);
    moved[i] = x[i] + kStep;
    const Vector above = objective.random().to_natural(moved);
    moved[i] = x[i] - kStep;
    const Vector below = objective.random().to_natural(moved);
    jacobian.col(i).head(n) = (above - below) / (2 * kStep);
  }
  const Index p = objective.n_beta();
  jacobian.block(n, n, p, p) = objective.fixed_map();
  return jacobian;
}

// The inverse of half the Hessian in standardized coordinates. False where it is not positive
// definite.
bool invert_hessian(const Matrix& hessian, const std::vector<int>& positions, Matrix* covariance) {
  const Matrix own = submatrix(hessian, positions);
  if (!own.allFinite()) return false;
  const Eigen::LLT<Matrix> factor(0.5 * own);
  if (factor.info() != Eigen::Success) return false;
  const Matrix inverse = factor.solve(Matrix::Identity(own.rows(), own.cols()));
  for (std::size_t a = 0; a < positions.size(); ++a) {
    for (std::size_t b = 0; b < positions.size(); ++b) {
      (*covariance)(positions[a], positions[b]) = inverse(a, b);
    }
  }
  return true;
}

void report_covariance(LaplaceObjective* objective, const Vector& x, const Vector& kept,
                       bool wanted, GeneralizedFit* result) {
  const Index n = objective->n_theta();
  const Index p = objective->n_beta();
  const std::vector<int> positions =
      moving(objective->coordinates(), x, result->fit.certificate.undetermined);
  Matrix covariance = Matrix::Zero(x.size(), x.size());
  if (wanted) {
    Matrix hessian = result->fit.certificate.hessian;
    if (hessian.size() == 0) {
      hessian = objective->evaluate(kept, Order::kTraces, Chart::kFactor).hessian;
    }
    result->joint = invert_hessian(hessian, positions, &covariance);
  }
  if (!result->joint && p > 0) {
    const Matrix fixed =
        objective->evaluate(kept, Order::kMatched, Chart::kFactor).hessian.block(n, n, p, p);
    covariance.block(n, n, p, p) = Matrix(0.5 * fixed).llt().solve(Matrix::Identity(p, p));
  }
  const Matrix jacobian = natural_jacobian(*objective, kept);
  result->covariance = jacobian * covariance * jacobian.transpose();
  for (Index i = 0; i < x.size(); ++i) {
    const bool beta = i >= n && i < n + p;
    const bool known = std::binary_search(positions.begin(), positions.end(), static_cast<int>(i));
    if (result->joint ? known : beta) continue;
    result->covariance.row(i).setConstant(kNotKnown);
    result->covariance.col(i).setConstant(kNotKnown);
  }
  result->fit.unscaled_vcov = result->covariance.block(n, n, p, p);
}

void report_random(LaplaceObjective* objective, const Vector& x, FitResult* fit) {
  const Modes& solved = objective->modes_at(x);
  const PenalizedMode& mode = objective->mode();
  const Layout& layout = *mode.equations().layout;
  const Standardization& basis = objective->basis();
  std::vector<Matrix> rotations;  // K^-1 Lambda~ = Lambda Q', u = Q'u~
  fit->theta = objective->random().to_natural(x.head(objective->n_theta()), &rotations);
  for (int t = 0; t < layout.n_terms(); ++t) {
    const int v = layout.term_size[t];
    const Matrix& own = mode.u().part(layout.is_leaf(t));
    const Matrix to_b = basis.z_inverse[t] * mode.factor().lambda()[t];
    Matrix u(v, layout.term_levels[t]);
    Matrix variance(v * v, layout.term_levels[t]);
    for (int l = 0; l < layout.term_levels[t]; ++l) {
      std::copy_n(own.data() + layout.at(t, l), v, u.col(l).data());
      const ConstMatrixMap inverse(solved.inverse_blocks[t].col(l).data(), v, v);
      MatrixMap(variance.col(l).data(), v, v) = to_b * inverse * to_b.transpose();
    }
    fit->modes.push_back(to_b * u);
    fit->spherical_modes.push_back(rotations[t].transpose() * u);
    fit->centred_modes.push_back(basis.z_basis[t] * mode.factor().lambda()[t] * u);
    fit->conditional_variance.push_back(std::move(variance));
  }
}

}  // namespace

GeneralizedFit fit_glmm(LaplaceObjective* objective, const FitOptions& options) {
  const Index n = objective->n_theta();
  const Index p = objective->n_beta();
  const Index given = options.start.size();
  if (given > 0 && (given < n || given > objective->coordinates().size)) {
    throw std::invalid_argument("start must be one number for each parameter");
  }
  const Vector theta = given > 0 ? objective->random().to_standard(options.start.head(n))
                                 : objective->random().start();
  GeneralizedFit result;
  FitResult& fit = result.fit;
  fit.sigma = 1;
  Vector x = objective->start(theta);
  fit.evaluations = 1;
  if (options.optimize) {
    Minimum minimum = find_minimum(objective, x, options);
    fit.certificate = std::move(minimum.certificate);
    fit.evaluations = minimum.found.evaluations;
    fit.iterations = minimum.found.iterations;
    fit.status = minimum.found.status;
    fit.trace = std::move(minimum.found.trace);
    x = std::move(minimum.found.x);
  }
  fit.criterion = x.size() > 0 ? objective->value_at(x) : std::numeric_limits<double>::infinity();
  if (fit.status == SearchStatus::kUndefined || !std::isfinite(fit.criterion)) {
    fit.status = SearchStatus::kUndefined;
    return result;
  }
  fit.standardized = x.head(n);
  fit.beta = objective->fixed_map() * x.segment(n, p);
  result.log_phi = x.tail(objective->n_phi());
  report_covariance(objective, x, objective->coordinates().keep_off_zero(x), options.optimize,
                    &result);
  report_random(objective, x, &fit);
  fit.log_det_m = objective->mode().log_det();
  fit.residual_ss = objective->mode().deviance();
  fit.certificate.hessian = Matrix();
  return result;
}

}  // namespace henderson
