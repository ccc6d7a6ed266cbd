#include "scanner/shard.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <memory>
#include <utility>

#include "scanner/net/event_loop.h"
#include "scanner/net/kernel_entropy.h"
#include "scanner/store/finding_store.h"

namespace caascan {
namespace {

using Clock = std::chrono::steady_clock;
using Failure = std::unexpected<std::string>;

// What the engine says on its way into the journal, in batches.
class JournalFeed {
 public:
  void add(NameNumber number, std::unique_ptr<Finding> finding) {
    batch_.findings.push_back({number, std::move(finding)});
  }
  void add(DegradedZone zone) { batch_.degraded.push_back(std::move(zone)); }
  void add(HiddenCaa hidden) { batch_.hidden_caa.push_back(std::move(hidden)); }
  void take_from(engine::Engine& engine) {
    for (const EndedName& name : engine.take_ended()) {
      if (!is_affected(name.outcome)) batch_.ended.push_back(name);
    }
    std::ranges::move(engine.take_failed(), std::back_inserter(batch_.failed));
    std::ranges::move(engine.take_alive(), std::back_inserter(batch_.alive));
  }

  [[nodiscard]] bool is_due(Clock::time_point now) const {
    if (batch_.empty()) return false;
    return batch_.ended.size() + batch_.findings.size() + batch_.failed.size() >=
               kJournalBatchNames ||
           now - handed_over_ >= kJournalBatchTime;
  }
  [[nodiscard]] JournalBatch hand_over(Clock::time_point now) {
    handed_over_ = now;
    return std::exchange(batch_, {});
  }

 private:
  JournalBatch batch_;
  Clock::time_point handed_over_{};
};

}  // namespace

ShardResults::ShardResults(const VerdictSink& sink, ScanProgress* progress, JournalWriter* journal,
                           unsigned shards)
    : sink_(sink), progress_(progress), journal_(journal), counts_(shards) {}

std::expected<void, std::string> ShardResults::tell(engine::Verdict&& verdict) {
  const std::lock_guard lock(sink_mutex_);
  return sink_(std::move(verdict));
}

bool ShardResults::is_new_degraded(const std::string& zone) {
  const std::lock_guard lock(told_mutex_);
  return degraded_.size() < kDegradedZonesMax && degraded_.insert(zone).second;
}

bool ShardResults::is_new_hidden(const std::string& name) {
  const std::lock_guard lock(told_mutex_);
  return hidden_.size() < kDegradedZonesMax && hidden_.insert(name).second;
}

// Under the lock until the journal has it: what is handed over last must be the latest sum.
void ShardResults::submit(unsigned shard, JournalBatch&& batch, const ScanCounts& own) {
  const std::lock_guard lock(mutex_);
  counts_[shard] = own;
  batch.counts = sum();
  journal_->submit(std::move(batch));
}

void ShardResults::set_counts(unsigned shard, const ScanCounts& own) {
  const std::lock_guard lock(mutex_);
  counts_[shard] = own;
}

ScanCounts ShardResults::counts() const {
  const std::lock_guard lock(mutex_);
  return sum();
}

ScanCounts ShardResults::sum() const {
  ScanCounts made;
  double first_query_s = std::numeric_limits<double>::infinity();
  for (const ScanCounts& one : counts_) {
    made = counts_over_starts(made, one);
    if (one.first_query_s > 0) first_query_s = std::min(first_query_s, one.first_query_s);
  }
  made.first_query_s = std::isfinite(first_query_s) ? first_query_s : 0;
  made.elapsed_s = std::chrono::duration<double>(Clock::now() - start_).count();
  const net::UdpErrors errors = net::read_udp_errors();
  made.host_buffer_errors = errors.receive_buffer - errors_before_.receive_buffer;
  made.host_receive_errors = errors.all - errors_before_.all;
  return made;
}

void ShardResults::add_progress(const Progress& before, const Progress& now) {
  if (progress_ == nullptr) return;
  progress_->names_done += now.names_done - before.names_done;
  progress_->names_failing += now.names_failing - before.names_failing;
  progress_->findings += now.findings - before.findings;
  progress_->queries += now.queries - before.queries;
  progress_->names_put_away += now.put_away - before.put_away;
}

void ScanProgress::set_slowest(unsigned shard, std::vector<SlowLine> lines) {
  const std::lock_guard lock(mutex_);
  slowest_[shard] = std::move(lines);
}

std::vector<SlowLine> ScanProgress::slowest() const {
  const std::lock_guard lock(mutex_);
  std::vector<SlowLine> made;
  for (const auto& [shard, lines] : slowest_) {
    for (const SlowLine& line : lines) {
      const auto same = std::ranges::find_if(made, [&](const SlowLine& other) {
        return other.server == line.server && other.is_group == line.is_group;
      });
      if (same == made.end()) {
        made.push_back(line);
      } else {
        same->names += line.names;
      }
    }
  }
  keep_slowest(made, kSlowLinesTold);
  return made;
}

std::expected<bool, std::string> run_shard(unsigned shard, const engine::EngineOptions& options,
                                           ShardQueue& names, ShardStart&& earlier,
                                           ShardResults& results, const std::atomic<bool>& stop) {
  net::KernelEntropy entropy;
  engine::EngineOptions made = options;
  if (earlier.put_away) made.put_away = &*earlier.put_away;
  engine::Engine engine(made, entropy);
  for (const AliveName& alive : earlier.alive) engine.resume_alive(alive);
  for (FailedName& failed : earlier.failed)
    engine.resume_name(std::move(failed), engine::Instant{});
  JournalFeed feed;
  ShardResults::Progress told;
  std::uint64_t findings = 0;
  double first_query_s = 0;
  Clock::time_point slowest_told{};
  const auto counts_now = [&] {
    ScanCounts counts = engine.counts();
    counts.first_query_s = first_query_s;
    return counts;
  };
  net::EventLoop loop(
      engine, names, results.start(),
      [&](engine::Verdict&& verdict) {
        if (verdict.finding) ++findings;
        if (results.has_journal() && verdict.finding)
          feed.add(verdict.number, std::move(verdict.finding));
        return results.tell(std::move(verdict));
      },
      [&]() -> std::expected<void, std::string> {
        first_query_s = std::max(0.0, loop.first_query_s());
        std::vector<DegradedZone> degraded = engine.take_degraded();
        std::vector<HiddenCaa> hidden = engine.take_hidden_caa();
        if (results.has_journal()) {
          for (DegradedZone& zone : degraded) {
            if (results.is_new_degraded(zone.zone)) feed.add(std::move(zone));
          }
          for (HiddenCaa& found : hidden) {
            if (results.is_new_hidden(found.name)) feed.add(std::move(found));
          }
          feed.take_from(engine);
          const Clock::time_point now = Clock::now();
          if (feed.is_due(now)) results.submit(shard, feed.hand_over(now), counts_now());
        }
        const ScanCounts counts = engine.counts();
        const ShardResults::Progress now{
            counts.names_total - engine.active() - engine.parked() - engine.names_outside(),
            engine.parked(), findings, counts.queries_udp + counts.queries_tcp,
            engine.names_outside()};
        results.add_progress(std::exchange(told, now), now);
        if (const Clock::time_point at = Clock::now(); at - slowest_told >= kSlowLinesEvery) {
          slowest_told = at;
          results.set_slowest(shard, engine.slowest(kSlowLinesTold));
        }
        if (earlier.put_away && earlier.put_away->error())
          return Failure(*earlier.put_away->error());
        return {};
      });
  if (auto opened = loop.open(options.sockets_v4, options.sockets_v6); !opened)
    return std::unexpected(opened.error());
  const auto ran = loop.run(&stop);
  if (results.has_journal()) {
    results.submit(shard, feed.hand_over(Clock::now()), counts_now());
  } else {
    results.set_counts(shard, counts_now());
  }
  if (!ran) return std::unexpected(ran.error());
  // What is left open is counted only now: the journal has names with a verdict.
  ScanCounts last = counts_now();
  last.names_by_outcome[static_cast<std::size_t>(Outcome::kNotReached)] +=
      engine.active() + engine.parked() + engine.names_outside();
  results.set_counts(shard, last);
  return engine.idle() && names.ended();
}

}  // namespace caascan
