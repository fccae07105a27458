// The covariance structures of all random-effects terms, and their parameters: theta as users see
// it, x as the searches move it, for columns of Z as given or standardized (Z = Z~ K).
#ifndef HENDERSON_COVARIANCE_RANDOM_PART_H_
#define HENDERSON_COVARIANCE_RANDOM_PART_H_

#include <memory>
#include <vector>

#include "algebra/types.h"
#include "covariance/level_precision.h"
#include "covariance/structure.h"
#include "search/coordinates.h"

namespace henderson {

// A structure on columns [first_column, first_column + v) of a term, with parameters
// [first_parameter, ...) of theta.
struct PlacedStructure {
  std::shared_ptr<const CovarianceStructure> structure;
  int first_column = 0;
  int first_parameter = 0;
  // Of the levels of the term: all of its structures have the same one. Null: K = I.
  std::shared_ptr<const LevelPrecision> precision = nullptr;

  int n_columns() const { return structure->n_columns(); }
  int n_parameters() const { return structure->n_parameters(); }
};

// Of a factor term, everything that shares one grouping factor: their direct sum.
using TermStructures = std::vector<PlacedStructure>;

// Of each term; none at all if no term has one.
std::vector<LevelPrecision> level_precisions(const std::vector<TermStructures>& terms);

// A parameter that is an entry (row >= column) of a factor term's Lambda.
struct LambdaEntry {
  int term = 0;
  int row = 0;
  int column = 0;
};

// A direction in which the Gamma of one term moves, the same for all its levels.
struct CovarianceDirection {
  int term = 0;
  Matrix gamma;  // v_t x v_t, symmetric
};

class RandomPart {
 public:
  // n_levels, bases (K) and inverses (K^-1) of each term; K is block-diagonal by structures, and
  // diagonal where one does not allow any basis.
  RandomPart(std::vector<TermStructures> structures, const std::vector<int>& n_levels,
             std::vector<Matrix> bases, std::vector<Matrix> inverses);

  int n_parameters() const { return coordinates_.size; }
  const std::vector<TermStructures>& structures() const { return structures_; }
  const Coordinates& coordinates() const { return coordinates_; }
  // Are all parameters entries of Lambda? Then Gamma is any matrix of its pattern.
  bool has_entries() const { return has_entries_; }
  // By parameter, if they are.
  std::vector<LambdaEntry> entries() const;

  // x of a model of order one.
  Vector start() const;
  // Others, in each of which every structure that has some takes its next one.
  std::vector<Vector> other_starts() const;
  // Lambda~, a lower triangle per term, of standardized columns.
  std::vector<Matrix> factors(const Vector& x) const;
  // Lambda, of columns as given.
  std::vector<Matrix> natural_factors(const Vector& theta) const;

  // dGamma~/dx_i in a chart, and <S, d2Gamma~/dx_i dx_j> given the S of each term.
  std::vector<CovarianceDirection> directions(const Vector& x, Chart chart) const;
  Matrix bend(const Vector& x, Chart chart, const std::vector<Matrix>& s) const;
  // The gradient from the derivatives by Lambda~ (all entries) and by Gamma~.
  Vector gradient(const Vector& x, Chart chart, const std::vector<Matrix>& by_lambda,
                  const std::vector<Matrix>& s) const;

  // theta <-> x, with the orthogonal Q of K Lambda = Lambda~ Q' and of K^-1 Lambda~ = Lambda Q'.
  Vector to_standard(const Vector& theta, std::vector<Matrix>* rotations = nullptr) const;
  Vector to_natural(const Vector& x, std::vector<Matrix>* rotations = nullptr) const;
  // dGamma~/dtheta_i, and the gradient by theta from that by Lambda~ and Gamma~ at x, of which the
  // rotations are those of to_standard().
  std::vector<CovarianceDirection> natural_directions(const Vector& theta) const;
  // Which theta are at a bound of their structure.
  std::vector<char> at_bound(const Vector& theta) const;
  // dGamma~/dtau_i by variances, covariances and correlations tau in the places of theta: entries
  // of Gamma, the squares of standard deviations, what theta has besides.
  std::vector<CovarianceDirection> variance_directions(const Vector& theta) const;
  // What the estimates' covariances make of the mean of Gamma~, sum_ij C_ij d2Gamma~/dtau_i dtau_j
  // + 2 sum_i c_i dGamma~/drho_i: C of tau, c of it and log sigma^2, rho the parameters that are no
  // variances. By term, zero where Gamma is linear.
  std::vector<CovarianceDirection> second_order(const Vector& theta, const Matrix& covariance,
                                                const Vector& with_sigma) const;
  // <S, d2Gamma~/dtheta_i dtheta_j>, where theta are no entries of Lambda by differences of the
  // first derivatives, as in bend().
  Matrix natural_bend(const Vector& theta, const std::vector<Matrix>& s) const;
  Vector natural_gradient(const Vector& theta, const std::vector<Matrix>& by_lambda,
                          const std::vector<Matrix>& s, const std::vector<Matrix>& rotations) const;

 private:
  // One structure with what its columns' basis means to it.
  struct Part {
    int term = 0;
    int first_column = 0;
    int first_parameter = 0;
    int v = 0;
    int n_parameters = 0;
    const CovarianceStructure* structure = nullptr;
    std::vector<Cone> cones;
    // Where parameters are no entries of Lambda: x = multipliers * from_theta(theta), and
    // Lambda~ = diag(rest) Lambda(x).
    Vector multipliers, rest;
  };
  Vector own(const Part& part, const Vector& x) const {
    return x.segment(part.first_parameter, part.n_parameters);
  }
  std::vector<Matrix> zeros() const;
  std::vector<Matrix> derivatives(const Part& part, const Vector& own) const;
  Matrix natural_rates(const Part& part, const Vector& theta) const;
  std::vector<Matrix> by_variances(const Part& part, const Vector& theta) const;
  CovarianceDirection placed(const Part& part, const Matrix& gamma) const;
  Matrix refactor(const Matrix& factor, int term, Matrix* rotation) const;
  template <class Work>
  void each_entry(const Part& part, const Work& work) const;

  std::vector<TermStructures> structures_;
  std::vector<int> size_;         // v of each term
  std::vector<Matrix> bases_;     // K
  std::vector<Matrix> inverses_;  // K^-1
  std::vector<Part> parts_;
  Coordinates coordinates_;
  bool has_entries_ = true;
};

// work(parameter, row, column) for the entries of a structure that has them.
template <class Work>
void RandomPart::each_entry(const Part& part, const Work& work) const {
  for (const Cone& cone : part.cones) {
    const int corner = part.cones.size() == 1 ? 0 : cone.first;  // us, or one column of diag
    int i = part.first_parameter + cone.first;
    for (int c = 0; c < cone.size; ++c) {
      for (int r = c; r < cone.size; ++r) {
        work(i++, part.first_column + corner + r, part.first_column + corner + c);
      }
    }
  }
}

}  // namespace henderson

#endif  // HENDERSON_COVARIANCE_RANDOM_PART_H_
