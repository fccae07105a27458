// Cross-products for residuals that are not independent: A = [Z X y]'R^-1[Z X y] as a sum of few
// sets of products of rows with each other, A = sum_k c_k S_k. Only the c_k depend on parameters.
#ifndef HENDERSON_DATA_RESIDUAL_SUMS_H_
#define HENDERSON_DATA_RESIDUAL_SUMS_H_

#include <memory>
#include <vector>

#include "algebra/types.h"
#include "data/cross_products.h"
#include "data/rows.h"

namespace henderson {

// Adds sqrt(w_a w_b) (f_a f_b' + f_b f_a') to a set, f the row of [Z X y]; once where a = b.
struct RowProduct {
  Index a = 0;
  Index b = 0;
  int set = 0;
};

class ResidualSums {
 public:
  // model: the products of the rows with themselves, of which columns, levels and shifts are taken.
  ResidualSums(const DataRows& rows, const CrossProducts& model,
               const std::vector<RowProduct>& products, int n_sets);

  int n_sets() const { return static_cast<int>(sets_.size()); }
  const std::shared_ptr<const Incidence>& incidence() const { return incidence_; }

  // Cross-products of this incidence without numbers.
  CrossProducts empty(const CrossProducts& model) const;
  // A: its numbers, but for n and sum_log_w.
  void combine(const Vector& coefficients, CrossProducts* sums) const;
  // <G, S_k> of each set. gradient: G in the places of cross-products, in which those off the
  // diagonal blocks of [Z X y] stand once and count twice.
  Vector contract(const CrossProducts& gradient) const;
  // sum_k c_k [X y]'S_k [X y] for each column c of coefficients, as columns of P P numbers.
  Matrix dense_moves(const Matrix& coefficients) const;

 private:
  // Numbers that follow each other: where they go, in which of the arrays of cross-products (xy and
  // diagonal of each term, then the pairs), and which of values they are.
  struct Block {
    int array = 0;
    Index target = 0;
    Index source = 0;
    Index size = 0;
    double multiplicity = 1;
  };
  struct Set {
    std::vector<Block> blocks;
    std::vector<double> values;
  };
  class Filler;

  std::shared_ptr<const Incidence> incidence_;
  Index width_;   // P
  Matrix dense_;  // [X y]'S_k [X y], a column each
  std::vector<Set> sets_;
};

}  // namespace henderson

#endif  // HENDERSON_DATA_RESIDUAL_SUMS_H_
