// F tests of several linear functions of the fixed effects (inference/contrasts.h).
#include <cmath>
#include <limits>
#include <vector>

#include "algebra/eigen_decompositions.h"
#include "inference/contrasts.h"

namespace henderson {

namespace {

// Denominator degrees of freedom of a sum of independent t^2 (Fai and Cornelius 1996): the F
// distribution with the same expectation.
double joined_df(const Vector& df) {
  const double q = static_cast<double>(df.size());
  if (q == 1) return df[0];
  if (df.maxCoeff() - df.minCoeff() < 1e-8) return df.mean();
  if (df.minCoeff() <= 2) return 2;
  double expectation = 0;
  for (Index i = 0; i < df.size(); ++i) {
    expectation += std::isfinite(df[i]) ? df[i] / (df[i] - 2) : 1.0;
  }
  if (expectation - q < 1e-12) return std::numeric_limits<double>::infinity();
  return 2 * expectation / (expectation - q);
}

struct KenwardRogerScale {
  double df = 0;
  double scale = 1;
  bool singular = false;  // 0/0 within rounding
};

// Kenward and Roger (1997), section 3: the moments of F matched to those of scale^-1 F(q, df).
KenwardRogerScale matched_moments(double a1, double a2, double q) {
  const double b = (a1 + 6 * a2) / (2 * q);
  const double g = ((q + 1) * a1 - (q + 4) * a2) / ((q + 2) * a2);
  const double divisor = 3 * q + 2 * (1 - g);
  const double c1 = g / divisor;
  const double c2 = (q - g) / divisor;
  const double c3 = (q + 2 - g) / divisor;
  const double expectation = 1 - a2 / q;
  const double root = expectation / (1 - c2 * b);
  const double rho = root * root * (1 + c1 * b) / (1 - c3 * b) / q;
  KenwardRogerScale result;
  result.df = 4 + (q + 2) / (q * rho - 1);
  result.scale = result.df * expectation / (result.df - 2);
  result.singular = std::abs(expectation) < 1e-5 && std::abs(1 - c2 * b) < 1e-5;
  return result;
}

// The same where it is 0/0: with two more groups than rows, the layout of Hotelling's T^2, the
// expectation of F does not exist, but the limit does (df = 2). It is approached along the ray of
// (A1, A2), from both sides, which leaves an error of 1e-8.
KenwardRogerScale kenward_roger_scale(double a1, double a2, double q) {
  constexpr double kAside = 1e-4;
  KenwardRogerScale result = matched_moments(a1, a2, q);
  if (result.singular) {
    const KenwardRogerScale above = matched_moments((1 + kAside) * a1, (1 + kAside) * a2, q);
    const KenwardRogerScale below = matched_moments((1 - kAside) * a1, (1 - kAside) * a2, q);
    result.df = 0.5 * (above.df + below.df);
    result.scale = 0.5 * (above.scale + below.scale);
  } else if (std::abs(result.df - 2) < 0.01 && std::abs(1 - a2 / q) > 0.01) {
    result.scale = 1;  // a pole, not a limit; as pbkrtest
  }
  // no F distribution has these moments
  if (!(result.df > 0) || !(result.scale > 0) || !std::isfinite(result.df)) {
    result.df = result.scale = std::numeric_limits<double>::quiet_NaN();
  }
  return result;
}

}  // namespace

JointResult joint_test(const ContrastParts& parts, const ConstMatrixRef& l,
                       const ConstVectorRef& estimate, double sigma2) {
  JointResult result;
  result.denominator_df = result.f = std::numeric_limits<double>::quiet_NaN();
  if (l.rows() == 0) return result;
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(Matrix(l * parts.phi * l.transpose()));
  const Vector& values = eigen.eigenvalues();
  const double limit = std::sqrt(std::numeric_limits<double>::epsilon()) * values.maxCoeff();
  std::vector<Index> kept;
  for (Index i = values.size() - 1; i >= 0; --i) {
    if (values[i] > limit && values[i] > 0) kept.push_back(i);
  }
  const Index q = static_cast<Index>(kept.size());
  result.numerator_df = static_cast<double>(q);
  if (q == 0) return result;
  Matrix rows(q, l.cols());
  Vector difference(q);
  for (Index i = 0; i < q; ++i) {
    rows.row(i) = eigen.eigenvectors().col(kept[i]).transpose() * l;
    difference[i] = eigen.eigenvectors().col(kept[i]).dot(estimate);
  }
  const Matrix covariance = rows * parts.adjusted * rows.transpose();
  result.f =
      difference.dot(covariance.ldlt().solve(difference)) / (sigma2 * static_cast<double>(q));
  if (!parts.scaled || q == 1) {
    result.denominator_df = joined_df(contrast_rows(parts, rows).df);
    return result;
  }
  // Theta Phi_i with Theta = L'(L Phi L')^-1 L, in the basis where L Phi L' is the identity
  for (Index i = 0; i < q; ++i) rows.row(i) /= std::sqrt(values[kept[i]]);
  const Index k = parts.weight.rows();
  const Index p = l.cols();
  Matrix moves(q * q, k);
  Vector traces(k);
  for (Index i = 0; i < k; ++i) {
    const ConstMatrixMap move(parts.phi_moves.col(i).data(), p, p);
    MatrixMap own(moves.col(i).data(), q, q);
    own = rows * move * rows.transpose();
    own.diagonal().array() += parts.offset[i];
    traces[i] = own.trace();
  }
  const double size = static_cast<double>(q);
  const double a1 = 2 * size * size / parts.degrees + 2 * traces.dot(parts.weight * traces);
  const double a2 =
      2 * size / parts.degrees + 2 * (moves.transpose() * moves).cwiseProduct(parts.weight).sum();
  const KenwardRogerScale scale = kenward_roger_scale(a1, a2, size);
  result.denominator_df = scale.df;
  result.f *= scale.scale;
  return result;
}

}  // namespace henderson
