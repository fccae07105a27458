#include "lmm_fit.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "covariance_search.h"
#include "eigen_decompositions.h"
#include "factor_search.h"

namespace henderson {

namespace {

// The user's start, or the identity in standardized units: nothing in the user's own, in which it
// can be so far from the minimum that rounding hides the way.
Vector choose_start(const ProfiledDeviance& deviance, const FitOptions& options) {
  return options.start.size() > 0 ? deviance.to_standard(options.start) : deviance.standard_start();
}

// A search that went before: its steps are part of the story.
void continue_trace(const OptimizerResult& before, OptimizerResult* after) {
  after->iterations += before.iterations;
  after->trace.insert(after->trace.begin(), before.trace.begin(), before.trace.end());
}

// From another start; the better of both ends.
void search_from(const Vector& start, CovarianceSearch* search, OptimizerResult* optimum) {
  OptimizerResult other = search->run(start, optimum->evaluations, optimum);
  optimum->evaluations = other.evaluations;
  if (!(other.value < optimum->value)) return;
  continue_trace(*optimum, &other);
  *optimum = std::move(other);
}

bool many_parameters_few_levels(const ProfiledDeviance& deviance) {
  constexpr int kFewLevels = 10;
  if (deviance.n_parameters() < 2) return false;
  for (const TermMoments& term : deviance.moments().terms) {
    if (term.n_levels <= kFewLevels) return true;
  }
  return false;
}

// Columns of one term with variances of their own that are nearly collinear, as in (x || g) with x
// far from zero: besides a minimum at moderate variances there can be one where they are as large
// as the columns' common part, and cancel in it. Where that is (mean / sd of x, in standardized
// units) for such columns, else x itself.
Vector cancelling_start(const ProfiledDeviance& deviance, const Vector& x) {
  constexpr double kFar = 8;  // up to 10 nothing was missed without (design/decisions.md)
  constexpr double kFarthest = 1e5;
  Vector start = x;
  for (const TermMoments& term : deviance.moments().terms) {
    std::vector<std::pair<int, int>> own;  // column and parameter
    for (const CovarianceStructure& s : term.structures) {
      if (s.kind == StructureKind::kUnstructured && s.n_columns > 1) continue;
      for (int c = 0; c < s.n_columns; ++c)
        own.push_back({s.first_column + c, s.first_parameter + c});
    }
    const Vector pooled = term.diagonal.rowwise().sum();
    for (const auto& a : own) {
      double largest = 0;
      for (const auto& b : own) {
        if (a.first == b.first) continue;
        const double cross = pooled[a.first + b.first * term.v];
        const double cosine2 =
            cross * cross / pooled[a.first * (term.v + 1)] / pooled[b.first * (term.v + 1)];
        largest = std::max(largest, std::sqrt(cosine2 / std::max(1 - cosine2, 0.0)));
      }
      if (largest > kFar) start[a.second] = std::min(largest, kFarthest);
    }
  }
  return start;
}

// The criterion can have several minima, with few levels above all: two terms, or two directions
// of one, compete for a variance. What gives that away is a long search.
void look_further(ProfiledDeviance* deviance, CovarianceSearch* search, const FitOptions& options,
                  OptimizerResult* optimum) {
  constexpr int kShort = 8;
  constexpr int kMostEvaluations = 18;  // before; so that a singular fit stays within about 25
  if (optimum->status != OptimizerStatus::kConverged) return;
  const bool singular = search->singular(*optimum);
  if (options.start.size() > 0) {
    // The user's start may have led to a zero: is one of the default starts better than that?
    if (!singular || optimum->evaluations + 3 > options.max_evaluations) return;
    const Vector start = deviance->standard_start();
    ++optimum->evaluations;
    if (deviance->value(start) < optimum->value) search_from(start, search, optimum);
    return;
  }
  const int evaluations = optimum->evaluations + (singular ? 1 : 0);  // with that at exact zeros
  if (evaluations > kShort && evaluations <= kMostEvaluations &&
      many_parameters_few_levels(*deviance)) {
    search_from(search->complement(*optimum), search, optimum);
  }
  const Vector cancelling = cancelling_start(*deviance, optimum->x);
  if (cancelling != optimum->x) search_from(cancelling, search, optimum);
}

bool certified(const OptimizerResult& optimum, const Certificate& certificate) {
  return optimum.status != OptimizerStatus::kMaxEvaluations && certificate.holds();
}

// A user's start may lead nowhere, or to where rounding hides the way on (standard deviations of
// 1e5 residual ones and more). The default ones then have their turn.
void start_again(ProfiledDeviance* deviance, CovarianceSearch* search, const FitOptions& options,
                 OptimizerResult* optimum, Certificate* certificate) {
  const bool sure = certified(*optimum, *certificate) && certificate->rounding < 1e-6;
  const bool affordable = optimum->evaluations + 3 < options.max_evaluations;
  if (options.start.size() == 0 || sure || !affordable) return;
  OptimizerResult other = search->run(deviance->standard_start(), optimum->evaluations);
  optimum->evaluations = other.evaluations;
  if (other.status == OptimizerStatus::kUndefined) return;
  const Certificate evidence = search->certify(&other);
  if (!(other.value < optimum->value + (certified(other, evidence) ? 1e-8 : 0))) return;
  continue_trace(*optimum, &other);
  *optimum = std::move(other);
  *certificate = evidence;
}

// The search over covariances ends short of a minimum where variances differ in size by 1e6 and
// more. The search over their factors then goes on from there, and from the default start if that
// is no minimum either.
void search_factors(ProfiledDeviance* deviance, CovarianceSearch* search, const FitOptions& options,
                    OptimizerResult* optimum, Certificate* certificate) {
  FactorSearch factors(deviance, options);
  for (const bool again : {false, true}) {
    if (certified(*optimum, *certificate) || optimum->evaluations + 3 >= options.max_evaluations) {
      return;
    }
    const Vector from = again ? deviance->standard_start() : optimum->x;
    OptimizerResult other = factors.run(from, optimum->evaluations);
    optimum->evaluations = other.evaluations;
    const bool better =
        other.value < optimum->value ||
        (other.status == OptimizerStatus::kConverged && other.value < optimum->value + 1e-8);
    if (other.status == OptimizerStatus::kUndefined || !better) continue;
    continue_trace(*optimum, &other);
    *optimum = std::move(other);
    *certificate = search->certify(optimum);
  }
}

OptimizerResult find_minimum(ProfiledDeviance* deviance, const FitOptions& options,
                             Certificate* certificate) {
  CovarianceSearch search(deviance, options);
  OptimizerResult optimum = search.run(choose_start(*deviance, options), 0);
  look_further(deviance, &search, options, &optimum);
  if (optimum.status == OptimizerStatus::kUndefined) return optimum;
  *certificate = search.certify(&optimum);
  start_again(deviance, &search, options, &optimum, certificate);
  search_factors(deviance, &search, options, &optimum, certificate);
  search.ask_criterion(optimum, certificate);
  return optimum;
}

// Random effects thousands of times the residuals leave the cross-products few digits. Taken about
// these effects they have all of them, and the search goes on from where rounding ended it.
void sharpen(const RowSource* rows, ProfiledDeviance* deviance, const FitOptions& options,
             OptimizerResult* optimum, Certificate* certificate) {
  if (rows == nullptr || optimum->status == OptimizerStatus::kMaxEvaluations) return;
  if (!std::isfinite(deviance->value_at(optimum->x)) || !deviance->centring_helps()) return;
  if (!deviance->centre_levels(*rows, optimum->x)) return;
  CovarianceSearch search(deviance, options);
  OptimizerResult other = search.run(optimum->x, optimum->evaluations);
  optimum->evaluations = other.evaluations;
  if (other.status == OptimizerStatus::kUndefined) {
    deviance->uncentre_levels();
    return;
  }
  if (other.status == OptimizerStatus::kMaxEvaluations &&
      other.evaluations < options.max_evaluations) {
    other.status = OptimizerStatus::kConverged;  // the search's own patience; the certificate tells
  }
  continue_trace(*optimum, &other);
  *optimum = std::move(other);
  *certificate = search.certify(optimum);
  search.ask_criterion(*optimum, certificate);
}

// Of a point that another optimizer found.
Certificate certify_point(ProfiledDeviance* deviance, const FitOptions& options, const Vector& x) {
  OptimizerResult given;
  given.x = deviance->canonical(x);
  if (!std::isfinite(deviance->value(given.x))) return Certificate();
  return CovarianceSearch(deviance, options).certify(&given);
}

// Fixed effects of the data's own columns from those of the centred and scaled ones.
void report_fixed(const ProfiledDeviance& deviance, FitResult* result) {
  const CrossProducts& moments = deviance.moments();
  const Standardization& scales = deviance.scales();
  const Matrix map = deviance.fixed_map();
  result->centred_beta = scales.y_scale * deviance.beta().cwiseQuotient(scales.x_scale);
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

std::vector<std::string> Certificate::failed() const {
  std::vector<std::string> names;
  const double nothing = std::max(1e-6, std::min(rounding, 0.01));
  if (!(predicted_decrease < nothing)) names.push_back("predicted_decrease");
  if (!(smallest_curvature > -1e-6)) names.push_back("smallest_curvature");
  if (!(smallest_score > -1e-6 || boundary_gain < nothing)) names.push_back("smallest_score");
  return names;
}

Evaluation evaluate_deviance(ProfiledDeviance* deviance, const Vector& theta, bool gradient) {
  Evaluation result;
  result.value = std::numeric_limits<double>::infinity();
  if (!ProfiledDeviance::usable(theta)) return result;
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
                  const InterruptCheck& interrupt, const RowSource* rows) {
  ProfiledDeviance deviance(moments, options.reml, interrupt);
  const bool started = options.start.size() > 0 || !options.optimize;
  if (started && (options.start.size() != deviance.n_parameters() || !options.start.allFinite())) {
    throw std::invalid_argument("start must be one finite number for each parameter");
  }
  FitResult result;
  Vector x;
  if (options.optimize) {
    OptimizerResult optimum = find_minimum(&deviance, options, &result.certificate);
    sharpen(rows, &deviance, options, &optimum, &result.certificate);
    x = optimum.x;
    result.evaluations = optimum.evaluations;
    result.iterations = optimum.iterations;
    result.status = optimum.status;
    result.trace = std::move(optimum.trace);
    result.theta = deviance.to_natural(x);
  } else {
    x = options.start;
    if (ProfiledDeviance::usable(x)) x = deviance.to_standard(x);
    result.theta = options.start;
    result.evaluations = 1;
    if (options.certify) result.certificate = certify_point(&deviance, options, x);
  }
  result.standardized = x;
  result.criterion = ProfiledDeviance::usable(result.theta)
                         ? deviance.value_at(x)
                         : std::numeric_limits<double>::infinity();
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
  const bool judged = options.optimize || options.certify;
  result.undetermined =
      find_undetermined(&deviance, x, result.certificate,
                        judged && result.status != OptimizerStatus::kMaxEvaluations &&
                            result.certificate.holds());
  return result;
}

}  // namespace henderson
