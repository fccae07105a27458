#include "fit/starts.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "algebra/eigen_decompositions.h"
#include "algebra/symmetric.h"

namespace henderson {

Vector choose_start(const GaussianObjective& deviance, const Vector& natural) {
  return natural.size() > 0 ? deviance.random().to_standard(natural) : deviance.random().start();
}

namespace {

constexpr int kFewLevels = 10;

bool is_wide(const PlacedStructure& own) {
  return own.n_columns() > 1 && own.structure->basis() == Basis::kAny;
}

}  // namespace

Vector drawn_start(const GaussianObjective& deviance, RandomStream* stream) {
  constexpr double kWidest = 1.4;
  Vector x = deviance.random().start();
  for (const Cone& cone : deviance.coordinates().cones) {
    x.segment(cone.first, cone.n_coordinates()) *= std::exp(stream->normal());
  }
  for (const int i : deviance.coordinates().free()) x[i] = kWidest * (2 * stream->uniform() - 1);
  return x;
}

std::vector<NestedModel> nested_models(const RandomPart& random) {
  struct Lift {
    int from, size, to;
    std::function<Vector(const Vector&)> lift;
  };
  std::vector<NestedModel> result;
  for (std::size_t k = 0;; ++k) {
    std::vector<TermStructures> simpler = random.structures();
    std::vector<Lift> lifts;
    int first = 0;
    bool any = false;
    for (TermStructures& term : simpler) {
      for (PlacedStructure& placed : term) {
        Lift own{first, placed.n_parameters(), placed.first_parameter,
                 [](const Vector& theta) { return theta; }};
        const std::vector<NestedStructure> nested = placed.structure->nested();
        if (!nested.empty()) {
          any = any || k < nested.size();
          const NestedStructure& taken = nested[std::min(k, nested.size() - 1)];
          placed.structure = taken.structure;
          own.size = placed.n_parameters();
          own.lift = taken.lift;
        }
        placed.first_parameter = first;
        first += own.size;
        lifts.push_back(own);
      }
    }
    if (!any) return result;
    const int n = random.n_parameters();
    result.push_back({simpler, [lifts, n](const Vector& theta) {
                        Vector own(n);
                        for (const Lift& one : lifts) {
                          const Vector part = one.lift(theta.segment(one.from, one.size));
                          own.segment(one.to, part.size()) = part;
                        }
                        return own;
                      }});
  }
}

namespace {

// The deviations, and the other coordinates as in `from` where that is not empty.
Vector released(const CovarianceStructure& structure, Vector own, const Vector& from) {
  constexpr double kShare = 0.7;
  double sum = 0;
  int positive = 0;
  for (const Cone& cone : structure.cones()) {
    sum += own[cone.first];
    positive += own[cone.first] > 0 ? 1 : 0;
  }
  const double size = positive > 0 ? kShare * sum / positive : kShare;
  Vector result = from.size() > 0 ? from : own;
  for (const Cone& cone : structure.cones()) {
    result[cone.first] = own[cone.first] > 0 ? own[cone.first] : size;
  }
  return result;
}

}  // namespace

std::vector<Vector> released_starts(const GaussianObjective& deviance, const Vector& x) {
  std::vector<Vector> result;
  for (const TermStructures& term : deviance.random().structures()) {
    for (const PlacedStructure& placed : term) {
      const CovarianceStructure& structure = *placed.structure;
      if (structure.is_linear()) continue;
      const Vector own = x.segment(placed.first_parameter, placed.n_parameters());
      bool zero = false;
      for (const Cone& cone : structure.cones()) zero = zero || own[cone.first] == 0;
      if (!zero) continue;
      std::vector<Vector> from = structure.other_starts();
      from.push_back(structure.start());
      from.emplace_back();
      for (std::size_t k = 0; k < from.size(); ++k) {
        if (k == result.size()) result.push_back(x);
        result[k].segment(placed.first_parameter, placed.n_parameters()) =
            released(structure, own, from[k]);
      }
    }
  }
  return result;
}

bool many_parameters_few_levels(const GaussianObjective& deviance) {
  if (deviance.n_parameters() < 2) return false;
  for (const TermSums& term : deviance.moments().terms) {
    if (term.n_levels <= kFewLevels) return true;
  }
  return false;
}

bool correlated_effects_few_levels(const GaussianObjective& deviance) {
  const std::vector<TermStructures>& factors = deviance.random().structures();
  return factors.size() == 1 && deviance.moments().terms[0].n_levels <= kFewLevels &&
         std::any_of(factors[0].begin(), factors[0].end(), is_wide);
}

Vector cancelling_start(const GaussianObjective& deviance, const Vector& x) {
  constexpr double kFar = 8;  // SDs: up to 10 no minimum was missed (design/decisions.md)
  constexpr double kFarthest = 1e5;
  Vector start = x;
  for (std::size_t t = 0; t < deviance.random().structures().size(); ++t) {
    const TermStructures& structures = deviance.random().structures()[t];
    std::vector<std::pair<int, int>> own;  // column and parameter
    for (const PlacedStructure& s : structures) {
      if (is_wide(s) || !s.structure->has_entries()) continue;
      for (int c = 0; c < s.n_columns(); ++c)
        own.push_back({s.first_column + c, s.first_parameter + c});
    }
    if (own.size() < 2) continue;
    const TermSums& term = deviance.moments().terms[t];
    const Matrix pooled =
        pooled_products(term, structure_columns(deviance.moments(), t, structures));
    for (const auto& a : own) {
      double largest = 0;
      for (const auto& b : own) {
        if (a.first == b.first) continue;
        const double cross = pooled(a.first, b.first);
        const double cosine2 = cross * cross / pooled(a.first, a.first) / pooled(b.first, b.first);
        largest = std::max(largest, std::sqrt(cosine2 / std::max(1 - cosine2, 0.0)));
      }
      if (largest > kFar) start[a.second] = std::min(largest, kFarthest);
    }
  }
  return start;
}

namespace {

enum class Slopes { kNone, kCentred, kFar };

// Columns of Z besides that of ones: those that are centred or vary about zero, and those that are
// mostly their mean, which can take the part of an intercept. Told by the angle with X's column of
// ones.
Slopes find_slopes(const GaussianObjective& deviance) {
  const CrossProducts& moments = deviance.moments();
  constexpr double kConstant = 1 - 1e-9;  // squared cosine of the angle with the column of ones
  constexpr double kFar = 0.5;
  if (moments.intercept() < 0) return Slopes::kCentred;
  const double n = moments.xy(moments.intercept(), moments.intercept());
  Slopes found = Slopes::kNone;
  for (std::size_t t = 0; t < moments.terms.size(); ++t) {
    const TermSums& term = moments.terms[t];
    const Matrix own = structure_columns(deviance.moments(), t, deviance.random().structures()[t]);
    const Matrix squares = pooled_products(term, own);
    Vector sums = Vector::Zero(term.v);
    for (int j = 0; j < term.n_levels; ++j) {
      for (int c = 0; c < term.v; ++c) sums[c] += term.xy(moments.intercept(), j * term.v + c);
    }
    sums = (own.transpose() * sums).eval();
    for (int c = 0; c < term.v; ++c) {
      const double cosine2 = sums[c] * sums[c] / (n * squares(c, c));
      if (!(cosine2 < kConstant)) continue;
      if (cosine2 > kFar) return Slopes::kFar;
      found = Slopes::kCentred;
    }
  }
  return found;
}

}  // namespace

Wider wider_from(const GaussianObjective& objective, const Vector& start) {
  if (start != objective.random().start()) return Wider::kNo;
  switch (find_slopes(objective)) {
    case Slopes::kNone:
      return Wider::kNo;
    case Slopes::kCentred:
      return Wider::kIfOutwards;
    case Slopes::kFar:
      break;
  }
  return Wider::kYes;
}

Vector complement(const Coordinates& coordinates, const Vector& x) {
  Vector start = x;
  for (const Cone& cone : coordinates.cones) {
    const Matrix factor = cone_factor(cone, x);
    const Eigen::SelfAdjointEigenSolver<Matrix> eigen(factor * factor.transpose());
    const Vector root = (1 + 10 * eigen.eigenvalues().array().max(0)).rsqrt();
    set_cone_matrix(cone, canonical_factor(eigen.eigenvectors() * root.asDiagonal(), nullptr),
                    &start);
  }
  return start;
}

std::vector<Vector> collinear_starts(const Coordinates& coordinates, const Vector& x) {
  constexpr double kLeft = 0.05;  // of the variances, for what is not collinear
  constexpr double kLeast = 1;    // variances, relative to the residual one
  std::vector<Vector> starts;
  for (const Cone& cone : coordinates.cones) {
    if (cone.size < 2) continue;
    const Matrix factor = cone_factor(cone, x);
    const Matrix gamma = factor * factor.transpose();
    const Vector variance = gamma.diagonal().cwiseMax(kLeast);
    const Eigen::SelfAdjointEigenSolver<Matrix> eigen(gamma);
    for (int axis = 1; axis <= 2; ++axis) {
      const Vector signs = eigen.eigenvectors().col(cone.size - axis).unaryExpr([](double e) {
        return e < 0 ? -1.0 : 1.0;
      });
      const Vector along = variance.cwiseSqrt().cwiseProduct(signs);
      Matrix other = (1 - kLeft) * along * along.transpose();
      other.diagonal() += kLeft * variance;
      starts.push_back(x);
      set_cone_matrix(cone, semidefinite_cholesky(other), &starts.back());
    }
  }
  return starts;
}

std::vector<Vector> other_starts(const Coordinates& coordinates, const Vector& x) {
  std::vector<Vector> starts = collinear_starts(coordinates, x);
  starts.insert(starts.begin(), complement(coordinates, x));
  return starts;
}

}  // namespace henderson
