// How fast any nameserver address may be asked: exact, even pacing, shared by all shards.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>

#include "scanner/engine/time.h"

namespace caascan::engine {

// Between the moment that a send is granted and the moment that the kernel makes it lies the rest
// of a turn, which is not always equally long: so a second is taken for this much longer than it
// is.
inline constexpr Duration kPaceSlack = std::chrono::milliseconds(25);

// One budget under GCRA (ATM Forum TM 4.1, "generic cell rate algorithm"): the only state is the
// earliest time of the next send if all were even. With a burst of B, the interval is (1 s + slack)
// / (N - B + 1), so that no half-open window of one second ever sees more than N sends, burst
// included.
class Budget {
 public:
  // `rate_qps` > 0. The burst is max(1, rate / 100) sends.
  explicit Budget(double rate_qps);
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  [[nodiscard]] Duration interval() const { return interval_; }
  [[nodiscard]] double rate_qps() const { return rate_qps_; }

  // Takes one send at `now` and returns `now`, or takes nothing and returns the first moment at
  // which a send would be granted. Thread-safe, lock-free.
  Instant take(Instant now);
  // Gives back a send that was taken and then not made.
  void give_back();

 private:
  double rate_qps_;
  Duration interval_;
  Duration tolerance_;  // (burst - 1) intervals
  std::atomic<Duration::rep> next_even_ns_{0};
};

// Takes one send from every budget or from none (null pointers are skipped). Returns `now` when
// granted, otherwise the latest moment that any refusing budget names.
Instant take_all(std::span<Budget* const> budgets, Instant now);

}  // namespace caascan::engine
