// Evidence that the result of a search is a minimum.
#include <algorithm>
#include <cmath>
#include <limits>

#include "algebra/eigen_decompositions.h"
#include "algebra/symmetric.h"
#include "search/covariance_search.h"

namespace henderson {

namespace {

constexpr double kSnap = 1e-3;      // |Lambda_cc| from which the boundary is looked at
constexpr double kDoubtful = 1e-6;  // rounding of the criterion from which it is asked itself,
constexpr double kSeen = 10;        // the multiple of it that counts,
constexpr double kStep = 0.03;      // relative changes of standard deviations that may not gain,
constexpr double kFarStep = 0.1;    // and that must lose
constexpr double kFlat = 1e-6;  // change of the criterion by a change of a parameter by its size

// Smallest eigenvalue of S_t per level, over structures whose Gamma_t is (nearly) singular, and
// what a step of Fisher scoring along its direction v would gain: s^2 / (2 T) with s = v'S_t v < 0
// and T = tr(D vv' D vv') over all levels, which is at least (v'Q_t v)^2 / J.
void look_at_boundary(const GaussianObjective& deviance, const Vector& x,
                      Certificate* certificate) {
  certificate->boundary_gain = 0;
  const std::vector<Matrix> lambda = deviance.unpack(x);
  const std::vector<TermSums>& terms = deviance.moments().terms;
  for (std::size_t t = 0; t < terms.size(); ++t) {
    const double levels = terms[t].n_levels;
    const auto note = [&](double score, double expected) {
      certificate->smallest_score = std::min(certificate->smallest_score, score / levels);
      if (!(score < 0)) return;
      const double relative = score / expected;
      const double gain = 0.5 * levels * relative * relative;
      // not a number is no gain that could be told
      if (!(gain <= certificate->boundary_gain)) certificate->boundary_gain = gain;
    };
    for (const CovarianceStructure& structure : terms[t].structures) {
      const int a = structure.first_column;
      const int w = structure.n_columns;
      const Matrix own = deviance.score()[t].block(a, a, w, w);
      const Matrix expected = deviance.expected()[t].block(a, a, w, w);
      const Vector pivots = lambda[t].block(a, a, w, w).diagonal().cwiseAbs();
      if (structure.kind == StructureKind::kDiagonal) {
        for (int c = 0; c < w; ++c) {
          if (pivots[c] <= kSnap) note(own(c, c), expected(c, c));
        }
      } else if (pivots.minCoeff() <= kSnap) {
        const Eigen::SelfAdjointEigenSolver<Matrix> eigen(own);
        const Vector v = eigen.eigenvectors().col(0);
        note(eigen.eigenvalues()[0], v.dot(expected * v));
      }
    }
  }
}

}  // namespace

// The least that the criterion changes by where the effects of one term, of one of its columns or
// along one of its principal axes are multiplied by a factor. Far out the derivatives are rounding
// long before the criterion is: at standard deviations of 1e5 and more they can look like a
// minimum's, or like none.
double CovarianceSearch::least_change(const Vector& x, double factor) {
  const double value = deviance_.value(keep_off_zero(x));
  double lowest = std::numeric_limits<double>::infinity();
  const auto look = [&](const Cone& cone, const Matrix& lambda) {
    Vector moved = x;
    set_cone_matrix(cone, lambda, &moved);
    lowest = std::min(lowest, deviance_.value(keep_off_zero(moved)) - value);
  };
  for (const Cone& cone : cones_) {
    const Matrix lambda = cone_matrix(cone, x).triangularView<Eigen::Lower>();
    look(cone, factor * lambda);
    if (cone.size == 1) continue;
    const Eigen::SelfAdjointEigenSolver<Matrix> eigen(lambda * lambda.transpose());
    const Vector root = eigen.eigenvalues().cwiseMax(0).cwiseSqrt();
    for (int k = 0; k < cone.size; ++k) {
      Matrix moved = lambda;
      moved.row(k) *= factor;
      look(cone, moved);
      moved = eigen.eigenvectors() * root.asDiagonal();
      moved.col(k) *= factor;
      look(cone, canonical_factor(moved, nullptr));
    }
  }
  return lowest;
}

Certificate CovarianceSearch::certify(SearchResult* optimum) {
  Certificate certificate = certify_derivatives(optimum);
  if (certificate.rounding > kDoubtful) {
    const double change =
        std::min(least_change(optimum->x, 1 - kStep), least_change(optimum->x, 1 + kStep));
    if (change < -kSeen * certificate.rounding) {
      certificate.predicted_decrease = std::max(certificate.predicted_decrease, -change);
    }
  }
  return certificate;
}

void CovarianceSearch::ask_criterion(const SearchResult& optimum, Certificate* certificate) {
  if (!(certificate->rounding > kDoubtful && certificate->smallest_curvature < 0)) return;
  for (const Cone& cone : cones_) {
    if (cone.size > 1) return;  // there are more directions than can be looked at
  }
  const double seen = kSeen * certificate->rounding;
  if (least_change(optimum.x, 1 - kFarStep) > seen &&
      least_change(optimum.x, 1 + kFarStep) > seen) {
    certificate->smallest_curvature = 0;
  }
}

Certificate CovarianceSearch::certify_derivatives(SearchResult* optimum) {
  Certificate certificate;
  const Vector x = keep_off_zero(optimum->x);
  certificate.exact_hessian = deviance_.exact_hessian_pays();
  deviance_.value_at(x);
  const Matrix hessian = deviance_.hessian(certificate.exact_hessian);
  const Vector gradient = deviance_.gradient();
  certificate.rounding = deviance_.full_noise();
  certificate.relative_error = deviance_.relative_error();
  look_at_boundary(deviance_, optimum->x, &certificate);
  // Free: entries of columns that are not empty, unless the criterion does not depend on them
  // (random effects that the fixed effects reproduce): the rounding that they have for a curvature
  // must not be scaled to 1.
  std::vector<int> free;
  const std::vector<Matrix> lambda = deviance_.unpack(optimum->x);
  for (int i = 0; i < deviance_.n_parameters(); ++i) {
    const LambdaEntry& entry = deviance_.entries()[i];
    const double size = std::max(1.0, lambda[entry.term].col(entry.column).norm());
    const bool flat =
        std::max(std::abs(gradient[i]) * size, std::abs(hessian(i, i)) * size * size) < kFlat;
    if (lambda[entry.term](entry.column, entry.column) == 0) continue;
    (flat ? certificate.undetermined : free).push_back(i);
  }
  if (singular(*optimum) && optimum->evaluations < options_.max_evaluations) {
    optimum->value = deviance_.value(optimum->x);
    ++optimum->evaluations;
  }
  const Index n = static_cast<Index>(free.size());
  if (n == 0) return certificate;
  Matrix scaled(n, n);
  Vector slope(n);
  for (Index a = 0; a < n; ++a) {
    const double scale_a = std::sqrt(std::abs(hessian(free[a], free[a])));
    slope[a] = gradient[free[a]] / scale_a;
    for (Index b = 0; b < n; ++b) {
      scaled(a, b) =
          hessian(free[a], free[b]) / (scale_a * std::sqrt(std::abs(hessian(free[b], free[b]))));
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

std::vector<std::string> Certificate::failed() const {
  std::vector<std::string> names;
  const double nothing = std::max(1e-6, std::min(rounding, 0.01));
  if (!(predicted_decrease < nothing)) names.push_back("predicted_decrease");
  if (!(smallest_curvature > -1e-6)) names.push_back("smallest_curvature");
  if (!(smallest_score > -1e-6 || boundary_gain < nothing)) names.push_back("smallest_score");
  return names;
}

}  // namespace henderson
