#include "family/mean_family.h"

#include <cmath>

namespace henderson {

void MeanFamily::evaluate(const FamilyRows& rows, double log_phi, const FamilyValues& out) const {
  const double phi = std::exp(log_phi);
  for (Index i = 0; i < rows.count; ++i) {
    const LinkedMean m = link().mean(rows.eta[i]);
    const ByMean f = by_mean({rows.y[i], rows.weight_of(i), m.mu, phi});
    out.log_density[i] = f.value;
    out.s[i] = -f.d1 * m.d1;
    out.w[i] = -(f.d2 * m.d1 * m.d1 + f.d1 * m.d2);
    out.fisher[i] = f.information * m.d1 * m.d1;
  }
}

void MeanFamily::slopes(const FamilyRows& rows, double log_phi, const FamilySlopes& out) const {
  const double phi = std::exp(log_phi);
  for (Index i = 0; i < rows.count; ++i) {
    const LinkedMean m = link().mean(rows.eta[i]);
    const MeanRow row{rows.y[i], rows.weight_of(i), m.mu, phi};
    const ByMean f = by_mean(row);
    out.dw[i] = -(f.d3 * m.d1 * m.d1 * m.d1 + 3 * f.d2 * m.d1 * m.d2 + f.d1 * m.d3);
    if (!has_phi()) continue;
    const ByPhi p = by_phi(row);
    out.by_phi[i] = p.value;
    out.s_by_phi[i] = -p.d1 * m.d1;
    out.w_by_phi[i] = -(p.d2 * m.d1 * m.d1 + p.d1 * m.d2);
  }
}

}  // namespace henderson
