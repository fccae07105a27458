// The conditional modes of a generalized linear mixed model, by penalized iteratively reweighted
// least squares: with b = Lambda u the minimum over u of
//   d(u) = -2 sum_i log f(y_i | eta_i) + u'K^-1 u,  eta = base + Z Lambda u.
#ifndef HENDERSON_LIKELIHOOD_PENALIZED_MODE_H_
#define HENDERSON_LIKELIHOOD_PENALIZED_MODE_H_

#include <memory>
#include <vector>

#include "algebra/types.h"
#include "data/row_index.h"
#include "equations/factor.h"
#include "family/family.h"

namespace henderson {

// What is observed, by row; borrowed, as the rows are.
struct GeneralizedResponse {
  const double* y = nullptr;
  const double* weight = nullptr;  // nullptr: all one
  const double* trials = nullptr;
  const double* offset = nullptr;  // nullptr: zero

  FamilyRows block(Index first, Index count, const double* eta) const;
};

constexpr Index kRowBlock = 512;  // rows of a pass whose values stay in the cache

class PenalizedMode {
 public:
  // rows: their weights are not looked at. numbers: the shape of Z'WZ, without columns of X.
  PenalizedMode(const IndexedRows& data, const GeneralizedResponse& response, const Family& family,
                const CrossProducts& numbers, Standardization basis,
                const std::vector<LevelPrecision>& precisions);

  // base: n. False where there is no mode, or no density. Begins at the last mode.
  bool find(const std::vector<Matrix>& lambda, const Vector& base, double log_phi);

  // At the mode, and after look() where that was.
  double deviance() const { return deviance_; }  // d(u)
  double log_det() const { return factor_.log_det_m(); }
  const Coefficients& u() const { return u_; }
  const Vector& eta() const { return eta_; }
  const Vector& s() const { return s_; }
  const Vector& w() const { return w_; }
  const Coefficients& zs() const { return zs_; }  // Z's of standardized columns
  const Factor& factor() const { return factor_; }
  Factor* mutable_factor() { return &factor_; }
  const Equations& equations() const { return equations_; }
  const CrossProducts& numbers() const { return numbers_; }

  // One step of the work, for those who move beta as well. look(): a pass over the rows at u;
  // infinite where there is no density. Afterwards factorize(), by Fisher's W in rows of which the
  // observed one is negative if `fisher`.
  double look(const std::vector<Matrix>& lambda, const Vector& base, double log_phi,
              const Coefficients& u, bool fisher);
  bool factorize(const std::vector<Matrix>& lambda);
  Coefficients zero() const;
  void begin_at(const Coefficients& u) { u_ = u; }
  // Half the gradient of d by u.
  Coefficients slope() const;

  // b of centred columns, v x J of each term, from u.
  std::vector<Matrix> effects(const std::vector<Matrix>& lambda, const Coefficients& u) const;
  // Sums by level of centred columns, r x (v J) of each term, in standardized columns.
  Coefficients standardized(const std::vector<Matrix>& by_level, Index r) const;
  // r x (v J) zeros of each term.
  std::vector<Matrix> by_level(Index r) const;

 private:
  bool advance(const std::vector<Matrix>& lambda, const Vector& base, double log_phi,
               const Coefficients& step, double decrement);
  bool factorize_at(const std::vector<Matrix>& lambda, const Vector& base, double log_phi,
                    bool observed);
  bool descend(const std::vector<Matrix>& lambda, const Vector& base, double log_phi);
  double penalty(const Coefficients& u) const;

  const IndexedRows data_;
  const GeneralizedResponse response_;
  const Family& family_;
  CrossProducts numbers_;
  Equations equations_;
  Factor factor_;
  Coefficients u_;
  Vector eta_, s_, w_;
  Coefficients zs_;
  double deviance_ = 0;
  bool any_negative_ = false;
  double constant_ = 0;  // of log f, at constant_phi_
  double constant_phi_ = 0;
  bool constant_known_ = false;
};

// K^-1 u.
Coefficients multiply_precision(const Layout& layout, const Coefficients& u);
double inner(const Coefficients& a, const Coefficients& b);

}  // namespace henderson

#endif  // HENDERSON_LIKELIHOOD_PENALIZED_MODE_H_
