// What the servers of the fake Internet were asked: how often, how fast, how often for the same
// domain.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace caascan::bench {

// The questions at one address.
struct AskedAddress {
  std::uint64_t questions = 0;
  std::uint64_t busiest_second = 0;  // the most in any half-open window of one second
  std::deque<std::int64_t> window_ns;
  void count(std::int64_t at_ns);
};

// How often each domain was asked for: a hash table of counts, keyed by a hash of 64 bits. Two
// domains with the same hash would be counted as one; among a million that has a chance of 3e-8.
class AskedDomains {
 public:
  AskedDomains();
  // True for the first time.
  bool count(std::string_view domain);
  [[nodiscard]] std::uint64_t domains() const { return domains_; }
  [[nodiscard]] std::uint64_t questions() const { return questions_; }
  [[nodiscard]] std::uint64_t asked_again() const { return asked_again_; }
  [[nodiscard]] std::uint32_t most() const { return most_; }
  [[nodiscard]] const std::string& example() const { return example_; }  // of the most

 private:
  struct Entry {
    std::uint64_t key = 0;
    std::uint32_t count = 0;
  };
  Entry& find(std::uint64_t key);
  std::vector<Entry> entries_;
  std::uint64_t domains_ = 0, questions_ = 0;
  std::uint64_t asked_again_ = 0;  // domains that were asked for more than once
  std::uint32_t most_ = 0;
  std::string example_;
};

}  // namespace caascan::bench
