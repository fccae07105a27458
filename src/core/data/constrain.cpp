#include "data/constrain.h"

#include <cmath>
#include <memory>
#include <utility>

#include "algebra/eigen_decompositions.h"

namespace henderson {

namespace {

// [X N, y - X beta_0] = [X y] A for the sums' own centred columns. Columns of X are taken at length
// one, so that N does not mix up units.
Matrix constraint_map(const CrossProducts& moments, const Vector& contrast, double value) {
  const Index p = moments.p();
  Vector own = contrast;  // by coefficients of centred columns
  if (moments.intercept() >= 0) {
    for (Index c = 0; c < p; ++c) {
      if (c != moments.intercept()) {
        own[c] -= contrast[moments.intercept()] * moments.shifts.x[c];
      }
    }
  }
  const double left = value - own.dot(moments.shifts.y);
  Vector size(p);
  for (Index c = 0; c < p; ++c) {
    size[c] = moments.xy(c, c) > 0 ? std::sqrt(moments.xy(c, c)) : 1.0;
  }
  const Vector scaled = own.cwiseQuotient(size);
  const Eigen::HouseholderQR<Matrix> qr{Matrix(scaled)};
  const Matrix q = qr.householderQ() * Matrix::Identity(p, p);
  Matrix map = Matrix::Zero(p + 1, p);
  map.topLeftCorner(p, p - 1) = size.cwiseInverse().asDiagonal() * q.rightCols(p - 1);
  map.col(p - 1).head(p) = -(left / scaled.squaredNorm()) * scaled.cwiseQuotient(size);
  map(p, p - 1) = 1;
  return map;
}

}  // namespace

CrossProducts constrain(const CrossProducts& moments, const Vector& contrast, double value) {
  const Matrix map = constraint_map(moments, contrast, value);
  const Index p = moments.p() - 1;
  auto incidence = std::make_shared<Incidence>(*moments.incidence);
  incidence->p = static_cast<int>(p);
  incidence->intercept = -1;
  CrossProducts result = moments;
  result.incidence = std::move(incidence);
  result.shifts.x = Vector::Zero(p);
  result.shifts.y = Vector::Zero(p);
  result.xy = map.transpose() * moments.xy * map;
  for (std::size_t t = 0; t < result.terms.size(); ++t) {
    result.terms[t].xy = map.transpose() * moments.terms[t].xy;
  }
  return result;
}

}  // namespace henderson
