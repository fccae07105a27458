#include "likelihood/inverse_products.h"

namespace henderson {

namespace {

class InverseProducts {
 public:
  InverseProducts(const Modes& modes, const std::vector<double>& panels, CrossProducts* inverse)
      : modes_(modes),
        layout_(*modes.system().layout),
        panels_(panels),
        inverse_(*inverse),
        remainder_values_(layout_.n_remainder_values) {
    for (int t = 0; t < layout_.n_terms(); ++t) {
      maps_.push_back(modes.system().basis.z_basis[t] * modes.factor->lambda()[t]);
    }
  }

  void take() {
    read_remainder();
    take_levels();
    const std::vector<Pair>& pairs = inverse_.incidence->pairs;
    for (std::size_t k = 0; k < pairs.size(); ++k) {
      if (layout_.is_leaf(pairs[k].term_row)) {
        take_leaf_pair(pairs[k], inverse_.pairs[k].data());
      } else {
        take_remainder_pair(pairs[k], inverse_.pairs[k].data());
      }
    }
  }

 private:
  void read_remainder();
  void take_levels();
  void take_leaf_pair(const Pair& pair, double* out) const;
  void take_remainder_pair(const Pair& pair, double* out);
  // out = map_s own map_t', v_s x v_t, own with the given distance of its columns.
  void place(int s, int t, const double* own, Index stride, double* out) const {
    const Matrix& left = maps_[s];
    const Matrix& right = maps_[t];
    if (left.size() == 1 && right.size() == 1) {
      *out = left(0, 0) * *own * right(0, 0);
      return;
    }
    const Eigen::Map<const Matrix, 0, Eigen::OuterStride<>> block(own, left.cols(), right.cols(),
                                                                  Eigen::OuterStride<>(stride));
    MatrixMap(out, left.rows(), right.rows()).noalias() =
        left.lazyProduct(Matrix(block.lazyProduct(right.transpose())));
  }

  const Modes& modes_;
  const Layout& layout_;
  const std::vector<double>& panels_;
  CrossProducts& inverse_;
  std::vector<Matrix> maps_;
  // Blocks of M^-1 in the places of Equations::remainder_values, and how many have been placed.
  std::vector<double> remainder_values_;
  Index next_ = 0;
};

void InverseProducts::read_remainder() {
  const SupernodalCholesky& remainder = modes_.factor->remainder();
  std::vector<int> local(remainder.size());
  for (int s = 0; s < remainder.symbolic().count(); ++s) {
    const Index n_rows = remainder.n_rows(s);
    const int first = remainder.symbolic().first_column[s];
    const double* inverse = remainder.inverse_values(s);
    for (Index i = 0; i < n_rows; ++i) local[remainder.rows(s)[i]] = static_cast<int>(i);
    for (Index b = layout_.block_start[s]; b < layout_.block_start[s + 1]; ++b) {
      const RemainderBlock& block = layout_.blocks[b];
      const int vr = layout_.term_size[block.term_row];
      const int vc = layout_.term_size[block.term_column];
      const double* source = inverse + (block.column - first) * n_rows + local[block.row];
      double* target = remainder_values_.data() + block.value;
      for (int c = 0; c < vc; ++c) {
        for (int r = 0; r < vr; ++r) target[r + c * vr] = source[r + c * n_rows];
      }
    }
  }
}

void InverseProducts::take_levels() {
  for (int t = 0; t < layout_.n_terms(); ++t) {
    const Index v = layout_.term_size[t];
    for (int l = 0; l < layout_.term_levels[t]; ++l) {
      place(t, t, modes_.inverse_blocks[t].col(l).data(), v,
            inverse_.terms[t].diagonal.col(l).data());
    }
    if (!layout_.is_leaf(t)) next_ += v * v * layout_.term_levels[t];
  }
}

void InverseProducts::take_leaf_pair(const Pair& pair, double* out) const {
  const int s = pair.term_column;
  const Index v0 = layout_.leaf_size();
  const Index size = v0 * layout_.term_size[s];
  std::vector<Index> local(layout_.remainder_size());
  for (int j = 0; j < layout_.leaf_levels(); ++j) {
    const Index count = layout_.panel_count(j);
    const int* rows = layout_.rows_of_panel(j);
    for (Index i = 0; i < count; ++i) local[rows[i]] = i;
    const double* panel = panels_.data() + layout_.panel_start[j] * v0;
    for (Index e = pair.start[j]; e < pair.start[j + 1]; ++e) {
      place(s, pair.term_row, panel + local[layout_.scalar_row[s][pair.partner[e]]], count,
            out + e * size);
    }
  }
}

// The stored block has the larger scalar row as its row.
void InverseProducts::take_remainder_pair(const Pair& pair, double* out) {
  const int t = pair.term_row;
  const int s = pair.term_column;
  const Index vt = layout_.term_size[t];
  const Index vs = layout_.term_size[s];
  Matrix turned;
  for (std::size_t l = 0; l + 1 < pair.start.size(); ++l) {
    for (Index e = pair.start[l]; e < pair.start[l + 1]; ++e, next_ += vs * vt) {
      const double* own = remainder_values_.data() + next_;
      if (layout_.scalar_row[s][pair.partner[e]] < layout_.scalar_row[t][l]) {
        turned = ConstMatrixMap(own, vt, vs).transpose();
        own = turned.data();
      }
      place(s, t, own, vs, out + e * vs * vt);
    }
  }
}

}  // namespace

void inverse_products(const Modes& modes, const std::vector<double>& panels,
                      CrossProducts* inverse) {
  InverseProducts(modes, panels, inverse).take();
}

}  // namespace henderson
