#include "data/residual_sums.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_map>
#include <utility>

#include "algebra/dense.h"
#include "algebra/interrupt.h"
#include "data/level_values.h"

namespace henderson {

namespace {

using Meeting = std::pair<int, int>;  // levels, 0-based

int level_of(const DataRows& rows, std::size_t term, Index row) {
  return rows.terms[term].level[row] - 1;
}

// The incidence of the model, and the levels that meet in products of different rows: of one term
// the larger after the smaller one.
std::shared_ptr<const Incidence> meeting_levels(const DataRows& rows, const CrossProducts& model,
                                                const std::vector<RowProduct>& products) {
  const std::size_t n_terms = rows.terms.size();
  std::vector<std::set<Meeting>> found(n_terms * n_terms);
  bool any = false;
  for (const RowProduct& product : products) {
    for (std::size_t t = 0; t < n_terms; ++t) {
      const int own_a = level_of(rows, t, product.a);
      const int own_b = level_of(rows, t, product.b);
      if (own_a != own_b) {
        found[t * n_terms + t].emplace(std::min(own_a, own_b), std::max(own_a, own_b));
        any = true;
      }
      for (std::size_t s = t + 1; s < n_terms; ++s) {
        const int other_a = level_of(rows, s, product.a);
        const int other_b = level_of(rows, s, product.b);
        if (own_a == own_b && other_a == other_b) continue;
        found[t * n_terms + s].emplace(own_a, other_b);
        found[t * n_terms + s].emplace(own_b, other_a);
        any = true;
      }
    }
  }
  if (!any) return model.incidence;
  Incidence crossed = *model.incidence;
  crossed.pairs.clear();
  for (std::size_t t = 0; t < n_terms; ++t) {
    for (std::size_t s = t; s < n_terms; ++s) {
      const std::set<Meeting>& own = found[t * n_terms + s];
      if (own.empty()) continue;
      Pair pair;
      pair.term_row = static_cast<int>(t);
      pair.term_column = static_cast<int>(s);
      pair.start.assign(rows.terms[t].n_levels + 1, 0);
      for (const Meeting& meeting : own) {
        pair.partner.push_back(meeting.second);
        pair.start[meeting.first + 1] = static_cast<Index>(pair.partner.size());
      }
      for (std::size_t j = 1; j < pair.start.size(); ++j) {
        pair.start[j] = std::max(pair.start[j], pair.start[j - 1]);
      }
      crossed.pairs.push_back(std::move(pair));
    }
  }
  return unite(std::make_shared<const Incidence>(std::move(crossed)), model.incidence);
}

}  // namespace

// Adds products of rows to the sets.
class ResidualSums::Filler {
 public:
  Filler(const DataRows& rows, const Shifts& shifts, ResidualSums* sums)
      : rows_(rows),
        shifts_(shifts),
        sums_(*sums),
        known_(sums->sets_.size()),
        xy_a_(sums->width_),
        xy_b_(sums->width_) {
    for (const BlockTermRows& term : rows.terms) {
      z_a_.emplace_back(static_cast<Index>(term.columns.size()));
    }
    z_b_ = z_a_;
  }

  void add(const RowProduct& product);

 private:
  double* block(int array, Index target, Index size, double multiplicity);
  // block += w left right'.
  void add_outer(double* target, const Vector& left, const Vector& right) const;
  void read(Index row, Vector* xy, std::vector<Vector>* z) const;
  void add_pair(std::size_t t, std::size_t s, int level_t, const Vector& z_t, int level_s,
                const Vector& z_s);

  const DataRows& rows_;
  const Shifts& shifts_;
  ResidualSums& sums_;
  std::vector<std::unordered_map<long long, Index>> known_;  // by set: place of a block in values
  Vector xy_a_, xy_b_;
  std::vector<Vector> z_a_, z_b_;
  double weight_ = 1;
  int set_ = 0;
};

double* ResidualSums::Filler::block(int array, Index target, Index size, double multiplicity) {
  Set& set = sums_.sets_[set_];
  const long long key = (static_cast<long long>(array) << 48) + static_cast<long long>(target);
  const auto found = known_[set_].emplace(key, static_cast<Index>(set.values.size()));
  if (found.second) {
    set.blocks.push_back({array, target, found.first->second, size, multiplicity});
    set.values.resize(set.values.size() + static_cast<std::size_t>(size), 0.0);
  }
  return set.values.data() + found.first->second;
}

void ResidualSums::Filler::add_outer(double* target, const Vector& left,
                                     const Vector& right) const {
  for (Index c = 0; c < right.size(); ++c) {
    const double factor = weight_ * right[c];
    for (Index r = 0; r < left.size(); ++r) *target++ += factor * left[r];
  }
}

void ResidualSums::Filler::read(Index row, Vector* xy, std::vector<Vector>* z) const {
  const int p = rows_.p;
  (*xy)[p] = rows_.y[row];
  for (int c = 0; c < p; ++c) {
    const double value = rows_.x[static_cast<Index>(c) * rows_.n + row] - shifts_.x[c];
    (*xy)[c] = value;
    (*xy)[p] -= shifts_.y[c] * value;
  }
  for (std::size_t t = 0; t < rows_.terms.size(); ++t) {
    for (Index c = 0; c < (*z)[t].size(); ++c) {
      (*z)[t][c] = z_value(rows_.terms[t], shifts_.z[t], static_cast<int>(c), row);
    }
  }
}

void ResidualSums::Filler::add_pair(std::size_t t, std::size_t s, int level_t, const Vector& z_t,
                                    int level_s, const Vector& z_s) {
  const int k = sums_.incidence_->find_pair(static_cast<int>(t), static_cast<int>(s));
  const Pair& pair = sums_.incidence_->pairs[k];
  const Index size = z_t.size() * z_s.size();
  const int array = 2 * static_cast<int>(rows_.terms.size()) + k;
  add_outer(block(array, pair.find(level_t, level_s) * size, size, 2), z_s, z_t);
}

void ResidualSums::Filler::add(const RowProduct& product) {
  const bool same = product.a == product.b;
  set_ = product.set;
  weight_ = same ? weight_of(rows_, product.a)
                 : std::sqrt(weight_of(rows_, product.a) * weight_of(rows_, product.b));
  read(product.a, &xy_a_, &z_a_);
  read(product.b, &xy_b_, &z_b_);
  double* dense = sums_.dense_.col(set_).data();
  add_outer(dense, xy_a_, xy_b_);
  if (!same) add_outer(dense, xy_b_, xy_a_);
  for (std::size_t t = 0; t < rows_.terms.size(); ++t) {
    const Index v = z_a_[t].size();
    const int array = 2 * static_cast<int>(t);
    const int own_a = level_of(rows_, t, product.a);
    const int own_b = level_of(rows_, t, product.b);
    const Index width = sums_.width_ * v;
    add_outer(block(array, own_a * width, width, 2), xy_b_, z_a_[t]);
    if (!same) add_outer(block(array, own_b * width, width, 2), xy_a_, z_b_[t]);
    if (own_a == own_b) {
      double* diagonal = block(array + 1, own_a * v * v, v * v, 1);
      add_outer(diagonal, z_a_[t], z_b_[t]);
      if (!same) add_outer(diagonal, z_b_[t], z_a_[t]);
    } else if (own_a < own_b) {
      add_pair(t, t, own_a, z_a_[t], own_b, z_b_[t]);
    } else {
      add_pair(t, t, own_b, z_b_[t], own_a, z_a_[t]);
    }
    for (std::size_t s = t + 1; s < rows_.terms.size(); ++s) {
      add_pair(t, s, own_a, z_a_[t], level_of(rows_, s, product.b), z_b_[s]);
      if (!same) add_pair(t, s, own_b, z_b_[t], level_of(rows_, s, product.a), z_a_[s]);
    }
  }
}

ResidualSums::ResidualSums(const DataRows& rows, const CrossProducts& model,
                           const std::vector<RowProduct>& products, int n_sets)
    : incidence_(meeting_levels(rows, model, products)),
      width_(model.p() + 1),
      dense_(Matrix::Zero(width_ * width_, n_sets)),
      sets_(static_cast<std::size_t>(n_sets)) {
  Filler filler(rows, model.shifts, this);
  for (std::size_t k = 0; k < products.size(); ++k) {
    if (k % 65536 == 0) check_interrupt();
    filler.add(products[k]);
  }
}

CrossProducts ResidualSums::empty(const CrossProducts& model) const {
  CrossProducts sums = model;
  sums.incidence = incidence_;
  sums.pairs.clear();
  for (const Pair& pair : incidence_->pairs) {
    sums.pairs.emplace_back(pair.partner.size() * incidence_->block_size(pair), 0.0);
  }
  return sums;
}

namespace {

// An array of cross-products by its number.
template <class Sums>
auto array_of(Sums& sums, int which) -> decltype(sums.xy.data()) {
  const int n_terms = static_cast<int>(sums.terms.size());
  if (which >= 2 * n_terms) return sums.pairs[which - 2 * n_terms].data();
  auto& term = sums.terms[which / 2];
  return which % 2 == 0 ? term.xy.data() : term.diagonal.data();
}

}  // namespace

void ResidualSums::combine(const Vector& coefficients, CrossProducts* sums) const {
  MatrixMap(sums->xy.data(), width_ * width_, 1).noalias() = dense_ * coefficients;
  for (TermSums& term : sums->terms) {
    term.xy.setZero();
    term.diagonal.setZero();
  }
  for (std::vector<double>& pair : sums->pairs) std::fill(pair.begin(), pair.end(), 0.0);
  for (int k = 0; k < n_sets(); ++k) {
    const double factor = coefficients[k];
    if (factor == 0) continue;
    for (const Block& block : sets_[k].blocks) {
      double* target = array_of(*sums, block.array) + block.target;
      const double* source = sets_[k].values.data() + block.source;
      for (Index i = 0; i < block.size; ++i) target[i] += factor * source[i];
    }
  }
}

Vector ResidualSums::contract(const CrossProducts& gradient) const {
  Vector result = dense_.transpose() * Eigen::Map<const Vector>(gradient.xy.data(), dense_.rows());
  for (int k = 0; k < n_sets(); ++k) {
    for (const Block& block : sets_[k].blocks) {
      const double* g = array_of(gradient, block.array) + block.target;
      const double* source = sets_[k].values.data() + block.source;
      double sum = 0;
      for (Index i = 0; i < block.size; ++i) sum += g[i] * source[i];
      result[k] += block.multiplicity * sum;
    }
  }
  return result;
}

Matrix ResidualSums::dense_moves(const Matrix& coefficients) const {
  Matrix moves = Matrix::Zero(dense_.rows(), coefficients.cols());
  gemm_nn(dense_.rows(), coefficients.cols(), dense_.cols(), 1.0, dense_.data(), dense_.rows(),
          coefficients.data(), coefficients.rows(), moves.data(), moves.rows());
  return moves;
}

}  // namespace henderson
