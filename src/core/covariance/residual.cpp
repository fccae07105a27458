#include "covariance/residual.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

namespace henderson {

ResidualStructure::ResidualStructure(std::unique_ptr<ResidualCorrelation> correlation,
                                     Matrix log_deviations, int n_arms)
    : correlation_(std::move(correlation)),
      log_deviations_(std::move(log_deviations)),
      n_arms_(n_arms) {}

Vector ResidualStructure::start() const {
  Vector x = Vector::Zero(n_parameters());
  const int own = correlation_->n_parameters();
  for (int arm = 0; arm < n_arms_; ++arm) {
    x.segment(n_deviations() + arm * own, own) = correlation_->start();
  }
  return x;
}

Matrix ResidualStructure::covariance(const Vector& x,
                                     const std::vector<ResidualPlace>& places) const {
  return ResidualPoint(*this, x, false).covariance(places);
}

namespace {

// By the imaginary part of a complex step, which has no rounding (Squire and Trapp 1998, SIAM
// Review 40, 110-112).
std::vector<Matrix> moves_of(const ResidualCorrelation& correlation, ComplexVector phi,
                             const std::vector<double>& at) {
  constexpr double kStep = 1e-30;
  std::vector<Matrix> result;
  for (Index i = 0; i < phi.size(); ++i) {
    const std::complex<double> here = phi[i];
    phi[i] += std::complex<double>(0, kStep);
    result.push_back(correlation.matrix(phi, at).imag() / kStep);
    phi[i] = here;
  }
  return result;
}

// The rows and columns of places of a matrix of all of them.
Matrix select(const Matrix& whole, const std::vector<ResidualPlace>& places) {
  const Index n = static_cast<Index>(places.size());
  Matrix part(n, n);
  for (Index b = 0; b < n; ++b) {
    const Index column = std::lround(places[b].position) - 1;
    for (Index a = 0; a < n; ++a) part(a, b) = whole(std::lround(places[a].position) - 1, column);
  }
  return part;
}

std::vector<double> positions(const std::vector<ResidualPlace>& places) {
  std::vector<double> at;
  for (const ResidualPlace& place : places) at.push_back(place.position);
  return at;
}

}  // namespace

ResidualPoint::ResidualPoint(const ResidualStructure& structure, Vector x, bool derivatives)
    : structure_(structure), x_(std::move(x)) {
  const int places = structure_.correlation().n_places();
  if (places == 0) return;
  std::vector<double> at(places);
  std::iota(at.begin(), at.end(), 1.0);
  for (int arm = 0; arm < structure_.n_arms(); ++arm) {
    whole_.push_back(structure_.correlation().matrix(angles(arm), at).real());
    if (!derivatives) continue;
    whole_moves_.push_back(moves_of(structure_.correlation(), angles(arm), at));
  }
}

int ResidualPoint::first_angle(int arm) const {
  return structure_.n_deviations() + arm * structure_.correlation().n_parameters();
}

ComplexVector ResidualPoint::angles(int arm) const {
  return x_.segment(first_angle(arm), structure_.correlation().n_parameters())
      .cast<std::complex<double>>();
}

Vector ResidualPoint::deviations(const std::vector<ResidualPlace>& places) const {
  const Index k = structure_.n_deviations();
  Vector result(static_cast<Index>(places.size()));
  for (std::size_t a = 0; a < places.size(); ++a) {
    const double log = structure_.log_deviations().row(places[a].stratum).dot(x_.head(k));
    result[static_cast<Index>(a)] = std::exp(log);
  }
  return result;
}

Matrix ResidualPoint::correlation(const std::vector<ResidualPlace>& places) const {
  if (places.size() == 1) return Matrix::Identity(1, 1);
  const int arm = places[0].arm;
  if (!whole_.empty()) return select(whole_[arm], places);
  return structure_.correlation().matrix(angles(arm), positions(places)).real();
}

std::vector<Matrix> ResidualPoint::correlation_moves(
    const std::vector<ResidualPlace>& places) const {
  if (places.size() == 1) return {};
  const int arm = places[0].arm;
  if (whole_.empty()) return moves_of(structure_.correlation(), angles(arm), positions(places));
  std::vector<Matrix> moves;
  for (const Matrix& whole : whole_moves_[arm]) moves.push_back(select(whole, places));
  return moves;
}

Matrix ResidualPoint::covariance(const std::vector<ResidualPlace>& places) const {
  const Vector d = deviations(places);
  return d.asDiagonal() * correlation(places) * d.asDiagonal();
}

// dV = (h_a + h_b) V by a deviation, D dC D by a correlation.
std::vector<Matrix> ResidualPoint::derivatives(const std::vector<ResidualPlace>& places) const {
  const Index n = static_cast<Index>(places.size());
  const Vector d = deviations(places);
  const Matrix v = d.asDiagonal() * correlation(places) * d.asDiagonal();
  std::vector<Matrix> result(structure_.n_parameters());
  for (int k = 0; k < structure_.n_deviations(); ++k) {
    Vector h(n);
    for (Index a = 0; a < n; ++a) h[a] = structure_.log_deviations()(places[a].stratum, k);
    if (h.isZero(0)) continue;
    result[k] = h.asDiagonal() * v;
    result[k] += v * h.asDiagonal();
  }
  const std::vector<Matrix> moves = correlation_moves(places);
  for (std::size_t i = 0; i < moves.size(); ++i) {
    if (moves[i].isZero(0)) continue;
    result[first_angle(places[0].arm) + i] = d.asDiagonal() * moves[i] * d.asDiagonal();
  }
  return result;
}

// By strata and, where there are places, by these: each derivative is then taken once.
Vector ResidualPoint::contract(const std::vector<CliqueType>& types,
                               const std::vector<Matrix>& g) const {
  Vector result = Vector::Zero(structure_.n_parameters());
  Vector by_stratum = Vector::Zero(structure_.n_strata());
  std::vector<Matrix> by_place;
  for (const Matrix& whole : whole_) by_place.push_back(Matrix::Zero(whole.rows(), whole.cols()));
  for (std::size_t c = 0; c < types.size(); ++c) {
    const std::vector<ResidualPlace>& places = types[c].places;
    const Index n = static_cast<Index>(places.size());
    const Vector d = deviations(places);
    const Matrix scaled = d.asDiagonal() * g[c] * d.asDiagonal();
    const Matrix own = correlation(places);
    for (Index a = 0; a < n; ++a) {
      by_stratum[places[a].stratum] += 2 * scaled.col(a).dot(own.col(a));
    }
    const int arm = places[0].arm;
    if (whole_.empty()) {
      const std::vector<Matrix> moves = correlation_moves(places);
      for (std::size_t i = 0; i < moves.size(); ++i) {
        result[first_angle(arm) + i] += scaled.cwiseProduct(moves[i]).sum();
      }
      continue;
    }
    for (Index b = 0; b < n; ++b) {
      const Index column = std::lround(places[b].position) - 1;
      for (Index a = 0; a < n; ++a) {
        by_place[arm](std::lround(places[a].position) - 1, column) += scaled(a, b);
      }
    }
  }
  result.head(structure_.n_deviations()) = structure_.log_deviations().transpose() * by_stratum;
  for (std::size_t arm = 0; arm < by_place.size(); ++arm) {
    for (std::size_t i = 0; i < whole_moves_[arm].size(); ++i) {
      result[first_angle(static_cast<int>(arm)) + i] +=
          by_place[arm].cwiseProduct(whole_moves_[arm][i]).sum();
    }
  }
  return result;
}

namespace {

// What two cliques of one type have in common. Differences of times are told apart to
// nine significant digits, whatever their unit.
using Key = std::vector<long long>;

class CliqueFinder {
 public:
  CliqueFinder(const ResidualStructure& structure, const std::vector<ResidualPlace>& places)
      : structure_(structure), places_(places) {}

  void add(int sign, std::vector<Index> rows);
  Cliques take() { return std::move(cliques_); }

 private:
  const ResidualStructure& structure_;
  const std::vector<ResidualPlace>& places_;
  std::map<Key, int> known_;
  Cliques cliques_;
};

void number_sets(bool exchangeable, CliqueType* type) {
  const int n = static_cast<int>(type->places.size());
  type->set.resize(n, n);
  for (int a = 1; a < n; ++a) exchangeable &= type->places[a].stratum == type->places[0].stratum;
  for (int a = 0; a < n; ++a) {
    for (int b = 0; b <= a; ++b) {
      const int set = exchangeable ? (a == b ? 0 : 1) : type->n_sets;
      type->set(a, b) = type->set(b, a) = set;
      type->n_sets = std::max(type->n_sets, set + 1);
    }
  }
}

void CliqueFinder::add(int sign, std::vector<Index> rows) {
  const bool relative = structure_.correlation().stationary();
  const ResidualPlace& first = places_[rows[0]];
  Key key = {sign, first.arm};
  for (const Index row : rows) {
    const ResidualPlace& place = places_[row];
    key.push_back(place.stratum);
    const bool any = rows.size() == 1 || structure_.correlation().exchangeable();
    const double at = any ? 0 : place.position - (relative ? first.position : 0);
    int exponent = 0;
    key.push_back(std::llround(std::frexp(at, &exponent) * 1e9));
    key.push_back(exponent);
  }
  const auto found = known_.emplace(key, static_cast<int>(cliques_.types.size()));
  if (found.second) {
    CliqueType type;
    type.sign = sign;
    for (const Index row : rows) type.places.push_back(places_[row]);
    number_sets(rows.size() == 2 || structure_.correlation().exchangeable(), &type);
    cliques_.types.push_back(std::move(type));
  }
  cliques_.types[found.first->second].count += 1;
  cliques_.all.push_back({found.first->second, std::move(rows)});
}

}  // namespace

Cliques find_cliques(const ResidualStructure& structure, const std::vector<int>& group,
                     const std::vector<ResidualPlace>& places, bool whole_groups) {
  std::vector<Index> order;
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (group[i] >= 0) order.push_back(static_cast<Index>(i));
  }
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) {
    return std::make_pair(group[a], places[a].position) <
           std::make_pair(group[b], places[b].position);
  });
  CliqueFinder finder(structure, places);
  const bool markov = structure.correlation().markov() && !whole_groups;
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin + 1;
    while (end < order.size() && group[order[end]] == group[order[begin]]) ++end;
    const std::vector<Index> rows(order.begin() + begin, order.begin() + end);
    if (!markov || rows.size() == 1) {
      finder.add(1, rows);
    } else if (structure.correlation().n_parameters() == 0) {
      for (const Index row : rows) finder.add(1, {row});
    } else {
      for (std::size_t k = 0; k + 1 < rows.size(); ++k) finder.add(1, {rows[k], rows[k + 1]});
      for (std::size_t k = 1; k + 1 < rows.size(); ++k) finder.add(-1, {rows[k]});
    }
    begin = end;
  }
  return finder.take();
}

}  // namespace henderson
