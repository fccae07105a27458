#include <catch.h>

#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <random>

#include "algebra/dense.h"
#include "equations/ordering.h"
#include "equations/supernodal.h"

using namespace henderson;

namespace {

struct SparseCase {
  NodePattern pattern;
  Matrix xy;  // in the natural order of scalars
};

// Random symmetric positive definite block matrix with node sizes 1 to 3.
SparseCase random_case(unsigned seed, int nodes, double density) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<double> uniform;
  SparseCase result;
  result.pattern.n_nodes = nodes;
  std::vector<int> start = {0};
  for (int i = 0; i < nodes; ++i) {
    result.pattern.node_size.push_back(1 + static_cast<int>(generator() % 3));
    start.push_back(start.back() + result.pattern.node_size.back());
  }
  result.xy = Matrix::Zero(start.back(), start.back());
  result.pattern.start.push_back(0);
  for (int c = 0; c < nodes; ++c) {
    for (int r = c; r < nodes; ++r) {
      if (r > c && uniform(generator) > density) continue;
      if (r > c) result.pattern.rows.push_back(r);
      for (int a = start[r]; a < start[r + 1]; ++a) {
        for (int b = start[c]; b < start[c + 1]; ++b) {
          const double value = uniform(generator) - 0.5;
          result.xy(a, b) = value;
          result.xy(b, a) = value;
        }
      }
    }
    result.pattern.start.push_back(static_cast<Index>(result.pattern.rows.size()));
  }
  result.xy += start.back() * Matrix::Identity(start.back(), start.back());
  return result;
}

// The dense matrix in the new order of scalars.
Matrix permuted(const SparseCase& c, const Supernodes& symbolic) {
  std::vector<Index> from(c.xy.rows());
  Index old = 0;
  for (int node = 0; node < c.pattern.n_nodes; ++node) {
    for (int k = 0; k < c.pattern.node_size[node]; ++k) {
      from[symbolic.node_start[symbolic.new_node[node]] + k] = old++;
    }
  }
  Matrix result(c.xy.rows(), c.xy.cols());
  for (Index i = 0; i < result.rows(); ++i) {
    for (Index j = 0; j < result.cols(); ++j) result(i, j) = c.xy(from[i], from[j]);
  }
  return result;
}

}  // namespace

TEST_CASE("supernodal factor, solves and selected inverse agree with dense algebra") {
  for (const double density : {0.02, 0.1, 0.5}) {
    for (unsigned seed = 1; seed <= 6; ++seed) {
      const SparseCase test = random_case(seed, 40, density);
      SupernodalCholesky factor(analyze_pattern(test.pattern));
      const Matrix matrix = permuted(test, factor.symbolic());
      const Index n = matrix.rows();
      REQUIRE(factor.size() == n);
      const bool done = factor.factorize([&](int s, double* values, const int* local) {
        const int first = factor.symbolic().first_column[s];
        for (int c = 0; c < factor.width(s); ++c) {
          for (Index r = first + c; r < n; ++r) {
            if (matrix(r, first + c) != 0) {
              values[local[r] + c * factor.n_rows(s)] += matrix(r, first + c);
            }
          }
        }
      });
      REQUIRE(done);
      INFO("density " << density << ", seed " << seed);
      const Matrix inverse = matrix.inverse();
      CHECK(factor.log_determinant() == Approx(std::log(matrix.determinant())).epsilon(1e-10));
      Matrix rhs = Matrix::Random(3, n);
      const Matrix expected = rhs * inverse;
      factor.solve_forward(&rhs);
      factor.solve_backward(&rhs);
      CHECK((rhs - expected).cwiseAbs().maxCoeff() < 1e-12);
      factor.compute_selected_inverse();
      for (int s = 0; s < factor.symbolic().count(); ++s) {
        for (int c = 0; c < factor.width(s); ++c) {
          for (Index i = c; i < factor.n_rows(s); ++i) {
            const int column = factor.symbolic().first_column[s] + c;
            CHECK(factor.inverse_values(s)[i + c * factor.n_rows(s)] ==
                  Approx(inverse(factor.rows(s)[i], column)).margin(1e-13));
          }
        }
      }
    }
  }
}

TEST_CASE("a nested pattern keeps its order and does not fill") {
  // 20 children of 4 parents: child nodes first, one parent each.
  NodePattern pattern;
  pattern.n_nodes = 24;
  pattern.node_size.assign(24, 1);
  pattern.start.push_back(0);
  for (int c = 0; c < 24; ++c) {
    if (c < 20) pattern.rows.push_back(20 + c % 4);
    pattern.start.push_back(static_cast<Index>(pattern.rows.size()));
  }
  const Supernodes symbolic = analyze_pattern(pattern);
  Index stored = 0;
  for (int s = 0; s < symbolic.count(); ++s) {
    const Index w = symbolic.first_column[s + 1] - symbolic.first_column[s];
    const Index m = symbolic.row_start[s + 1] - symbolic.row_start[s];
    stored += w * m - w * (w - 1) / 2;
  }
  CHECK(stored == 44);  // 24 diagonal and 20 off-diagonal entries
}

TEST_CASE("an indefinite matrix is refused") {
  NodePattern pattern;
  pattern.n_nodes = 1;
  pattern.node_size = {2};
  pattern.start = {0, 0};
  SupernodalCholesky factor(analyze_pattern(pattern));
  const bool done = factor.factorize([](int, double* values, const int*) {
    values[0] = 1;
    values[1] = 2;
    values[3] = 1;
  });
  CHECK_FALSE(done);
}

TEST_CASE("dense kernels agree with plain Eigen expressions") {
  for (const Index n : {1, 7, 16, 33, 100, 150}) {
    const Matrix half = Matrix::Random(n, n + 3);
    const Matrix matrix = half * half.transpose() + Matrix::Identity(n, n);
    Matrix l = matrix;
    REQUIRE(cholesky_lower(n, l.data(), n));
    const Matrix expected = Eigen::LLT<Matrix>(matrix).matrixL();
    l = Matrix(l.triangularView<Eigen::Lower>());
    CHECK((l - expected).cwiseAbs().maxCoeff() < 1e-11 * n);
    Matrix inverse(n, n);
    inverse_from_cholesky(n, l.data(), n, inverse.data(), n);
    CHECK((inverse * matrix - Matrix::Identity(n, n)).cwiseAbs().maxCoeff() < 1e-10);
    Matrix b = Matrix::Random(5, n);
    const Matrix copy = b;
    solve_right_transposed(5, n, l.data(), n, b.data(), 5);
    CHECK((b * l.transpose() - copy).cwiseAbs().maxCoeff() < 1e-11);
    solve_right(5, n, l.data(), n, b.data(), 5);
    CHECK((b * matrix - copy).cwiseAbs().maxCoeff() < 1e-10);
    Matrix c = Matrix::Zero(5, 5);
    gemm_nt(5, 5, n, 2.0, copy.data(), 5, copy.data(), 5, c.data(), 5);
    CHECK((c - 2 * copy * copy.transpose()).cwiseAbs().maxCoeff() < 1e-12 * n);
    Matrix lower = Matrix::Zero(5, 5);
    syrk_lower(5, n, -1.0, copy.data(), 5, lower.data(), 5);
    CHECK((lower - Matrix((-copy * copy.transpose()).triangularView<Eigen::Lower>()))
              .cwiseAbs()
              .maxCoeff() < 1e-12 * n);
  }
}
