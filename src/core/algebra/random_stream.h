// Random numbers by counter: the numbers of a stream depend on the seed and its number only, not on
// what was drawn before or by whom. Philox 4 x 32 with 10 rounds (Salmon, Moraes, Dror and Shaw
// 2011, "Parallel random numbers: as easy as 1, 2, 3").
#ifndef HENDERSON_ALGEBRA_RANDOM_STREAM_H_
#define HENDERSON_ALGEBRA_RANDOM_STREAM_H_

#include <array>
#include <cstdint>

namespace henderson {

using PhiloxBlock = std::array<std::uint32_t, 4>;

// The bijection of the counter under the key.
PhiloxBlock philox(PhiloxBlock counter, std::array<std::uint32_t, 2> key);

class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::uint64_t stream);

  // In (0, 1), 53 bits.
  double uniform();
  // Standard normal (Box and Muller).
  double normal();
  // 0 ... count - 1, count below 2^31; the bias is below count / 2^53.
  std::int64_t below(std::int64_t count);

 private:
  std::uint32_t word();

  std::array<std::uint32_t, 2> key_;
  PhiloxBlock counter_;
  PhiloxBlock block_{};
  int used_ = 4;
  bool has_normal_ = false;
  double normal_ = 0;
};

}  // namespace henderson

#endif  // HENDERSON_ALGEBRA_RANDOM_STREAM_H_
