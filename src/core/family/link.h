// Links: the mean as a function of the linear predictor, with derivatives.
#ifndef HENDERSON_FAMILY_LINK_H_
#define HENDERSON_FAMILY_LINK_H_

#include <memory>
#include <string>

namespace henderson {

// mu(eta) and its derivatives; not a number where eta has no mean.
struct LinkedMean {
  double mu, d1, d2, d3;
};

// A logarithm and its first three derivatives by eta.
struct LogTail {
  double value, d1, d2, d3;
};

class Link {
 public:
  virtual ~Link() = default;
  virtual LinkedMean mean(double eta) const = 0;
  virtual double predictor(double mu) const = 0;  // eta
  // Of probabilities: log mu and log(1 - mu), without cancellation in either tail where a link
  // knows how.
  virtual LogTail log_mean(double eta) const;
  virtual LogTail log_complement(double eta) const;
  virtual bool is_logit() const { return false; }
  virtual bool is_log() const { return false; }
};

// "logit", "probit", "cauchit", "cloglog", "log", "identity", "inverse", "sqrt", "1/mu^2".
// std::invalid_argument for another name.
std::unique_ptr<Link> make_link(const std::string& name);

}  // namespace henderson

#endif  // HENDERSON_FAMILY_LINK_H_
