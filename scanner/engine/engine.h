// The engine: decides what is asked, of whom and when, and what the answers mean. It does no I/O,
// reads no clock and knows no thread: it is told what happened and says what to do.
//
// The life of a name. `add_name` starts the climb of RFC 8659 §3: CAA is asked for the name, then
// for each parent up to and including the TLD. The first non-empty set ends it as found; an answer
// at every label ends it as empty. A failure parks the name; after `confirm_after` it climbs again,
// and only when it has failed in the first pass and in every confirmation round is it diagnosed
// (zone, control question) and made a Finding. One good round clears it. Every name ends in exactly
// one status, counted in ScanCounts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <queue>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "ingest/domain_name.h"
#include "scanner/engine/diagnosis.h"
#include "scanner/engine/exchanges.h"
#include "scanner/engine/iterative_resolver.h"
#include "scanner/engine/recursive_resolver.h"
#include "scanner/engine/resolution.h"
#include "scanner/engine/version_probe.h"
#include "scanner/finding.h"
#include "scanner/names_put_away.h"
#include "scanner/run_progress.h"

namespace caascan::engine {

struct EngineOptions {
  std::vector<Endpoint> resolvers;            // empty: iteration from `root`
  Delegation root;                            // nameservers of the root with their addresses
  std::vector<wire::DsRecord> trust_anchors;  // of the root; none: nothing is validated
  bool use_v4 = true, use_v6 = true;          // which families this machine can send to
  ServerDirectoryOptions servers;
  Budgets* budgets = nullptr;        // those of the run, borrowed; null: the engine has its own
  std::uint32_t confirm_rounds = 1;  // at most kConfirmRoundsMax
  Duration confirm_after = std::chrono::seconds(30);
  // Questions on the wire whose wait runs. What waits for a budget, for another's answer or for a
  // confirmation round holds no place here.
  std::size_t window_max = 20000;
  std::size_t window_start = 20000;  // of a scan that does not know yet how far away servers are
  std::size_t names_held_max = 200'000;  // in memory for whatever reason, parked ones not counted
  std::size_t cache_bytes_max = std::size_t{64} << 20;
  std::uint32_t sockets_v4 = 16, sockets_v6 = 16;
  Profile profile = kProfiles.front();
  std::vector<wire::DnsName> canaries;  // names that should be alive, beside those found in the run
  bool every_verdict = false;           // hand out verdicts of names that are not affected too
  bool infer = true;                    // see IterativeResolverOptions; not without confirmation
  bool trace = false;                   // the same with every step, for `caascan check`
  std::int64_t epoch_unix_ms = 0;       // wall clock at Instant zero
  Stopwatch stopwatch = nullptr;        // for what signature checks cost; null: not measured
  // With which names of the run an earlier start has done, or has left them to `resume_name`; they
  // are passed over and not counted. Null: with none.
  std::function<bool(NameNumber)> is_done;
  // Where names wait that stand behind a full line (lines.h), borrowed; null: in memory. Not used
  // with `resolvers`.
  NamesPutAway* put_away = nullptr;
  // From then on no name is begun; those under way have kAfterDeadline to end.
  Instant deadline = kNever;
  bool keep_progress = false;  // for `take_ended`, `take_failed` and `take_alive`
};
inline constexpr std::uint32_t kConfirmRoundsMax = 10;
// What has no verdict so long after the deadline is not reached. Of confirmation rounds, those that
// are due before are asked.
inline constexpr Duration kAfterDeadline = std::chrono::minutes(2);
// Names that may be put away, or left at the deadline, between two calls of `advance`: they give
// way to replies.
inline constexpr std::size_t kPutAwayInATurnMax = 256;
// So many in a thousand of the places in memory and on the way are for names that come back, where
// any are outside.
inline constexpr std::size_t kShareForThoseOutside = 125;

// One step of a climb, kept where a trace is wanted.
struct TraceStep {
  wire::DnsName name;
  wire::RecordType type = wire::RecordType::kCaa;
  std::uint8_t round = 0;
  Resolution resolution;
};

// How a name ended.
struct Verdict {
  NameNumber number = 0;
  DomainName name;
  Outcome outcome = Outcome::kEmpty;
  std::unique_ptr<Finding> finding;  // only where affected
  std::string ended_at;              // the label that gave the verdict
  std::vector<TraceStep> trace;      // only with `trace`
};

class Engine final : public ResolutionSink {
 public:
  // `entropy` is borrowed. One thread.
  Engine(const EngineOptions& options, EntropySource& entropy);

  // Whether more names may be added now.
  [[nodiscard]] bool wants_names() const {
    const std::size_t share = names_outside() > 0 ? kShareForThoseOutside : 0;
    return has_room(share) && put_away_now_ < kPutAwayInATurnMax;
  }
  // `number`: of the run's names; it goes with the verdict.
  void add_name(DomainName name, NameNumber number, Instant now);
  // A name that has failed at an earlier start: it waits for its next round, and what its rounds
  // have shown is kept. Before any is added.
  void resume_name(FailedName&& failed, Instant now);
  void resume_alive(const AliveName& alive);
  // What a later start must know, since the last call; each name that ends, and each round that
  // fails with another to come.
  [[nodiscard]] std::vector<EndedName> take_ended() { return std::exchange(ended_, {}); }
  [[nodiscard]] std::vector<FailedName> take_failed() { return std::exchange(failed_, {}); }
  [[nodiscard]] std::vector<AliveName> take_alive() { return std::exchange(alive_, {}); }

  // CAA sets that only lower-case questions see, since the last call.
  [[nodiscard]] std::vector<HiddenCaa> take_hidden_caa() { return std::exchange(hidden_, {}); }

  void on_datagram(std::uint32_t socket, const Endpoint& from, wire::Bytes message, Instant now) {
    exchanges_.on_datagram(socket, from, message, now);
  }
  void on_datagrams(std::uint32_t socket, std::span<const Received> received, Instant now) {
    exchanges_.on_datagrams(socket, received, now);
  }
  void on_slept(Duration slept) { exchanges_.on_slept(slept); }
  void on_tcp_message(AttemptId attempt, wire::Bytes message, Instant now) {
    exchanges_.on_tcp_message(attempt, message, now);
  }
  void on_send_failed(AttemptId attempt, Instant now) { exchanges_.on_send_failed(attempt, now); }
  // So many datagrams have been lost in receive buffers of this machine.
  void on_kernel_drops(std::uint64_t datagrams, Instant now) {
    counts_.kernel_drops += datagrams;
    exchanges_.on_own_loss(now);
  }

  // Ends waits, goes on with every name that can go on, fills the outbox.
  void advance(Instant now);
  // The moment at which `advance` has something to do again without new events; kNever when idle.
  [[nodiscard]] Instant next_wake() const;
  [[nodiscard]] Outbox& outbox() { return exchanges_.outbox(); }
  // The verdicts since the last call, in order of ending.
  [[nodiscard]] std::vector<Verdict> take_verdicts() { return std::exchange(verdicts_, {}); }
  // Zones that answered although some of their servers did not, since the last call.
  [[nodiscard]] std::vector<DegradedZone> take_degraded() {
    return iterative_ ? iterative_->take_degraded() : std::vector<DegradedZone>();
  }
  [[nodiscard]] bool idle() const {
    return active_ == 0 && parked_.empty() && names_outside() == 0;
  }
  [[nodiscard]] std::size_t active() const { return active_; }
  [[nodiscard]] std::size_t parked() const { return parked_.size(); }
  // Names that are put away now.
  [[nodiscard]] std::uint64_t names_outside() const { return exchanges_.lines().outside(); }
  // The lines with names outside that take longest, the slowest first, at most `lines_max`. Looks
  // at all lines: not for each turn.
  [[nodiscard]] std::vector<SlowLine> slowest(std::size_t lines_max) const;
  // Attempts that are queued or may still be answered; questions that iteration is working on. Both
  // are zero once an idle engine has nothing left to wake for.
  [[nodiscard]] std::size_t attempts_live() const { return exchanges_.live(); }
  [[nodiscard]] std::size_t resolutions_under_way() const {
    return iterative_ ? iterative_->resolutions_under_way() : 0;
  }
  [[nodiscard]] ScanCounts counts() const;

  void on_resolved(Waiter waiter, const Question& question, const Resolution& resolution,
                   Instant now) override;
  void on_line(Waiter waiter, std::span<const LineId> lines, bool after_alias) override;
  [[nodiscard]] bool may_be_put_away(Waiter waiter, LineId line) const override;
  void put_away(Waiter waiter, LineId line, bool after_alias, const std::string& known) override;
  void prepare(Waiter waiter) const override {
    constexpr std::size_t kLineOctets = 64;
    const auto* task = reinterpret_cast<const char*>(&tasks_[waiter.index]);
    for (std::size_t at = 0; at < sizeof(Task); at += kLineOctets) __builtin_prefetch(task + at);
  }

 private:
  enum class State : std::uint8_t {
    kFree,
    kClimbing,
    kProbingCase,
    kParked,
    kCheckingResolver,
    kCheckingCanary,
    kDiagnosing,
    kAskingVersions
  };
  // What a name needs once it has failed; most never do.
  struct Failure {
    Cause cause = Cause::kNone;
    wire::DnsName label;
    wire::DnsName zone;  // iteration knows it; the root otherwise
    std::vector<std::string> nameservers;
    wire::DnsName first_nameserver;  // of these; the root where there is none
    wire::DnsName alias_target;
    Security security = Security::kNotChecked;
    BogusKind bogus = BogusKind::kNone;
    bool nsec = false, version_dependent = false;
    wire::DnsName insecure_at;
    wire::DnsName inferred_from;
    std::vector<std::int64_t> observed_unix_ms;
    std::vector<Attempt> attempts;
    std::unique_ptr<Diagnosis> diagnosis;
    // What must be alive for this round to count; of the server's own, the one name; of the others,
    // any.
    std::vector<wire::DnsName> canaries;
    bool own_canary = false;
    std::vector<ServerId> servers;  // whose software is asked for
    std::uint8_t rounds_void = 0;
  };
  struct Task {
    State state = State::kFree;
    std::uint8_t round = 0;
    std::uint32_t generation = 0;
    std::uint16_t label_offset = 0;  // of the label being asked, in name.text()
    bool coming = false;             // from outside, and not in a line again
    bool after_alias = false;        // it was put away behind one
    LineId line = kNoLine;           // for which it was put away
    NameNumber number = 0;
    Instant fresh_after{};
    DomainName name;
    std::unique_ptr<Failure> failure;
    bool round_void = false;            // the round that failed is to be repeated
    wire::DnsName probe;                // a label to be asked in lower case too; the root: none
    std::unique_ptr<HiddenCaa> hidden;  // found by that, not yet seen twice
    std::vector<TraceStep> trace;
  };
  struct Parked {
    Instant due;
    std::uint32_t index;
    friend bool operator>(const Parked& a, const Parked& b) {
      return a.due != b.due ? a.due > b.due : a.index > b.index;
    }
  };

  [[nodiscard]] std::uint32_t free_task();
  void start(DomainName name, NameNumber number, Instant now);
  std::uint32_t begin(DomainName name, NameNumber number);
  void bring_back(Instant now);
  // Whether there is place for one more name, with so many in a thousand left over.
  [[nodiscard]] bool has_room(std::size_t share) const {
    return active_ + options_.names_held_max * share / 1000 < options_.names_held_max &&
           exchanges_.on_the_way() + exchanges_.window() * share / 1000 < exchanges_.window();
  }
  [[nodiscard]] bool may_bring_back() const {
    return !past_deadline_ && exchanges_.lines().short_lines() > 0 && has_room(0);
  }
  void arrive(Task& task);
  void leave(std::uint32_t index);
  void leave_all(Instant now);
  void forget(std::uint32_t index);
  void ask_label(std::uint32_t index, Instant now);
  void ask(std::uint32_t index, const Question& question, Freshness fresh, Instant now);
  void on_climb_answer(std::uint32_t index, const Question& question, const Resolution& resolution,
                       Instant now);
  void on_failure(std::uint32_t index, const Resolution& resolution, Instant now);
  void confirm_or_diagnose(std::uint32_t index, Instant now);
  // Canaries (canaries.cc).
  void note_alive(const Question& question, const Resolution& resolution);
  bool remember_alive(const wire::DnsName& nameserver, const wire::DnsName& name);
  void ask_canary(std::uint32_t index, Instant now);
  void on_canary(std::uint32_t index, const Resolution& resolution, Instant now);
  void park(std::uint32_t index, Instant now);
  // What of it outlives this process (resume.cc).
  [[nodiscard]] FailedName failed_name(const Task& task, Instant due) const;
  // Hidden CAA sets.
  [[nodiscard]] bool wants_case_probe(const Resolution& resolution);
  void on_case_probe(std::uint32_t index, const Question& question, const Resolution& resolution,
                     Instant now);
  void diagnose(std::uint32_t index, Instant now);
  void ask_versions(std::uint32_t index);
  void publish(std::uint32_t index);
  void end(std::uint32_t index, Outcome outcome, std::unique_ptr<Finding> finding);
  [[nodiscard]] std::string_view label_text(const Task& task) const {
    return std::string_view(task.name.text()).substr(task.label_offset);
  }
  [[nodiscard]] std::int64_t unix_ms(Instant at) const;
  [[nodiscard]] Instant confirm_due(Instant now) const;

  EngineOptions options_;
  Random random_;
  ScanCounts counts_;
  Exchanges exchanges_;
  std::unique_ptr<Budgets> own_budgets_;  // null: those of `options_` count
  ServerDirectory servers_;
  VersionProbe versions_;
  std::unique_ptr<RecursiveResolver> recursive_;  // one of the two
  std::unique_ptr<IterativeResolver> iterative_;
  ResolutionSource* resolver_ = nullptr;  // that one
  std::deque<Task> tasks_;
  std::vector<std::uint32_t> free_;
  std::priority_queue<Parked, std::vector<Parked>, std::greater<>> parked_;
  std::vector<Verdict> verdicts_;
  std::vector<wire::DnsName> canaries_;  // of distinct operators
  std::vector<std::string> canary_operators_;
  boost::unordered_flat_map<wire::DnsName, wire::DnsName, std::hash<wire::DnsName>>
      alive_at_;  // a good name by nameserver name
  boost::unordered_flat_map<wire::DnsName, std::uint8_t, std::hash<wire::DnsName>>
      case_probes_;  // by nameserver name
  std::vector<HiddenCaa> hidden_;
  std::vector<EndedName> ended_;
  std::vector<FailedName> failed_;
  std::vector<AliveName> alive_;
  std::size_t active_ = 0;
  std::size_t put_away_now_ = 0;  // since the last `advance`
  bool past_deadline_ = false;
  LineId leave_from_ = 0;          // whose names outside are left next, after the deadline
  std::vector<NamePutAway> back_;  // being brought back
};

}  // namespace caascan::engine
