#include "lmm_fit.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "covariance_search.h"
#include "factor_search.h"

namespace henderson {

namespace {

// The user's start, or the better of two: Lambda = I in standardized and in the user's units. The
// criterion can have several minima; where the two differ they often lie in different basins.
struct Start {
  Vector x;
  double value = std::numeric_limits<double>::quiet_NaN();  // if this is the point last evaluated
  int evaluations = 0;
};

Start choose_start(ProfiledDeviance* deviance, const FitOptions& options) {
  Start start;
  start.x = deviance->standard_start();
  if (options.start.size() > 0) {
    start.x = deviance->to_standard(options.start);
    return start;
  }
  const Vector natural = deviance->to_standard(start.x);
  if ((start.x - natural).cwiseAbs().maxCoeff() < 0.5 || options.max_evaluations < 3) return start;
  const double natural_value = deviance->value(natural);
  start.value = deviance->value(start.x);
  start.evaluations = 2;
  if (natural_value < start.value) {
    start.x = natural;
    start.value = std::numeric_limits<double>::quiet_NaN();
  }
  return start;
}

// From another start; the better of both ends.
void search_from(const Vector& start, CovarianceSearch* search, OptimizerResult* optimum) {
  const OptimizerResult other =
      search->run(start, std::numeric_limits<double>::quiet_NaN(), optimum->evaluations, optimum);
  optimum->evaluations = other.evaluations;
  optimum->iterations += other.iterations;
  if (!(other.value < optimum->value)) return;
  OptimizerResult better = other;
  better.iterations = optimum->iterations;
  better.trace.insert(better.trace.begin(), optimum->trace.begin(), optimum->trace.end());
  *optimum = std::move(better);
}

// The criterion can have several minima, singular ones above all, and with few levels.
void look_further(ProfiledDeviance* deviance, CovarianceSearch* search, const FitOptions& options,
                  OptimizerResult* optimum) {
  constexpr int kFewLevels = 10;
  constexpr int kMostEvaluations = 16;  // before; so that a singular fit stays within about 25
  if (optimum->status != OptimizerStatus::kConverged || !search->singular(*optimum)) return;
  if (options.start.size() > 0) {
    // The user's start may have led to a zero: is one of the default starts better than that?
    if (optimum->evaluations + 3 > options.max_evaluations) return;
    FitOptions defaults = options;
    defaults.start = Vector();
    const Start start = choose_start(deviance, defaults);
    optimum->evaluations += start.evaluations + 1;
    if (deviance->value(start.x) < optimum->value) search_from(start.x, search, optimum);
    return;
  }
  bool few = false;
  for (const TermMoments& term : deviance->moments().terms) {
    for (const CovarianceStructure& s : term.structures) {
      few |=
          s.kind == StructureKind::kUnstructured && s.n_columns > 1 && term.n_levels <= kFewLevels;
    }
  }
  if (few && optimum->evaluations <= kMostEvaluations) {
    search_from(0.1 * deviance->standard_start(), search, optimum);
  }
}

// The search over covariances ends short of a minimum where variances differ in size by 1e6 and
// more. The search over their factors then goes on from there, and from the default start if that
// is no minimum either.
void search_factors(ProfiledDeviance* deviance, CovarianceSearch* search, const FitOptions& options,
                    OptimizerResult* optimum, Certificate* certificate) {
  FitOptions defaults = options;
  defaults.start = Vector();
  FactorSearch factors(deviance, options);
  for (const bool again : {false, true}) {
    const bool certified =
        optimum->status != OptimizerStatus::kMaxEvaluations && certificate->holds();
    if (certified || optimum->evaluations + 3 >= options.max_evaluations) return;
    Vector from = optimum->x;
    if (again) {
      const Start start = choose_start(deviance, defaults);
      optimum->evaluations += start.evaluations;
      from = start.x;
    }
    OptimizerResult other = factors.run(from, optimum->evaluations);
    const bool better =
        other.value < optimum->value ||
        (other.status == OptimizerStatus::kConverged && other.value < optimum->value + 1e-8);
    if (other.status == OptimizerStatus::kUndefined || !better) {
      optimum->evaluations = other.evaluations;
      continue;
    }
    other.iterations += optimum->iterations;
    other.trace.insert(other.trace.begin(), optimum->trace.begin(), optimum->trace.end());
    *optimum = std::move(other);
    *certificate = search->certify(optimum);
  }
}

// Fixed effects of the data's own columns from those of the centred and scaled ones.
void report_fixed(const ProfiledDeviance& deviance, FitResult* result) {
  const CrossProducts& moments = deviance.moments();
  const Standardization& scales = deviance.scales();
  const Matrix map = deviance.fixed_map();
  result->centred_beta = scales.y_scale * deviance.factor().beta().cwiseQuotient(scales.x_scale);
  const Vector centred = result->centred_beta + moments.y_shift;
  result->beta = map * scales.x_scale.cwiseProduct(centred);
  const Matrix half =
      deviance.factor().x_factor().triangularView<Eigen::Lower>().solve(Matrix(map.transpose()));
  result->unscaled_vcov = half.transpose() * half;
}

void report_random(const ProfiledDeviance& deviance, const DevianceDerivatives& parts,
                   const std::vector<Matrix>& spherical_map, FitResult* result) {
  const Standardization& scales = deviance.scales();
  const BlockSystem& system = deviance.system();
  const std::vector<Matrix>& lambda = deviance.factor().lambda();
  const double sigma2 = result->sigma * result->sigma;
  for (int t = 0; t < system.n_terms(); ++t) {
    const int v = system.term_size[t];
    const int levels = system.term_levels[t];
    Matrix u(v, levels);
    for (int l = 0; l < levels; ++l) {
      const double* mode = t == 0 ? parts.modes_leaf.data() + static_cast<Index>(l) * v
                                  : parts.modes_remainder.data() + system.scalar_row[t][l];
      std::copy_n(mode, v, u.col(l).data());
    }
    u *= scales.y_scale;
    const Matrix to_b = scales.z_inverse[t] * lambda[t];
    result->modes.push_back(to_b * u);
    result->centred_modes.push_back(scales.z_basis[t] * lambda[t] * u);
    result->spherical_modes.push_back(spherical_map[t] * u);
    Matrix variance(v * v, levels);
    Matrix half(v, v);
    for (int l = 0; l < levels; ++l) {
      const ConstMatrixMap inverse(parts.inverse_blocks[t].col(l).data(), v, v);
      half.noalias() = to_b.lazyProduct(inverse);
      MatrixMap(variance.col(l).data(), v, v).noalias() =
          sigma2 * half.lazyProduct(to_b.transpose());
    }
    result->conditional_variance.push_back(std::move(variance));
  }
}

// dd/dLambda = K' (dd/dLambda~) Q' with K Lambda = Lambda~ Q'.
Vector natural_gradient(const ProfiledDeviance& deviance,
                        const std::vector<Matrix>& standard_gradient,
                        const std::vector<Matrix>& rotations) {
  std::vector<Matrix> gradient;
  for (std::size_t t = 0; t < standard_gradient.size(); ++t) {
    gradient.push_back(deviance.scales().z_map[t].transpose() * standard_gradient[t] *
                       rotations[t].transpose());
  }
  return deviance.pack(gradient);
}

}  // namespace

bool Certificate::holds() const {
  const double nothing = std::max(1e-6, std::min(rounding, 0.01));
  return predicted_decrease < nothing && smallest_curvature > -1e-6 && smallest_score > -1e-6;
}

Evaluation evaluate_deviance(ProfiledDeviance* deviance, const Vector& theta, bool gradient) {
  Evaluation result;
  result.value = std::numeric_limits<double>::infinity();
  if (!theta.allFinite()) return result;
  std::vector<Matrix> rotations;
  result.value = deviance->value(deviance->to_standard(theta, &rotations));
  if (gradient && std::isfinite(result.value)) {
    const DevianceDerivatives parts =
        deviance->differentiate(HessianKind::kNone, CurvatureKind::kNone, false);
    result.gradient = natural_gradient(*deviance, parts.lambda_gradient, rotations);
  }
  return result;
}

void refine_residual(const DataRows& rows, const CrossProducts& moments, FitResult* result,
                     double* fitted) {
  double sum = fit_rows(rows, moments, result->centred_beta, result->centred_modes, fitted);
  for (const Matrix& u : result->spherical_modes) sum += u.squaredNorm();
  if (!(sum > 0) || !std::isfinite(sum)) return;
  const double ratio = sum / result->residual_ss;
  result->residual_ss = sum;
  result->criterion += result->degrees * std::log(ratio);
  result->sigma = std::sqrt(sum / result->degrees);
  for (Matrix& variance : result->conditional_variance) variance *= ratio;
}

FitResult fit_lmm(const CrossProducts& moments, const FitOptions& options,
                  const InterruptCheck& interrupt) {
  ProfiledDeviance deviance(moments, options.reml, interrupt);
  const bool started = options.start.size() > 0 || !options.optimize;
  if (started && (options.start.size() != deviance.n_parameters() || !options.start.allFinite())) {
    throw std::invalid_argument("start must be one finite number for each parameter");
  }
  FitResult result;
  Vector x;
  if (options.optimize) {
    const Start start = choose_start(&deviance, options);
    CovarianceSearch search(&deviance, options);
    OptimizerResult optimum = search.run(start.x, start.value, start.evaluations);
    look_further(&deviance, &search, options, &optimum);
    if (optimum.status != OptimizerStatus::kUndefined) {
      result.certificate = search.certify(&optimum);
      search_factors(&deviance, &search, options, &optimum, &result.certificate);
    }
    x = optimum.x;
    result.evaluations = optimum.evaluations;
    result.iterations = optimum.iterations;
    result.status = optimum.status;
    result.trace = optimum.trace;
    result.theta = deviance.to_natural(x);
  } else {
    x = deviance.to_standard(options.start);
    result.theta = options.start;
    result.evaluations = 1;
  }
  result.standardized = x;
  result.criterion = deviance.value_at(x);
  if (!std::isfinite(result.criterion)) {
    result.status = OptimizerStatus::kUndefined;
    return result;
  }
  const DevianceDerivatives& parts = deviance.derivatives_at(x);
  // Rotations for the theta that is reported: K Lambda = Lambda~ Q', u = Q u~.
  std::vector<Matrix> rotations;
  deviance.to_standard(result.theta, &rotations);
  std::vector<Matrix> to_natural_rotations;
  std::vector<Matrix> spherical_map;
  if (options.optimize) {
    deviance.to_natural(x, &to_natural_rotations);  // K^-1 Lambda~ = Lambda Q', u = Q'u~
    for (const Matrix& q : to_natural_rotations) spherical_map.push_back(q.transpose());
  } else {
    spherical_map = rotations;
  }
  const double y_scale = deviance.scales().y_scale;
  result.log_det_m = deviance.factor().log_det_m();
  result.log_det_x =
      deviance.factor().log_det_x() + 2 * deviance.scales().x_scale.array().log().sum();
  result.residual_ss = deviance.factor().residual_ss() * y_scale * y_scale;
  result.degrees = deviance.degrees();
  result.sigma = std::sqrt(result.residual_ss / result.degrees);
  report_fixed(deviance, &result);
  report_random(deviance, parts, spherical_map, &result);
  result.gradient = natural_gradient(deviance, parts.lambda_gradient, rotations);
  return result;
}

}  // namespace henderson
