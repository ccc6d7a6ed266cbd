// A digest that tells whether a sequence of texts is the one that it was. Against accident and
// time, not against somebody who wants two sequences to look the same.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace caascan {

// The same texts in the same order give the same value, on every machine of the same byte order;
// where one text ends and the next one begins matters. Eight octets a step.
class TextDigest {
 public:
  void add(std::string_view text) {
    mix(text.size());
    while (text.size() >= sizeof(std::uint64_t)) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data(), sizeof word);
      mix(word);
      text.remove_prefix(sizeof word);
    }
    if (text.empty()) return;
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), text.size());
    mix(word);
  }
  [[nodiscard]] std::uint64_t value() const { return state_; }

 private:
  // Each step is a bijection of the state, so that what once differs stays different for ever,
  // unless later texts undo it.
  void mix(std::uint64_t word) {
    state_ = std::rotl((state_ ^ word) * 0x9E3779B97F4A7C15ULL, 31) * 0xD6E8FEB86659FD93ULL;
  }

  std::uint64_t state_ = 0x6A09E667F3BCC908ULL;
};

}  // namespace caascan
