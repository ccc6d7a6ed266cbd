// What has been answered well about names: whether there was a CAA set. There are as many such
// answers as names, and few are needed again, so little is kept of each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>

#include <boost/unordered/unordered_flat_set.hpp>

#include "scanner/engine/recency.h"
#include "scanner/engine/time.h"
#include "scanner/wire/dns_name.h"

namespace caascan::engine {

struct KnownAnswer {
  Instant started{};  // when it was asked
  Instant until{};    // how long it may be used
  bool has_rrset = false;
};

// By name, least recently used first out. One thread.
class KnownAnswers {
 public:
  // What one costs: the slot, its place in the table with the room that the table has left over,
  // and now and then the octets of a long name.
  static constexpr std::size_t kEntryBytes = 128;

  explicit KnownAnswers(std::size_t bytes_max)
      : count_max_(bytes_max / kEntryBytes), by_name_(count_max_, Hash{*this}, Equal{*this}) {}
  KnownAnswers(const KnownAnswers&) = delete;
  KnownAnswers& operator=(const KnownAnswers&) = delete;

  // In place of what was known.
  void put(const wire::DnsName& name, const KnownAnswer& answer);
  // The answer, where it holds at `now` and is not from before `asked_after`; null otherwise. It is
  // then no answer any more: whoever asks anew may hear another one, which counts. Valid until the
  // next call. Counts as a use.
  [[nodiscard]] const KnownAnswer* use(const wire::DnsName& name, Instant now,
                                       Instant asked_after = Instant::min());
  [[nodiscard]] std::size_t size() const { return by_name_.size(); }

 private:
  using Index = std::uint32_t;
  struct Slot {
    wire::DnsName name;
    KnownAnswer answer;
    RecencyLinks links;
  };
  struct Hash {
    using is_transparent = void;
    const KnownAnswers& of;
    std::size_t operator()(Index index) const { return (*this)(of.slots_[index].name); }
    std::size_t operator()(const wire::DnsName& name) const {
      return std::hash<wire::DnsName>{}(name);
    }
  };
  struct Equal {
    using is_transparent = void;
    const KnownAnswers& of;
    bool operator()(Index a, Index b) const { return a == b; }
    bool operator()(const wire::DnsName& a, Index b) const { return a == of.slots_[b].name; }
    bool operator()(Index a, const wire::DnsName& b) const { return of.slots_[a].name == b; }
  };
  void touch(Index index);
  [[nodiscard]] auto links() {
    return [this](Index index) -> RecencyLinks& { return slots_[index].links; };
  }

  std::size_t count_max_;
  std::deque<Slot> slots_;
  boost::unordered_flat_set<Index, Hash, Equal> by_name_;
  RecencyList by_use_;
};

}  // namespace caascan::engine
