// Rcpp and RcppEigen for the bindings. Rcpp::compileAttributes() lets RcppExports.cpp include a
// file of this name, too.
#ifndef HENDERSON_HENDERSON_TYPES_H_
#define HENDERSON_HENDERSON_TYPES_H_

// As a system header this file and what it includes warn nobody: see core/algebra/eigen.h.
#ifdef __GNUC__
#pragma GCC system_header
#endif

// Modules are not used, and take half of the time to compile.
#define RCPP_NO_MODULES
#include <RcppEigen.h>

#endif  // HENDERSON_HENDERSON_TYPES_H_
