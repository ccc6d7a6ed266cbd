// The scanner from outside: names in, verdicts out.
#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "scanner/engine/engine.h"
#include "scanner/finding.h"
#include "scanner/name_queue.h"

namespace caascan {

// Of so many zones it is remembered that they have been told as degraded.
inline constexpr std::size_t kDegradedZonesMax = 1'000'000;

struct ScanOptions {
  // Told once of each zone that answered although some of its servers did not; on the scanning
  // thread.
  std::function<void(const DegradedZone&)> on_degraded;
  std::function<void(const HiddenCaa&)> on_hidden_caa;  // once for each label; likewise
  engine::EngineOptions engine;  // epoch_unix_ms and socket numbers are set by `scan`
};

// Read by other threads for the progress line.
struct ScanProgress {
  std::atomic<std::uint64_t> names_done{0};
  std::atomic<std::uint64_t> names_failing{0};  // parked for a confirmation round
  std::atomic<std::uint64_t> findings{0};
  std::atomic<std::uint64_t> queries{0};
};

// Called on the scanning thread for each name that is affected (for each name at all with
// `every_verdict` or `trace`). An error ends the scan with it.
using VerdictSink = std::function<std::expected<void, std::string>(engine::Verdict&&)>;

// Takes names from `names` until it has ended and every name has its verdict. Blocks; runs the
// event loop on the calling thread. `stop` (may be null), once true, ends the scan within a second:
// names without a verdict are then counted as not reached and `interrupted` is set. An error is a
// failure of this machine (no socket, sink).
struct ScanResult {
  ScanCounts counts;
  bool interrupted = false;
};
[[nodiscard]] std::expected<ScanResult, std::string> scan(const ScanOptions& options,
                                                          NameQueue& names, const VerdictSink& sink,
                                                          const std::atomic<bool>* stop = nullptr,
                                                          ScanProgress* progress = nullptr);

}  // namespace caascan
