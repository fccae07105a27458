// Second-order information of the profiled deviance in the coordinates of Gamma
// (likelihood/traces.h).

#include "algebra/eigen_decompositions.h"
#include "likelihood/differentiator.h"

namespace henderson {

namespace {

// <X, E_i> for the symmetric matrices of one term.
double along(const Matrix& x, const LambdaEntry& entry) {
  return (entry.row == entry.column ? 1 : 2) * x(entry.row, entry.column);
}

// C with C (f sum g g') C' = Q: the scores C g have the second moments that are expected at the
// current Gamma. The identity where there are too few levels to tell.
Matrix matching_transform(const Matrix& expected, const Matrix& observed) {
  const Index v = expected.rows();
  const Eigen::LLT<Matrix> target(expected);
  const Eigen::LLT<Matrix> own(observed);
  if (target.info() != Eigen::Success || own.info() != Eigen::Success) {
    return Matrix::Identity(v, v);
  }
  const Matrix root = own.matrixL();
  for (Index c = 0; c < v; ++c) {
    if (!(root(c, c) > 1e-4 * root.row(c).norm())) return Matrix::Identity(v, v);
  }
  return Matrix(target.matrixL()) *
         root.triangularView<Eigen::Lower>().solve(Matrix::Identity(v, v));
}

}  // namespace

// (m/r^2) g'E_i K E_j g, with the scores of each term transformed.
Matrix Differentiator::gamma_information(const std::vector<LambdaEntry>& entries,
                                         const std::vector<Matrix>& transform) const {
  const Index r = static_cast<Index>(entries.size());
  const auto direction = [&](const LambdaEntry& entry, const double* g, const double*, double* f) {
    const Matrix& c = transform[entry.term];
    const Eigen::Map<const Vector> own(g, c.cols());
    f[entry.row * r] = c.row(entry.column).dot(own);
    f[entry.column * r] = c.row(entry.row).dot(own);
  };
  return f_ * information_of(entries, direction);
}

void Differentiator::gamma_curvature(const std::vector<LambdaEntry>& entries,
                                     DevianceDerivatives* result) const {
  const Index r = static_cast<Index>(entries.size());
  const bool traced = request_.curvature == CurvatureKind::kTrace;
  std::vector<Matrix> expected;
  for (int t = 0; t < layout_.n_terms(); ++t) {
    expected.push_back(result->score[t] + f_ * square_[t]);
  }
  GammaCurvature& curvature = result->curvature;
  if (traced) {
    std::vector<CovarianceDirection> directions;
    for (const LambdaEntry& entry : entries) {
      const int v = layout_.term_size[entry.term];
      Matrix move = Matrix::Zero(v, v);
      move(entry.row, entry.column) = 1;
      move(entry.column, entry.row) = 1;
      directions.push_back({entry.term, move});
    }
    const ExpectedInformation sums = information_sums();
    curvature.trace = sums.traces(directions);
    for (int t = 0; t < layout_.n_terms(); ++t) expected[t] = sums.sum(t);
    if (layout_.remainder_size() == 0) {
      curvature.average = f_ * one_term_information(directions, sums.leaf_blocks());
    }
  }
  curvature.expected.resize(r);
  curvature.observed.resize(r);
  for (Index i = 0; i < r; ++i) {
    const int term = entries[i].term;
    curvature.expected[i] = along(expected[term], entries[i]);
    curvature.observed[i] = f_ * along(square_[term], entries[i]);
  }
  if (curvature.average.size() > 0) return;
  std::vector<Matrix> transform;
  for (int t = 0; t < layout_.n_terms(); ++t) {
    const int v = layout_.term_size[t];
    transform.push_back(request_.curvature == CurvatureKind::kMatched
                            ? matching_transform(expected[t], f_ * square_[t])
                            : Matrix(Matrix::Identity(v, v)));
  }
  curvature.average = gamma_information(entries, transform);
}

}  // namespace henderson
