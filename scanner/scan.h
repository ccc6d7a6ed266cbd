// The scanner from outside: names in, verdicts out.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "scanner/engine/engine.h"
#include "scanner/finding.h"
#include "scanner/name_queue.h"
#include "scanner/run_progress.h"
#include "scanner/store/journal.h"

namespace caascan {

inline constexpr unsigned kShardsMax = 64;
// Of so many zones it is remembered that they have been told as degraded.
inline constexpr std::size_t kDegradedZonesMax = 1'000'000;
// Results that are handed to the journal at once, and how long the first of them waits.
inline constexpr std::size_t kJournalBatchNames = 1000;
inline constexpr std::chrono::milliseconds kJournalBatchTime{100};

// Where results go, and what earlier starts of the run have left.
struct ScanJournal {
  JournalWriter* writer = nullptr;     // borrowed; thread-safe
  const NameStates* states = nullptr;  // borrowed; names that are not open are passed over
  std::vector<FailedName> failed;      // go on with their next round; taken
  std::vector<AliveName> alive;
};

struct ScanOptions {
  // epoch_unix_ms, budgets and socket numbers are set by `scan`; bounds are those of all shards
  // together.
  engine::EngineOptions engine;
  unsigned threads = 1;  // shards, 1 to kShardsMax
  // Where names are put away that wait for a slow server (an unlinked file for each shard), and the
  // memory that this may take besides. Empty: they wait in memory, and hold up others.
  std::filesystem::path put_away_folder;
  std::size_t put_away_bytes_max = std::size_t{8} << 20;
  // EngineOptions::deadline. What is in `names` is taken to its end all the same.
  std::optional<std::chrono::steady_clock::time_point> deadline;
};

// Of so many lines it is told how long they take, and how often.
inline constexpr std::size_t kSlowLinesTold = 3;
inline constexpr std::chrono::seconds kSlowLinesEvery{1};

// Read by other threads for the progress line.
struct ScanProgress {
  std::atomic<std::uint64_t> names_done{0};
  std::atomic<std::uint64_t> names_failing{0};  // parked for a confirmation round
  std::atomic<std::uint64_t> findings{0};
  std::atomic<std::uint64_t> queries{0};
  std::atomic<std::uint64_t> names_put_away{0};  // now
  // The slowest lines of all shards: of those that each of them has told, the same budgets taken
  // together.
  void set_slowest(unsigned shard, std::vector<SlowLine> lines);
  [[nodiscard]] std::vector<SlowLine> slowest() const;

 private:
  mutable std::mutex mutex_;
  std::map<unsigned, std::vector<SlowLine>> slowest_;  // by shard
};

// Called for each name that is affected (for each name at all with
// `every_verdict` or `trace`), on the thread of its shard, one call at a time. An error ends the
// scan with it.
using VerdictSink = std::function<std::expected<void, std::string>(engine::Verdict&&)>;

// Takes names from `names` until it has ended and every name has its verdict. Blocks: the calling
// thread hands the names to the shards, each of which has a thread, an engine and sockets of its
// own; the names of a registrable domain go to one. `stop` (may be null), once true, ends the scan
// within a second: names without a verdict are then counted as not reached and `interrupted` is
// set. With `journal` (may be null), every result is submitted to it, findings included: the sink
// then sees verdicts without. The names must come in the order of their numbers, from 0; the counts
// are of this start alone. An error is a failure of this machine (no socket, sink).
struct ScanResult {
  ScanCounts counts;
  bool interrupted = false;
};
[[nodiscard]] std::expected<ScanResult, std::string> scan(const ScanOptions& options,
                                                          NameQueue& names, const VerdictSink& sink,
                                                          const std::atomic<bool>* stop = nullptr,
                                                          ScanProgress* progress = nullptr,
                                                          ScanJournal* journal = nullptr);

}  // namespace caascan
