#include <catch.h>

#include "algebra/symmetric.h"
#include "covariance/structure.h"

using namespace henderson;

TEST_CASE("the canonical factor reproduces its product and has no negative pivot") {
  Matrix factor(3, 3);
  factor << 1, 0, 0, -2, 0.5, 0, 0.3, 1, 2;
  const Matrix map = (Matrix(3, 3) << 1, 0.4, 2, 0, 1, 0, 0, 0, 3).finished();
  Matrix rotation;
  Matrix lower = canonical_factor(map * factor, &rotation);
  CHECK((lower * rotation.transpose() - map * factor).norm() < 1e-12);
  CHECK(lower.isLowerTriangular(0));
  CHECK((lower.diagonal().array() >= 0).all());
  factor.row(1) = 2 * factor.row(0);  // rank 2
  factor(1, 1) = 0;
  lower = canonical_factor(map * factor, &rotation);
  CHECK((lower * rotation.transpose() - map * factor).norm() < 1e-7);
  CHECK(lower.diagonal().minCoeff() == 0);
}

TEST_CASE("the semidefinite Cholesky factor empties the column of a zero pivot") {
  Vector direction(3);
  direction << 0, 1, 2;
  const Matrix lower = semidefinite_cholesky(direction * direction.transpose());
  CHECK(lower(0, 0) == 0);
  CHECK(lower(1, 1) == Approx(1));
  CHECK(lower(2, 1) == Approx(2));
  CHECK(lower(2, 2) == 0);
}
