#include "scanner/engine/rate_limiter.h"

#include <algorithm>
#include <cmath>

#include "ingest/assert.h"

namespace caascan::engine {

Budget::Budget(double rate_qps) : rate_qps_(rate_qps) {
  CAASCAN_ASSERT(rate_qps > 0);
  const double burst = std::max(1.0, std::floor(rate_qps / 100));
  // Below 1 qps the burst is one send and the interval simply 1 s / rate.
  const double even_qps =
      rate_qps - burst + 1 > 0 && rate_qps >= 1 ? rate_qps - burst + 1 : rate_qps;
  const auto second_ns =
      static_cast<double>(Duration(std::chrono::seconds(1) + kPaceSlack).count());
  interval_ = Duration(static_cast<Duration::rep>(std::ceil(second_ns / even_qps)));
  tolerance_ = interval_ * static_cast<Duration::rep>(burst - 1);
}

Instant Budget::take(Instant now) {
  const Duration::rep now_ns = now.time_since_epoch().count();
  Duration::rep next = next_even_ns_.load(std::memory_order_relaxed);
  while (true) {
    if (next - tolerance_.count() > now_ns) return Instant(Duration(next) - tolerance_);
    const Duration::rep after = std::max(next, now_ns) + interval_.count();
    if (next_even_ns_.compare_exchange_weak(next, after, std::memory_order_relaxed)) return now;
  }
}

void Budget::give_back() {
  next_even_ns_.fetch_sub(interval_.count(), std::memory_order_relaxed);
}

Instant take_all(std::span<Budget* const> budgets, Instant now) {
  for (std::size_t i = 0; i < budgets.size(); ++i) {
    if (budgets[i] == nullptr) continue;
    const Instant granted = budgets[i]->take(now);
    if (granted <= now) continue;
    for (std::size_t undo = 0; undo < i; ++undo) {
      if (budgets[undo] != nullptr) budgets[undo]->give_back();
    }
    return granted;
  }
  return now;
}

}  // namespace caascan::engine
