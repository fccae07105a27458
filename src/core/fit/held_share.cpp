#include "fit/held_share.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "algebra/eigen_decompositions.h"
#include "algebra/symmetric.h"
#include "fit/nearby_minimum.h"
#include "fit/report.h"
#include "fit/starts.h"

namespace henderson {

SharedObjective::SharedObjective(Objective* whole, int held, VarianceSum sum)
    : whole_(*whole), held_(held), own_(sum.weights[held]), residual_(sum.residual) {
  const Coordinates& all = whole_.coordinates();
  coordinates_.size = all.size - 1;
  for (Cone cone : all.cones) {
    if (cone.first == held) continue;
    if (cone.first > held) --cone.first;
    coordinates_.cones.push_back(cone);
  }
  for (int i = 0; i < all.size; ++i) {
    if (i != held) others_.push_back(i);
  }
  weights_ = subvector(sum.weights, others_);
}

double SharedObjective::rest(const Vector& x) const {
  return residual_ + weights_.dot(coordinates_.covariances(x));
}

Vector SharedObjective::rest_slope(const Vector& x, Chart chart) const {
  if (chart == Chart::kCovariance) return weights_;
  Vector slope = Vector::Zero(x.size());
  for (const Cone& cone : coordinates_.cones) {
    set_cone_matrix(cone, 2 * cone_gradient(cone, weights_) * cone_factor(cone, x), &slope);
  }
  return slope;
}

Matrix SharedObjective::rest_curvature() const {
  Matrix curvature = Matrix::Zero(coordinates_.size, coordinates_.size);
  for (const Cone& cone : coordinates_.cones) {
    const Matrix s = cone_gradient(cone, weights_);
    for (int c = 0; c < cone.size; ++c) {
      const int left = cone.size - c;
      curvature.block(cone.pivot(c), cone.pivot(c), left, left) =
          2 * s.bottomRightCorner(left, left);
    }
  }
  return curvature;
}

Vector SharedObjective::complete(const Vector& x) const {
  Vector all(x.size() + 1);
  const double variance = share_ / (1 - share_) * rest(x) / own_;
  all << x.head(held_), std::sqrt(variance), x.tail(x.size() - held_);
  return all;
}

Vector SharedObjective::reduce(const Vector& all) const { return subvector(all, others_); }

double SharedObjective::share_at(const Vector& all) const {
  const double own = own_ * all[held_] * all[held_];
  return own / (own + rest(reduce(all)));
}

Evaluation SharedObjective::evaluate(const Vector& x, Order order, Chart chart) {
  const Vector all = complete(x);
  Evaluation result = whole_.evaluate(all, order, chart);
  const double odds = share_ / (1 - share_) / own_;
  // of the held coordinate by the others
  Vector along = odds * rest_slope(x, chart);
  if (chart == Chart::kFactor) along /= 2 * all[held_];
  for (Matrix* own : {&result.hessian, &result.metric}) {
    if (own->size() == 0) continue;
    const Vector cross = subvector(own->col(held_), others_);
    const double alone = (*own)(held_, held_);
    Matrix reduced = submatrix(*own, others_);
    reduced += cross * along.transpose() + along * cross.transpose();
    reduced += alone * along * along.transpose();
    *own = std::move(reduced);
  }
  if (result.hessian.size() > 0 && chart == Chart::kFactor && result.gradient.size() > 0) {
    result.hessian += result.gradient[held_] / all[held_] *
                      (0.5 * odds * rest_curvature() - along * along.transpose());
  }
  for (Vector* own : {&result.expected, &result.gradient}) {
    if (own->size() > 0) *own = Vector(subvector(*own, others_) + (*own)[held_] * along);
  }
  return result;
}

namespace {

constexpr double kOffBound = 1e-12;  // of a share from 0 and 1

class HeldShare : public HeldParameter {
 public:
  HeldShare(GaussianObjective* objective, const ProfiledFit& fit, int held, VarianceSum sum,
            const SearchOptions& options)
      : profiled_(*objective),
        held_(held),
        start_(fit.x),
        options_(options),
        shared_(objective, held, std::move(sum)) {}

  HeldPoint fitted() override {
    HeldPoint point;
    point.w = shared_.share_at(start_);
    point.others = shared_.reduce(start_);
    point.value = profiled_.value_at(start_);
    point.evaluations = 1;
    return point;
  }

  double curvature() override;

  HeldPoint minimize(double w, const HeldPoint& from) override {
    shared_.hold(off_bound(w));
    HeldPoint point;
    point.w = w;
    point.others = from.others;
    take(search_nearby(&shared_, from.others, options_), &point);
    return point;
  }

  HeldPoint look_elsewhere(const HeldPoint& known) override {
    shared_.hold(off_bound(known.w));
    const std::vector<Vector> starts = other_starts(shared_.coordinates(), known.others);
    SearchResult found;
    found.x = known.others;
    found.value = known.value;
    HeldPoint point;
    point.w = known.w;
    take(search_elsewhere(&shared_, starts, found, options_), &point);
    return std::isfinite(point.value) ? point : with_evaluations(known, point.evaluations);
  }

  double lower() const override { return 0; }
  double upper() const override { return 1; }
  double parameter(double w) const override { return w; }
  double rate(double) const override { return 1; }

  ProfilePoint describe(const HeldPoint& point) override {
    shared_.hold(off_bound(point.w));
    const Vector x = shared_.complete(point.others);
    ProfilePoint result;
    result.theta = profiled_.random().to_natural(x);
    if (!std::isfinite(profiled_.value_at(x))) return result;
    result.sigma = residual_deviation(profiled_);
    result.beta = report_fixed(profiled_).beta;
    return result;
  }

 private:
  static double off_bound(double w) { return std::min(std::max(w, kOffBound), 1 - kOffBound); }

  // The end of a search, if there is one.
  void take(const NearbyMinimum& minimum, HeldPoint* point) {
    point->evaluations = minimum.found.evaluations;
    point->certain = false;
    if (minimum.found.status == SearchStatus::kUndefined) return;
    point->value = minimum.found.value;
    point->others = minimum.found.x;
    point->certain = minimum.certificate.holds();
    if (!std::isfinite(point->value)) return;
    const Vector others = shared_.coordinates().keep_off_zero(point->others);
    const Vector all = shared_.complete(others);
    const Evaluation there = profiled_.evaluate(all, Order::kGradient, Chart::kCovariance);
    if (there.gradient.size() == 0) return;
    const double left = 1 - off_bound(point->w);
    point->slope =
        there.gradient[held_] * shared_.rest(others) / (shared_.own_weight() * left * left);
  }

  GaussianObjective& profiled_;
  int held_;
  Vector start_;
  SearchOptions options_;
  SharedObjective shared_;
};

// By share and the others' covariances, without what the others give way to.
double HeldShare::curvature() {
  const Vector all = profiled_.coordinates().keep_off_zero(start_);
  const Order order =
      profiled_.trace_cost() == TraceCost::kTooMuch ? Order::kAverage : Order::kTraces;
  const Evaluation there = profiled_.evaluate(all, order, Chart::kCovariance);
  if (there.hessian.size() == 0) return 0;
  const Vector others = shared_.reduce(all);
  const double share = shared_.share_at(all);
  shared_.hold(off_bound(share));
  const double left = 1 - share;
  const double move = shared_.rest(others) / (shared_.own_weight() * left * left);
  const Vector along =
      share / left / shared_.own_weight() * shared_.rest_slope(others, Chart::kCovariance);
  const Vector hessian_column = shared_.reduce(there.hessian.col(held_));
  const double own = there.hessian(held_, held_);
  const double alone = own * move * move;
  std::vector<int> moving;
  const Matrix between = shared_.evaluate(others, order, Chart::kCovariance).hessian;
  for (Index i = 0; i < others.size(); ++i) {
    if (between.size() > 0 && between(i, i) > 0 && shared_.reduce(start_)[i] != 0) {
      moving.push_back(static_cast<int>(i));
    }
  }
  if (moving.empty()) return std::abs(alone);
  const Vector cross = subvector(Vector(move * (hessian_column + own * along)), moving);
  const Matrix inner = positive_definite(submatrix(between, moving));
  const double rest = alone - cross.dot(inner.llt().solve(cross));
  return rest > 1e-6 * std::abs(alone) ? rest : std::abs(alone);
}

}  // namespace

std::unique_ptr<HeldParameter> hold_share(GaussianObjective* objective, const ProfiledFit& fit,
                                          int theta, const Vector& form,
                                          const SearchOptions& options) {
  const RandomPart& random = objective->random();
  const int count = random.n_parameters();
  if (fit.constraints != nullptr || !random.has_entries() || theta < 0 || theta >= count) {
    throw std::invalid_argument("a share that cannot be held");
  }
  const std::vector<LambdaEntry> entries = random.entries();
  std::vector<Matrix> natural;
  for (const Matrix& map : objective->basis().z_inverse) {
    natural.push_back(Matrix::Zero(map.rows(), map.cols()));
  }
  for (int i = 0; i < count; ++i) {
    const LambdaEntry& entry = entries[i];
    const double weight = entry.row == entry.column ? form[i] : 0.5 * form[i];
    natural[entry.term](entry.row, entry.column) = weight;
    natural[entry.term](entry.column, entry.row) = weight;
  }
  VarianceSum sum;
  sum.residual = form[count];
  sum.weights.resize(count);
  for (int i = 0; i < count; ++i) {
    const LambdaEntry& entry = entries[i];
    const Matrix& inverse = objective->basis().z_inverse[entry.term];
    const double weight =
        inverse.col(entry.row).dot(natural[entry.term] * inverse.col(entry.column));
    sum.weights[i] = entry.row == entry.column ? weight : 2 * weight;
  }
  const Coordinates& all = random.coordinates();
  const bool scalar = std::any_of(all.cones.begin(), all.cones.end(), [&](const Cone& cone) {
    return cone.first == theta && cone.size == 1;
  });
  if (!scalar || !(sum.weights[theta] > 0)) {
    throw std::invalid_argument("a share that cannot be held");
  }
  return std::make_unique<HeldShare>(objective, fit, theta, std::move(sum), options);
}

}  // namespace henderson
