// Covariance structures of residuals: e ~ N(0, sigma^2 R), R = D C D within groups of rows.
//
// D = diag(exp(H delta)): each row belongs to a stratum, of which H has a row; in the first one, of
// zeros, the standard deviation is sigma. C is a correlation matrix, a function of the rows'
// positions (times, or numbers of visits) and of parameters phi that each arm has for itself.
// Parameters: delta, then phi of each arm; all without bounds.
//
// R^-1 comes as a sum over a few rows at a time, sum s_c V_c^-1 with V_c the covariance matrix of
// some rows and s_c = +-1: where the residual depends on the one before alone (Markov) over pairs
// of neighbours less what these share, else over whole groups (Lauritzen 1996, Graphical Models,
// proposition 5.9). log|R| = sum s_c log|V_c| likewise.
#ifndef HENDERSON_COVARIANCE_RESIDUAL_H_
#define HENDERSON_COVARIANCE_RESIDUAL_H_

#include <complex>
#include <memory>
#include <string>
#include <vector>

#include "algebra/types.h"

namespace henderson {

using ComplexVector = Eigen::Matrix<std::complex<double>, Eigen::Dynamic, 1>;
using ComplexMatrix = Eigen::Matrix<std::complex<double>, Eigen::Dynamic, Eigen::Dynamic>;

class ResidualCorrelation {
 public:
  virtual ~ResidualCorrelation() = default;
  virtual int n_parameters() const = 0;
  virtual Vector start() const = 0;
  // C of rows at these positions, analytic in phi: derivatives are taken by a complex step.
  virtual ComplexMatrix matrix(const ComplexVector& phi, const std::vector<double>& at) const = 0;
  virtual bool markov() const = 0;
  // A function of differences of positions alone?
  virtual bool stationary() const = 0;
  // One correlation for any two rows?
  virtual bool exchangeable() const { return false; }
  // v if positions are 1 to v only, so that all correlations can be had at once; else 0.
  virtual int n_places() const { return 0; }
};

// By name; of positions 1 to v where it is not a function of their differences. Throws
// std::invalid_argument for a name that it does not know.
std::unique_ptr<ResidualCorrelation> make_residual_correlation(const std::string& name, int v);

struct ResidualPlace {
  double position = 0;
  int stratum = 0;  // row of H
  int arm = 0;
};

class ResidualStructure {
 public:
  ResidualStructure(std::unique_ptr<ResidualCorrelation> correlation, Matrix log_deviations,
                    int n_arms);

  int n_deviations() const { return static_cast<int>(log_deviations_.cols()); }
  int n_parameters() const { return n_deviations() + n_arms_ * correlation_->n_parameters(); }
  int n_arms() const { return n_arms_; }
  int n_strata() const { return static_cast<int>(log_deviations_.rows()); }
  const ResidualCorrelation& correlation() const { return *correlation_; }

  const Matrix& log_deviations() const { return log_deviations_; }

  // Nearly independent residuals of one variance.
  Vector start() const;
  // Of rows of one group, which are of one arm.
  Matrix covariance(const Vector& x, const std::vector<ResidualPlace>& places) const;

 private:
  std::unique_ptr<ResidualCorrelation> correlation_;
  Matrix log_deviations_;  // H, strata x deltas
  int n_arms_;
};

// Rows that enter R^-1 together as many others do.
struct CliqueType {
  std::vector<ResidualPlace> places;
  int sign = 1;
  double count = 0;
  // Of any two of its rows: which of the n_sets elements of V_c^-1 that differ.
  Eigen::MatrixXi set;
  int n_sets = 0;
};

// The covariance matrices of a structure at one x, with their derivatives.
class ResidualPoint {
 public:
  // derivatives: are they wanted?
  ResidualPoint(const ResidualStructure& structure, Vector x, bool derivatives);

  Matrix covariance(const std::vector<ResidualPlace>& places) const;
  // dV by each parameter; an empty matrix where it is zero.
  std::vector<Matrix> derivatives(const std::vector<ResidualPlace>& places) const;
  // sum_c <G_c, dV_c>, G_c symmetric, by each parameter.
  Vector contract(const std::vector<CliqueType>& types, const std::vector<Matrix>& g) const;

 private:
  Matrix correlation(const std::vector<ResidualPlace>& places) const;
  // dC by each correlation parameter of the rows' arm.
  std::vector<Matrix> correlation_moves(const std::vector<ResidualPlace>& places) const;
  Vector deviations(const std::vector<ResidualPlace>& places) const;
  ComplexVector angles(int arm) const;
  int first_angle(int arm) const;

  const ResidualStructure& structure_;
  Vector x_;
  // Of all places, by arm, where there are not many of them.
  std::vector<Matrix> whole_;
  std::vector<std::vector<Matrix>> whole_moves_;
};

struct Clique {
  int type = 0;
  std::vector<Index> rows;
};

struct Cliques {
  std::vector<CliqueType> types;
  std::vector<Clique> all;
};

// group: of each row, 0-based, -1 for rows that do not count.
Cliques find_cliques(const ResidualStructure& structure, const std::vector<int>& group,
                     const std::vector<ResidualPlace>& places, bool whole_groups = false);

}  // namespace henderson

#endif  // HENDERSON_COVARIANCE_RESIDUAL_H_
