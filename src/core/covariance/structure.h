// A covariance structure: how parameters fill the covariance matrix of one level's random effects.
//
// Gamma = Lambda Lambda' (v x v) is relative to sigma^2. Parameters come in two forms:
//  - theta, which users see: entries of Lambda (us, diag), or standard deviations and correlations;
//  - x, which the searches move: the same, but a correlation by an angle, so that it has no bounds.
// Everything here is asked once per point, not per level.
#ifndef HENDERSON_COVARIANCE_STRUCTURE_H_
#define HENDERSON_COVARIANCE_STRUCTURE_H_

#include <functional>
#include <memory>
#include <vector>

#include "algebra/types.h"
#include "search/coordinates.h"

namespace henderson {

// Which changes T of the basis of Z's columns, Gamma -> T Gamma T', stay within the structure.
enum class Basis { kAny, kScales, kOneScale };

class CovarianceStructure;

// A structure each Gamma of which is one of another: the other's theta from its own.
struct NestedStructure {
  std::shared_ptr<const CovarianceStructure> structure;
  std::function<Vector(const Vector&)> lift;
};

class CovarianceStructure {
 public:
  explicit CovarianceStructure(int n_columns) : n_columns_(n_columns) {}
  virtual ~CovarianceStructure() = default;

  int n_columns() const { return n_columns_; }  // v
  virtual int n_parameters() const = 0;
  virtual Basis basis() const = 0;

  // Lambda, lower triangular.
  virtual Matrix factor(const ConstVectorRef& x) const = 0;
  // dGamma/dx_i; for an entry of a cone by that of its positive semidefinite matrix, in which Gamma
  // is linear: so it exists at zero, where d/dx_i vanishes.
  virtual Matrix derivative(const ConstVectorRef& x, int i) const = 0;
  // The cones among the coordinates, the first coordinate being 0.
  virtual std::vector<Cone> cones() const = 0;
  // About Gamma = I.
  virtual Vector start() const = 0;
  // Others to begin at: correlations compete with each other and with variances for what varies.
  virtual std::vector<Vector> other_starts() const { return {}; }
  // Those whose minimum is a place to begin at, so that this one's is not higher.
  virtual std::vector<NestedStructure> nested() const { return {}; }
  // The same Gamma by coordinates that are unique where they can be.
  virtual Vector canonical(const Vector& x) const = 0;
  // What the coordinates of T Gamma T' are to those of Gamma, T = diag(scale), scale constant where
  // the basis allows only one: factors, one by one.
  virtual Vector multipliers(const Vector& scale) const = 0;
  virtual Vector to_theta(const Vector& x) const { return x; }
  virtual Vector from_theta(const Vector& theta) const { return theta; }
  // dtheta_i/dx_j.
  virtual Matrix jacobian(const Vector& x) const { return Matrix::Identity(x.size(), x.size()); }

  // Which theta are at a bound where Gamma exists on one side only, or say nothing beyond one.
  virtual std::vector<char> at_bound(const Vector& x) const {
    return std::vector<char>(x.size(), 0);
  }
  // Are the Gamma a linear space (but for being positive semidefinite)?
  virtual bool is_linear() const { return false; }
  // Is each parameter an entry of Lambda, the lower triangle by columns or the diagonal?
  virtual bool has_entries() const { return false; }

 private:
  int n_columns_;
};

}  // namespace henderson

#endif  // HENDERSON_COVARIANCE_STRUCTURE_H_
