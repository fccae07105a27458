// Structures and their parameters (covariance/structure.h, covariance/correlation.h): every map
// against differences, in both charts.
#include <catch.h>

#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <random>
#include <vector>

#include "covariance/distance.h"
#include "covariance/random_part.h"
#include "covariance/registry.h"

using namespace henderson;

namespace {

// Structures by name and size, one term each, with bases that they allow.
struct Case {
  std::vector<std::pair<std::string, int>> structures;
};

std::vector<Case> cases() {
  return {{{{"us", 1}}},
          {{{"us", 3}}},
          {{{"diag", 3}}},
          {{{"us", 2}, {"diag", 2}}},
          {{{"cs", 3}}},
          {{{"homcs", 4}}},
          {{{"cs", 2}, {"us", 2}}},
          {{{"ar1", 4}}},
          {{{"hetar1", 3}}},
          {{{"ar1", 1}}},
          {{{"homdiag", 3}}},
          {{{"toep", 4}}},
          {{{"homtoep", 5}}},
          {{{"toep", 2}, {"ad", 4}}},
          {{{"homad", 3}}},
          {{{"ou", 4}}},
          {{{"hetou", 3}}},
          {{{"exp", 4}}},
          {{{"gau", 3}}},
          {{{"mat", 4}}},
          {{{"hetmat", 3}}},
          {{{"ou", 1}}},
          {{{"mat", 1}, {"toep", 1}}}};
}

bool by_distance(const std::string& name) {
  for (const char* own : {"ou", "exp", "gau", "mat"}) {
    if (name.find(own) != std::string::npos) return true;
  }
  return false;
}

// Unequally spaced.
Matrix positions(int v) {
  Matrix result(v, 1);
  for (int i = 0; i < v; ++i) result(i, 0) = 2.5 * i + 0.3 * i * i;
  return result;
}

class Random {
 public:
  explicit Random(unsigned seed) : generator_(seed) {}
  double operator()() { return normal_(generator_); }
  double positive() { return std::exp(0.5 * (*this)()); }

 private:
  std::mt19937 generator_;
  std::normal_distribution<double> normal_;
};

RandomPart make_part(const Case& c, Random* random) {
  TermStructures structures;
  int v = 0;
  int parameters = 0;
  for (const auto& s : c.structures) {
    StructureSettings settings;
    if (by_distance(s.first)) settings.positions = positions(s.second);
    structures.push_back({make_structure(s.first, s.second, settings), v, parameters});
    v += s.second;
    parameters += structures.back().n_parameters();
  }
  Matrix basis = Matrix::Zero(v, v);
  for (const PlacedStructure& placed : structures) {
    for (int i = 0; i < placed.n_columns(); ++i) {
      const int at = placed.first_column + i;
      basis(at, at) = random->positive();
      const bool any = placed.structure->basis() == Basis::kAny;
      for (int j = i + 1; any && j < placed.n_columns(); ++j) {
        basis(at, placed.first_column + j) = 0.3 * (*random)();
      }
    }
  }
  return RandomPart({structures}, {7}, {basis}, {basis.inverse()});
}

Vector random_point(const RandomPart& part, Random* random) {
  Vector x = part.start();
  for (Index i = 0; i < x.size(); ++i) x[i] += 0.4 * (*random)();
  return part.to_standard(part.to_natural(x));  // canonical
}

Matrix gamma(const RandomPart& part, const Vector& x) {
  const Matrix lambda = part.factors(x)[0];
  return lambda * lambda.transpose();
}

// x with coordinate i of the chart moved.
Vector moved(const RandomPart& part, const Vector& x, Chart chart, int i, double step) {
  if (chart == Chart::kFactor) return x + step * Vector::Unit(x.size(), i);
  Vector y = part.coordinates().covariances(x);
  y[i] += step;
  for (const Cone& cone : part.coordinates().cones) {
    set_cone_matrix(cone, Matrix(cone_matrix(cone, y).llt().matrixL()), &y);
  }
  return y;
}

}  // namespace

TEST_CASE("natural and standardized parameters give the same covariances of the effects") {
  Random random(1);
  for (const Case& c : cases()) {
    INFO(c.structures[0].first << " " << c.structures[0].second);
    for (int repeat = 0; repeat < 5; ++repeat) {
      Random basis(100 + repeat);
      const RandomPart part = make_part(c, &basis);
      const Vector x = random_point(part, &random);
      const Vector theta = part.to_natural(x);
      CHECK((part.to_standard(theta) - x).norm() < 1e-12 * (1 + x.norm()));
      // Gamma~ = K Gamma K', K from any two points
      const Matrix natural = part.natural_factors(theta)[0];
      CHECK(natural.isLowerTriangular(0));
      std::vector<Matrix> q;
      part.to_standard(theta, &q);
      const Matrix standard = part.factors(x)[0];
      CHECK((q[0] * q[0].transpose() - Matrix::Identity(standard.rows(), standard.rows())).norm() <
            1e-12);
      const Matrix k = standard * q[0].transpose() * natural.inverse();
      const Vector other = random_point(part, &random);
      const Matrix there = part.natural_factors(part.to_natural(other))[0];
      CHECK((k * there * there.transpose() * k.transpose() - gamma(part, other)).norm() < 1e-10);
    }
  }
}

TEST_CASE("directions, gradients and bends are the derivatives of Gamma in both charts") {
  Random random(2);
  for (const Case& c : cases()) {
    for (const Chart chart : {Chart::kFactor, Chart::kCovariance}) {
      INFO(c.structures[0].first << " " << c.structures[0].second << ", chart "
                                 << static_cast<int>(chart));
      Random basis(3);
      const RandomPart part = make_part(c, &basis);
      const Vector x = random_point(part, &random);
      const Index v = gamma(part, part.start()).rows();
      Matrix s(v, v);
      for (Index i = 0; i < s.size(); ++i) s.data()[i] = random();
      s = (s + s.transpose()).eval();
      const std::vector<CovarianceDirection> d = part.directions(x, chart);
      const Matrix lambda = part.factors(x)[0];
      const Vector gradient = part.gradient(x, chart, {2 * s * lambda}, {s});
      const Matrix bend = part.bend(x, chart, {s});
      constexpr double kStep = 1e-4;
      for (int i = 0; i < part.n_parameters(); ++i) {
        const Vector above = moved(part, x, chart, i, kStep);
        const Vector below = moved(part, x, chart, i, -kStep);
        const Matrix slope = (gamma(part, above) - gamma(part, below)) / (2 * kStep);
        CHECK((d[i].gamma - slope).norm() < 1e-6 * (1 + slope.norm()));
        CHECK(gradient[i] == Approx(s.cwiseProduct(d[i].gamma).sum()).epsilon(1e-10).margin(1e-10));
        const std::vector<CovarianceDirection> da = part.directions(above, chart);
        const std::vector<CovarianceDirection> db = part.directions(below, chart);
        for (int j = 0; j < part.n_parameters(); ++j) {
          const double second = s.cwiseProduct((da[j].gamma - db[j].gamma) / (2 * kStep)).sum();
          CHECK(bend(i, j) == Approx(second).epsilon(1e-5).margin(1e-5));
        }
      }
    }
  }
}

TEST_CASE("directions and gradients by theta are derivatives too") {
  Random random(4);
  for (const Case& c : cases()) {
    INFO(c.structures[0].first << " " << c.structures[0].second);
    Random basis(5);
    const RandomPart part = make_part(c, &basis);
    const Vector theta = part.to_natural(random_point(part, &random));
    const Index v = gamma(part, part.start()).rows();
    Matrix s(v, v);
    for (Index i = 0; i < s.size(); ++i) s.data()[i] = random();
    s = (s + s.transpose()).eval();
    std::vector<Matrix> q;
    const Vector x = part.to_standard(theta, &q);
    const Vector gradient = part.natural_gradient(theta, {2 * s * part.factors(x)[0]}, {s}, q);
    const std::vector<CovarianceDirection> d = part.natural_directions(theta);
    const Matrix bend = part.natural_bend(theta, {s});
    constexpr double kStep = 1e-5;
    for (int i = 0; i < part.n_parameters(); ++i) {
      const Vector unit = kStep * Vector::Unit(theta.size(), i);
      const auto above = part.natural_directions(theta + unit);
      const auto below = part.natural_directions(theta - unit);
      for (int j = 0; j < part.n_parameters(); ++j) {
        const double second = s.cwiseProduct((above[j].gamma - below[j].gamma) / (2 * kStep)).sum();
        CHECK(bend(i, j) == Approx(second).epsilon(1e-5).margin(1e-5));
      }
      const Matrix slope = (gamma(part, part.to_standard(theta + unit)) -
                            gamma(part, part.to_standard(theta - unit))) /
                           (2 * kStep);
      CHECK((d[i].gamma - slope).norm() < 1e-7 * (1 + slope.norm()));
      CHECK(gradient[i] == Approx(s.cwiseProduct(slope).sum()).epsilon(1e-6).margin(1e-6));
    }
  }
}

TEST_CASE("positions are distances, one for each column and none at one place") {
  const Matrix h = position_distances(3, positions(3));
  CHECK(h(2, 0) == Approx(6.2));
  CHECK(smallest_distance(h) == Approx(2.8));
  CHECK(smallest_distance(Matrix::Zero(1, 1)) == 1);
  CHECK_THROWS_WITH(position_distances(4, positions(3)), Catch::Contains("one for each"));
  CHECK_THROWS_WITH(position_distances(2, Matrix::Zero(2, 1)), Catch::Contains("one place"));
  CHECK_THROWS_WITH(make_structure("ou", 2), Catch::Contains("one for each"));
  StructureSettings settings;
  settings.rank = 3;
  CHECK_THROWS_WITH(make_structure("rr", 2, settings), Catch::Contains("rank"));
}

// Of columns on a line, so that every structure has its positions.
std::shared_ptr<const CovarianceStructure> made(const std::string& name, int v) {
  StructureSettings settings;
  if (by_distance(name)) settings.positions = positions(v);
  return make_structure(name, v, settings);
}

TEST_CASE("a nested structure's Gamma is one of the structure, by the theta that it is lifted to") {
  Random random(7);
  int compared = 0;
  for (const char* name : {"toep", "homtoep", "ad", "cs", "hetar1", "hetmat", "mat", "hetou"}) {
    for (const NestedStructure& nested : made(name, 4)->nested()) {
      Vector x = nested.structure->start();
      for (Index i = 0; i < x.size(); ++i) x[i] *= random.positive();
      x[x.size() - 1] += 0.2;
      const auto whole = made(name, 4);
      const Vector lifted = whole->from_theta(nested.lift(nested.structure->to_theta(x)));
      const Matrix own = whole->factor(lifted);
      const Matrix simple = nested.structure->factor(x);
      INFO(name << " " << compared);
      CHECK((own * own.transpose() - simple * simple.transpose()).norm() < 1e-9 * simple.norm());
      ++compared;
    }
  }
  CHECK(compared == 13);
}

TEST_CASE("an unknown structure is refused by name") {
  CHECK_THROWS_WITH(make_structure("nobody", 2), Catch::Contains("nobody"));
}
