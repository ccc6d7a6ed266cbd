// Chance, handed to the engine from outside: kernel entropy in a run, one seed in a simulation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace caascan::engine {

// Where random octets come from. Implemented by net (getrandom) and by the simulation.
class EntropySource {
 public:
  virtual ~EntropySource() = default;
  virtual void fill(std::span<std::uint8_t> out) = 0;
};

// Draws numbers from a source through a buffer, so that one call to it serves hundreds of draws.
// Used octets are wiped. One owner, one thread; borrows the source.
class Random {
 public:
  explicit Random(EntropySource& source) : source_(source) {}

  std::uint64_t u64() {
    if (left_ < sizeof(std::uint64_t)) {
      source_.fill(buffer_);
      left_ = buffer_.size();
    }
    std::uint64_t value = 0;
    left_ -= sizeof value;
    std::memcpy(&value, buffer_.data() + left_, sizeof value);
    std::memset(buffer_.data() + left_, 0, sizeof value);
    return value;
  }
  // Uniform below `bound` (> 0, at most 2^32): the bias of a 64-bit product is below 2^-32.
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(((u64() >> 32) * bound) >> 32);
  }

 private:
  EntropySource& source_;
  std::array<std::uint8_t, 4096> buffer_{};
  std::size_t left_ = 0;
};

}  // namespace caascan::engine
