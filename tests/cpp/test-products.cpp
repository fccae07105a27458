// Products with the cross-products' matrix in its blocked layout, against the dense one.
#include <catch.h>

#include <memory>
#include <random>

#include "equations/coefficients.h"
#include "equations/equations.h"
#include "equations/products.h"
#include "equations/standardization.h"
#include "random-model.h"

using henderson::Coefficients;
using henderson::CrossProducts;
using henderson::Equations;
using henderson::Index;
using henderson::Matrix;
using henderson::Vector;
using testing_models::kDiag;
using testing_models::kUs;
using testing_models::Model;
using testing_models::moments_of;
using testing_models::random_model;
using testing_models::relative;

namespace {

Model two_terms() {
  return random_model(81, 80, 2, {{20, {2}, {kUs}}, {7, {2, 1}, {kUs, kDiag}}}, true);
}

// Coefficients in one row: the leaf's, then the remainder's.
Index position(const Equations& system, int term, int level, int column) {
  if (term == 0) return level * system.layout->leaf_size() + column;
  return system.layout->leaf_size() * system.layout->leaf_levels() +
         system.layout->scalar_row[term][level] + column;
}

Matrix joined(const Coefficients& parts) {
  Matrix both(parts.rows(), parts.leaf.cols() + parts.remainder.cols());
  both << parts.leaf, parts.remainder;
  return both;
}

// Standardized Z, from the rows.
Matrix dense_z(const Model& model, const CrossProducts& moments,
               const henderson::Standardization& basis, const Equations& system) {
  Matrix dense = Matrix::Zero(model.n, system.layout->leaf_size() * system.layout->leaf_levels() +
                                           system.layout->remainder_size());
  for (int t = 0; t < system.layout->n_terms(); ++t) {
    const Vector& shift = moments.shifts.z[t];
    const Matrix z = (model.z[t].rowwise() - shift.transpose()) * basis.z_basis[t];
    for (Index i = 0; i < model.n; ++i) {
      for (int c = 0; c < z.cols(); ++c) {
        dense(i, position(system, t, model.level[t][i] - 1, c)) = z(i, c);
      }
    }
  }
  return dense;
}

}  // namespace

TEST_CASE("standardized columns have mean square one, unstructured ones are orthogonal") {
  const Model model = two_terms();
  const CrossProducts moments = moments_of(model);
  const henderson::Standardization basis = henderson::standardize(moments, model.structures);
  const Matrix z = (model.z[0].rowwise() - moments.shifts.z[0].transpose()) * basis.z_basis[0];
  const Matrix products = z.transpose() * model.weights.asDiagonal() * z / model.n;
  CHECK(relative(products, Matrix::Identity(2, 2)) < 1e-12);
  for (std::size_t t = 0; t < model.z.size(); ++t) {
    const Matrix z_t = (model.z[t].rowwise() - moments.shifts.z[t].transpose()) * basis.z_basis[t] *
                       basis.z_map[t];
    CHECK(relative(z_t, model.z[t]) < 1e-12);
    CHECK(relative(basis.z_map[t] * basis.z_inverse[t], Matrix::Identity(z_t.cols(), z_t.cols())) <
          1e-12);
  }
}

TEST_CASE("products with the blocks are those with Z'WZ of the rows") {
  const Model model = two_terms();
  const CrossProducts moments = moments_of(model);
  const henderson::Standardization basis = henderson::standardize(moments, model.structures);
  const Equations system(std::make_shared<const henderson::Layout>(*moments.incidence), basis,
                         moments);
  const Matrix z = dense_z(model, moments, basis, system);
  const Matrix expected = z.transpose() * model.weights.asDiagonal() * z;
  const Index leaf_size = system.layout->leaf_size() * system.layout->leaf_levels();
  const Matrix x = Matrix::Random(3, z.cols());
  const Coefficients parts = {x.leftCols(leaf_size), x.rightCols(system.layout->remainder_size())};
  const Coefficients found = henderson::multiply_cross_products(system, parts);
  CHECK(relative(joined(found), x * expected) < 1e-12);
}

TEST_CASE("products with Lambda are those of its blocks, and their transposes") {
  const Model model = two_terms();
  const CrossProducts moments = moments_of(model);
  const Equations system(std::make_shared<const henderson::Layout>(*moments.incidence),
                         henderson::standardize(moments, model.structures), moments);
  const Index leaf_size = system.layout->leaf_size() * system.layout->leaf_levels();
  const std::vector<Matrix> lambda = {Matrix(Matrix::Random(2, 2).triangularView<Eigen::Lower>()),
                                      Matrix(Matrix::Random(3, 3).triangularView<Eigen::Lower>())};
  Matrix dense = Matrix::Zero(leaf_size + system.layout->remainder_size(),
                              leaf_size + system.layout->remainder_size());
  for (int t = 0; t < 2; ++t) {
    const Index v = lambda[t].rows();
    for (int level = 0; level < system.layout->term_levels[t]; ++level) {
      const Index at = position(system, t, level, 0);
      dense.block(at, at, v, v) = lambda[t];
    }
  }
  const Matrix x = Matrix::Random(3, dense.rows());
  for (const bool transpose : {false, true}) {
    Coefficients found = {x.leftCols(leaf_size), x.rightCols(system.layout->remainder_size())};
    henderson::apply_lambda(system, lambda, &found, transpose);
    const Matrix expected = transpose ? Matrix(x * dense) : Matrix(x * dense.transpose());
    CHECK(relative(joined(found), expected) < 1e-14);
  }
}
