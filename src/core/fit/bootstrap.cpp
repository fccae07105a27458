#include "fit/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>
#include <thread>
#include <utility>

#include "algebra/interrupt.h"
#include "algebra/random_stream.h"
#include "data/accumulate.h"
#include "fit/nearby_minimum.h"
#include "fit/report.h"
#include "inference/contrasts.h"

namespace henderson {

namespace {

// At natural theta, where the objective was evaluated last.
ContrastParts contrast_parts(GaussianObjective* objective, const Vector& theta,
                             FixedTests::Degrees degrees) {
  switch (degrees) {
    case FixedTests::Degrees::kSatterthwaite:
      return satterthwaite_parts(objective, theta);
    case FixedTests::Degrees::kExpected:
      return expected_parts(objective, theta, false);
    case FixedTests::Degrees::kKenwardRoger:
      return expected_parts(objective, theta, true);
    case FixedTests::Degrees::kNone:
      break;
  }
  ContrastParts parts;
  parts.phi = parts.adjusted = report_fixed(*objective).unscaled_vcov;
  parts.phi_moves = Matrix(parts.phi.size(), 0);
  parts.weight = Matrix(0, 0);
  parts.degrees = std::numeric_limits<double>::infinity();
  return parts;
}

}  // namespace

Refitter::Refitter(const CrossProducts& moments, const std::vector<TermStructures>& structures,
                   const DataRows& rows, const Vector& theta, bool reml,
                   const SearchOptions& options)
    : moments_(moments),
      rows_(rows),
      options_(options),
      objective_(moments_, structures, reml),
      theta_(theta),
      start_(
          start_for_other_data(objective_.coordinates(), objective_.random().to_standard(theta))) {}

void Refitter::constrain(const Constraints& constraints, double sigma) {
  constraints_ = &constraints;
  sigma_ = sigma;
}

bool Refitter::find_minimum(Replicate* result) {
  if (constraints_ != nullptr) return find_constrained(result);
  const NearbyMinimum minimum = search_nearby(&objective_, start_, options_);
  const SearchResult& found = minimum.found;
  if (found.status == SearchStatus::kUndefined) return false;
  result->criterion = objective_.value_at(found.x);
  if (!std::isfinite(result->criterion)) return false;
  result->theta = objective_.random().to_natural(found.x);
  result->sigma = residual_deviation(objective_);
  result->singular = objective_.coordinates().singular(found.x);
  result->certain = minimum.certificate.holds();
  return true;
}

// Its units are those of each response.
bool Refitter::find_constrained(Replicate* result) {
  ConstrainedFit fit(&objective_, *constraints_);
  const Vector start = fit.start_for_other_data(theta_, sigma_);
  const NearbyMinimum minimum = search_nearby(&fit.objective(), start, options_);
  const SearchResult& found = minimum.found;
  if (found.status == SearchStatus::kUndefined) return false;
  result->criterion = found.value;
  result->sigma = fit.sigma(found.x);
  const Vector x = fit.standardized(found.x);
  if (!std::isfinite(objective_.value_at(x))) return false;
  result->theta = objective_.random().to_natural(x);
  result->singular = objective_.coordinates().singular(x);
  result->certain = start.size() == 0 || minimum.certificate.holds();
  return true;
}

namespace {

// Of (theta, sigma), from the curvature of the profiled criterion: R/fixed-inference.R,
// variance_parameter_covariance().
Matrix parameter_covariance(const ContrastParts& parts, double sigma) {
  const Index k = parts.weight.rows();
  const Vector slope = parts.offset / 2;
  const Vector along = parts.weight * slope;
  Matrix result(k + 1, k + 1);
  result.topLeftCorner(k, k) = parts.weight;
  result.col(k).head(k) = sigma * along;
  result.row(k).head(k) = sigma * along.transpose();
  result(k, k) = sigma * sigma * (slope.dot(along) + 1 / (4 * parts.degrees));
  return 2 * result;
}

// The change of beta and b to what they are predicted to be, for each row.
Vector prediction_errors(const PredictionRows& rows, const Vector& beta,
                         const std::vector<Matrix>& b) {
  Vector errors = rows.x * beta;
  for (std::size_t t = 0; t < rows.terms.size(); ++t) {
    const PredictionTerm& term = rows.terms[t];
    for (Index i = 0; i < errors.size(); ++i) {
      errors[i] += term.z.row(i).dot(b[t].col(term.level[i] - 1));
    }
  }
  return errors;
}

}  // namespace

Replicate Refitter::refit(const double* y, const ReplicateWishes& wishes, const Vector& beta,
                          const std::vector<Matrix>& b) {
  check_interrupt();
  rows_.y = y;
  replace_response(rows_, &moments_);
  objective_.refill_response();
  Replicate result;
  if (!find_minimum(&result)) return result;
  FixedReport fixed = report_fixed(objective_);
  result.beta = std::move(fixed.beta);
  const double variance = result.sigma * result.sigma;
  if (wishes.predicted != nullptr) {
    std::vector<Matrix> change;
    if (!wishes.predicted->terms.empty()) {
      change = report_modes(&objective_);
      for (std::size_t t = 0; t < change.size(); ++t) change[t] -= b[t];
    }
    result.errors = prediction_errors(*wishes.predicted, result.beta - beta, change);
    if (wishes.variances) {
      result.error_variances =
          variance * prediction_variance(objective_, *wishes.predicted, false).variance;
    }
  } else if (wishes.variances) {
    result.beta_covariance = variance * fixed.unscaled_vcov;
    const ContrastParts parts = satterthwaite_parts(&objective_, result.theta);
    result.theta_covariance = parameter_covariance(parts, result.sigma);
    result.is_free = parts.free;
  }
  return result;
}

std::vector<JointResult> Refitter::test(const Replicate& last, const FixedTests& tests) {
  const ContrastParts parts = contrast_parts(&objective_, last.theta, tests.degrees);
  std::vector<JointResult> results;
  results.reserve(tests.contrasts.size());
  for (const Matrix& l : tests.contrasts) {
    results.push_back(joint_test(parts, l, l * last.beta, last.sigma * last.sigma));
  }
  return results;
}

namespace {

// work(worker) in each of some threads; an error of any of them is the caller's.
template <class Work>
void in_threads(int threads, const Work& work) {
  std::vector<std::exception_ptr> failures(threads);
  const auto guarded = [&](int worker) {
    try {
      work(worker);
    } catch (...) {
      failures[worker] = std::current_exception();
    }
  };
  std::vector<std::thread> workers;
  for (int worker = 1; worker < threads; ++worker) workers.emplace_back(guarded, worker);
  guarded(0);
  for (std::thread& worker : workers) worker.join();
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

}  // namespace

std::vector<Replicate> refit_all(const ConstMatrixRef& y, const CrossProducts& moments,
                                 const std::vector<TermStructures>& structures,
                                 const DataRows& rows, const Vector& theta, bool reml, int threads,
                                 const FixedTests* tests) {
  const int count = static_cast<int>(y.cols());
  std::vector<Replicate> replicates(count);
  threads = std::max(1, std::min(threads, count));
  in_threads(threads, [&](int worker) {
    Refitter refitter(moments, structures, rows, theta, reml, SearchOptions());
    for (int k = worker; k < count; k += threads) {
      replicates[k] = refitter.refit(y.data() + y.outerStride() * k);
      const bool is_fitted = replicates[k].theta.size() > 0;
      if (tests != nullptr && is_fitted) replicates[k].tests = refitter.test(replicates[k], *tests);
    }
  });
  return replicates;
}

std::vector<Replicate> bootstrap(const ResponseModel& model, const CrossProducts& moments,
                                 const std::vector<TermStructures>& structures,
                                 const DataRows& rows, const Vector& theta, const Vector& beta,
                                 bool reml, const BootstrapPlan& plan,
                                 const ReplicateWishes& wishes) {
  std::vector<Replicate> replicates(plan.count);
  const int threads = std::max(1, std::min(plan.threads, plan.count));
  in_threads(threads, [&](int worker) {
    Refitter refitter(moments, structures, rows, theta, reml, SearchOptions());
    if (plan.constraints != nullptr) refitter.constrain(*plan.constraints, model.sigma);
    Vector y(rows.n);
    std::vector<Matrix> b;
    for (int k = worker; k < plan.count; k += threads) {
      RandomStream random(plan.seed, plan.first + k);
      draw_response(model, rows, &random, y.data(), &b);
      replicates[k] = refitter.refit(y.data(), wishes, beta, b);
    }
  });
  return replicates;
}

}  // namespace henderson
