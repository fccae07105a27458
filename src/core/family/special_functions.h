// Functions of one variable that the densities and links are made of, accurate in their tails.
#ifndef HENDERSON_FAMILY_SPECIAL_FUNCTIONS_H_
#define HENDERSON_FAMILY_SPECIAL_FUNCTIONS_H_

namespace henderson {

double log_gamma(double x);  // x > 0
// Its first three derivatives.
double digamma(double x);
double trigamma(double x);
double tetragamma(double x);

// log(1 + e^x), log(1 - e^-x) of a positive x.
double log1p_exp(double x);
double log1m_exp(double x);

// Of the standard normal distribution: log P(Z <= x), and the density over it.
double log_normal_cdf(double x);
double inverse_mills_ratio(double x);

// log Gamma(k + y) - log Gamma(k) for y >= 0, k > 0, with its first three derivatives by k: sums
// where y is a small count, so that nothing cancels however large k is.
struct LogRising {
  double value = 0, d1 = 0, d2 = 0, d3 = 0;
};
LogRising log_rising(double y, double k);

}  // namespace henderson

#endif  // HENDERSON_FAMILY_SPECIAL_FUNCTIONS_H_
