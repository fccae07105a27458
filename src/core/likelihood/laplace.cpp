#include "likelihood/laplace.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "algebra/eigen_decompositions.h"
#include "algebra/symmetric.h"
#include "equations/products.h"
#include "likelihood/curvature.h"
#include "likelihood/inverse_products.h"
#include "likelihood/traces.h"

namespace henderson {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kFarPhi = 40;  // |log phi| beyond which there is no family
constexpr double kStep = 1e-4;  // of log phi, for its curvature

// The pattern of Z'WZ alone.
CrossProducts random_shape(const CrossProducts& moments) {
  auto incidence = std::make_shared<Incidence>(*moments.incidence);
  incidence->p = 0;
  incidence->intercept = -1;
  CrossProducts numbers;
  numbers.incidence = incidence;
  numbers.shifts.z = moments.shifts.z;
  numbers.n = moments.n;
  numbers.xy = Matrix::Ones(1, 1);  // a response that is orthogonal to everything
  numbers.terms = moments.terms;
  for (TermSums& term : numbers.terms) term.xy.setZero(1, term.xy.cols());
  numbers.pairs = moments.pairs;
  return numbers;
}

Standardization random_basis(Standardization basis) {
  basis.x_scale.resize(0);
  basis.y_scale = 1;
  return basis;
}

std::vector<int> levels_of(const CrossProducts& moments) {
  std::vector<int> levels;
  for (const TermSums& term : moments.terms) levels.push_back(term.n_levels);
  return levels;
}

}  // namespace

Matrix FixedColumns::block(Index first, Index count) const {
  Matrix x(count, rows_.p);
  for (int c = 0; c < rows_.p; ++c) {
    const Eigen::Map<const Vector> own(rows_.x + static_cast<Index>(c) * rows_.n + first, count);
    x.col(c) = (own.array() - shifts_.x[c]) / scale_[c];
  }
  return x;
}

// What a pass over the rows at the mode gives. Columns: those of X and, with phi, one more, E with
// W E = [W X, ds/dlog phi].
struct LaplaceObjective::Slopes {
  Vector by_fixed;   // dF by beta and log phi
  Coefficients we;   // Z'W E of standardized columns
  Matrix square;     // E'W E
  Coefficients rho;  // Z'r
};

LaplaceObjective::LaplaceObjective(const DataRows& rows, const CrossProducts& moments,
                                   const std::vector<TermStructures>& structures,
                                   const GeneralizedResponse& response, const Family& family)
    : rows_(rows),
      moments_(moments),
      response_(response),
      family_(family),
      index_(index_rows(rows, *moments.incidence)),
      fixed_(rows, moments.shifts, standardize(moments, structures).x_scale),
      mode_({rows, moments.shifts, index_}, response, family, random_shape(moments),
            random_basis(standardize(moments, structures)), level_precisions(structures)),
      random_(structures, levels_of(moments), basis().z_map, basis().z_inverse),
      inverse_(mode_.numbers()) {
  coordinates_ = random_.coordinates();
  coordinates_.size += n_beta() + n_phi();
}

Matrix LaplaceObjective::fixed_map() const {
  Matrix map = Matrix::Identity(rows_.p, rows_.p);
  if (moments_.intercept() >= 0) {
    for (int c = 0; c < rows_.p; ++c) {
      if (c != moments_.intercept()) map(moments_.intercept(), c) = -moments_.shifts.x[c];
    }
  }
  return map * fixed_.scale().cwiseInverse().asDiagonal();
}

Vector LaplaceObjective::base(const Vector& beta) const {
  Vector result(rows_.n);
  for (Index first = 0; first < rows_.n; first += kRowBlock) {
    const Index count = std::min(kRowBlock, rows_.n - first);
    result.segment(first, count).noalias() = fixed_.block(first, count) * beta;
    if (response_.offset == nullptr) continue;
    result.segment(first, count) += Eigen::Map<const Vector>(response_.offset + first, count);
  }
  return result;
}

double LaplaceObjective::value_at(const Vector& x) {
  if (point_.size() == x.size() && point_ == x) return point_value_;
  point_ = x;
  point_value_ = kInfinity;
  modes_known_ = false;
  const double log_phi = n_phi() > 0 ? x[x.size() - 1] : 0;
  if (!x.allFinite() || x.cwiseAbs().maxCoeff() > 1e100 || std::abs(log_phi) > kFarPhi) {
    return point_value_;
  }
  const std::vector<Matrix> lambda = random_.factors(x.head(n_theta()));
  if (!mode_.find(lambda, base(x.segment(n_theta(), n_beta())), log_phi)) return point_value_;
  const double value = mode_.deviance() + mode_.log_det();
  if (std::isfinite(value)) point_value_ = value;
  return point_value_;
}

void LaplaceObjective::take_modes() {
  if (modes_known_) return;
  std::vector<double> panels;
  modes_ = Modes(mode_.factor(), false, 1);
  take_traces(mode_.mutable_factor(), &modes_, &panels);
  inverse_products(modes_, panels, &inverse_);
  Coefficients g = mode_.zs();
  g.leaf *= -1;
  g.remainder *= -1;
  modes_ = with_scores(modes_, std::move(g));
  modes_known_ = true;
}

const Modes& LaplaceObjective::modes_at(const Vector& x) {
  value_at(x);
  take_modes();
  return modes_;
}

LaplaceObjective::Slopes LaplaceObjective::take_slopes(bool second) {
  const IndexedRows data{rows_, moments_.shifts, index_};
  const Index p = n_beta();
  const Index k = p + n_phi();
  const double log_phi = n_phi() > 0 ? point_[point_.size() - 1] : 0;
  Slopes slopes;
  slopes.square = Matrix::Zero(k, k);
  Vector fixed = Vector::Zero(k);
  std::vector<Matrix> by_c = mode_.by_level(1);
  std::vector<Matrix> by_e = mode_.by_level(k);
  Vector h(kRowBlock), c(kRowBlock);
  Matrix by_phi(kRowBlock, 3);
  for (Index first = 0; first < rows_.n; first += kRowBlock) {
    const Index count = std::min(kRowBlock, rows_.n - first);
    leverages(data, inverse_, first, count, h.data());
    family_.slopes(response_.block(first, count, mode_.eta().data() + first), log_phi,
                   {c.data(), by_phi.col(0).data(), by_phi.col(1).data(), by_phi.col(2).data()});
    c.head(count).array() *= h.head(count).array();
    add_values(data, first, count, c.data(), &by_c);
    const Matrix x = fixed_.block(first, count);
    Matrix we(count, k);
    we.leftCols(p) = mode_.w().segment(first, count).asDiagonal() * x;
    fixed.head(p) += x.transpose() * (2 * mode_.s().segment(first, count) + c.head(count));
    if (n_phi() > 0) {
      we.col(p) = by_phi.col(1).head(count);
      fixed[p] +=
          h.head(count).dot(by_phi.col(2).head(count)) - 2 * by_phi.col(0).head(count).sum();
    }
    add_columns(data, first, we, &by_e);
    if (second) slopes.square.topRows(p) += x.transpose() * we;
  }
  slopes.we = mode_.standardized(by_e, k);
  const Coefficients zc = mode_.standardized(by_c, 1);
  Coefficients moved = zc;  // Lambda a
  apply_lambda(mode_.equations(), mode_.factor().lambda(), &moved, true);
  mode_.factor().solve_forward(&moved);
  mode_.factor().solve_backward(&moved);
  apply_lambda(mode_.equations(), mode_.factor().lambda(), &moved, false);
  slopes.rho = multiply_cross_products(mode_.equations(), moved);
  slopes.rho.subtract_from(zc);
  // of W E, which is -X'WZ Lambda a and -(Z Lambda a)'ds/dlog phi
  slopes.by_fixed = fixed - inner_products(slopes.we, moved);
  if (second && n_phi() > 0) {
    slopes.square.row(p).head(p) = slopes.square.col(p).head(p).transpose();
    slopes.square(p, p) = phi_curvature();
  }
  return slopes;
}

// -sum d2log f/dlog phi^2 at the eta of the mode.
double LaplaceObjective::phi_curvature() const {
  const double log_phi = point_[point_.size() - 1];
  Matrix out(kRowBlock, 4);
  double sums[2] = {0, 0};
  for (Index first = 0; first < rows_.n; first += kRowBlock) {
    const Index count = std::min(kRowBlock, rows_.n - first);
    const FamilyRows rows = response_.block(first, count, mode_.eta().data() + first);
    for (int side = 0; side < 2; ++side) {
      family_.slopes(rows, log_phi + (side == 0 ? -kStep : kStep),
                     {out.col(0).data(), out.col(1).data(), out.col(2).data(), out.col(3).data()});
      sums[side] += out.col(1).head(count).sum();
    }
  }
  return -(sums[1] - sums[0]) / (2 * kStep);
}

// By direction and column: columns'G_i g, of moved g.
Matrix LaplaceObjective::cross_forms(const Coefficients& columns,
                                     const std::vector<CovarianceDirection>& directions) const {
  const Layout& layout = *mode_.equations().layout;
  const Index k = columns.rows();
  Matrix result = Matrix::Zero(k, static_cast<Index>(directions.size()));
  std::vector<Matrix> products;  // by term sum_j columns_j (x) g_j', (k v) x v
  for (int t = 0; t < layout.n_terms(); ++t) {
    const Index v = layout.term_size[t];
    const double* own = columns.part(layout.is_leaf(t)).data();
    const double* g = modes_.moved_g().part(layout.is_leaf(t)).data();
    Matrix sum = Matrix::Zero(k * v, v);
    for (int l = 0; l < layout.term_levels[t]; ++l) {
      const Index at = layout.at(t, l);
      sum.noalias() += Eigen::Map<const Vector>(own + at * k, k * v) *
                       Eigen::Map<const Vector>(g + at, v).transpose();
    }
    products.push_back(std::move(sum));
  }
  for (std::size_t i = 0; i < directions.size(); ++i) {
    const Matrix& gamma = directions[i].gamma;
    const Matrix& sum = products[directions[i].term];
    for (Index b = 0; b < gamma.cols(); ++b) {
      for (Index a = 0; a < gamma.rows(); ++a) {
        result.col(i) += gamma(a, b) * sum.col(b).segment(a * k, k);
      }
    }
  }
  return result;
}

Evaluation LaplaceObjective::evaluate(const Vector& x, Order order, Chart chart) {
  Evaluation result;
  result.value = value_at(x);
  if (!std::isfinite(result.value)) return result;
  result.rounding = full_rounding(x).value;
  if (order == Order::kValue) return result;
  const Index n = n_theta();
  take_modes();
  const Slopes slopes = take_slopes(order > Order::kGradient);
  const std::vector<CovarianceDirection> directions = random_.directions(x.head(n), chart);
  const Curvature here = curvature(modes_, directions, Order::kGradient);
  result.gradient.resize(x.size());
  result.gradient.head(n) =
      here.expected - here.observed + cross_forms(slopes.rho, directions).row(0).transpose();
  result.gradient.tail(x.size() - n) = slopes.by_fixed;
  result.expected = result.gradient;
  result.expected.head(n) = here.expected;
  if (order == Order::kGradient) return result;
  if (order == Order::kTraces) {
    result.exact = true;
    result.hessian = difference_hessian(x, chart);
    result.metric = positive_definite(result.hessian);
  } else {
    add_second_order(x, order, chart, slopes, &result);
  }
  return result;
}

// With Phi = (E'V^-1 E)^-1 and c_i = E'V^-1 Z G_i g: the Hessian by (theta, beta, log phi) of the
// linear mixed model, of which average information stands for that of theta after the others are
// profiled out.
void LaplaceObjective::add_second_order(const Vector& x, Order order, Chart chart,
                                        const Slopes& slopes, Evaluation* result) {
  const Index n = n_theta();
  const Index k = x.size() - n;
  const std::vector<CovarianceDirection> directions = random_.directions(x.head(n), chart);
  const Curvature here = curvature(modes_, directions, order);
  // C_E = Z'V^-1 E, and E'V^-1 E
  Coefficients half = slopes.we;
  apply_lambda(mode_.equations(), mode_.factor().lambda(), &half, true);
  mode_.factor().solve_forward(&half);
  Matrix fixed = slopes.square - inner_products(half, half);
  fixed = positive_definite(0.5 * (fixed + fixed.transpose()));
  mode_.factor().solve_backward(&half);
  apply_lambda(mode_.equations(), mode_.factor().lambda(), &half, false);
  Coefficients columns = multiply_cross_products(mode_.equations(), half);
  columns.subtract_from(slopes.we);
  const Matrix cross = cross_forms(columns, directions);
  result->metric = Matrix::Zero(n + k, n + k);
  result->metric.topLeftCorner(n, n) = here.average;
  result->metric.bottomRightCorner(k, k) = 2 * fixed;
  result->hessian = result->metric;
  if (order == Order::kMatched) return;
  std::vector<Matrix> score = here.score;
  Matrix own = here.average + random_.bend(x.head(n), chart, score);
  if (k > 0) own += cross.transpose() * fixed.llt().solve(cross);
  result->hessian.topLeftCorner(n, n) = 0.5 * (own + own.transpose());
  result->hessian.bottomLeftCorner(k, n) = 2 * cross;
  result->hessian.topRightCorner(n, k) = 2 * cross.transpose();
}

// Central differences of exact gradients.
Matrix LaplaceObjective::difference_hessian(const Vector& x, Chart chart) {
  const Index n = x.size();
  Matrix hessian(n, n);
  for (Index i = 0; i < n; ++i) {
    Vector moved = x;
    const double step = 1e-4 * std::max(1.0, std::abs(x[i]));
    moved[i] = x[i] + step;
    const Vector above = evaluate(moved, Order::kGradient, chart).gradient;
    moved[i] = x[i] - step;
    const Vector below = evaluate(moved, Order::kGradient, chart).gradient;
    if (above.size() == 0 || below.size() == 0) {
      hessian.col(i).setConstant(std::nan(""));
    } else {
      hessian.col(i) = (above - below) / (2 * step);
    }
  }
  value_at(x);
  take_modes();
  return 0.5 * (hessian + hessian.transpose());
}

FullRounding LaplaceObjective::full_rounding(const Vector& x) {
  FullRounding result;
  value_at(x);
  result.value =
      4 * std::numeric_limits<double>::epsilon() *
      (std::abs(mode_.deviance()) + std::abs(mode_.log_det()) + static_cast<double>(rows_.n));
  return result;
}

}  // namespace henderson
