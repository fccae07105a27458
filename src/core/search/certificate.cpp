#include "search/certificate.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "algebra/eigen_decompositions.h"
#include "algebra/symmetric.h"

namespace henderson {

namespace {

constexpr double kSnap = 1e-3;      // |L_cc| from which the boundary is looked at
constexpr double kDoubtful = 1e-6;  // rounding of the criterion from which it is asked itself,
constexpr double kSeen = 10;        // the multiple of it that counts,
constexpr double kStep = 0.03;      // relative changes of standard deviations that may not gain,
constexpr double kFarStep = 0.1;    // and that must lose
constexpr double kFlat = 1e-6;  // change of the criterion by a change of a parameter by its size

// Smallest eigenvalue of S per level, over (nearly) singular matrices Gamma, and what a step of
// Fisher scoring along its direction v would gain: s^2 / (2 T) with s = v'Sv < 0 and
// T = tr(D vv' D vv') over all levels, which is at least (v'Qv)^2 / J.
void look_at_boundary(const Coordinates& coordinates, const Vector& x, const Evaluation& there,
                      Certificate* certificate) {
  certificate->boundary_gain = 0;
  for (const Cone& cone : coordinates.cones) {
    const Vector pivots = cone_factor(cone, x).diagonal().cwiseAbs();
    if (!(pivots.minCoeff() <= kSnap)) continue;
    const Eigen::SelfAdjointEigenSolver<Matrix> eigen(cone_gradient(cone, there.gradient));
    const Vector v = eigen.eigenvectors().col(0);
    const double score = eigen.eigenvalues()[0];
    certificate->smallest_score = std::min(certificate->smallest_score, score / cone.levels);
    if (!(score < 0)) continue;
    const double relative = score / v.dot(cone_gradient(cone, there.expected) * v);
    const double gain = 0.5 * cone.levels * relative * relative;
    // not a number is no gain that could be told
    if (!(gain <= certificate->boundary_gain)) certificate->boundary_gain = gain;
  }
}

// The coordinates that the evidence is about: entries of columns that are not empty, and free ones,
// unless the criterion does not depend on them (random effects that the fixed effects reproduce):
// the rounding that they have for a curvature must not be scaled to 1.
std::vector<int> sort_coordinates(const Coordinates& coordinates, const Vector& x,
                                  const Evaluation& there, std::vector<int>* flat) {
  std::vector<int> moving;
  const auto place = [&](int i, double size) {
    const double change =
        std::max(std::abs(there.gradient[i]) * size, std::abs(there.hessian(i, i)) * size * size);
    (change < kFlat ? *flat : moving).push_back(i);
  };
  for (const Cone& cone : coordinates.cones) {
    for (int c = 0; c < cone.size; ++c) {
      const int first = cone.pivot(c);
      if (x[first] == 0) continue;
      const double size = std::max(1.0, x.segment(first, cone.size - c).norm());
      for (int i = first; i < first + cone.size - c; ++i) place(i, size);
    }
  }
  for (int i : coordinates.free()) place(i, 1);
  std::sort(moving.begin(), moving.end());
  std::sort(flat->begin(), flat->end());
  return moving;
}

// The least that the criterion changes by where the effects of one term, of one of its columns or
// along one of its principal axes are multiplied by a factor. Far out the derivatives are rounding
// long before the criterion is: at standard deviations of 1e5 and more they can look like a
// minimum's, or like none.
double least_change(Objective* objective, const Vector& x, double factor) {
  const Coordinates& coordinates = objective->coordinates();
  const double value = objective->value(coordinates.keep_off_zero(x));
  double lowest = std::numeric_limits<double>::infinity();
  const auto look = [&](const Cone& cone, const Matrix& lambda) {
    Vector moved = x;
    set_cone_matrix(cone, lambda, &moved);
    lowest = std::min(lowest, objective->value(coordinates.keep_off_zero(moved)) - value);
  };
  for (const Cone& cone : coordinates.cones) {
    const Matrix lambda = cone_factor(cone, x);
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

Certificate certify_derivatives(Objective* objective, const SearchOptions& options,
                                SearchResult* optimum) {
  const Coordinates& coordinates = objective->coordinates();
  Certificate certificate;
  const Vector x = coordinates.keep_off_zero(optimum->x);
  certificate.exact_hessian = objective->trace_cost() != TraceCost::kTooMuch;
  const Order order = certificate.exact_hessian ? Order::kTraces : Order::kAverage;
  const Evaluation there = objective->evaluate(x, order, Chart::kFactor);
  const Evaluation boundary = objective->evaluate(x, Order::kGradient, Chart::kCovariance);
  if (there.gradient.size() == 0 || boundary.gradient.size() == 0) {
    // beside the boundary there is no criterion: rounding is all there is
    certificate.smallest_curvature = -1;
    return certificate;
  }
  if (there.exact && !coordinates.singular(optimum->x)) certificate.hessian = there.hessian;
  const FullRounding rounding = objective->full_rounding(x);
  certificate.rounding = rounding.value;
  certificate.relative_error = rounding.scale;
  look_at_boundary(coordinates, optimum->x, boundary, &certificate);
  const std::vector<int> moving =
      sort_coordinates(coordinates, optimum->x, there, &certificate.undetermined);
  if (coordinates.singular(optimum->x) && optimum->evaluations < options.max_evaluations) {
    optimum->value = objective->value(optimum->x);
    ++optimum->evaluations;
  }
  if (moving.empty()) return certificate;
  const Matrix hessian = submatrix(there.hessian, moving);
  const Vector unit = hessian.diagonal().cwiseAbs().cwiseSqrt().cwiseInverse();
  const Matrix scaled = unit.asDiagonal() * hessian * unit.asDiagonal();
  const Vector slope = unit.cwiseProduct(subvector(there.gradient, moving));
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

}  // namespace

std::vector<std::string> Certificate::failed() const {
  std::vector<std::string> names;
  const double nothing = std::max(1e-6, std::min(rounding, 0.01));
  if (!(predicted_decrease < nothing)) names.push_back("predicted_decrease");
  if (!(smallest_curvature > -1e-6)) names.push_back("smallest_curvature");
  if (!(smallest_score > -1e-6 || boundary_gain < nothing)) names.push_back("smallest_score");
  return names;
}

Certificate certify(Objective* objective, const SearchOptions& options, SearchResult* optimum) {
  Certificate certificate = certify_derivatives(objective, options, optimum);
  if (certificate.rounding > kDoubtful) {
    const double change = std::min(least_change(objective, optimum->x, 1 - kStep),
                                   least_change(objective, optimum->x, 1 + kStep));
    if (change < -kSeen * certificate.rounding) {
      certificate.predicted_decrease = std::max(certificate.predicted_decrease, -change);
    }
  }
  return certificate;
}

void ask_criterion(Objective* objective, const SearchResult& optimum, Certificate* certificate) {
  if (!(certificate->rounding > kDoubtful && certificate->smallest_curvature < 0)) return;
  for (const Cone& cone : objective->coordinates().cones) {
    if (cone.size > 1) return;  // there are more directions than can be looked at
  }
  const double seen = kSeen * certificate->rounding;
  if (least_change(objective, optimum.x, 1 - kFarStep) > seen &&
      least_change(objective, optimum.x, 1 + kFarStep) > seen) {
    certificate->smallest_curvature = 0;
  }
}

}  // namespace henderson
