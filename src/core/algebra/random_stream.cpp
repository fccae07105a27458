#include "algebra/random_stream.h"

#include <cmath>

namespace henderson {

namespace {

constexpr double kTwoPi = 6.28318530717958647693;

std::uint32_t low(std::uint64_t x) { return static_cast<std::uint32_t>(x); }
std::uint32_t high(std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); }

}  // namespace

PhiloxBlock philox(PhiloxBlock counter, std::array<std::uint32_t, 2> key) {
  constexpr std::uint64_t kMultipliers[2] = {0xD2511F53u, 0xCD9E8D57u};
  constexpr std::uint32_t kWeyl[2] = {0x9E3779B9u, 0xBB67AE85u};
  constexpr int kRounds = 10;
  for (int round = 0; round < kRounds; ++round) {
    const std::uint64_t a = kMultipliers[0] * counter[0];
    const std::uint64_t b = kMultipliers[1] * counter[2];
    counter = {high(b) ^ counter[1] ^ key[0], low(b), high(a) ^ counter[3] ^ key[1], low(a)};
    key[0] += kWeyl[0];
    key[1] += kWeyl[1];
  }
  return counter;
}

RandomStream::RandomStream(std::uint64_t seed, std::uint64_t stream)
    : key_{low(seed), high(seed)}, counter_{0, 0, low(stream), high(stream)} {}

std::uint32_t RandomStream::word() {
  if (used_ == 4) {
    block_ = philox(counter_, key_);
    used_ = 0;
    if (++counter_[0] == 0) ++counter_[1];
  }
  return block_[used_++];
}

double RandomStream::uniform() {
  const std::uint64_t upper = word() >> 5;  // 27 bits
  const std::uint64_t lower = word() >> 6;  // 26 bits
  return (static_cast<double>((upper << 26) | lower) + 0.5) * 0x1.0p-53;
}

double RandomStream::normal() {
  if (has_normal_) {
    has_normal_ = false;
    return normal_;
  }
  const double radius = std::sqrt(-2 * std::log(uniform()));
  const double angle = kTwoPi * uniform();
  normal_ = radius * std::sin(angle);
  has_normal_ = true;
  return radius * std::cos(angle);
}

std::int64_t RandomStream::below(std::int64_t count) {
  return static_cast<std::int64_t>(uniform() * static_cast<double>(count));
}

}  // namespace henderson
