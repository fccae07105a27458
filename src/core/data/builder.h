// Cross-products of data that come in pieces, each of which is read once.
#ifndef HENDERSON_DATA_BUILDER_H_
#define HENDERSON_DATA_BUILDER_H_

#include <utility>
#include <vector>

#include "data/cross_products.h"
#include "data/rows.h"

namespace henderson {

class Builder {
 public:
  Builder() = default;
  // Goes on where another one has stopped, from its parts.
  explicit Builder(std::vector<CrossProducts> begun) : parts_(std::move(begun)) {}

  // Levels of a piece may be more than those before: new ones have the next numbers. Columns are
  // the same in all pieces (std::invalid_argument).
  void add(const DataRows& rows);
  bool empty() const { return parts_.empty(); }
  const std::vector<CrossProducts>& parts() const { return parts_; }
  // Of all pieces so far, about their means and least-squares fit; at least one is needed.
  const CrossProducts& sums();

 private:
  void join_last();

  // From large to small: a part joins the one before once it has half its rows, so that what pairs
  // there are is not looked through again for each piece.
  std::vector<CrossProducts> parts_;
};

// About the means of covariates and the least-squares fit of y, as accumulate() has them.
void recentre_at_means(CrossProducts* sums);

}  // namespace henderson

#endif  // HENDERSON_DATA_BUILDER_H_
