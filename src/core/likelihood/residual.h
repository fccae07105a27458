// The criterion with residuals e ~ N(0, sigma^2 R(phi)) (covariance/residual.h):
//   d(theta, phi) = that of cross-products A(phi) = sum_k c_k(phi) S_k, with log|R| for -log|W|.
// Given phi everything is as ever. A point is (x, phi), x of likelihood/gaussian.h. The gradient by
// phi is exact; second derivatives that involve phi are central differences of the gradient.
#ifndef HENDERSON_LIKELIHOOD_RESIDUAL_H_
#define HENDERSON_LIKELIHOOD_RESIDUAL_H_

#include <memory>
#include <vector>

#include "algebra/types.h"
#include "covariance/residual.h"
#include "data/residual_sums.h"
#include "likelihood/gaussian.h"
#include "search/objective.h"

namespace henderson {

// Rows with their residual structure.
struct ResidualModel {
  std::shared_ptr<const ResidualStructure> structure;
  std::vector<CliqueType> types;
  std::vector<int> first_set;  // of each type, among those of the sums
  ResidualSums sums;
  double sum_log_w = 0;
};

// whole_groups: R^-1 of each group by itself, also where pairs of neighbours would do.
ResidualModel make_residual_model(const DataRows& rows, const CrossProducts& model,
                                  std::shared_ptr<const ResidualStructure> structure,
                                  const std::vector<int>& group,
                                  const std::vector<ResidualPlace>& places,
                                  bool whole_groups = false);

class ResidualObjective : public Objective {
 public:
  // model: the products of the rows with themselves.
  ResidualObjective(const ResidualModel& residual, const CrossProducts& model,
                    const std::vector<TermStructures>& structures, bool reml);
  ResidualObjective(const ResidualObjective&) = delete;
  ResidualObjective& operator=(const ResidualObjective&) = delete;

  const Coordinates& coordinates() const override { return coordinates_; }
  Evaluation evaluate(const Vector& point, Order order, Chart chart) override;
  FullRounding full_rounding(const Vector& point) override;
  TraceCost trace_cost() const override;

  // Nothing random to begin with but the residual.
  Vector start() const;
  Index n_theta() const { return gaussian_->n_parameters(); }
  Index n_phi() const { return structure().n_parameters(); }
  const ResidualStructure& structure() const { return *residual_.structure; }
  // At phi, which the cross-products then are: false where there are none.
  bool move_to(const Vector& phi);
  GaussianObjective& gaussian() { return *gaussian_; }
  const CrossProducts& moments() const { return moments_; }
  const ResidualModel& model() const { return residual_; }
  const std::vector<Matrix>& inverses() const { return inverse_; }  // V_c^-1, by type of clique

  // By natural theta and phi; empty where the criterion is not defined.
  Vector natural_gradient(const Vector& theta, const Vector& phi);

 private:
  // By the covariance matrices of the cliques, V_c: those of determinants are expected, those of
  // the residual observed, and what the cross-products of each clique have for both.
  struct ByClique {
    std::vector<Matrix> expected, observed, products;
  };
  struct ByPhi {
    Vector expected, observed;
  };
  // At the point of the last value of the criterion.
  ByClique by_clique();
  ByPhi by_phi(const ByClique& g) const;
  Vector gradient_at(const Vector& point, Chart chart);
  void add_second_order(const Vector& point, Order order, Chart chart, const ByClique& g,
                        Evaluation* result);
  void add_rows_by_differences(const Vector& point, Chart chart, const Matrix& information,
                               Evaluation* result);
  // Without random effects, in closed form.
  Matrix exact_hessian(const ByClique& g, const Evaluation& here) const;
  Matrix bend(const ByClique& g) const;
  Matrix residual_information() const;

  const ResidualModel& residual_;
  CrossProducts moments_;
  std::unique_ptr<GaussianObjective> gaussian_;
  Coordinates coordinates_;
  Vector phi_;  // where moments_ are
  bool defined_ = false;
  double log_det_ = 0;           // log|R|
  std::vector<Matrix> inverse_;  // V_c^-1
};

}  // namespace henderson

#endif  // HENDERSON_LIKELIHOOD_RESIDUAL_H_
