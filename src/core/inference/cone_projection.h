// Projections of normal vectors onto the cone of possible covariance matrices, whose squared
// lengths have chi-bar-squared distributions (Self & Liang 1987, J. Am. Statist. Assoc. 82,
// 605-610; Shapiro 1988, Int. Statist. Rev. 56, 49-62).
#ifndef HENDERSON_INFERENCE_CONE_PROJECTION_H_
#define HENDERSON_INFERENCE_CONE_PROJECTION_H_

#include "algebra/types.h"

namespace henderson {

// For each column z of draws the share of its squared length that its projection keeps,
//   1 - min_g (z - g)'I(z - g) / z'Iz,
// I the information, over all g that are the lower triangle by columns of a positive semidefinite
// r x r matrix, or with diagonal = true over all g >= 0 (r = size of z).
Vector projection_shares(const ConstMatrixRef& information, const ConstMatrixRef& draws,
                         bool diagonal);

}  // namespace henderson

#endif  // HENDERSON_INFERENCE_CONE_PROJECTION_H_
