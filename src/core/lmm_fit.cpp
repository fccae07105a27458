#include "lmm_fit.h"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

namespace henderson {

namespace {

constexpr double kFloor = 1e-7;       // |Lambda_cc| while iterating: zero is always stationary
constexpr double kSnap = 1e-3;        // candidates for an exact zero afterwards
constexpr double kScoreTolerance = -1e-6;  // of S_t per level: smaller means a way down
constexpr int kMaxRestarts = 12;

class BoundarySearch {
 public:
  BoundarySearch(ProfiledDeviance* deviance, const FitOptions& options)
      : deviance_(*deviance), options_(options) {}

  OptimizerResult run(const Vector& start, double start_value);
  // At the (lifted) point last differentiated; call after run().
  Certificate certify(const OptimizerResult& optimum);

 private:
  Vector lift(const Vector& x) const;
  bool near_boundary(const Vector& x) const;
  // A direction along which Gamma may grow and the deviance falls, as new parameters; false if none.
  bool escape(OptimizerResult* current);
  bool try_direction(const CovarianceStructure& structure, int term, const Vector& direction,
                     OptimizerResult* current);
  void snap(OptimizerResult* current);
  void polish(OptimizerResult* current);
  OptimizerOptions optimizer_options(int used) const;

  ProfiledDeviance& deviance_;
  const FitOptions& options_;
};

Vector BoundarySearch::lift(const Vector& x) const {
  Vector lifted = x;
  for (int i = 0; i < deviance_.n_parameters(); ++i) {
    if (deviance_.is_diagonal(i) && std::abs(lifted[i]) < kFloor) {
      lifted[i] = lifted[i] < 0 ? -kFloor : kFloor;
    }
  }
  return lifted;
}

bool BoundarySearch::near_boundary(const Vector& x) const {
  for (int i = 0; i < deviance_.n_parameters(); ++i) {
    if (deviance_.is_diagonal(i) && std::abs(x[i]) <= kSnap) return true;
  }
  return false;
}

bool BoundarySearch::try_direction(const CovarianceStructure& structure, int term,
                                   const Vector& direction, OptimizerResult* current) {
  const int a = structure.first_column;
  const int w = structure.n_columns;
  std::vector<Matrix> lambda = deviance_.unpack(current->x);
  const Matrix own = lambda[term].block(a, a, w, w);
  double size = 0.5;
  for (int attempt = 0; attempt < 8; ++attempt, size *= 0.3) {
    const Matrix gamma =
        own * own.transpose() + size * size * direction * direction.transpose();
    lambda[term].block(a, a, w, w) = structure.kind == StructureKind::kDiagonal
                                         ? Matrix(gamma.diagonal().cwiseSqrt().asDiagonal())
                                         : semidefinite_cholesky(gamma);
    const Vector x = lift(deviance_.pack(lambda));
    const double value = deviance_.value(x);
    ++current->evaluations;
    if (value < current->value - std::max(1e-8, 50 * deviance_.noise())) {
      current->x = x;
      current->value = value;
      return true;
    }
  }
  return false;
}

// Eigenvalues and directions of S_t per level, for structures whose Gamma_t is (nearly) singular.
struct BoundaryScore {
  CovarianceStructure structure;
  int term = 0;
  double value = 0;
  Vector direction;
};

std::vector<BoundaryScore> boundary_scores(const ProfiledDeviance& deviance, const Vector& x) {
  std::vector<BoundaryScore> found;
  const std::vector<Matrix> lambda = deviance.unpack(x);
  const std::vector<TermMoments>& terms = deviance.moments().terms;
  for (std::size_t t = 0; t < terms.size(); ++t) {
    const double levels = terms[t].n_levels;
    for (const CovarianceStructure& structure : terms[t].structures) {
      const int a = structure.first_column;
      const int w = structure.n_columns;
      const Matrix own = deviance.score()[t].block(a, a, w, w);
      const Vector pivots = lambda[t].block(a, a, w, w).diagonal().cwiseAbs();
      const int term = static_cast<int>(t);
      if (structure.kind == StructureKind::kDiagonal) {
        for (int c = 0; c < w; ++c) {
          if (pivots[c] <= kSnap) {
            found.push_back({structure, term, own(c, c) / levels, Vector::Unit(w, c)});
          }
        }
      } else if (pivots.minCoeff() <= kSnap) {
        const Eigen::SelfAdjointEigenSolver<Matrix> eigen(own);
        found.push_back(
            {structure, term, eigen.eigenvalues()[0] / levels, eigen.eigenvectors().col(0)});
      }
    }
  }
  return found;
}

// At a singular Gamma_t the stationary point is a minimum over Gamma only if S_t is positive
// semidefinite; a negative direction e says that Gamma + c ee' lowers the deviance.
bool BoundarySearch::escape(OptimizerResult* current) {
  for (const BoundaryScore& score : boundary_scores(deviance_, current->x)) {
    if (score.value < kScoreTolerance &&
        try_direction(score.structure, score.term, score.direction, current)) {
      return true;
    }
  }
  return false;
}

Certificate BoundarySearch::certify(const OptimizerResult& optimum) {
  Certificate certificate;
  const Vector x = lift(optimum.x);
  Vector gradient;
  Matrix hessian;
  deviance_.improve_hessian();
  certificate.exact_hessian = deviance_.hessian_is_exact();
  deviance_.value_at(x);
  deviance_.derivatives(&gradient, &hessian);
  certificate.rounding = deviance_.noise();
  for (const BoundaryScore& score : boundary_scores(deviance_, optimum.x)) {
    certificate.smallest_score = std::min(certificate.smallest_score, score.value);
  }
  // Free: entries of columns that are not empty.
  std::vector<int> free;
  const std::vector<Matrix> lambda = deviance_.unpack(optimum.x);
  for (int i = 0; i < deviance_.n_parameters(); ++i) {
    const LambdaEntry& entry = deviance_.entries()[i];
    if (lambda[entry.term](entry.column, entry.column) != 0) free.push_back(i);
  }
  const Index n = static_cast<Index>(free.size());
  if (n == 0) return certificate;
  Matrix scaled(n, n);
  Vector slope(n);
  for (Index a = 0; a < n; ++a) {
    const double scale_a = std::sqrt(std::abs(hessian(free[a], free[a])));
    slope[a] = gradient[free[a]] / scale_a;
    for (Index b = 0; b < n; ++b) {
      scaled(a, b) = hessian(free[a], free[b]) /
                     (scale_a * std::sqrt(std::abs(hessian(free[b], free[b]))));
    }
  }
  if (!scaled.allFinite() || !slope.allFinite()) {
    certificate.smallest_curvature = -1;
    return certificate;
  }
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(scaled);
  certificate.smallest_curvature = eigen.eigenvalues()[0];
  const Vector c = eigen.eigenvectors().transpose() * slope;
  const Vector curvature = eigen.eigenvalues().cwiseAbs().cwiseMax(1e-12);
  certificate.predicted_decrease = 0.5 * (c.array().square() / curvature.array()).sum();
  return certificate;
}

// Exact zeros where they do not worsen the criterion: first all candidates, then one by one.
void BoundarySearch::snap(OptimizerResult* current) {
  std::vector<int> candidates;
  for (int i = 0; i < deviance_.n_parameters(); ++i) {
    if (deviance_.is_diagonal(i) && std::abs(current->x[i]) <= kSnap) candidates.push_back(i);
  }
  const auto empty_columns = [&](const std::vector<int>& which) {
    Vector x = current->x;
    for (int i : which) {
      const LambdaEntry& pivot = deviance_.entries()[i];
      for (int k = 0; k < deviance_.n_parameters(); ++k) {
        const LambdaEntry& entry = deviance_.entries()[k];
        if (entry.term == pivot.term && entry.column == pivot.column &&
            std::abs(x[k]) <= kSnap) {
          x[k] = 0;
        }
      }
    }
    return deviance_.canonical(x);
  };
  const auto accept = [&](const Vector& x) {
    const double value = deviance_.value(x);
    ++current->evaluations;
    if (!(value <= current->value + std::max(1e-9, 20 * deviance_.noise()))) return false;
    current->x = x;
    current->value = value;
    return true;
  };
  if (accept(empty_columns(candidates)) || candidates.size() < 2) return;
  for (int i : candidates) accept(empty_columns({i}));
}

// Minimises over what is left once some columns are zero: the emptied columns stay (at the floor, where
// derivatives are defined) while the others settle.
void BoundarySearch::polish(OptimizerResult* current) {
  OptimizerOptions options = optimizer_options(current->evaluations);
  options.fixed.assign(deviance_.n_parameters(), false);
  for (int i = 0; i < deviance_.n_parameters(); ++i) {
    if (!deviance_.is_diagonal(i) || current->x[i] != 0) continue;
    for (int k = 0; k < deviance_.n_parameters(); ++k) {
      const LambdaEntry& entry = deviance_.entries()[k];
      const LambdaEntry& pivot = deviance_.entries()[i];
      if (entry.term == pivot.term && entry.column == pivot.column && current->x[k] == 0) {
        options.fixed[k] = true;
      }
    }
  }
  OptimizerResult settled = minimize(&deviance_, lift(current->x), options);
  settled.evaluations += current->evaluations;
  settled.iterations += current->iterations;
  settled.trace.insert(settled.trace.begin(), current->trace.begin(), current->trace.end());
  for (int i = 0; i < deviance_.n_parameters(); ++i) {
    if (options.fixed[i]) settled.x[i] = 0;
  }
  settled.value = deviance_.value(settled.x);
  ++settled.evaluations;
  if (settled.value <= current->value + 20 * deviance_.noise()) *current = std::move(settled);
}

OptimizerOptions BoundarySearch::optimizer_options(int used) const {
  OptimizerOptions options;
  options.max_evaluations = std::max(options_.max_evaluations - used, 1);
  options.tolerance = options_.tolerance;
  options.floors = Vector::Zero(deviance_.n_parameters());
  for (int i = 0; i < deviance_.n_parameters(); ++i) {
    if (deviance_.is_diagonal(i)) options.floors[i] = kFloor;
  }
  return options;
}

OptimizerResult BoundarySearch::run(const Vector& start, double start_value) {
  OptimizerOptions options = optimizer_options(0);
  const Vector lifted = lift(start);
  if (lifted == start) options.start_value = start_value;
  OptimizerResult total = minimize(&deviance_, lifted, options);
  for (int restart = 0; restart < kMaxRestarts; ++restart) {
    if (total.status == OptimizerStatus::kUndefined || !near_boundary(total.x)) break;
    if (!escape(&total)) break;
    OptimizerResult next = minimize(&deviance_, total.x, optimizer_options(total.evaluations));
    next.evaluations += total.evaluations;
    next.iterations += total.iterations;
    next.trace.insert(next.trace.begin(), total.trace.begin(), total.trace.end());
    total = std::move(next);
  }
  if (total.status != OptimizerStatus::kUndefined && near_boundary(total.x)) {
    snap(&total);
    polish(&total);
  }
  total.x = deviance_.canonical(total.x);
  return total;
}

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
  if ((start.x - natural).cwiseAbs().maxCoeff() < 0.5) return start;
  const double natural_value = deviance->value(natural);
  start.value = deviance->value(start.x);
  start.evaluations = 2;
  if (natural_value < start.value) {
    start.x = natural;
    start.value = std::numeric_limits<double>::quiet_NaN();
  }
  return start;
}

// The criterion can have a local minimum at zero variance, which a user's start may lead to. If one of
// the default starts is better than where a singular fit ended, the search goes on from there.
void leave_false_zero(ProfiledDeviance* deviance, BoundarySearch* search,
                      const FitOptions& options, OptimizerResult* optimum) {
  bool singular = false;
  for (int i = 0; i < deviance->n_parameters(); ++i) {
    singular |= deviance->is_diagonal(i) && optimum->x[i] == 0;
  }
  if (!singular || optimum->status == OptimizerStatus::kUndefined) return;
  FitOptions defaults = options;
  defaults.start = Vector();
  const Start start = choose_start(deviance, defaults);
  optimum->evaluations += start.evaluations + 1;
  if (!(deviance->value(start.x) < optimum->value)) return;
  OptimizerResult other = search->run(start.x, std::numeric_limits<double>::quiet_NaN());
  other.evaluations += optimum->evaluations;
  other.iterations += optimum->iterations;
  if (other.value < optimum->value) *optimum = std::move(other);
}

// Fixed effects of the data's own columns from those of the centred and scaled ones.
void report_fixed(const ProfiledDeviance& deviance, FitResult* result) {
  const CrossProducts& moments = deviance.moments();
  const Standardization& scales = deviance.scales();
  const int p = moments.p;
  Matrix back = Matrix::Identity(p, p);
  if (moments.intercept >= 0) {
    for (int c = 0; c < p; ++c) {
      if (c != moments.intercept) back(moments.intercept, c) = -moments.x_shift[c];
    }
  }
  result->centred_beta =
      scales.y_scale * deviance.factor().beta().cwiseQuotient(scales.x_scale);
  result->beta = back * (result->centred_beta + moments.y_shift);
  const Matrix half =
      deviance.factor().x_factor().triangularView<Eigen::Lower>().solve(
          Matrix(scales.x_scale.cwiseInverse().asDiagonal() * back.transpose()));
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
      for (int c = 0; c < v; ++c) {
        u(c, l) = t == 0 ? parts.modes_leaf(0, static_cast<Index>(l) * v + c)
                         : parts.modes_remainder(0, system.scalar_row[t][l] + c);
      }
    }
    u *= scales.y_scale;
    const Matrix to_b = scales.z_inverse[t] * lambda[t];
    result->modes.push_back(to_b * u);
    result->centred_modes.push_back(scales.z_basis[t] * lambda[t] * u);
    result->spherical_modes.push_back(spherical_map[t] * u);
    Matrix variance(v * v, levels);
    for (int l = 0; l < levels; ++l) {
      const ConstMatrixMap inverse(parts.inverse_blocks[t].data() + static_cast<Index>(l) * v * v,
                                   v, v);
      Matrix block = sigma2 * to_b * inverse * to_b.transpose();
      variance.col(l) = Eigen::Map<const Vector>(block.data(), v * v);
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

Evaluation evaluate_deviance(ProfiledDeviance* deviance, const Vector& theta, bool gradient) {
  Evaluation result;
  result.value = std::numeric_limits<double>::infinity();
  if (!theta.allFinite()) return result;
  std::vector<Matrix> rotations;
  result.value = deviance->value(deviance->to_standard(theta, &rotations));
  if (gradient && std::isfinite(result.value)) {
    const DevianceDerivatives parts = deviance->differentiate(HessianKind::kNone, false);
    result.gradient = natural_gradient(*deviance, parts.lambda_gradient, rotations);
  }
  return result;
}

void refine_residual(const DataRows& rows, const CrossProducts& moments, FitResult* result) {
  double sum = residual_sum_of_squares(rows, moments, result->centred_beta, result->centred_modes);
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
    BoundarySearch search(&deviance, options);
    OptimizerResult optimum = search.run(start.x, start.value);
    if (options.start.size() > 0) leave_false_zero(&deviance, &search, options, &optimum);
    x = optimum.x;
    result.evaluations = optimum.evaluations + start.evaluations;
    result.iterations = optimum.iterations;
    result.status = optimum.status;
    result.trace = optimum.trace;
    if (optimum.status != OptimizerStatus::kUndefined) {
      result.certificate = search.certify(optimum);
    }
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
  result.log_det_x = deviance.factor().log_det_x() +
                     2 * deviance.scales().x_scale.array().log().sum();
  result.residual_ss = deviance.factor().residual_ss() * y_scale * y_scale;
  result.degrees = deviance.degrees();
  result.sigma = std::sqrt(result.residual_ss / result.degrees);
  report_fixed(deviance, &result);
  report_random(deviance, parts, spherical_map, &result);
  result.gradient = natural_gradient(deviance, parts.lambda_gradient, rotations);
  return result;
}

}  // namespace henderson
