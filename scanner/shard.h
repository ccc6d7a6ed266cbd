// One of the shards of a scan: a thread's engine, its sockets and its part of the names.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <expected>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "scanner/engine/engine.h"
#include "scanner/name_queue.h"
#include "scanner/net/host_network.h"
#include "scanner/scan.h"
#include "scanner/store/spilled_names.h"

namespace caascan {

// What the shards of a scan have in common, but for the budgets. Thread-safe.
class ShardResults {
 public:
  // Borrows all; `progress` and `journal` may be null.
  ShardResults(const VerdictSink& sink, ScanProgress* progress, JournalWriter* journal,
               unsigned shards);

  [[nodiscard]] bool has_journal() const { return journal_ != nullptr; }
  [[nodiscard]] std::chrono::steady_clock::time_point start() const { return start_; }
  std::expected<void, std::string> tell(engine::Verdict&& verdict);
  // Whether the zone, or the name of a hidden CAA set, is told of for the first time.
  [[nodiscard]] bool is_new_degraded(const std::string& zone);
  [[nodiscard]] bool is_new_hidden(const std::string& name);
  // Hands a batch to the journal with the counts of all shards, as each of them has handed over its
  // own last.
  void submit(unsigned shard, JournalBatch&& batch, const ScanCounts& own);
  // `now` instead of `before`, of one shard.
  struct Progress {
    std::uint64_t names_done = 0, names_failing = 0, findings = 0, queries = 0, put_away = 0;
  };
  void add_progress(const Progress& before, const Progress& now);
  void set_slowest(unsigned shard, std::vector<SlowLine> lines) {
    if (progress_ != nullptr) progress_->set_slowest(shard, std::move(lines));
  }
  // The sum of what the shards have handed over.
  [[nodiscard]] ScanCounts counts() const;
  void set_counts(unsigned shard, const ScanCounts& own);

 private:
  [[nodiscard]] ScanCounts sum() const;  // with `mutex_`

  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  net::UdpErrors errors_before_ = net::read_udp_errors();
  const VerdictSink& sink_;
  ScanProgress* progress_;
  JournalWriter* journal_;
  mutable std::mutex mutex_;  // of the counts, and the order in which they reach the journal
  std::vector<ScanCounts> counts_;
  std::mutex sink_mutex_;
  std::mutex told_mutex_;
  std::unordered_set<std::string> degraded_, hidden_;
};

// The budgets of all shards.
class SharedBudgets final : public engine::Budgets {
 public:
  using Budgets::Budgets;
  Of of(const engine::Endpoint& endpoint, double qps, const wire::DnsName* name) override {
    const std::lock_guard lock(mutex_);
    return Budgets::of(endpoint, qps, name);
  }

 private:
  std::mutex mutex_;
};

// What a shard begins with, beside names: its part of what earlier starts have left.
struct ShardStart {
  std::vector<FailedName> failed;
  std::vector<AliveName> alive;
  std::optional<SpilledNames> put_away;
};

// Runs an event loop on the calling thread until `names` has ended and all of them have their
// verdicts, or `stop` is true. True where none was left without one. `options` are those of this
// shard. An error is a failure of this machine or of the sink.
[[nodiscard]] std::expected<bool, std::string> run_shard(unsigned shard,
                                                         const engine::EngineOptions& options,
                                                         ShardQueue& names, ShardStart&& earlier,
                                                         ShardResults& results,
                                                         const std::atomic<bool>& stop);

}  // namespace caascan
