// The engine's time: a number that its caller hands in. The engine reads no clock.
#pragma once

#include <chrono>
#include <cstdint>

namespace caascan::engine {

using Duration = std::chrono::nanoseconds;

// Tag clock: its epoch is the start of the run, and it has no `now`.
struct RunClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<RunClock>;
  static constexpr bool is_steady = true;
};
using Instant = RunClock::time_point;

inline constexpr Instant kNever = Instant::max();

}  // namespace caascan::engine
