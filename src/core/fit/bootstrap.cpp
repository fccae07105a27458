#include "fit/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <thread>
#include <utility>

#include "algebra/interrupt.h"
#include "algebra/random_stream.h"
#include "data/accumulate.h"
#include "fit/report.h"
#include "search/certificate.h"
#include "search/covariance_search.h"
#include "search/factor_search.h"

namespace henderson {

Refitter::Refitter(const CrossProducts& moments, const std::vector<TermStructures>& structures,
                   const DataRows& rows, const Vector& theta, bool reml,
                   const SearchOptions& options)
    : moments_(moments),
      rows_(rows),
      options_(options),
      objective_(moments_, structures, reml),
      start_(objective_.random().to_standard(theta)) {
  // a variance of zero has no way out of its own where the start is to serve other responses
  for (const Cone& cone : objective_.coordinates().cones) {
    for (int c = 0; c < cone.size; ++c) {
      double& pivot = start_[cone.pivot(c)];
      if (std::abs(pivot) < 0.05) pivot = 0.05;
    }
  }
}

Replicate Refitter::refit(const double* y) {
  check_interrupt();
  rows_.y = y;
  replace_response(rows_, &moments_);
  objective_.refill_response();
  Replicate result;
  CovarianceSearch search(&objective_, options_);
  SearchResult found = search.run(start_, 0);
  if (found.status == SearchStatus::kUndefined) return result;
  bool certain = certify(&objective_, options_, &found).holds();
  if (!certain) {
    SearchResult other = FactorSearch(&objective_, options_).run(found.x, found.evaluations);
    if (other.value <= found.value + 1e-8) {
      certain = certify(&objective_, options_, &other).holds();
      found = std::move(other);
    }
  }
  result.criterion = objective_.value_at(found.x);
  if (!std::isfinite(result.criterion)) return result;
  result.theta = objective_.random().to_natural(found.x);
  result.beta = report_fixed(objective_).beta;
  const double unit = objective_.basis().y_scale;
  result.sigma = unit * std::sqrt(objective_.factor().residual_ss() / objective_.degrees());
  result.singular = objective_.coordinates().singular(found.x);
  result.certain = certain;
  return result;
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
                                 const DataRows& rows, const Vector& theta, bool reml,
                                 int threads) {
  const int count = static_cast<int>(y.cols());
  std::vector<Replicate> replicates(count);
  threads = std::max(1, std::min(threads, count));
  in_threads(threads, [&](int worker) {
    Refitter refitter(moments, structures, rows, theta, reml, SearchOptions());
    for (int k = worker; k < count; k += threads) {
      replicates[k] = refitter.refit(y.data() + y.outerStride() * k);
    }
  });
  return replicates;
}

std::vector<Replicate> bootstrap(const ResponseModel& model, const CrossProducts& moments,
                                 const std::vector<TermStructures>& structures,
                                 const DataRows& rows, const Vector& theta, bool reml,
                                 const BootstrapPlan& plan) {
  std::vector<Replicate> replicates(plan.count);
  const int threads = std::max(1, std::min(plan.threads, plan.count));
  in_threads(threads, [&](int worker) {
    Refitter refitter(moments, structures, rows, theta, reml, SearchOptions());
    Vector y(rows.n);
    for (int k = worker; k < plan.count; k += threads) {
      RandomStream random(plan.seed, plan.first + k);
      draw_response(model, rows, &random, y.data());
      replicates[k] = refitter.refit(y.data());
    }
  });
  return replicates;
}

}  // namespace henderson
