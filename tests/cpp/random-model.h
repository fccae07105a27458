// Small random models and a dense oracle, for the tests of the core.
#ifndef HENDERSON_TESTS_RANDOM_MODEL_H_
#define HENDERSON_TESTS_RANDOM_MODEL_H_

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "algebra/types.h"
#include "covariance/random_part.h"
#include "covariance/registry.h"
#include "data/accumulate.h"
#include "data/cross_products.h"
#include "data/rows.h"

namespace testing_models {

constexpr const char* kUs = "us";
constexpr const char* kDiag = "diag";

using henderson::Index;
using henderson::Matrix;
using henderson::TermStructures;
using henderson::Vector;

struct TermShape {
  int n_levels;
  std::vector<int> widths;  // columns of each structure; the first starts with ones
  std::vector<std::string> kinds;
  bool every_level = true;  // false: some levels have no row
};

// Owns the data that DataRows points into.
struct Model {
  Index n = 0;
  Matrix x;
  Vector y;
  Vector weights;
  bool weighted = false;
  std::vector<std::vector<int>> level;
  std::vector<Matrix> z;  // all columns, first one is ones
  std::vector<TermStructures> structures;
  std::vector<int> n_levels;

  henderson::DataRows rows() const {
    henderson::DataRows data;
    data.n = n;
    data.p = static_cast<int>(x.cols());
    data.x = x.data();
    data.y = y.data();
    data.weights = weighted ? weights.data() : nullptr;
    data.intercept = data.p > 0 ? 0 : -1;
    for (std::size_t t = 0; t < z.size(); ++t) {
      henderson::BlockTermRows term;
      term.level = level[t].data();
      term.n_levels = n_levels[t];
      for (Index c = 0; c < z[t].cols(); ++c) {
        term.columns.push_back(c == 0 ? nullptr : z[t].col(c).data());
      }
      data.terms.push_back(term);
    }
    return data;
  }

  int n_parameters() const {
    int count = 0;
    for (const auto& own : structures) {
      for (const auto& s : own) count += s.n_parameters();
    }
    return count;
  }

  // Dense Z Lambda(theta), from the definition.
  Matrix z_lambda(const Vector& theta) const {
    Index q = 0;
    for (std::size_t t = 0; t < z.size(); ++t) q += z[t].cols() * n_levels[t];
    Matrix result = Matrix::Zero(n, q);
    Index first = 0;
    for (std::size_t t = 0; t < z.size(); ++t) {
      const Index v = z[t].cols();
      Matrix lambda = Matrix::Zero(v, v);
      for (const auto& s : structures[t]) {
        const Vector own = theta.segment(s.first_parameter, s.n_parameters());
        lambda.block(s.first_column, s.first_column, s.n_columns(), s.n_columns()) =
            s.structure->factor(s.structure->from_theta(own));
      }
      for (Index i = 0; i < n; ++i) {
        result.row(i).segment(first + (level[t][i] - 1) * v, v) += z[t].row(i) * lambda;
      }
      first += v * n_levels[t];
    }
    return result;
  }

  // Profiled criterion with V = Z Lambda Lambda'Z' + W^-1 formed in full.
  double dense_criterion(const Vector& theta, bool reml) const {
    return dense_criterion_of(z_lambda(theta), reml);
  }

  // The same of any Z Lambda.
  double dense_criterion_of(const Matrix& zl, bool reml) const {
    std::vector<Index> used;
    for (Index i = 0; i < n; ++i) {
      if (!weighted || weights[i] > 0) used.push_back(i);
    }
    const Index m = static_cast<Index>(used.size());
    Matrix zu(m, zl.cols());
    Matrix xu(m, x.cols());
    Vector yu(m);
    Matrix v = Matrix::Zero(m, m);
    for (Index i = 0; i < m; ++i) {
      zu.row(i) = zl.row(used[i]);
      xu.row(i) = x.row(used[i]);
      yu[i] = y[used[i]];
      v(i, i) = weighted ? 1 / weights[used[i]] : 1.0;
    }
    v += zu * zu.transpose();
    Eigen::LLT<Matrix> factor(v);
    double log_det = 0;
    for (Index i = 0; i < m; ++i) log_det += 2 * std::log(Matrix(factor.matrixL())(i, i));
    const Matrix vx = factor.solve(xu);
    const Matrix info = xu.transpose() * vx;
    Eigen::LLT<Matrix> info_factor(info);
    const Vector beta = info_factor.solve(vx.transpose() * yu);
    const Vector residual = yu - xu * beta;
    const double r2 = residual.dot(factor.solve(residual));
    const double degrees = reml ? static_cast<double>(m - x.cols()) : static_cast<double>(m);
    double value = log_det + degrees * (1 + std::log(2 * 3.14159265358979323846 * r2 / degrees));
    if (reml) {
      for (Index c = 0; c < x.cols(); ++c) {
        value += 2 * std::log(Matrix(info_factor.matrixL())(c, c));
      }
    }
    return value;
  }
};

inline Model random_model(unsigned seed, Index n, int p, const std::vector<TermShape>& shapes,
                          bool weighted, bool zero_weights = false) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  Model model;
  model.n = n;
  model.x = Matrix::Ones(n, p);
  for (int c = 1; c < p; ++c) {
    for (Index i = 0; i < n; ++i) model.x(i, c) = 3 + normal(generator);
  }
  model.y.resize(n);
  for (Index i = 0; i < n; ++i) model.y[i] = 10 + normal(generator);
  model.weighted = weighted;
  model.weights = Vector::Ones(n);
  if (weighted) {
    for (Index i = 0; i < n; ++i) {
      model.weights[i] = zero_weights && i % 7 == 3 ? 0.0 : 0.5 + (generator() % 100) / 50.0;
    }
  }
  int parameter = 0;
  for (const TermShape& shape : shapes) {
    std::vector<int> level(n);
    const int available = shape.every_level ? shape.n_levels : shape.n_levels - 2;
    for (Index i = 0; i < n; ++i) level[i] = 1 + static_cast<int>(generator() % available);
    TermStructures structures;
    int v = 0;
    for (std::size_t s = 0; s < shape.widths.size(); ++s) {
      structures.push_back(
          {henderson::make_structure(shape.kinds[s], shape.widths[s]), v, parameter});
      parameter += structures.back().n_parameters();
      v += shape.widths[s];
    }
    Matrix z = Matrix::Ones(n, v);
    for (int c = 1; c < v; ++c) {
      for (Index i = 0; i < n; ++i) z(i, c) = 1 + 2 * normal(generator);
    }
    Vector effect(shape.n_levels);
    for (int l = 0; l < shape.n_levels; ++l) effect[l] = normal(generator);
    for (Index i = 0; i < n; ++i) model.y[i] += effect[level[i] - 1] * (1 + 0.3 * z(i, v - 1));
    model.level.push_back(level);
    model.z.push_back(z);
    model.structures.push_back(structures);
    model.n_levels.push_back(shape.n_levels);
  }
  return model;
}

inline henderson::CrossProducts moments_of(const Model& model) {
  const henderson::DataRows rows = model.rows();
  return henderson::accumulate(rows, henderson::dense_gram(rows));
}

// d(Lambda Lambda')/dLambda[row, column].
inline Matrix factor_direction(const henderson::LambdaEntry& entry, const Matrix& lambda) {
  Matrix gamma = Matrix::Zero(lambda.rows(), lambda.rows());
  gamma.row(entry.row) += lambda.col(entry.column).transpose();
  gamma.col(entry.row) += lambda.col(entry.column);
  return gamma;
}

// Largest difference, over the largest element of b.
inline double relative(const Matrix& a, const Matrix& b) {
  return (a - b).cwiseAbs().maxCoeff() / std::max(b.cwiseAbs().maxCoeff(), 1e-300);
}

// Four-point paired data: y 10, 3, 25, 6; treatment 0, 0, 1, 1; individuals 1, 2, 1, 2.
inline Model four_point_model() {
  Model model;
  model.n = 4;
  model.x.resize(4, 2);
  model.x << 1, 0, 1, 0, 1, 1, 1, 1;
  model.y.resize(4);
  model.y << 10, 3, 25, 6;
  model.weights = Vector::Ones(4);
  model.level = {{1, 2, 1, 2}};
  model.z = {Matrix::Ones(4, 1)};
  model.structures = {{{henderson::make_structure(kUs, 1), 0, 0}}};
  model.n_levels = {2};
  return model;
}

// The entries of Lambda that are parameters, in the order of theta.
inline std::vector<henderson::LambdaEntry> lambda_entries(const Model& model) {
  std::vector<Matrix> bases;
  for (const Matrix& z : model.z) bases.push_back(Matrix::Identity(z.cols(), z.cols()));
  return henderson::RandomPart(model.structures, model.n_levels, bases, bases).entries();
}

// Theta with diagonal `diagonal` and off-diagonal 0.2.
inline Vector theta_of(const Model& model, double diagonal) {
  Vector theta(model.n_parameters());
  const auto entries = lambda_entries(model);
  for (Index i = 0; i < theta.size(); ++i) {
    theta[i] = entries[i].row == entries[i].column ? diagonal : 0.2;
  }
  return theta;
}

// Nests each term in the next, levels numbered at random.
inline void nest(Model* model, unsigned seed) {
  std::mt19937 generator(seed);
  for (std::size_t t = 1; t < model->level.size(); ++t) {
    std::vector<int> outer(model->n_levels[t - 1]);
    for (int& level : outer) level = static_cast<int>(generator() % model->n_levels[t]) + 1;
    for (Index i = 0; i < model->n; ++i) {
      model->level[t][i] = outer[model->level[t - 1][i] - 1];
    }
  }
}

}  // namespace testing_models

#endif  // HENDERSON_TESTS_RANDOM_MODEL_H_
