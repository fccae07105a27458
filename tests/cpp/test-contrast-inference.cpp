// Information, degrees of freedom and Kenward-Roger adjustment against the textbook formulas with
// V, its inverse and P formed in full. So likelihood/elimination.h is tested, too.
#include <catch.h>

#include <Eigen/Dense>

#include "inference/contrasts.h"
#include "likelihood/expected_information.h"
#include "random-model.h"

using henderson::ContrastParts;
using henderson::CovarianceDirection;
using henderson::CrossProducts;
using henderson::GaussianObjective;
using henderson::HessianSource;
using henderson::Index;
using henderson::LambdaEntry;
using henderson::Matrix;
using henderson::Vector;
using testing_models::kDiag;
using testing_models::kUs;
using testing_models::lambda_entries;
using testing_models::Model;
using testing_models::moments_of;
using testing_models::random_model;
using testing_models::relative;
using testing_models::TermShape;

namespace {

struct Dense {
  Matrix v;  // over sigma^2
  Matrix v_inverse;
  Matrix p;
  Matrix phi;
  Vector beta;
  double r2 = 0;
  std::vector<Matrix> moves;  // dV for a direction, n x n
};

// Z G Z' for one term's G, without cross-products.
Matrix spread(const Model& model, int term, const Matrix& gamma) {
  Matrix result(model.n, model.n);
  for (Index i = 0; i < model.n; ++i) {
    for (Index j = 0; j < model.n; ++j) {
      result(i, j) = model.level[term][i] == model.level[term][j]
                         ? model.z[term].row(i).dot(gamma * model.z[term].row(j).transpose())
                         : 0.0;
    }
  }
  return result;
}

Dense dense_model(const Model& model, const Vector& theta) {
  Dense dense;
  const Matrix zl = model.z_lambda(theta);
  dense.v = zl * zl.transpose();
  for (Index i = 0; i < model.n; ++i) dense.v(i, i) += 1 / model.weights[i];
  dense.v_inverse = dense.v.inverse();
  if (model.x.cols() == 0) {
    dense.p = dense.v_inverse;
    dense.r2 = model.y.dot(dense.p * model.y);
    return dense;
  }
  const Matrix vx = dense.v_inverse * model.x;
  dense.phi = (model.x.transpose() * vx).inverse();
  dense.p = dense.v_inverse - vx * dense.phi * vx.transpose();
  dense.beta = dense.phi * vx.transpose() * model.y;
  dense.r2 = model.y.dot(dense.p * model.y);
  return dense;
}

Matrix lambda_of(const Model& model, const Vector& theta, int term) {
  Matrix lambda = Matrix::Zero(model.z[term].cols(), model.z[term].cols());
  const std::vector<LambdaEntry> entries = lambda_entries(model);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].term == term) lambda(entries[i].row, entries[i].column) = theta[i];
  }
  return lambda;
}

struct Case {
  const char* name;
  Model model;
  Vector theta;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  const auto add = [&](const char* name, Model model, double diagonal) {
    const Vector theta = testing_models::theta_of(model, diagonal);
    all.push_back({name, std::move(model), theta});
  };
  add("one term", random_model(1, 60, 2, {{8, {2}, {kUs}}}, false), 0.7);
  add("one term, weights, three columns", random_model(2, 80, 3, {{9, {3}, {kUs}}}, true), 0.6);
  add("diagonal", random_model(3, 70, 2, {{8, {1, 2}, {kUs, kDiag}}}, true), 0.8);
  add("crossed", random_model(4, 90, 3, {{12, {2}, {kUs}}, {7, {2}, {kUs}}}, true), 0.7);
  add("crossed, empty levels",
      random_model(5, 60, 2, {{14, {1}, {kUs}, false}, {6, {2}, {kDiag}}, {4, {1}, {kUs}}}, false),
      0.9);
  add("zero variances", random_model(6, 70, 2, {{9, {2}, {kUs}}, {5, {1}, {kUs}}}, false), 0.7);
  all.back().theta[2] = 0;  // second column of the first term
  add("all zero", random_model(7, 50, 2, {{8, {1}, {kUs}}, {5, {1}, {kUs}}}, false), 0.0);
  add("no fixed effects", random_model(8, 50, 0, {{8, {1}, {kUs}}, {5, {1}, {kUs}}}, false), 0.5);
  add("full panels", random_model(9, 400, 2, {{10, {2}, {kUs}}, {4, {2}, {kUs}}}, false), 0.6);
  add("full panels, few levels",
      random_model(12, 200, 2, {{5, {2}, {kUs}}, {4, {2}, {kUs}}}, false), 0.6);
  add("crossed, most cells empty",
      random_model(10, 60, 2, {{14, {3}, {kUs}}, {13, {2}, {kUs}}}, true), 0.8);
  return all;
}

}  // namespace

TEST_CASE("the cases take both ways to the sums of products") {
  int whole = 0;
  int whole_with_sparse_panels = 0;
  for (const Case& one : cases()) {
    const CrossProducts moments = moments_of(one.model);
    const GaussianObjective deviance(moments, one.model.structures, true);
    if (!henderson::information_cost(deviance.system(), true).whole) continue;
    ++whole;
    if (!deviance.system().layout->panels_full) ++whole_with_sparse_panels;
  }
  CHECK(whole > whole_with_sparse_panels);
  CHECK(whole_with_sparse_panels > 0);
  CHECK(whole < static_cast<int>(cases().size()));
}

TEST_CASE("satterthwaite parts are those of the dense formulas") {
  for (const Case& one : cases()) {
    const CrossProducts moments = moments_of(one.model);
    for (const bool reml : {true, false}) {
      CAPTURE(one.name);
      CAPTURE(reml);
      GaussianObjective deviance(moments, one.model.structures, reml);
      const ContrastParts parts = henderson::satterthwaite_parts(&deviance, one.theta);
      const Dense dense = dense_model(one.model, one.theta);
      const std::vector<LambdaEntry> entries = lambda_entries(one.model);
      const int k = static_cast<int>(entries.size());
      const double m = static_cast<double>(one.model.n - (reml ? one.model.x.cols() : 0));
      CHECK(parts.degrees == m);
      const bool fixed = one.model.x.cols() > 0;
      if (fixed) CHECK(relative(parts.phi, dense.phi) < 1e-10);
      const Matrix d = reml ? dense.p : dense.v_inverse;
      std::vector<Matrix> moves;
      for (const LambdaEntry& e : entries) {
        const Matrix lambda = lambda_of(one.model, one.theta, e.term);
        moves.push_back(spread(one.model, e.term, testing_models::factor_direction(e, lambda)));
      }
      for (int i = 0; i < k; ++i) {
        CAPTURE(i);
        const Vector py = dense.p * one.model.y;
        const double slope = -py.dot(moves[i] * py);
        CHECK(parts.offset[i] == Approx(slope / dense.r2).margin(1e-10));
        if (fixed) {
          const Matrix vx = dense.v_inverse * one.model.x;
          const Matrix phi_move = dense.phi * vx.transpose() * moves[i] * vx * dense.phi;
          const henderson::ConstMatrixMap own(parts.phi_moves.col(i).data(), phi_move.rows(),
                                              phi_move.cols());
          CHECK((own - phi_move).cwiseAbs().maxCoeff() < 1e-9 * dense.phi.cwiseAbs().maxCoeff());
        }
        for (int j = 0; j < k; ++j) {
          if (parts.free[i] == 0 || parts.free[j] == 0) {
            CHECK(parts.hessian(i, j) == 0);
            continue;
          }
          // H_ij from V's first and second derivatives
          const double slope_j = -py.dot(moves[j] * py);
          double h = -(d * moves[i] * d * moves[j]).trace() +
                     2 * m / dense.r2 * py.dot(moves[i] * dense.p * moves[j] * py) -
                     m / (dense.r2 * dense.r2) * slope * slope_j;
          if (entries[i].term == entries[j].term && entries[i].column == entries[j].column) {
            const Index v = one.model.z[entries[i].term].cols();
            Matrix second = Matrix::Zero(v, v);
            second(entries[i].row, entries[j].row) += 1;
            second(entries[j].row, entries[i].row) += 1;
            const Matrix move = spread(one.model, entries[i].term, second);
            h += (d * move).trace() - m / dense.r2 * py.dot(move * py);
          }
          CHECK(parts.hessian(i, j) == Approx(h).epsilon(1e-8).margin(1e-7));
        }
      }
    }
  }
}

TEST_CASE("the Hessian by differences is the exact one") {
  for (const Case& one : cases()) {
    const CrossProducts moments = moments_of(one.model);
    CAPTURE(one.name);
    GaussianObjective deviance(moments, one.model.structures, true);
    const ContrastParts exact =
        henderson::satterthwaite_parts(&deviance, one.theta, HessianSource::kExact);
    const ContrastParts differences =
        henderson::satterthwaite_parts(&deviance, one.theta, HessianSource::kDifferences);
    CHECK_FALSE(differences.exact_hessian);
    CHECK(exact.exact_hessian);
    CHECK((differences.hessian - exact.hessian).cwiseAbs().maxCoeff() <=
          1e-6 * exact.hessian.cwiseAbs().maxCoeff());
  }
}

TEST_CASE("kenward-roger parts are those of the dense formulas") {
  for (const Case& one : cases()) {
    CAPTURE(one.name);
    const CrossProducts moments = moments_of(one.model);
    GaussianObjective deviance(moments, one.model.structures, true);
    const ContrastParts parts = henderson::expected_parts(&deviance, one.theta, true);
    if (one.model.x.cols() == 0) continue;
    const Dense dense = dense_model(one.model, one.theta);
    const std::vector<LambdaEntry> entries = lambda_entries(one.model);
    // Kenward and Roger (1997), with sigma^2 as one more parameter: dV/dsigma^2 = W^-1.
    std::vector<Matrix> moves;
    for (const LambdaEntry& e : entries) {
      const Index v = one.model.z[e.term].cols();
      Matrix gamma = Matrix::Zero(v, v);
      gamma(e.row, e.column) = gamma(e.column, e.row) = 1;
      moves.push_back(spread(one.model, e.term, gamma));
    }
    moves.push_back(one.model.weights.cwiseInverse().asDiagonal());
    const int k = static_cast<int>(moves.size());
    Matrix information(k, k);
    for (int i = 0; i < k; ++i) {
      for (int j = 0; j < k; ++j) {
        information(i, j) = 0.5 * (dense.p * moves[i] * dense.p * moves[j]).trace();
      }
    }
    const Matrix w = information.inverse();
    const Index p = one.model.x.cols();
    const Matrix vx = dense.v_inverse * one.model.x;
    Matrix lambda = Matrix::Zero(p, p);
    std::vector<Matrix> pi;
    for (int i = 0; i < k; ++i) pi.push_back(-vx.transpose() * moves[i] * vx);
    for (int i = 0; i < k; ++i) {
      for (int j = 0; j < k; ++j) {
        const Matrix q = vx.transpose() * moves[i] * dense.v_inverse * moves[j] * vx;
        lambda += w(i, j) * (q - pi[i] * dense.phi * pi[j]);
      }
    }
    const Matrix adjusted = dense.phi + 2 * dense.phi * lambda * dense.phi;
    CHECK(relative(parts.adjusted, adjusted) < 1e-8);
    // A1 and A2 of their section 3 for a single contrast and for all of them
    for (const Index rows : {Index(1), p}) {
      const Matrix l = Matrix::Identity(p, p).bottomRows(rows);
      const Matrix theta = l.transpose() * (l * dense.phi * l.transpose()).inverse() * l;
      double a1 = 0;
      double a2 = 0;
      for (int i = 0; i < k; ++i) {
        const Matrix ti = theta * dense.phi * pi[i] * dense.phi;
        for (int j = 0; j < k; ++j) {
          const Matrix tj = theta * dense.phi * pi[j] * dense.phi;
          a1 += w(i, j) * ti.trace() * tj.trace();
          a2 += w(i, j) * (ti * tj).trace();
        }
      }
      const double q = static_cast<double>(rows);
      const double b = (a1 + 6 * a2) / (2 * q);
      const double g = ((q + 1) * a1 - (q + 4) * a2) / ((q + 2) * a2);
      const double divisor = 3 * q + 2 * (1 - g);
      const double e = 1 / (1 - a2 / q);
      const double variance =
          2 / q * (1 + g / divisor * b) /
          (std::pow(1 - (q - g) / divisor * b, 2) * (1 - (q + 2 - g) / divisor * b));
      const double rho = variance / (2 * e * e);
      const double df = 4 + (q + 2) / (q * rho - 1);
      const double scale = df / (e * (df - 2));
      const Vector difference = l * dense.beta;
      const double f =
          scale * difference.dot((l * adjusted * l.transpose()).inverse() * difference) / q;
      const henderson::JointResult test = henderson::joint_test(parts, l, difference, 1.0);
      CHECK(test.numerator_df == q);
      CHECK(test.denominator_df == Approx(df).epsilon(1e-6));
      CHECK(test.f == Approx(f).epsilon(1e-6));
    }
  }
}

TEST_CASE("rows that depend on others count once") {
  const Model model = random_model(11, 60, 3, {{8, {1}, {kUs}}}, false);
  const CrossProducts moments = moments_of(model);
  GaussianObjective deviance(moments, model.structures, true);
  Vector theta(1);
  theta << 0.8;
  Matrix l(2, 3);
  l << 0, 1, 0, 0, 0, 1;
  Matrix doubled(3, 3);
  doubled << l, l.row(0) - l.row(1);
  Vector beta(3);
  beta << 1, 2, -1;
  for (const bool adjust : {true, false}) {
    const ContrastParts parts = henderson::expected_parts(&deviance, theta, adjust);
    const auto one = henderson::joint_test(parts, l, l * beta, 2.0);
    const auto two = henderson::joint_test(parts, doubled, doubled * beta, 2.0);
    CHECK(two.numerator_df == 2);
    CHECK(two.f == Approx(one.f).epsilon(1e-10));
    if (adjust) CHECK(two.denominator_df == Approx(one.denominator_df).epsilon(1e-8));
  }
  const ContrastParts parts = henderson::satterthwaite_parts(&deviance, theta);
  const auto nothing = henderson::joint_test(parts, Matrix::Zero(1, 3), Vector::Zero(1), 1.0);
  CHECK(nothing.numerator_df == 0);
  CHECK(std::isnan(nothing.f));
}

TEST_CASE("The certificate's Hessian gives that by natural theta") {
  const std::vector<std::vector<TermShape>> all = {
      {{12, {2}, {kUs}}, {6, {1}, {kUs}}},
      {{12, {2}, {kDiag}}, {6, {2}, {kUs}}},
      {{14, {1}, {kUs}}, {9, {3}, {kUs}}, {5, {1}, {kUs}}},
  };
  for (const auto& shapes : all) {
    for (const bool reml : {true, false}) {
      const Model model = random_model(77, 160, 2, shapes, true);
      const henderson::CrossProducts moments = moments_of(model);
      henderson::GaussianObjective objective(moments, model.structures, reml);
      const Vector theta = theta_of(model, 0.7);  // not a minimum: the scores count
      const Vector x = objective.random().to_standard(theta);
      const Matrix by_x =
          objective.evaluate(x, henderson::Order::kTraces, henderson::Chart::kFactor).hessian;
      const henderson::ContrastParts parts =
          henderson::satterthwaite_parts(&objective, theta, henderson::HessianSource::kExact, {});
      CHECK(relative(henderson::natural_hessian(&objective, theta, by_x), parts.hessian) < 1e-9);
      const henderson::ContrastParts known = henderson::satterthwaite_parts(
          &objective, theta, henderson::HessianSource::kCheapest, {}, by_x);
      CHECK(relative(known.hessian, parts.hessian) < 1e-9);
      CHECK(known.exact_hessian);
    }
  }
}
