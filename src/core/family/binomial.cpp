#include <algorithm>
#include <cmath>

#include "family/mean_family.h"
#include "family/special_functions.h"

namespace henderson {

namespace {

// 0 log 0 = 0.
double times(double count, double log) { return count == 0 ? 0 : count * log; }

// y log mu + (n - y) log(1 - mu) is linear in both logarithms, and so are its derivatives.
class Binomial : public Family {
 public:
  using Family::Family;

  void evaluate(const FamilyRows& rows, double, const FamilyValues& out) const override {
    if (link().is_logit()) return evaluate_logit(rows, out);
    for (Index i = 0; i < rows.count; ++i) {
      const double a = rows.weight_of(i) * rows.y[i];
      const double b = rows.weight_of(i) * (rows.trials_of(i) - rows.y[i]);
      const LogTail p = link().log_mean(rows.eta[i]);
      const LogTail q = link().log_complement(rows.eta[i]);
      out.log_density[i] = times(a, p.value) + times(b, q.value);
      out.s[i] = -(times(a, p.d1) + times(b, q.d1));
      out.w[i] = -(times(a, p.d2) + times(b, q.d2));
      out.fisher[i] = -(a + b) * p.d1 * q.d1;  // mu'^2 / (mu (1 - mu))
    }
  }

  void slopes(const FamilyRows& rows, double, const FamilySlopes& out) const override {
    for (Index i = 0; i < rows.count; ++i) {
      const double a = rows.weight_of(i) * rows.y[i];
      const double b = rows.weight_of(i) * (rows.trials_of(i) - rows.y[i]);
      out.dw[i] = -(times(a, link().log_mean(rows.eta[i]).d3) +
                    times(b, link().log_complement(rows.eta[i]).d3));
    }
  }

  // log choose(n, y)
  double constant(const FamilyRows& rows, Index i, double) const override {
    const double n = rows.trials_of(i);
    const double y = rows.y[i];
    if (n == 1 && (y == 0 || y == 1)) return 0;
    return rows.weight_of(i) * (log_gamma(n + 1) - log_gamma(y + 1) - log_gamma(n - y + 1));
  }

  double start_mean(const FamilyRows& rows, Index i) const override {
    return (rows.y[i] + 0.5) / (rows.trials_of(i) + 1);
  }

 private:
  // One exponential and one logarithm a row.
  static void evaluate_logit(const FamilyRows& rows, const FamilyValues& out) {
    for (Index i = 0; i < rows.count; ++i) {
      const double eta = rows.eta[i];
      const double n = rows.weight_of(i) * rows.trials_of(i);
      const double y = rows.weight_of(i) * rows.y[i];
      const double e = std::exp(-std::abs(eta));
      const double small = e / (1 + e);
      out.log_density[i] = -(n * std::log1p(e) + (eta > 0 ? n - y : -y) * eta);
      out.s[i] = eta > 0 ? (n - y) - n * small : n * small - y;
      out.w[i] = n * small * (1 - small);
      out.fisher[i] = out.w[i];
    }
  }
};

}  // namespace

std::unique_ptr<Family> make_binomial(std::unique_ptr<Link> link) {
  return std::make_unique<Binomial>(std::move(link));
}

}  // namespace henderson
