#include <catch.h>

#include <vector>

#include "algebra/dense.h"
#include "algebra/gemm.h"

using namespace henderson;

namespace {

struct RestoreKernel {
  GemmKernel before = gemm_kernel();
  ~RestoreKernel() { set_gemm_kernel(before); }
};

}  // namespace

TEST_CASE("every kernel multiplies as Eigen does, for sizes around its tiles and blocks") {
  const RestoreKernel restore;
  for (const GemmKernel kernel : {GemmKernel::kEigen, GemmKernel::kAvx2, GemmKernel::kAvx512}) {
    if (!set_gemm_kernel(kernel)) continue;  // not on this processor
    for (const Index m : {8, 23, 24, 25, 241, 500}) {
      for (const Index n : {8, 9, 63, 65}) {
        for (const Index k : {8, 255, 257}) {
          INFO("kernel " << static_cast<int>(kernel) << ": " << m << " " << n << " " << k);
          const Matrix a = Matrix::Random(m, k);
          const Matrix b = Matrix::Random(k, n);
          const Matrix bt = b.transpose();
          const Matrix at = a.transpose();
          const Matrix start = Matrix::Random(m + 3, n);  // leading dimension beyond the rows
          const Matrix expected = start.topRows(m) - 0.5 * a * b;
          const auto check = [&](const Matrix& c) {
            // sums of k products of numbers up to 1
            CHECK((c.topRows(m) - expected).cwiseAbs().maxCoeff() < 1e-15 * 10 * k);
            CHECK(c.bottomRows(3) == start.bottomRows(3));
          };
          Matrix c = start;
          gemm_nn(m, n, k, -0.5, a.data(), m, b.data(), k, c.data(), m + 3);
          check(c);
          c = start;
          gemm_nt(m, n, k, -0.5, a.data(), m, bt.data(), n, c.data(), m + 3);
          check(c);
          c = start;
          gemm_tn(m, n, k, -0.5, at.data(), k, b.data(), k, c.data(), m + 3);
          check(c);
        }
      }
      const Matrix a = Matrix::Random(m, 70);
      Matrix c = Matrix::Random(m, m);
      const Matrix before = c;
      syrk_lower(m, 70, 2.0, a.data(), m, c.data(), m);
      const Matrix full = before + 2 * a * a.transpose();
      CHECK((c - full).triangularView<Eigen::Lower>().toDenseMatrix().cwiseAbs().maxCoeff() <
            1e-12);
      CHECK((c - before).triangularView<Eigen::StrictlyUpper>().toDenseMatrix().isZero(0));
      Matrix other = before;
      const Matrix transposed = a.transpose();
      syrk_lower_transposed(m, 70, 2.0, transposed.data(), 70, other.data(), m);
      CHECK((other - full).triangularView<Eigen::Lower>().toDenseMatrix().cwiseAbs().maxCoeff() <
            1e-12);
      CHECK((other - before).triangularView<Eigen::StrictlyUpper>().toDenseMatrix().isZero(0));
    }
  }
}

TEST_CASE("products of a few rows are sums of products") {
  for (const Index k : {1, 255, 256, 257, 1000}) {
    for (Index m = 1; m <= 5; ++m) {
      for (Index n = 1; n <= 5; ++n) {
        const Matrix a = Matrix::Random(m + 1, k);  // leading dimensions beyond the rows
        const Matrix b = Matrix::Random(n + 2, k);
        const Matrix start = Matrix::Random(m + 3, n);
        Matrix c = start;
        gemm_nt(m, n, k, -0.5, a.data(), m + 1, b.data(), n + 2, c.data(), m + 3);
        const Matrix expected = start.topRows(m) - 0.5 * a.topRows(m) * b.topRows(n).transpose();
        CHECK((c.topRows(m) - expected).cwiseAbs().maxCoeff() < 1e-15 * 10 * k);
        CHECK(c.bottomRows(3) == start.bottomRows(3));
      }
      const Matrix a = Matrix::Random(m, k);
      const Matrix before = Matrix::Random(m, m);
      Matrix c = before;
      syrk_lower(m, k, 2.0, a.data(), m, c.data(), m);
      const Matrix expected = before + 2 * a * a.transpose();
      CHECK((c - expected).triangularView<Eigen::Lower>().toDenseMatrix().cwiseAbs().maxCoeff() <
            1e-15 * 20 * k);
      CHECK((c - before).triangularView<Eigen::StrictlyUpper>().toDenseMatrix().isZero(0));
    }
  }
}

TEST_CASE("a wide product crosses the column blocks") {
  const RestoreKernel restore;
  for (const GemmKernel kernel : {GemmKernel::kAvx2, GemmKernel::kAvx512}) {
    if (!set_gemm_kernel(kernel)) continue;
    const Matrix a = Matrix::Random(9, 12);
    const Matrix b = Matrix::Random(12, 2100);
    Matrix c = Matrix::Zero(9, 2100);
    gemm_nn(9, 2100, 12, 1.0, a.data(), 9, b.data(), 12, c.data(), 9);
    CHECK((c - a * b).cwiseAbs().maxCoeff() < 1e-13);
  }
}
