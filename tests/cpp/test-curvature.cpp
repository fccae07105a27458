// Derivatives along directions of covariance matrices against differences of the criterion and of
// the gradient, without a GaussianObjective between.
#include <catch.h>

#include <Eigen/Dense>
#include <functional>
#include <memory>

#include "equations/standardization.h"
#include "likelihood/curvature.h"
#include "likelihood/traces.h"
#include "random-model.h"

using namespace henderson;
using namespace testing_models;

namespace {

std::vector<std::vector<TermShape>> shapes() {
  return {
      {{8, {1}, {kUs}}},
      {{8, {2}, {kUs}}},
      {{9, {3}, {kUs}}},
      {{10, {5}, {kUs}}},
      {{8, {1, 2}, {kUs, kUs}}},
      {{12, {1}, {kUs}}, {5, {1}, {kUs}}},
      {{12, {2}, {kUs}}, {5, {2}, {kUs}}},
      {{10, {3}, {kUs}}, {6, {2}, {kDiag}}},
      {{40, {1}, {kUs}, false}, {30, {1}, {kUs}}, {20, {2}, {kUs}, false}},
  };
}

// A model's equations and where they are solved.
class Problem {
 public:
  Problem(const Model& model, bool reml)
      : moments_(moments_of(model)),
        basis_(standardize(moments_, model.structures)),
        random_(model.structures, model.n_levels, basis_.z_map, basis_.z_inverse),
        equations_(std::make_shared<const Layout>(*moments_.incidence), basis_, moments_),
        factor_(equations_.layout),
        reml_(reml),
        m_(reml ? moments_.n - moments_.p() : moments_.n) {}

  double m() const { return m_; }
  const Standardization& basis() const { return basis_; }
  const RandomPart& random() const { return random_; }

  double value(const std::vector<Matrix>& lambda) {
    REQUIRE(factor_.factorize(equations_, lambda));
    return factor_.log_det_m() + (reml_ ? factor_.log_det_x() : 0.0) +
           m_ * std::log(factor_.residual_ss());
  }
  Modes modes(const std::vector<Matrix>& lambda) {
    value(lambda);
    Modes modes(factor_, reml_, m_);
    take_traces(&factor_, &modes);
    return modes;
  }

 private:
  CrossProducts moments_;
  Standardization basis_;
  RandomPart random_;
  Equations equations_;
  Factor factor_;
  bool reml_;
  double m_;
};

std::vector<Matrix> roots(const std::vector<Matrix>& gamma) {
  std::vector<Matrix> lambda;
  for (const Matrix& own : gamma) lambda.push_back(own.llt().matrixL());
  return lambda;
}

// Coordinates: from x to Lambda, the directions there, and <S, d2Gamma>.
struct Chosen {
  const char* name;
  Vector at;
  std::function<std::vector<Matrix>(const Vector& x)> lambda;
  std::function<std::vector<CovarianceDirection>(const Vector& x)> directions;
  std::function<Matrix(const std::vector<Matrix>& score)> bend;
};

// Gamma = that at x = 0 and a sum of fixed directions.
Chosen linear(const char* name, std::vector<Matrix> gamma,
              std::vector<CovarianceDirection> directions) {
  Chosen result;
  const Index k = static_cast<Index>(directions.size());
  result.name = name;
  result.at = Vector::Zero(k);
  result.lambda = [gamma, directions](const Vector& x) {
    std::vector<Matrix> moved = gamma;
    for (std::size_t i = 0; i < directions.size(); ++i) {
      moved[directions[i].term] += x[static_cast<Index>(i)] * directions[i].gamma;
    }
    return roots(moved);
  };
  result.directions = [directions](const Vector&) { return directions; };
  result.bend = [k](const std::vector<Matrix>&) { return Matrix::Zero(k, k); };
  return result;
}

Matrix mapped(const Matrix& gamma, const Matrix& map) { return map * gamma * map.transpose(); }

// Entries of Lambda~.
Chosen factors(const RandomPart& random, const Vector& at) {
  Chosen result;
  result.name = "entries of Lambda";
  result.at = at;
  result.lambda = [&random](const Vector& x) { return random.factors(x); };
  result.directions = [&random](const Vector& x) { return random.directions(x, Chart::kFactor); };
  result.bend = [&random, at](const std::vector<Matrix>& score) {
    return random.bend(at, Chart::kFactor, score);
  };
  return result;
}

// Entries of Lambda for columns as given, as users see them.
Chosen natural(const RandomPart& random, const Standardization& basis, const Vector& at) {
  Chosen result;
  result.name = "natural theta";
  result.at = at;
  result.lambda = [&random](const Vector& x) { return random.factors(random.to_standard(x)); };
  result.directions = [&random](const Vector& x) { return random.natural_directions(x); };
  result.bend = [&random, &basis](const std::vector<Matrix>& score) {
    const std::vector<LambdaEntry> entries = random.entries();
    const Index k = static_cast<Index>(entries.size());
    Matrix bend = Matrix::Zero(k, k);
    for (Index i = 0; i < k; ++i) {
      for (Index j = 0; j < k; ++j) {
        if (entries[i].term != entries[j].term || entries[i].column != entries[j].column) continue;
        const Matrix& map = basis.z_map[entries[i].term];
        const Matrix own = map.transpose() * score[entries[i].term] * map;
        bend(i, j) = 2 * own(entries[i].row, entries[j].row);
      }
    }
    return bend;
  };
  return result;
}

std::vector<Chosen> coordinates_of(const Model& model, const Problem& problem, unsigned seed) {
  const Vector theta = theta_of(model, 0.7);
  std::vector<Matrix> gamma;
  for (const Matrix& lambda : problem.random().factors(theta)) {
    gamma.push_back(lambda * lambda.transpose());
  }
  std::vector<CovarianceDirection> own = problem.random().directions(theta, Chart::kCovariance);
  std::vector<CovarianceDirection> as_given;
  for (const LambdaEntry& e : problem.random().entries()) {
    Matrix unit = Matrix::Zero(gamma[e.term].rows(), gamma[e.term].rows());
    unit(e.row, e.column) = unit(e.column, e.row) = 1;
    as_given.push_back({e.term, mapped(unit, problem.basis().z_map[e.term])});
  }
  // any directions, of several terms in no order
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  std::vector<CovarianceDirection> any;
  for (int i = 0; i < 4; ++i) {
    const int t = (3 * i + 1) % static_cast<int>(gamma.size());
    Matrix move(gamma[t].rows(), gamma[t].rows());
    for (Index c = 0; c < move.size(); ++c) move.data()[c] = normal(generator);
    any.push_back({t, move + move.transpose()});
  }
  return {linear("entries of Gamma", gamma, own),
          linear("natural entries of Gamma", gamma, as_given), linear("any directions", gamma, any),
          factors(problem.random(), theta), natural(problem.random(), problem.basis(), theta)};
}

}  // namespace

TEST_CASE("gradient and Hessian are derivatives in all coordinates") {
  unsigned seed = 700;
  for (const auto& shape : shapes()) {
    for (const bool reml : {true, false}) {
      ++seed;
      const Model model = random_model(seed, 110, seed % 3 == 0 ? 0 : 3, shape, seed % 2 == 0);
      Problem problem(model, reml);
      for (const Chosen& one : coordinates_of(model, problem, seed)) {
        const auto gradient = [&](const Vector& x, Order order) {
          const Curvature c = curvature(problem.modes(one.lambda(x)), one.directions(x), order);
          return Vector(c.expected - c.observed);
        };
        const Curvature here =
            curvature(problem.modes(one.lambda(one.at)), one.directions(one.at), Order::kTraces);
        const Vector slope = here.expected - here.observed;
        const Matrix exact = hessian(here, problem.m(), one.bend(here.score));
        INFO("seed " << seed << ", " << one.name);
        CHECK(relative(gradient(one.at, Order::kGradient), slope) < 1e-9);
        const double size = 1 + exact.cwiseAbs().maxCoeff();
        constexpr double kStep = 1e-5;
        for (Index i = 0; i < one.at.size(); ++i) {
          const Vector step = kStep * Vector::Unit(one.at.size(), i);
          const double difference =
              problem.value(one.lambda(one.at + step)) - problem.value(one.lambda(one.at - step));
          // central differences: truncation h^2 d''' and rounding 1e-13 d / h
          CHECK(slope[i] == Approx(difference / (2 * kStep)).epsilon(1e-5).margin(1e-6 * size));
          const Vector column = (gradient(one.at + step, Order::kGradient) -
                                 gradient(one.at - step, Order::kGradient)) /
                                (2 * kStep);
          CHECK((exact.col(i) - column).cwiseAbs().maxCoeff() < 1e-6 * size);
        }
      }
    }
  }
}

TEST_CASE("what is asked for does not change what else is there") {
  const Model model = random_model(740, 110, 3, shapes()[6], true);
  Problem problem(model, true);
  const Chosen one = coordinates_of(model, problem, 740)[2];
  const Modes modes = problem.modes(one.lambda(one.at));
  const auto directions = one.directions(one.at);
  const Curvature gradient = curvature(modes, directions, Order::kGradient);
  const Curvature average = curvature(modes, directions, Order::kAverage);
  const Curvature traces = curvature(modes, directions, Order::kTraces);
  CHECK(gradient.average.size() == 0);
  CHECK(average.traces.size() == 0);
  CHECK(average.average == traces.average);
  CHECK(gradient.observed == traces.observed);
  CHECK(relative(gradient.expected, traces.expected) < 1e-9);
  CHECK(gradient.observed == observed_scores(modes, directions));
  // average information in place of the traces
  const Matrix bend = Matrix::Zero(4, 4);
  const Matrix expected = hessian(traces, problem.m(), bend) + traces.traces - traces.average;
  CHECK(relative(hessian(average, problem.m(), bend), expected) < 1e-12);
}

TEST_CASE("matched scores have the second moments that are expected") {
  for (const int shape : {1, 6}) {
    const Model model = random_model(750, 110, 3, shapes()[shape], true);
    Problem problem(model, true);
    const Chosen one = coordinates_of(model, problem, 750)[0];
    Modes modes = problem.modes(one.lambda(one.at));
    const auto directions = one.directions(one.at);
    const Matrix matched = curvature(modes, directions, Order::kMatched).average;
    Coefficients g = modes.g;
    for (int t = 0; t < modes.system().layout->n_terms(); ++t) {
      const Matrix root = modes.expected[t].llt().matrixL();
      const Matrix own = (modes.scale * modes.squares[t]).llt().matrixL();
      const Matrix transform = root * own.inverse();
      const Index v = root.rows();
      for (int j = 0; j < modes.system().layout->term_levels[t]; ++j) {
        auto level = g.part(modes.system().layout->is_leaf(t))
                         .middleCols(modes.system().layout->at(t, j), v);
        level = (level * transform.transpose()).eval();
      }
    }
    const Modes moved = with_scores(modes, g);
    for (int t = 0; t < modes.system().layout->n_terms(); ++t) {
      CHECK(relative(modes.scale * moved.squares[t], modes.expected[t]) < 1e-10);
    }
    CHECK(relative(matched, curvature(moved, directions, Order::kAverage).average) < 1e-10);
  }
}

TEST_CASE("with one term solutions keep their digits at variance ratios of 1e12") {
  // 5 rows in each of 8 levels: sums over 1 + 5 gamma, by hand. No X: r^2 and beta cancel all the
  // same where levels are not centred.
  Model model = random_model(760, 40, 0, {{8, {1}, {kUs}}}, false);
  Vector sums = Vector::Zero(8);
  for (Index i = 0; i < model.n; ++i) {
    model.level[0][i] = 1 + static_cast<int>(i % 8);
    sums[i % 8] += model.y[i];
  }
  const CrossProducts moments = moments_of(model);
  const Standardization basis = standardize(moments, model.structures);
  const Equations equations(std::make_shared<const Layout>(*moments.incidence), basis, moments);
  Factor factor(equations.layout);
  const double unit = std::abs(basis.z_map[0](0, 0));
  REQUIRE(factor.factorize(equations, {Matrix::Constant(1, 1, 1e6 * unit)}));
  const Modes modes(factor, true, 40);
  const double scale = basis.y_scale * unit;  // of Z'y in standardized columns
  const Vector g = modes.g.leaf.row(0).transpose() * scale;
  CHECK((g - sums / (1 + 5e12)).cwiseAbs().maxCoeff() < 1e-12 * sums.maxCoeff() / 5e12);
  const Matrix blocks = modes.blocks * unit * unit;
  CHECK(blocks(0, 3) == Approx(5 / (1 + 5e12)).epsilon(1e-13));
}
