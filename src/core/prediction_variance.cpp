#include "prediction_variance.h"

#include <algorithm>

namespace henderson {

namespace {

constexpr Index kBatch = 64;  // rows solved together

// Rows of X in the centred and scaled basis of the core.
Matrix standard_rows(const ProfiledDeviance& deviance, const ConstMatrixRef& x) {
  const CrossProducts& moments = deviance.moments();
  Matrix rows = x;
  if (moments.intercept >= 0) {
    for (int c = 0; c < moments.p; ++c) {
      if (c != moments.intercept) rows.col(c) -= moments.x_shift[c] * x.col(moments.intercept);
    }
  }
  return rows * deviance.scales().x_scale.cwiseInverse().asDiagonal();
}

}  // namespace

Vector prediction_variance(const ProfiledDeviance& deviance, const ConstMatrixRef& x,
                           const std::vector<PredictionTerm>& terms,
                           const InterruptCheck& interrupt) {
  const BlockCholesky& factor = deviance.factor();
  const BlockSystem& system = deviance.system();
  const int p = system.p;
  const Index m = x.rows();
  const Index v0 = system.leaf_size();
  Vector variance = Vector::Zero(m);
  Matrix rows = standard_rows(deviance, x).transpose();  // p x m, becomes x~
  std::vector<Matrix> to_spherical;                      // Lambda~' K^-T: z -> Lambda'z
  for (int t = 0; t < system.n_terms(); ++t) {
    to_spherical.push_back((deviance.scales().z_inverse[t] * factor.lambda()[t]).transpose());
  }
  for (Index first = 0; first < m && !terms.empty(); first += kBatch) {
    if (interrupt) interrupt();
    const Index count = std::min(kBatch, m - first);
    Matrix remainder = Matrix::Zero(count, system.remainder_size());
    for (int t = 0; t < system.n_terms(); ++t) {
      const PredictionTerm& term = terms[t];
      for (Index k = 0; k < count; ++k) {
        const Index i = first + k;
        Vector w = to_spherical[t] * term.z.row(i).transpose();
        if (term.level[i] == 0) {
          variance[i] += w.squaredNorm();
          continue;
        }
        if (t > 0) {
          remainder.row(k).segment(system.scalar_row[t][term.level[i] - 1], w.size()) +=
              w.transpose();
          continue;
        }
        // Forward elimination of the one leaf level a row belongs to.
        const Index j = term.level[i] - 1;
        ConstMatrixMap(factor.leaf_factor(j), v0, v0)
            .triangularView<Eigen::Lower>()
            .solveInPlace(w);
        variance[i] += w.squaredNorm();
        rows.col(i) -= factor.leaf_rhs().block(0, j * v0, p, v0) * w;
        const Index start = system.panel_start[j];
        const Index n_rows = system.panel_start[j + 1] - start;
        const ConstMatrixMap panel(factor.panel(j), n_rows, v0);
        for (Index r = 0; r < n_rows; ++r) {
          remainder(k, system.panel_rows[start + r]) -= panel.row(r).dot(w);
        }
      }
    }
    if (system.remainder_size() == 0) continue;
    factor.remainder().solve_forward(&remainder);
    variance.segment(first, count) += remainder.rowwise().squaredNorm();
    rows.middleCols(first, count).noalias() -=
        factor.remainder_rhs().topRows(p) * remainder.transpose();
  }
  if (p > 0) {
    factor.x_factor().triangularView<Eigen::Lower>().solveInPlace(rows);
    variance += rows.colwise().squaredNorm().transpose();
  }
  return variance;
}

}  // namespace henderson
