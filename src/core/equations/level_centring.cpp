#include "equations/level_centring.h"

#include <utility>

namespace henderson {

namespace {

// One row's columns in standardized units.
class StandardRow {
 public:
  StandardRow(const DataRows& rows, const CrossProducts& moments, const Standardization& basis)
      : rows_(rows), moments_(moments), basis_(basis), fixed_(moments.p() + 1) {
    for (const TermSums& term : moments.terms) random_.push_back(Vector(term.v));
  }

  void read(Index i) {
    const int p = moments_.p();
    double y = rows_.y[i];
    for (int c = 0; c < p; ++c) {
      const double x = rows_.x[static_cast<Index>(c) * rows_.n + i] - moments_.shifts.x[c];
      fixed_[c] = x / basis_.x_scale[c];
      y -= x * moments_.shifts.y[c];
    }
    fixed_[p] = y / basis_.y_scale;
    for (std::size_t t = 0; t < random_.size(); ++t) {
      const Vector& shift = moments_.shifts.z[t];
      Vector z(shift.size());
      for (int c = 0; c < z.size(); ++c) {
        const double* column = rows_.terms[t].columns[c];
        z[c] = (column == nullptr ? 1 : column[i]) - shift[c];
      }
      random_[t].noalias() = basis_.z_basis[t].transpose() * z;
    }
  }

  Vector& fixed() { return fixed_; }
  const Vector& random(std::size_t t) const { return random_[t]; }

 private:
  const DataRows& rows_;
  const CrossProducts& moments_;
  const Standardization& basis_;
  Vector fixed_;
  std::vector<Vector> random_;
};

}  // namespace

void centre_levels(const RowSource& source, const CrossProducts& moments, const Vector& beta,
                   Coefficients b, Equations* system) {
  const int p = moments.p();
  for (Matrix* part : {&b.leaf, &b.remainder}) {
    part->row(p) -= beta.transpose() * part->topRows(p);
  }
  const DataRows& rows = source.rows;
  const int n_terms = system->layout->n_terms();
  StandardRow row(rows, moments, system->basis);
  std::vector<Index> at(n_terms);  // first column of the row's level
  std::vector<std::vector<int>> position(n_terms);
  for (int t = 0; t < n_terms; ++t) {
    position[t].resize(rows.terms[t].n_levels);
    for (int k = 0; k < rows.terms[t].n_levels; ++k) {
      position[t][source.original[t].empty() ? k : source.original[t][k]] = k;
    }
  }
  system->xy.setZero();
  system->zxy.set_zero();
  for (Index i = 0; i < rows.n; ++i) {
    const double weight = rows.weights == nullptr ? 1 : rows.weights[i];
    if (!(weight > 0)) continue;
    row.read(i);
    Vector& fixed = row.fixed();
    fixed[p] -= beta.dot(fixed.head(p));
    for (int t = 0; t < n_terms; ++t) {
      const int level = position[t][rows.terms[t].level[i] - 1];
      const Vector& z = row.random(t);
      at[t] = system->layout->at(t, level);
      fixed.noalias() -= b.part(system->layout->is_leaf(t)).middleCols(at[t], z.size()) * z;
    }
    for (int t = 0; t < n_terms; ++t) {
      Matrix& sums = system->zxy.part(system->layout->is_leaf(t));
      const Vector& z = row.random(t);
      sums.middleCols(at[t], z.size()).noalias() += weight * fixed * z.transpose();
    }
    system->xy.noalias() += weight * fixed * fixed.transpose();
  }
  system->centre = std::move(b);
}

}  // namespace henderson
