#include "scanner/scan.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <ctime>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "ingest/domain_name.h"
#include "scanner/net/host_network.h"
#include "scanner/net/udp_sockets.h"
#include "scanner/shard.h"

namespace caascan {
namespace {

// An id lives for kIdLife; half of a socket's ids may be in use. So many sockets carry `qps`.
std::uint32_t sockets_for(double qps) {
  const double ids = qps * std::chrono::duration<double>(engine::kIdLife).count();
  const double needed = std::ceil(ids / (engine::kIdsLiveMax * 0.75));
  return static_cast<std::uint32_t>(std::clamp(needed, 4.0, 128.0));
}

// Iteration asks as many servers as there are; so many sockets carry 40,000 questions a second.
constexpr std::uint32_t kIterationSockets = 16;

// Enough for servers that are a quarter of a millisecond away; for others it grows within some
// tenths of a second. What is on the way is looked at again in the processor's own cache as long as
// it is no more than that.
constexpr std::size_t kWindowStart = 256;

// The processor time of this thread: what a check takes does not depend on who else runs.
std::uint64_t thread_cpu_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

// The shard of a name: what lies in one registrable domain has delegations and keys in common.
std::size_t shard_of(const DomainName& name, std::size_t shards) {
  return shards == 1 ? 0 : std::hash<std::string_view>{}(registrable_domain(name.text())) % shards;
}

// Each shard's part of what is bounded for all of them.
engine::EngineOptions part_of(const engine::EngineOptions& all, unsigned shards) {
  engine::EngineOptions made = all;
  made.cache_bytes_max = all.cache_bytes_max / shards;
  made.names_held_max = std::max<std::size_t>(all.names_held_max / shards, 1);
  made.window_max = std::max<std::size_t>(all.window_max / shards, 1);
  if (!all.resolvers.empty()) {
    // The questions of a resolver's budget, and so the ids that they need, are spread over the
    // shards.
    const auto share = [&](std::uint32_t sockets) { return (sockets + shards - 1) / shards; };
    made.sockets_v4 = share(all.sockets_v4);
    made.sockets_v6 = share(all.sockets_v6);
  }
  return made;
}

// The threads of a scan.
class Shards {
 public:
  Shards(const engine::EngineOptions& options, std::vector<ShardStart>&& earlier,
         ScanJournal* journal, ShardResults& results)
      : shards_(earlier.size()) {
    const auto count = static_cast<unsigned>(earlier.size());
    if (journal != nullptr) {
      for (FailedName& failed : std::exchange(journal->failed, {}))
        earlier[shard_of(failed.name, count)].failed.push_back(std::move(failed));
      for (ShardStart& one : earlier) one.alive = journal->alive;
    }
    for (unsigned i = 0; i < count; ++i) {
      shards_[i].thread = std::thread([this, i, &results, part = part_of(options, count),
                                       start = std::move(earlier[i])]() mutable {
        Shard& self = shards_[i];
        self.ended = run_shard(i, part, self.names, std::move(start), results, stop_);
        // Nobody takes what is still handed over.
        self.names.cancel();
        if (!self.ended) stop_ = true;
        const std::lock_guard lock(mutex_);
        ++ended_;
        one_ended_.notify_one();
      });
    }
  }
  ~Shards() { join(); }
  Shards(const Shards&) = delete;
  Shards& operator=(const Shards&) = delete;

  // Hands out all names and waits for the end of all shards. True where every name has a verdict.
  std::expected<bool, std::string> feed(NameQueue& names, const std::atomic<bool>* stop) {
    NameNumber number = 0;
    std::vector<ShardQueue::Batch> parts(shards_.size());
    bool all = false;
    while (!is_stopped(stop)) {
      // `ended` first: what is pushed between the two calls is seen by the second.
      const bool ended = names.ended();
      auto batch = names.pop_within(kLookForStop);
      if (!batch) {
        all = ended;
        if (ended) break;
        continue;
      }
      for (DomainName& name : *batch) {
        ShardQueue::Batch& part = parts[shard_of(name, shards_.size())];
        part.push_back({number++, std::move(name)});
      }
      for (std::size_t i = 0; i < parts.size(); ++i) {
        if (!parts[i].empty()) hand_over(i, std::exchange(parts[i], {}), stop);
      }
    }
    for (Shard& shard : shards_) shard.names.close();
    std::unique_lock lock(mutex_);
    while (ended_ < shards_.size()) {
      one_ended_.wait_for(lock, kLookForStop);
      is_stopped(stop);
    }
    lock.unlock();
    join();
    for (const Shard& shard : shards_) {
      if (!shard.ended) return std::unexpected(shard.ended.error());
      all = all && *shard.ended;
    }
    return all;
  }

 private:
  static constexpr std::chrono::milliseconds kLookForStop{200};
  struct Shard {
    ShardQueue names;
    std::thread thread;
    std::expected<bool, std::string> ended;
  };

  void hand_over(std::size_t shard, ShardQueue::Batch&& batch, const std::atomic<bool>* stop) {
    while (!is_stopped(stop) && !shards_[shard].names.push_within(batch, kLookForStop)) {
    }
  }
  bool is_stopped(const std::atomic<bool>* stop) {
    if (stop != nullptr && stop->load(std::memory_order_relaxed)) stop_ = true;
    return stop_;
  }
  void join() {
    for (Shard& shard : shards_) {
      shard.names.close();
      if (shard.thread.joinable()) shard.thread.join();
    }
  }

  std::vector<Shard> shards_;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;
  std::condition_variable one_ended_;
  std::size_t ended_ = 0;
};

}  // namespace

std::expected<ScanResult, std::string> scan(const ScanOptions& options, NameQueue& names,
                                            const VerdictSink& sink, const std::atomic<bool>* stop,
                                            ScanProgress* progress, ScanJournal* journal) {
  engine::EngineOptions made = options.engine;
  made.epoch_unix_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                           std::chrono::system_clock::now().time_since_epoch())
                           .count();
  made.stopwatch = thread_cpu_ns;
  if (made.resolvers.empty()) {
    made.use_v4 = made.use_v4 && net::has_route(/*v6=*/false);
    made.use_v6 = made.use_v6 && net::has_route(/*v6=*/true);
    if (!made.use_v4 && !made.use_v6) {
      names.cancel();
      return std::unexpected("no route to the Internet, neither over IPv4 nor over IPv6");
    }
    made.sockets_v4 = made.use_v4 ? kIterationSockets : 0;
    made.sockets_v6 = made.use_v6 ? kIterationSockets : 0;
  } else {
    double qps_v4 = 0;
    double qps_v6 = 0;
    for (const engine::Endpoint& resolver : made.resolvers) {
      (resolver.address.v6 ? qps_v6 : qps_v4) += made.servers.server_qps;
    }
    made.sockets_v4 = qps_v4 > 0 ? sockets_for(qps_v4) : 0;
    made.sockets_v6 = qps_v6 > 0 ? sockets_for(qps_v6) : 0;
  }

  made.window_start = kWindowStart;
  if (journal != nullptr) {
    made.keep_progress = true;
    made.is_done = [states = journal->states](NameNumber number) {
      return states->at(number) != NameStates::State::kOpen;
    };
  }
  SharedBudgets budgets(made.servers);
  made.budgets = &budgets;
  ShardResults results(sink, progress, journal == nullptr ? nullptr : journal->writer,
                       options.threads);
  if (options.deadline) {
    made.deadline = engine::Instant(
        std::chrono::duration_cast<engine::Duration>(*options.deadline - results.start()));
  }
  std::vector<ShardStart> starts(options.threads);
  if (!options.put_away_folder.empty() && made.resolvers.empty()) {
    for (ShardStart& start : starts) {
      auto put_away = SpilledNames::create(options.put_away_folder,
                                           options.put_away_bytes_max / options.threads);
      if (!put_away) {
        names.cancel();
        return std::unexpected(put_away.error());
      }
      start.put_away = std::move(*put_away);
    }
  }
  Shards shards(made, std::move(starts), journal, results);
  const auto ended = shards.feed(names, stop);
  names.cancel();
  if (!ended) return std::unexpected(ended.error());
  ScanResult result;
  result.interrupted = !*ended;
  result.counts = results.counts();
  return result;
}

}  // namespace caascan
