// A sample of a stream of unknown length, each element with the same chance (Vitter's algorithm R).
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace caascan {

// The same seed and the same stream give the same sample.
template <typename T>
class Reservoir {
 public:
  Reservoir(std::size_t size_max, std::uint64_t seed) : size_max_(size_max), random_(seed) {}

  void add(T value) {
    ++seen_;
    if (sample_.size() < size_max_) {
      sample_.push_back(std::move(value));
    } else if (const std::uint64_t place = below(seen_); place < size_max_) {
      sample_[place] = std::move(value);
    }
  }
  [[nodiscard]] std::uint64_t seen() const { return seen_; }
  [[nodiscard]] std::vector<T> take() { return std::exchange(sample_, {}); }

 private:
  // Not a standard distribution: these differ between libraries.
  std::uint64_t below(std::uint64_t bound) {
    const std::uint64_t unbiased = -bound % bound;  // 2^64 mod bound
    std::uint64_t drawn = random_();
    while (drawn < unbiased) drawn = random_();
    return drawn % bound;
  }

  std::size_t size_max_;
  std::mt19937_64 random_;
  std::uint64_t seen_ = 0;
  std::vector<T> sample_;
};

}  // namespace caascan
