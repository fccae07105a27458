#include "fit/report.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "algebra/eigen_decompositions.h"
#include "data/fitted_values.h"
#include "likelihood/traces.h"

namespace henderson {

namespace {

// u of a term, v x J, in the units of y.
Matrix scaled_modes(const GaussianObjective& deviance, const Modes& solved, int t) {
  const Layout& layout = *deviance.system().layout;
  const int v = layout.term_size[t];
  const int levels = layout.term_levels[t];
  const Matrix& modes = solved.u.part(layout.is_leaf(t));
  Matrix u(v, levels);
  for (int l = 0; l < levels; ++l) std::copy_n(modes.data() + layout.at(t, l), v, u.col(l).data());
  u *= deviance.basis().y_scale;
  return u;
}

void report_random(const GaussianObjective& deviance, const Modes& solved,
                   const std::vector<Matrix>& spherical_map, FitResult* result) {
  const Standardization& basis = deviance.basis();
  const Equations& system = deviance.system();
  const std::vector<Matrix>& lambda = deviance.factor().lambda();
  const double sigma2 = result->sigma * result->sigma;
  for (int t = 0; t < system.layout->n_terms(); ++t) {
    const int v = system.layout->term_size[t];
    const int levels = system.layout->term_levels[t];
    const Matrix u = scaled_modes(deviance, solved, t);
    const Matrix to_b = basis.z_inverse[t] * lambda[t];
    result->modes.push_back(to_b * u);
    result->centred_modes.push_back(basis.z_basis[t] * lambda[t] * u);
    result->spherical_modes.push_back(spherical_map[t] * u);
    Matrix variance(v * v, levels);
    Matrix half(v, v);
    for (int l = 0; l < levels; ++l) {
      const ConstMatrixMap inverse(solved.inverse_blocks[t].col(l).data(), v, v);
      half.noalias() = to_b.lazyProduct(inverse);
      MatrixMap(variance.col(l).data(), v, v).noalias() =
          sigma2 * half.lazyProduct(to_b.transpose());
    }
    result->conditional_variance.push_back(std::move(variance));
  }
}

}  // namespace

double residual_sum(const GaussianObjective& deviance) {
  const double unit = deviance.basis().y_scale;
  return deviance.factor().residual_ss() * unit * unit;
}

double residual_deviation(const GaussianObjective& deviance) {
  return std::sqrt(residual_sum(deviance) / deviance.degrees());
}

FixedReport report_fixed(const GaussianObjective& deviance) {
  FixedReport result;
  const Standardization& basis = deviance.basis();
  const Matrix map = deviance.fixed_map();
  result.centred = basis.y_scale * deviance.beta().cwiseQuotient(basis.x_scale);
  const Vector centred = result.centred + deviance.moments().shifts.y;
  result.beta = map * basis.x_scale.cwiseProduct(centred);
  const Matrix half =
      deviance.factor().x_factor().triangularView<Eigen::Lower>().solve(Matrix(map.transpose()));
  result.unscaled_vcov = half.transpose() * half;
  return result;
}

std::vector<Matrix> report_modes(GaussianObjective* deviance) {
  const Modes& solved = deviance->modes();
  const std::vector<Matrix>& lambda = deviance->factor().lambda();
  std::vector<Matrix> modes;
  for (int t = 0; t < deviance->system().layout->n_terms(); ++t) {
    const Matrix u = scaled_modes(*deviance, solved, t);
    modes.push_back(deviance->basis().z_inverse[t] * lambda[t] * u);
  }
  return modes;
}

void report_point(GaussianObjective* deviance, const Vector& x, bool rotated, FitResult* result) {
  const Modes& solved = deviance->modes_at(x);
  // Rotations for the theta that is reported: K Lambda = Lambda~ Q', u = Q u~.
  std::vector<Matrix> rotations;
  deviance->random().to_standard(result->theta, &rotations);
  std::vector<Matrix> to_natural_rotations;
  std::vector<Matrix> spherical_map;
  if (rotated) {
    deviance->random().to_natural(x, &to_natural_rotations);  // K^-1 Lambda~ = Lambda Q', u = Q'u~
    for (const Matrix& q : to_natural_rotations) spherical_map.push_back(q.transpose());
  } else {
    spherical_map = rotations;
  }
  result->log_det_m = deviance->factor().log_det_m();
  result->log_det_x =
      deviance->factor().log_det_x() + 2 * deviance->basis().x_scale.array().log().sum();
  result->residual_ss = residual_sum(*deviance);
  result->degrees = deviance->degrees();
  result->sigma = std::sqrt(result->residual_ss / result->degrees);
  FixedReport fixed = report_fixed(*deviance);
  result->centred_beta = std::move(fixed.centred);
  result->beta = std::move(fixed.beta);
  result->unscaled_vcov = std::move(fixed.unscaled_vcov);
  report_random(*deviance, solved, spherical_map, result);
  result->gradient = deviance->random().natural_gradient(result->theta, factor_gradient(solved),
                                                         scores(solved), rotations);
}

namespace {

// Sum over levels u_l'u_m K^-1[l, m].
double squared_norm(const Matrix& u, const SparseLower& inverse) {
  double sum = 0;
  for (int m = 0; m < inverse.size; ++m) {
    for (Index e = inverse.start[m]; e < inverse.start[m + 1]; ++e) {
      const int l = inverse.row[e];
      sum += (l == m ? 1 : 2) * inverse.value[e] * u.col(l).dot(u.col(m));
    }
  }
  return sum;
}

}  // namespace

void restore_levels(const LevelOrder& order, FitResult* result) {
  for (int t = 0; t < static_cast<int>(result->modes.size()); ++t) {
    if (order.original[t].empty()) continue;
    for (std::vector<Matrix>* part : {&result->modes, &result->spherical_modes,
                                      &result->centred_modes, &result->conditional_variance}) {
      (*part)[t] = restore_columns(order, t, (*part)[t]);
    }
  }
}

void refine_residual(const DataRows& rows, const CrossProducts& moments,
                     const std::vector<TermStructures>& structures, FitResult* result,
                     double* fitted) {
  double sum = fit_rows(rows, moments, result->centred_beta, result->centred_modes, fitted);
  for (std::size_t t = 0; t < structures.size(); ++t) {
    const auto& precision = structures[t].front().precision;
    const Matrix& u = result->spherical_modes[t];
    sum += precision ? squared_norm(u, precision->inverse) : u.squaredNorm();
  }
  if (!(sum > 0) || !std::isfinite(sum)) return;
  const double ratio = sum / result->residual_ss;
  if (result->sigma_apart) {
    result->criterion += (sum - result->residual_ss) / (result->sigma * result->sigma);
    result->residual_ss = sum;
    return;
  }
  result->residual_ss = sum;
  result->criterion += result->degrees * std::log(ratio);
  result->sigma = std::sqrt(sum / result->degrees);
  for (Matrix& variance : result->conditional_variance) variance *= ratio;
}

}  // namespace henderson
