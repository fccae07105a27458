// What log|M| changes by with the cross-products of Z: the source of leverages.
#ifndef HENDERSON_LIKELIHOOD_INVERSE_PRODUCTS_H_
#define HENDERSON_LIKELIHOOD_INVERSE_PRODUCTS_H_

#include <vector>

#include "data/cross_products.h"
#include "equations/factor.h"
#include "likelihood/modes.h"

namespace henderson {

// Lambda M^-1 Lambda' of centred columns as given, in the places of Z'WZ: dlog|M| = <., d(Z'WZ)>,
// a pair counting twice. modes, panels: of take_traces(), after which the factor still has its
// selected inverse. inverse: of the shape of the equations' numbers; what is of X and y stays.
void inverse_products(const Modes& modes, const std::vector<double>& panels,
                      CrossProducts* inverse);

}  // namespace henderson

#endif  // HENDERSON_LIKELIHOOD_INVERSE_PRODUCTS_H_
