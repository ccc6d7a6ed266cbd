#include "scanner/scan.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>

#include "scanner/net/event_loop.h"
#include "scanner/net/host_network.h"
#include "scanner/net/kernel_entropy.h"

namespace caascan {
namespace {

// An id lives for kIdLife; half of a socket's ids may be in use. So many sockets carry `qps`.
std::uint32_t sockets_for(double qps) {
  const double ids = qps * std::chrono::duration<double>(engine::kIdLife).count();
  const double needed = std::ceil(ids / (engine::kIdsLiveMax * 0.75));
  return static_cast<std::uint32_t>(std::clamp(needed, 4.0, 128.0));
}

// What the engine says on its way into the journal, in batches.
class JournalFeed {
 public:
  using Clock = std::chrono::steady_clock;

  explicit JournalFeed(JournalWriter& writer) : writer_(writer) {}

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
  void hand_over(const ScanCounts& counts, Clock::time_point now) {
    handed_over_ = now;
    batch_.counts = counts;
    writer_.submit(std::move(batch_));
    batch_ = {};
  }

 private:
  JournalWriter& writer_;
  JournalBatch batch_;
  Clock::time_point handed_over_{};
};

// Iteration asks as many servers as there are; so many sockets carry 40,000 questions a second.
constexpr std::uint32_t kIterationSockets = 16;

// Enough for servers that are a millisecond away; for others it grows within a tenth of a second.
constexpr std::size_t kWindowStart = 1024;

// The processor time of this thread: what a check takes does not depend on who else runs.
std::uint64_t thread_cpu_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace

std::expected<ScanResult, std::string> scan(const ScanOptions& options, NameQueue& names,
                                            const VerdictSink& sink, const std::atomic<bool>* stop,
                                            ScanProgress* progress, ScanJournal* journal) {
  const auto start = std::chrono::steady_clock::now();
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
  const net::UdpErrors errors_before = net::read_udp_errors();
  std::optional<JournalFeed> feed;
  if (journal != nullptr) {
    feed.emplace(*journal->writer);
    made.keep_progress = true;
    made.is_done = [states = journal->states](NameNumber number) {
      return states->at(number) != NameStates::State::kOpen;
    };
  }
  net::KernelEntropy entropy;
  engine::Engine engine(made, entropy);
  if (journal != nullptr) {
    for (const AliveName& alive : journal->alive) engine.resume_alive(alive);
    for (FailedName& failed : std::exchange(journal->failed, {}))
      engine.resume_name(std::move(failed), engine::Instant{});
  }
  std::uint64_t findings = 0;
  std::unordered_set<std::string> degraded, hidden;
  double first_query_s = 0;
  const auto counts_now = [&] {
    ScanCounts counts = engine.counts();
    counts.elapsed_s =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    counts.first_query_s = first_query_s;
    const net::UdpErrors errors = net::read_udp_errors();
    counts.host_buffer_errors = errors.receive_buffer - errors_before.receive_buffer;
    counts.host_receive_errors = errors.all - errors_before.all;
    return counts;
  };
  net::EventLoop loop(
      engine, names, start,
      [&](engine::Verdict&& verdict) {
        if (verdict.finding) ++findings;
        if (feed && verdict.finding) feed->add(verdict.number, std::move(verdict.finding));
        return sink(std::move(verdict));
      },
      [&] {
        for (DegradedZone& zone : engine.take_degraded()) {
          if (feed && degraded.size() < kDegradedZonesMax && degraded.insert(zone.zone).second)
            feed->add(std::move(zone));
        }
        for (HiddenCaa& found : engine.take_hidden_caa()) {
          if (feed && hidden.size() < kDegradedZonesMax && hidden.insert(found.name).second)
            feed->add(std::move(found));
        }
        if (feed) {
          feed->take_from(engine);
          first_query_s = std::max(0.0, loop.first_query_s());
          const auto now = std::chrono::steady_clock::now();
          if (feed->is_due(now)) feed->hand_over(counts_now(), now);
        }
        if (progress == nullptr) return;
        const ScanCounts counts = engine.counts();
        progress->names_done = counts.names_total - engine.active() - engine.parked();
        progress->names_failing = engine.parked();
        progress->findings = findings;
        progress->queries = counts.queries_udp + counts.queries_tcp;
      });
  if (auto opened = loop.open(made.sockets_v4, made.sockets_v6); !opened) {
    names.cancel();
    return std::unexpected(opened.error());
  }
  const auto ran = loop.run(stop);
  if (feed) feed->hand_over(counts_now(), std::chrono::steady_clock::now());
  if (!ran) {
    names.cancel();
    return std::unexpected(ran.error());
  }
  ScanResult result;
  result.interrupted = !engine.idle() || !names.ended();
  names.cancel();
  first_query_s = std::max(0.0, loop.first_query_s());
  result.counts = counts_now();
  const std::uint64_t open = engine.active() + engine.parked();
  result.counts.names_by_outcome[static_cast<std::size_t>(Outcome::kNotReached)] += open;
  return result;
}

}  // namespace caascan
