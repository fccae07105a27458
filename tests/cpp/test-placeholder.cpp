#include <Eigen/Dense>

#include "catch.h"

TEST_CASE("the test program sees Eigen with assertions on") {
#ifdef NDEBUG
  FAIL("NDEBUG is set");
#endif
  Eigen::Vector2d x(3.0, 4.0);
  CHECK(x.norm() == 5.0);
}
