// Many short timers at constant cost: one ring of millisecond slots.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "ingest/assert.h"
#include "scanner/engine/time.h"

namespace caascan::engine {

// Holds (handle, deadline) pairs and gives back those whose deadline has passed, in order of slot
// and then of insertion. There is no cancelling: the owner of a handle knows whether it still
// cares. Takes as much memory as the most that it has held at once; with a vector for each slot it
// would be that of the fullest moment of each. One thread.
class TimerWheel {
 public:
  static constexpr Duration kTick = std::chrono::milliseconds(1);
  static constexpr std::size_t kSlots =
      16384;  // 16.4 s: above every wait of an attempt and the id quarantine
  static constexpr Duration kHorizon = kTick * static_cast<std::int64_t>(kSlots - 2);

  // `deadline` lies at most kHorizon after `now`, the last moment given to `expire`.
  void add(std::uint64_t handle, Instant deadline) {
    const std::uint64_t tick = std::max(tick_of(deadline) + 1, tick_ + 1);
    CAASCAN_ASSERT(tick - tick_ < kSlots);
    const std::size_t slot = tick % kSlots;
    const std::uint32_t index = take_node();
    nodes_[index] = {handle, kNone};
    (slots_[slot].first == kNone ? slots_[slot].first : nodes_[slots_[slot].last].next) = index;
    slots_[slot].last = index;
    occupied_[slot / 64] |= std::uint64_t{1} << (slot % 64);
    ++size_;
  }

  // Appends to `due` every handle whose deadline is at or before `now`.
  void expire(Instant now, std::vector<std::uint64_t>& due) {
    const std::uint64_t until = tick_of(now);
    while (tick_ < until) {
      if (size_ == 0) {
        tick_ = until;
        break;
      }
      ++tick_;
      const std::size_t slot = tick_ % kSlots;
      if (slots_[slot].first == kNone) continue;
      for (std::uint32_t at = slots_[slot].first; at != kNone; at = nodes_[at].next) {
        due.push_back(nodes_[at].handle);
        --size_;
      }
      nodes_[slots_[slot].last].next = free_;
      free_ = slots_[slot].first;
      slots_[slot] = {};
      occupied_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
    }
  }

  // The moment at which `expire` will give something, or kNever.
  [[nodiscard]] Instant next() const {
    if (size_ == 0) return kNever;
    const std::size_t start = (tick_ + 1) % kSlots;
    for (std::size_t words = 0; words <= occupied_.size(); ++words) {
      const std::size_t word = (start / 64 + words) % occupied_.size();
      std::uint64_t bits = occupied_[word];
      if (words == 0) bits &= ~std::uint64_t{0} << (start % 64);
      if (bits == 0) continue;
      const std::size_t slot = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
      const std::uint64_t ahead = (slot + kSlots - start) % kSlots;
      return Instant(kTick * static_cast<std::int64_t>(tick_ + 1 + ahead));
    }
    return kNever;
  }

  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  struct Node {
    std::uint64_t handle = 0;
    std::uint32_t next = kNone;
  };
  struct Slot {
    std::uint32_t first = kNone, last = kNone;
  };
  std::uint32_t take_node() {
    if (free_ == kNone) {
      nodes_.emplace_back();
      return static_cast<std::uint32_t>(nodes_.size() - 1);
    }
    const std::uint32_t index = free_;
    free_ = nodes_[index].next;
    return index;
  }
  static std::uint64_t tick_of(Instant at) {
    return static_cast<std::uint64_t>(at.time_since_epoch() / kTick);
  }

  std::array<Slot, kSlots> slots_;
  std::deque<Node> nodes_;
  std::uint32_t free_ = kNone;
  std::array<std::uint64_t, kSlots / 64> occupied_{};
  std::uint64_t tick_ = 0;
  std::size_t size_ = 0;
};

}  // namespace caascan::engine
