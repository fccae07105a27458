#include <catch.h>

#include <Eigen/Eigenvalues>
#include <cmath>
#include <random>

#include "inference/cone_projection.h"
#include "inference/restricted_lrt.h"

using namespace henderson;

namespace {

Matrix random_matrix(Index rows, Index columns, std::mt19937* generator) {
  std::normal_distribution<double> normal;
  Matrix x(rows, columns);
  for (Index k = 0; k < x.size(); ++k) x.data()[k] = normal(*generator);
  return x;
}

// z'Iz - min (z - g)'I(z - g) over g = s (cos, sin)(cos, sin)' with s >= 0, by a fine grid of
// angles: on every ray the minimum is (a'Iz)^2 / a'Ia where a'Iz > 0.
double rank_one_share(const Matrix& information, const Vector& z) {
  double best = 0;
  for (int k = 0; k < 100000; ++k) {
    const double angle = M_PI * k / 100000;
    const double c = std::cos(angle);
    const double s = std::sin(angle);
    const Eigen::Vector3d a(c * c, c * s, s * s);
    const double along = a.dot(information * z);
    if (along > 0) best = std::max(best, along * along / a.dot(information * a));
  }
  return best / z.dot(information * z);
}

}  // namespace

TEST_CASE("projections onto 2 x 2 covariance matrices are the best of rank one, or the point") {
  std::mt19937 generator(3);
  for (int repeat = 0; repeat < 4; ++repeat) {
    const Matrix root = random_matrix(5, 3, &generator);
    const Matrix information = root.transpose() * root;
    const Matrix draws = random_matrix(3, 40, &generator);
    const Vector share = projection_shares(information, draws, false);
    for (Index i = 0; i < draws.cols(); ++i) {
      const Vector z = draws.col(i);
      const bool inside = z[0] >= 0 && z[2] >= 0 && z[0] * z[2] >= z[1] * z[1];
      const double expected = inside ? 1 : rank_one_share(information, z);
      // the grid's angle is off by 3e-5 at most, the share by its square
      CHECK(share[i] == Approx(expected).margin(1e-7));
    }
  }
}

TEST_CASE("projections in the metric tr(A G A G) keep the positive eigenvalues") {
  std::mt19937 generator(4);
  for (const Index r : {2, 3, 5}) {
    const Matrix factor = random_matrix(r + 2, r, &generator);
    const Matrix a = factor.transpose() * factor;
    const Matrix root = Eigen::SelfAdjointEigenSolver<Matrix>(a).operatorSqrt();
    const Index size = r * (r + 1) / 2;
    // basis matrices of the lower triangle by columns
    std::vector<Matrix> basis;
    for (Index c = 0; c < r; ++c) {
      for (Index b = c; b < r; ++b) {
        Matrix unit = Matrix::Zero(r, r);
        unit(b, c) = unit(c, b) = 1;
        basis.push_back(unit);
      }
    }
    Matrix information(size, size);
    for (Index i = 0; i < size; ++i) {
      for (Index j = 0; j < size; ++j) {
        information(i, j) = (a * basis[i] * a * basis[j]).trace();
      }
    }
    const Matrix draws = random_matrix(size, 20, &generator);
    const Vector share = projection_shares(information, draws, false);
    for (Index i = 0; i < draws.cols(); ++i) {
      Matrix g = Matrix::Zero(r, r);
      for (Index k = 0; k < size; ++k) g += draws(k, i) * basis[k];
      const Vector values = Eigen::SelfAdjointEigenSolver<Matrix>(root * g * root).eigenvalues();
      const double expected = values.cwiseMax(0).squaredNorm() / values.squaredNorm();
      CHECK(share[i] == Approx(expected).margin(1e-8));
    }
  }
}

TEST_CASE("projections onto nonnegative vectors meet the conditions of a minimum") {
  Matrix information(2, 2);
  information << 2, 0.8, 0.8, 1;
  Matrix draws(2, 4);
  draws << 1, -1, 1, -3, 2, -1, -1, 1;
  const Vector share = projection_shares(information, draws, true);
  // by hand: inside; the apex; on the first axis (g = z_1 + 0.4 z_2); nothing left (I z < 0 in
  // both)
  CHECK(share[0] == Approx(1));
  CHECK(share[1] == 0);
  CHECK(share[2] == Approx(2 * 0.6 * 0.6 / (2 - 1.6 + 1)).margin(1e-10));
  CHECK(share[3] == 0);
}

TEST_CASE("simulated likelihood ratios are suprema") {
  std::mt19937 generator(5);
  std::chi_squared_distribution<double> chi(1);
  LrtSpectrum spectrum;
  spectrum.mu = Vector(3);
  spectrum.mu << 0.5, 3, 8;
  spectrum.xi = spectrum.mu;
  spectrum.xi_count = Vector::Ones(3);
  spectrum.m = 7;
  Matrix w(3, 200);
  Vector w0(200);
  for (Index i = 0; i < 200; ++i) {
    for (Index l = 0; l < 3; ++l) w(l, i) = chi(generator);
    w0[i] = chi(generator) + chi(generator) + chi(generator) + chi(generator);
  }
  const Vector statistic = simulate_lrt(spectrum, w, w0);
  for (Index i = 0; i < 200; ++i) {
    double best = 0;
    const double total = w0[i] + w.col(i).sum();
    for (double x = -14; x < 14; x += 1e-3) {
      const double lambda = std::exp(x);
      const Vector d = 1 + lambda * spectrum.mu.array();
      const double rest = w0[i] + w.col(i).cwiseQuotient(d).sum();
      best = std::max(best, 7 * std::log(total / rest) - d.array().log().sum());
    }
    // a grid of 1e-3 in log lambda is off by its square
    CHECK(statistic[i] == Approx(best).margin(1e-5));
  }
}
