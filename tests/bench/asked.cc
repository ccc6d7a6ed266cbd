#include "tests/bench/asked.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

namespace caascan::bench {

void AskedAddress::count(std::int64_t at_ns) {
  constexpr std::int64_t kSecond_ns = 1'000'000'000;
  ++questions;
  // Datagrams and connections are read in turn, so that one may be a little older than the last.
  auto after = window_ns.end();
  while (after != window_ns.begin() && *std::prev(after) > at_ns) --after;
  window_ns.insert(after, at_ns);
  while (window_ns.back() - window_ns.front() >= kSecond_ns) window_ns.pop_front();
  busiest_second = std::max<std::uint64_t>(busiest_second, window_ns.size());
}

AskedDomains::AskedDomains() : entries_(std::size_t{1} << 16) {}

AskedDomains::Entry& AskedDomains::find(std::uint64_t key) {
  const std::size_t mask = entries_.size() - 1;
  std::size_t at = key & mask;
  while (entries_[at].count != 0 && entries_[at].key != key) at = (at + 1) & mask;
  return entries_[at];
}

bool AskedDomains::count(std::string_view domain) {
  const std::uint64_t key = std::hash<std::string_view>()(domain);
  ++questions_;
  Entry& entry = find(key);
  entry.key = key;
  ++entry.count;
  if (entry.count == 2) ++asked_again_;
  if (entry.count > most_) {
    most_ = entry.count;
    example_ = domain;
  }
  if (entry.count > 1) return false;
  if (++domains_ < entries_.size() / 2) return true;
  std::vector<Entry> old = std::exchange(entries_, std::vector<Entry>(entries_.size() * 2));
  for (const Entry& moved : old) {
    if (moved.count != 0) find(moved.key) = moved;
  }
  return true;
}

}  // namespace caascan::bench
