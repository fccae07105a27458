#include "equations/equations.h"

#include <stdexcept>
#include <utility>

namespace henderson {

namespace {

// target (v_row x v_column) = basis_row' source basis_column.
void standardize_block(const Matrix& basis_row, const double* source, const Matrix& basis_column,
                       Eigen::Ref<Matrix, 0, Eigen::OuterStride<>> target) {
  const ConstMatrixMap block(source, basis_row.rows(), basis_column.rows());
  if (block.size() == 1) {
    target(0, 0) = block(0, 0) * basis_row(0, 0) * basis_column(0, 0);
  } else {
    target = basis_row.transpose() * block * basis_column;
  }
}

void fill_leaf_diagonal(const CrossProducts& numbers, Equations* system) {
  const Layout& layout = *system->layout;
  const int v = layout.leaf_size();
  system->leaf_diagonal.resize(v * v, layout.leaf_levels());
  for (int j = 0; j < layout.leaf_levels(); ++j) {
    const Matrix& basis = system->basis.z_basis[layout.leaf];
    MatrixMap block(system->leaf_diagonal.col(j).data(), v, v);
    standardize_block(basis, numbers.terms[layout.leaf].diagonal.col(j).data(), basis, block);
  }
}

void fill_panels(const CrossProducts& numbers, Equations* system) {
  const Layout& layout = *system->layout;
  const Index v0 = layout.leaf_size();
  system->panel_values.resize(layout.panel_rows.size() * v0);
  const std::vector<Pair>& pairs = numbers.incidence->pairs;
  std::vector<Index> local(layout.remainder_size());  // scalar row -> row of the panel
  for (int j = 0; j < layout.leaf_levels(); ++j) {
    const Index count = layout.panel_count(j);
    const int* rows = layout.rows_of_panel(j);
    for (Index i = 0; i < count; ++i) local[rows[i]] = i;
    MatrixMap panel(system->panel_values.data() + layout.panel_start[j] * v0, count, v0);
    for (std::size_t k = 0; k < pairs.size() && layout.is_leaf(pairs[k].term_row); ++k) {
      const int s = pairs[k].term_column;
      const int v = layout.term_size[s];
      for (Index e = pairs[k].start[j]; e < pairs[k].start[j + 1]; ++e) {
        standardize_block(system->basis.z_basis[s], numbers.pairs[k].data() + e * v * v0,
                          system->basis.z_basis[layout.leaf],
                          panel.middleRows(local[layout.scalar_row[s][pairs[k].partner[e]]], v));
      }
    }
  }
}

void fill_remainder(const CrossProducts& numbers, Equations* system) {
  const Layout& layout = *system->layout;
  system->remainder_values.resize(layout.n_remainder_values);
  double* target = system->remainder_values.data();
  // value is v_s x v_t; the stored block has the larger scalar row as its row.
  const auto add = [&](int t, int l, int s, int m, const double* value) {
    const int vt = layout.term_size[t];
    const int vs = layout.term_size[s];
    standardize_block(system->basis.z_basis[s], value, system->basis.z_basis[t],
                      MatrixMap(target, vs, vt));
    if (layout.scalar_row[s][m] < layout.scalar_row[t][l] && vs * vt > 1) {
      const Matrix standard = ConstMatrixMap(target, vs, vt);
      MatrixMap(target, vt, vs) = standard.transpose();
    }
    target += vs * vt;
  };
  for (int t = 0; t < layout.n_terms(); ++t) {
    if (layout.is_leaf(t)) continue;
    for (int l = 0; l < layout.term_levels[t]; ++l) {
      add(t, l, t, l, numbers.terms[t].diagonal.col(l).data());
    }
  }
  for (std::size_t k = 0; k < numbers.pairs.size(); ++k) {
    const Pair& pair = numbers.incidence->pairs[k];
    if (layout.is_leaf(pair.term_row)) continue;
    const Index size = numbers.incidence->block_size(pair);
    for (std::size_t l = 0; l + 1 < pair.start.size(); ++l) {
      for (Index e = pair.start[l]; e < pair.start[l + 1]; ++e) {
        add(pair.term_row, static_cast<int>(l), pair.term_column, pair.partner[e],
            numbers.pairs[k].data() + e * size);
      }
    }
  }
}

// 1 / scale of [X y].
Vector inverse_scales(const Standardization& basis) {
  const Index p = basis.x_scale.size();
  Vector inverse(p + 1);
  inverse.head(p) = basis.x_scale.cwiseInverse();
  inverse[p] = 1.0 / basis.y_scale;
  return inverse;
}

// [X y]'W[X y] and [X y]'Wz in standardized units; remainder columns go to the new order.
void fill_xy(const CrossProducts& numbers, Equations* system) {
  const Layout& layout = *system->layout;
  const Vector inverse = inverse_scales(system->basis);
  system->xy = inverse.asDiagonal() * numbers.xy * inverse.asDiagonal();
  system->zxy.resize(layout.p + 1, layout.leaf_columns(), layout.remainder_size());
  for (int t = 0; t < layout.n_terms(); ++t) {
    const Matrix& source = numbers.terms[t].xy;
    const Matrix& basis = system->basis.z_basis[t];
    if (!layout.is_leaf(t)) {
      const int v = layout.term_size[t];
      for (int l = 0; l < layout.term_levels[t]; ++l) {
        system->zxy.remainder.middleCols(layout.scalar_row[t][l], v) =
            inverse.asDiagonal() * source.middleCols(static_cast<Index>(l) * v, v) * basis;
      }
      continue;
    }
    Matrix& leaf = system->zxy.leaf;
    leaf = inverse.asDiagonal() * source;
    if (basis.rows() == 1) {
      leaf *= basis(0, 0);
      continue;
    }
    Matrix copy;
    for (Index at = 0; at < leaf.cols(); at += basis.rows()) {
      copy = leaf.middleCols(at, basis.rows());
      leaf.middleCols(at, basis.rows()).noalias() = copy.lazyProduct(basis);
    }
  }
}

}  // namespace

Equations::Equations(std::shared_ptr<const Layout> shared, Standardization standardization,
                     const CrossProducts& numbers)
    : layout(std::move(shared)), basis(std::move(standardization)) {
  fill(numbers);
}

void Equations::fill(const CrossProducts& numbers) {
  fill_leaf_diagonal(numbers, this);
  fill_panels(numbers, this);
  fill_remainder(numbers, this);
  fill_xy(numbers, this);
  centre = Coefficients();
}

// In the order of fill_xy(), so that its bits are the same.
void Equations::set_response(const ResponseSums& response) {
  if (centred()) throw std::logic_error("levels are centred about effects on another response");
  const Vector inverse = inverse_scales(basis);
  const int p = layout->p;
  for (int c = 0; c <= p; ++c) {
    xy(c, p) = inverse[c] * response.xy[c] * inverse[p];
    xy(p, c) = inverse[p] * response.xy[c] * inverse[c];
  }
  Eigen::RowVectorXd own;
  for (int t = 0; t < layout->n_terms(); ++t) {
    const int v = layout->term_size[t];
    Matrix& part = zxy.part(layout->is_leaf(t));
    for (int l = 0; l < layout->term_levels[t]; ++l) {
      own = inverse[p] * response.zy[t].segment(static_cast<Index>(l) * v, v).transpose();
      part.row(p).segment(layout->at(t, l), v) = own.lazyProduct(basis.z_basis[t]);
    }
  }
}

}  // namespace henderson
