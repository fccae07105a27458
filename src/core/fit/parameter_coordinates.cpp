#include "fit/parameter_coordinates.h"

#include <cmath>
#include <stdexcept>
#include <utility>

#include "covariance/pivoted.h"
#include "fit/constraints.h"
#include "fit/starts.h"
#include "likelihood/absolute.h"

namespace henderson {

namespace {

using Kind = ProfileParameter::Kind;

constexpr double kHalfPi = 1.57079632679489661923;

// A structure's own correlation at -pi/2.
double lowest_correlation(const RandomPart& random, int theta) {
  Vector x = random.start();
  x[theta] = -kHalfPi;
  return random.to_natural(x)[theta];
}

// Which coordinate of which parametrization a parameter is.
struct Place {
  RandomPart random;
  int held = 0;
  double unit = 1;  // of a standard deviation, over sigma_0
  // Of an unstructured matrix, which covariance/pivoted.h replaces: where it is, and T.
  const PlacedStructure* pivoted = nullptr;
  std::size_t term = 0;
  Matrix basis;
};

// Of standardized columns: bases of unstructured terms that were replaced are those already.
RandomPart pivoted_part(const GaussianObjective& objective,
                        const std::vector<TermStructures>& structures, std::size_t term,
                        const PlacedStructure& own,
                        std::shared_ptr<const CovarianceStructure> pivoted) {
  std::vector<TermStructures> replaced = structures;
  for (PlacedStructure& placed : replaced[term]) {
    if (placed.first_parameter == own.first_parameter) placed.structure = pivoted;
  }
  std::vector<int> levels;
  for (const TermSums& sums : objective.moments().terms) levels.push_back(sums.n_levels);
  std::vector<Matrix> bases = objective.basis().z_map;
  std::vector<Matrix> inverses = objective.basis().z_inverse;
  for (std::vector<Matrix>* one : {&bases, &inverses}) {
    (*one)[term]
        .block(own.first_column, own.first_column, own.n_columns(), own.n_columns())
        .setIdentity();
  }
  return RandomPart(std::move(replaced), levels, std::move(bases), std::move(inverses));
}

Place find_place(const GaussianObjective& objective, const std::vector<TermStructures>& structures,
                 const ProfileParameter& parameter) {
  const RandomPart& random = objective.random();
  if (parameter.kind == Kind::kResidual) {
    return {random, random.n_parameters(), 1, nullptr, 0, Matrix()};
  }
  for (std::size_t t = 0; t < structures.size(); ++t) {
    for (const PlacedStructure& own : structures[t]) {
      const int last = own.first_parameter + own.n_parameters();
      if (parameter.theta < own.first_parameter || parameter.theta >= last) continue;
      const bool wide = own.structure->basis() == Basis::kAny && own.n_columns() > 1;
      if (!wide) {
        Vector theta = random.to_natural(random.start());
        theta[parameter.theta] = 1;
        const double unit = 1 / random.to_standard(theta)[parameter.theta];
        return {random, parameter.theta, unit, nullptr, t, Matrix()};
      }
      const bool single = parameter.kind == Kind::kDeviation;
      const Matrix inverse = objective.basis().z_inverse[t].block(
          own.first_column, own.first_column, own.n_columns(), own.n_columns());
      Matrix effects(own.n_columns(), single ? 1 : 2);
      effects.col(0) = inverse.row(parameter.row).transpose();
      if (!single) effects.col(1) = inverse.row(parameter.column).transpose();
      const Matrix basis = pivoted_basis(effects);
      return {pivoted_part(objective, structures, t, own, make_pivoted(basis, effects.cols())),
              own.first_parameter + pivoted_held(effects.cols()),
              effects.col(0).norm(),
              &own,
              t,
              basis};
    }
  }
  throw std::logic_error("a profile of a parameter that does not exist");
}

class FreeCoordinates : public ParameterCoordinates {
 public:
  FreeCoordinates(GaussianObjective* objective, const std::vector<TermStructures>& structures,
                  const Vector& x, const ProfileParameter& parameter)
      : profiled_(*objective),
        place_(find_place(*objective, structures, parameter)),
        absolute_(objective, place_.random, x) {
    held = place_.held;
    unit = place_.unit * absolute_.sigma(Vector::Zero(x.size() + 1));
    if (parameter.kind == Kind::kCorrelation && place_.pivoted == nullptr) {
      lowest = lowest_correlation(objective->random(), held);
    }
    start = Vector::Zero(x.size() + 1);
    start.head(x.size()) = x;
    if (place_.pivoted == nullptr) return;
    const PlacedStructure& own = *place_.pivoted;
    const Matrix lambda = profiled_.random().factors(x)[place_.term].block(
        own.first_column, own.first_column, own.n_columns(), own.n_columns());
    pivots_ = parameter.kind == Kind::kDeviation ? 1 : 2;
    start.segment(own.first_parameter, own.n_parameters()) =
        pivoted_parameters(place_.basis, pivots_, lambda);
  }

  Objective& objective() override { return absolute_; }

  Vector standardized(const Vector& all) const override {
    const Index k = profiled_.n_parameters();
    Vector x = all.head(k);
    const double shrink = std::exp(-0.5 * all[k]);
    for (const Cone& cone : place_.random.coordinates().cones) {
      x.segment(cone.first, cone.n_coordinates()) *= shrink;
    }
    if (place_.pivoted == nullptr) return x;
    const PlacedStructure& own = *place_.pivoted;
    Cone cone;
    cone.first = own.first_parameter;
    cone.size = own.n_columns();
    const Matrix lambda = absolute_.relative_factors(all)[place_.term];
    set_cone_matrix(cone, lambda.block(own.first_column, own.first_column, cone.size, cone.size),
                    &x);
    return x;
  }
  double sigma(const Vector& all) const override { return absolute_.sigma(all); }

  std::vector<Vector> other_starts(const Vector& all) const override {
    std::vector<Vector> starts = henderson::other_starts(absolute_.coordinates(), all);
    if (place_.pivoted == nullptr) return starts;
    const PlacedStructure& own = *place_.pivoted;
    const Vector here = all.segment(own.first_parameter, own.n_parameters());
    for (const Vector& other : pivoted_alternatives(here, own.n_columns(), pivots_)) {
      starts.push_back(all);
      starts.back().segment(own.first_parameter, own.n_parameters()) = other;
    }
    return starts;
  }

 private:
  GaussianObjective& profiled_;
  Place place_;
  AbsoluteObjective absolute_;
  Index pivots_ = 0;
};

class CoordinatesOfConstrained : public ParameterCoordinates {
 public:
  CoordinatesOfConstrained(GaussianObjective* objective, const ProfiledFit& fit,
                           const ProfileParameter& parameter)
      : fit_(objective, with_parameter(*fit.constraints, parameter)) {
    start = fit_.objective().coordinates().canonical(
        fit_.from_natural(objective->random().to_natural(fit.x), fit.sigma));
    const ConstrainedFit::Coordinate own = parameter.kind == Kind::kResidual
                                               ? fit_.coordinate_of_sigma()
                                               : fit_.coordinate_of(as_constrained(parameter));
    held = own.at;
    unit = own.unit;
    if (held < 0) throw std::invalid_argument("a parameter that is held has no profile");
    const PlacedStructure& structure = structure_of(*objective, parameter.theta);
    if (parameter.kind == Kind::kCorrelation && structure.structure->basis() != Basis::kAny) {
      lowest = lowest_correlation(objective->random(), parameter.theta);
    }
  }

  Objective& objective() override { return fit_.objective(); }
  Vector standardized(const Vector& all) const override { return fit_.standardized(all); }
  double sigma(const Vector& all) const override { return fit_.sigma(all); }
  std::vector<Vector> other_starts(const Vector& all) const override {
    return fit_.other_starts(all);
  }

 private:
  static ConstrainedParameter as_constrained(const ProfileParameter& parameter) {
    ConstrainedParameter one;
    one.theta = parameter.theta;
    one.row = parameter.row;
    one.column = parameter.column;
    one.is_deviation = parameter.kind == Kind::kDeviation;
    return one;
  }
  static Constraints with_parameter(Constraints constraints, const ProfileParameter& parameter) {
    if (parameter.kind != Kind::kResidual) {
      constraints.parameters.push_back(as_constrained(parameter));
    }
    return constraints;
  }
  static const PlacedStructure& structure_of(const GaussianObjective& objective, int theta) {
    for (const TermStructures& term : objective.random().structures()) {
      for (const PlacedStructure& own : term) {
        if (theta < own.first_parameter + own.n_parameters()) return own;
      }
    }
    throw std::logic_error("a profile of a parameter that does not exist");
  }

  ConstrainedFit fit_;
};

}  // namespace

std::unique_ptr<ParameterCoordinates> free_coordinates(
    GaussianObjective* objective, const std::vector<TermStructures>& structures, const Vector& x,
    const ProfileParameter& parameter) {
  return std::make_unique<FreeCoordinates>(objective, structures, x, parameter);
}

std::unique_ptr<ParameterCoordinates> constrained_coordinates(GaussianObjective* objective,
                                                              const ProfiledFit& fit,
                                                              const ProfileParameter& parameter) {
  return std::make_unique<CoordinatesOfConstrained>(objective, fit, parameter);
}

}  // namespace henderson
