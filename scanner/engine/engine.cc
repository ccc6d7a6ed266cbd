#include "scanner/engine/engine.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "ingest/assert.h"

namespace caascan::engine {
namespace {

// Confirmation times are rounded up to a grid of this share of `confirm_after`, so that names which
// failed together, over the same label, are confirmed by one question.
constexpr int kConfirmGrid = 8;
// A root server's answer of this age says that our line carries questions: so old at most is the
// last send of a name that has timed out.
constexpr Duration kLineCheckAge = std::chrono::seconds(2);

// Resolvers are the user's own, so one port may ask them all: what leaves together can be joined.
constexpr std::uint32_t kDatagramsPerPort = 1024;

// So many servers of one finding are asked for their software.
constexpr std::size_t kVersionsMax = 4;

// Whether a zone at fault is not the name's own: it lies above the registrable domain, and no alias
// led there.
bool is_inherited(const DomainName& name, const wire::DnsName& zone,
                  const wire::DnsName& alias_target) {
  if (!alias_target.is_root()) return false;
  const auto own = wire::DnsName::from_text(registrable_domain(name.text()));
  return own && !zone.is_within(*own);
}

// The rcodes that only the resolver itself can be the source of: it declines to serve us, and says
// nothing about the name.
// (YXDOMAIN comes from a DNAME record that makes a name too long: a resolver hands it on.)
bool resolver_declined(Cause cause, std::uint8_t rcode) {
  if (rcode == static_cast<std::uint8_t>(wire::Rcode::kYxDomain)) return false;
  return cause == Cause::kRefused || cause == Cause::kNotimp || cause == Cause::kFormerr ||
         cause == Cause::kOtherRcode || cause == Cause::kMalformed ||
         cause == Cause::kUnreachable || cause == Cause::kTruncatedNoTcp;
}

}  // namespace

Engine::Engine(const EngineOptions& options, EntropySource& entropy)
    : options_(options),
      random_(entropy),
      exchanges_({options.sockets_v4, options.sockets_v6,
                  options.resolvers.empty() ? 1 : kDatagramsPerPort, options.window_start,
                  options.window_max, options.resolvers.empty()},
                 random_, counts_),
      own_budgets_(options.budgets == nullptr ? std::make_unique<Budgets>(options.servers)
                                              : nullptr),
      servers_(options.servers, own_budgets_ ? *own_budgets_ : *options.budgets, exchanges_),
      versions_(exchanges_, random_),
      canaries_(options.canaries) {
  CAASCAN_ASSERT(options_.confirm_rounds <= kConfirmRoundsMax);
  if (options_.resolvers.empty()) {
    IterativeResolverOptions made;
    made.root = options_.root;
    made.trust_anchors = options_.trust_anchors;
    made.profile = options_.profile;
    made.cache_bytes_max = options_.cache_bytes_max;
    made.use_v4 = options_.use_v4;
    made.use_v6 = options_.use_v6;
    made.trace = options_.trace;
    made.epoch_unix_ms = options_.epoch_unix_ms;
    made.stopwatch = options_.stopwatch;
    made.confirms = options_.confirm_rounds > 0;
    made.infer = options_.infer && made.confirms;
    iterative_ =
        std::make_unique<IterativeResolver>(std::move(made), servers_, exchanges_, random_, *this);
    resolver_ = iterative_.get();
  } else {
    RecursiveResolverOptions made;
    made.cache_bytes_max = options_.cache_bytes_max;
    made.trace = options_.trace;
    made.epoch_unix_ms = options_.epoch_unix_ms;
    for (const Endpoint& endpoint : options_.resolvers) {
      // A resolver that is named twice is one server with one budget.
      const ServerId id = servers_.resolver(endpoint);
      if (std::ranges::find(made.resolvers, id) == made.resolvers.end())
        made.resolvers.push_back(id);
    }
    recursive_ = std::make_unique<RecursiveResolver>(made, exchanges_, random_, *this);
    resolver_ = recursive_.get();
  }
  exchanges_.set_owner(*resolver_);
  exchanges_.set_chaos_owner(versions_);
}

ScanCounts Engine::counts() const {
  ScanCounts counts = counts_;
  if (iterative_) {
    const ValidatorCounts checked = iterative_->validator_counts();
    counts.signatures_checked = checked.checks;
    counts.signatures_checked_ns = checked.checks_ns;
    counts.signatures_reused = checked.reused;
    counts.nsec3_hashes = checked.nsec3_hashes;
  }
  return counts;
}

std::vector<SlowLine> Engine::slowest(std::size_t lines_max) const {
  std::vector<SlowLine> made;
  const Lines& lines = exchanges_.lines();
  for (LineId line = 0; line < lines.size(); ++line) {
    if (lines.outside(line) == 0) continue;
    const auto [server, is_group] = exchanges_.line_begins_at(line);
    made.push_back({exchanges_.endpoint(server).address.text(), is_group,
                    lines.outside(line) + lines.waiting(line), lines.rate_qps(line)});
  }
  keep_slowest(made, lines_max);
  return made;
}

std::int64_t Engine::unix_ms(Instant at) const {
  return options_.epoch_unix_ms +
         std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
}

std::uint32_t Engine::free_task() {
  if (free_.empty()) {
    tasks_.emplace_back();
    return static_cast<std::uint32_t>(tasks_.size() - 1);
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  return index;
}

void Engine::add_name(DomainName name, NameNumber number, Instant now) {
  if (options_.is_done && options_.is_done(number)) return;
  start(std::move(name), number, now);
}

void Engine::start(DomainName name, NameNumber number, Instant now) {
  ++counts_.names_total;
  const std::uint32_t index = begin(std::move(name), number);
  if (!servers_.exclusions().zones.empty()) {
    const auto wire_name = wire::DnsName::from_text(tasks_[index].name.text());
    if (wire_name && servers_.exclusions().holds_name(*wire_name)) {
      end(index, Outcome::kExcluded, nullptr);
      return;
    }
  }
  if (now >= options_.deadline) {
    ++put_away_now_;
    leave(index);
    return;
  }
  ask_label(index, now);
}

std::uint32_t Engine::begin(DomainName name, NameNumber number) {
  const std::uint32_t index = free_task();
  Task& task = tasks_[index];
  task.number = number;
  task.state = State::kClimbing;
  task.round = 0;
  task.label_offset = 0;
  task.fresh_after = Instant{};
  task.name = std::move(name);
  ++active_;
  return index;
}

// A name can begin again as long as it has not asked for anything but itself. Who comes from a line
// is not sent away from it again.
bool Engine::may_be_put_away(Waiter waiter, LineId line) const {
  const Task& task = tasks_[waiter.index];
  return options_.put_away != nullptr && task.generation == waiter.generation &&
         task.state == State::kClimbing && task.round == 0 && task.label_offset == 0 &&
         !task.failure && task.line != line;
}

void Engine::put_away(Waiter waiter, LineId line, bool after_alias, const std::string& known) {
  Task& task = tasks_[waiter.index];
  ++put_away_now_;
  ++counts_.names_put_away;
  exchanges_.lines().put_away(line);
  options_.put_away->put(line, {task.number, std::move(task.name), after_alias, known});
  forget(waiter.index);
}

// Whoever stands in another line does not need this one any more: it was put away at the
// registry's, say, and by now the delegation is known. Only behind an alias it must first find its
// way again.
void Engine::on_line(Waiter waiter, std::span<const LineId> lines, bool after_alias) {
  Task& task = tasks_[waiter.index];
  if (task.generation != waiter.generation || !task.coming) return;
  if (after_alias || !task.after_alias || std::ranges::find(lines, task.line) != lines.end())
    arrive(task);
}

void Engine::arrive(Task& task) {
  if (!task.coming) return;
  task.coming = false;
  exchanges_.lines().arrive(task.line);
}

// Names come back where their line is half empty; lines have their turns one after the other.
void Engine::bring_back(Instant now) {
  for (std::size_t left = exchanges_.lines().short_lines(); left > 0 && may_bring_back(); --left) {
    const LineId line = exchanges_.lines().take_short();
    const std::size_t names = exchanges_.lines().call_back(line);
    back_.clear();
    options_.put_away->take(line, names, back_);
    for (NamePutAway& name : back_) {
      iterative_->remember(name.known, now);
      const std::uint32_t index = begin(std::move(name.name), name.number);
      tasks_[index].line = line;
      tasks_[index].coming = true;
      tasks_[index].after_alias = name.after_alias;
      ask_label(index, now);
    }
  }
}

// It has no verdict when the run must end.
void Engine::leave(std::uint32_t index) {
  ++counts_.names_past_deadline;
  end(index, Outcome::kNotReached, nullptr);
}

// After the deadline: those outside, some at a time; those whose next round comes too late, once
// nobody else is parked; at last whoever is still there.
void Engine::leave_all(Instant now) {
  const Instant last = options_.deadline + kAfterDeadline;
  Lines& lines = exchanges_.lines();
  back_.clear();
  // Each turn goes on where the one before has ended: none looks at all lines for a few names.
  for (std::size_t left = lines.size(); left > 0 && lines.outside() > 0; --left) {
    const std::size_t names = lines.give_up(leave_from_, kPutAwayInATurnMax - back_.size());
    if (names > 0) options_.put_away->take(leave_from_, names, back_);
    if (back_.size() >= kPutAwayInATurnMax) break;
    leave_from_ = (leave_from_ + 1) % static_cast<LineId>(lines.size());
  }
  for (NamePutAway& name : back_) leave(begin(std::move(name.name), name.number));
  while (!parked_.empty() && (now >= last || parked_.top().due >= last)) {
    const std::uint32_t index = parked_.top().index;
    parked_.pop();
    ++active_;
    leave(index);
  }
  if (now < last || active_ == 0) return;
  for (std::uint32_t index = 0; index < tasks_.size(); ++index) {
    if (tasks_[index].state != State::kFree) leave(index);
  }
}

void Engine::ask(std::uint32_t index, const Question& question, Freshness fresh, Instant now) {
  const Task& task = tasks_[index];
  resolver_->ask(question, fresh, task.round, Waiter{index, task.generation}, now);
}

void Engine::ask_label(std::uint32_t index, Instant now) {
  const Task& task = tasks_[index];
  std::optional<wire::DnsName> name = wire::DnsName::from_text(label_text(task));
  CAASCAN_ASSERT(name.has_value());  // a DomainName is a legal name by construction
  ask(index, {std::move(*name), wire::RecordType::kCaa}, Freshness{task.fresh_after}, now);
}

void Engine::on_resolved(Waiter waiter, const Question& question, const Resolution& resolution,
                         Instant now) {
  Task& task = tasks_[waiter.index];
  if (task.generation != waiter.generation || task.state == State::kFree) return;
  if (options_.trace) task.trace.push_back({question.name, question.type, task.round, resolution});
  switch (task.state) {
    case State::kClimbing:
      on_climb_answer(waiter.index, question, resolution, now);
      return;
    case State::kCheckingResolver:
      if (resolution.failed) {
        // The resolver does not answer for the root either: its silence says nothing about the
        // name.
        end(waiter.index, Outcome::kNotReached, nullptr);
        return;
      }
      ask_canary(waiter.index, now);
      return;
    case State::kCheckingCanary:
      on_canary(waiter.index, resolution, now);
      return;
    case State::kProbingCase:
      on_case_probe(waiter.index, question, resolution, now);
      return;
    case State::kDiagnosing:
      task.failure->diagnosis->on_answer(resolution);
      diagnose(waiter.index, now);
      return;
    case State::kFree:
    case State::kAskingVersions:
    case State::kParked:
      CAASCAN_ASSERT(false);  // neither asks anything
  }
}

void Engine::on_climb_answer(std::uint32_t index, const Question& question,
                             const Resolution& resolution, Instant now) {
  Task& task = tasks_[index];
  if (resolution.failed) {
    on_failure(index, resolution, now);
    return;
  }
  if (iterative_) note_alive(question, resolution);
  if (!resolution.has_rrset && wants_case_probe(resolution)) task.probe = question.name;
  const std::size_t dot = label_text(task).find('.');
  const bool last = dot == std::string_view::npos;
  if (resolution.has_rrset || last) {
    if (task.failure && !task.failure->observed_unix_ms.empty()) ++counts_.names_cleared;
    if (!resolution.has_rrset && !task.probe.is_root()) {
      task.state = State::kProbingCase;
      ask(index, {.name = task.probe, .purpose = Purpose::kLowerCase}, Freshness{}, now);
      return;
    }
    end(index, resolution.has_rrset ? Outcome::kFound : Outcome::kEmpty, nullptr);
    return;
  }
  task.label_offset = static_cast<std::uint16_t>(task.label_offset + dot + 1);
  ask_label(index, now);
}

void Engine::on_failure(std::uint32_t index, const Resolution& resolution, Instant now) {
  Task& task = tasks_[index];
  if (resolution.excluded) {
    // Not every server was asked, so nothing is said of the name.
    end(index, Outcome::kExcluded, nullptr);
    return;
  }
  // Where the root itself does not validate, our clock is wrong or our anchors are old.
  if (resolution.cause == Cause::kBogus && resolution.zone.is_root()) {
    end(index, Outcome::kNotReached, nullptr);
    return;
  }
  // Iteration asks the name's own servers: only a network that will not carry our questions says
  // nothing of them.
  if (recursive_ ? resolver_declined(resolution.cause, resolution.rcode)
                 : resolution.cause == Cause::kUnreachable) {
    end(index, Outcome::kNotReached, nullptr);
    return;
  }
  if (!task.failure) task.failure = std::make_unique<Failure>();
  Failure& failure = *task.failure;
  // Of several rounds, one in which a server answered says more than one in which none did.
  if (failure.cause == Cause::kNone || resolution.cause != Cause::kTimeout) {
    failure.cause = resolution.cause;
    failure.label = *wire::DnsName::from_text(label_text(task));
    failure.zone = resolution.zone;
    failure.nameservers.clear();
    failure.first_nameserver = {};
    if (resolution.cut) {
      failure.nameservers = names_of(*resolution.cut);
      if (const auto* first = first_nameserver(*resolution.cut)) failure.first_nameserver = *first;
    }
    failure.alias_target = resolution.alias_target;
    failure.security = resolution.security;
    failure.bogus = resolution.bogus;
    failure.nsec = resolution.nsec;
    failure.version_dependent = resolution.version_dependent;
    failure.insecure_at = resolution.insecure_at;
  }
  failure.observed_unix_ms.push_back(unix_ms(resolution.finished));
  if (!resolution.inferred_from.is_root()) {
    failure.inferred_from = resolution.inferred_from;
    ++counts_.names_inferred;
  }
  for (Attempt attempt : resolution.attempts) {
    attempt.round = task.round;
    failure.attempts.push_back(std::move(attempt));
  }
  if (resolution.cause == Cause::kTimeout) {
    // Is it the name's servers that are silent, or our line, or the resolver? The root must have
    // answered lately.
    task.state = State::kCheckingResolver;
    const Instant lately = std::max(resolution.finished, Instant(kLineCheckAge)) - kLineCheckAge;
    ask(index, {wire::DnsName(), wire::RecordType::kSoa}, Freshness{lately, true}, now);
    return;
  }
  ask_canary(index, now);
}

Instant Engine::confirm_due(Instant now) const {
  const Duration grid = std::max<Duration>(options_.confirm_after / kConfirmGrid, Duration(1));
  const Duration due = (now + options_.confirm_after).time_since_epoch();
  return Instant((due + grid - Duration(1)) / grid * grid);
}

void Engine::confirm_or_diagnose(std::uint32_t index, Instant now) {
  Task& task = tasks_[index];
  if (task.round < options_.confirm_rounds) {
    park(index, now);
    return;
  }
  task.state = State::kDiagnosing;
  Failure& failure = *task.failure;
  failure.diagnosis = recursive_ ? std::make_unique<Diagnosis>(failure.label)
                                 : std::make_unique<Diagnosis>(failure.label, failure.zone);
  if (failure.bogus == BogusKind::kWrongDenial || failure.bogus == BogusKind::kNoDenialProof) {
    failure.diagnosis->compare_case_at(failure.alias_target.is_root() ? failure.label
                                                                      : failure.alias_target);
  }
  // A server that answers badly often does so slowly, or not at all.
  const std::optional<Question> ahead = failure.diagnosis->question_ahead();
  if (iterative_ && ahead) iterative_->ask_ahead(*ahead, task.round, now);
  diagnose(index, now);
}

void Engine::diagnose(std::uint32_t index, Instant now) {
  const Task& task = tasks_[index];
  const Diagnosis& diagnosis = *task.failure->diagnosis;
  if (!diagnosis.done()) {
    ask(index, diagnosis.question(), Freshness{}, now);
    return;
  }
  ask_versions(index);
}

// The servers that answered badly are asked for their software; silent ones are left alone.
void Engine::ask_versions(std::uint32_t index) {
  Task& task = tasks_[index];
  Failure& failure = *task.failure;
  if (task.state != State::kAskingVersions && iterative_) {
    for (const Attempt& attempt : failure.attempts) {
      const auto address = IpAddress::parse(attempt.server_address);
      // With a trace, the attempts lead down from the root: only the zone's own servers count.
      if (std::ranges::find(failure.nameservers, attempt.server_name) ==
              failure.nameservers.end() ||
          attempt.round != task.round || attempt.result == AttemptResult::kTimeout ||
          attempt.result == AttemptResult::kUnreachable || !address) {
        continue;
      }
      const auto server = exchanges_.find_server({*address, attempt.server_port});
      if (server && failure.servers.size() < kVersionsMax &&
          std::ranges::find(failure.servers, *server) == failure.servers.end()) {
        failure.servers.push_back(*server);
      }
    }
    task.state = State::kAskingVersions;
  }
  bool all_known = true;
  for (const ServerId server : failure.servers) {
    all_known = versions_.ask(server, Waiter{index, task.generation}) != nullptr && all_known;
  }
  if (all_known) publish(index);
}

void Engine::publish(std::uint32_t index) {
  Task& task = tasks_[index];
  Failure& failure = *task.failure;
  const Diagnosis& diagnosis = *failure.diagnosis;
  auto finding = std::make_unique<Finding>();
  finding->name = task.name;
  finding->outcome = failure.cause == Cause::kTimeout ? Outcome::kTimeout : Outcome::kServfail;
  finding->cause = failure.cause;
  finding->failing_label = failure.label.text();
  // A resolver's failure was diagnosed; iteration knew zone and servers all along.
  const wire::DnsName& alias = recursive_ ? diagnosis.alias_target() : failure.alias_target;
  if (!alias.is_root()) finding->alias_target = alias.text();
  if (diagnosis.zone()) {
    finding->zone = diagnosis.zone()->text();
    finding->inherited = is_inherited(task.name, *diagnosis.zone(), alias);
  }
  finding->nameservers = recursive_ ? diagnosis.nameservers() : std::move(failure.nameservers);
  finding->security = failure.security;
  finding->version_dependent = failure.version_dependent;
  finding->intermittent = diagnosis.right_in_lower_case();
  finding->bogus = failure.bogus;
  if (!failure.inferred_from.is_root()) finding->inferred_from = failure.inferred_from.text();
  if (failure.security == Security::kInsecure) finding->insecure_at = failure.insecure_at.text();
  finding->soa_contact = diagnosis.soa_contact();
  finding->control_result = diagnosis.control_result();
  finding->control_rcode = diagnosis.control_rcode();
  finding->observed_unix_ms = std::move(failure.observed_unix_ms);
  finding->attempts = std::move(failure.attempts);
  for (const ServerId server : failure.servers) {
    finding->versions.push_back(
        {exchanges_.endpoint(server).address.text(), *versions_.ask(server, {})});
  }
  const Outcome outcome = finding->outcome;
  end(index, outcome, std::move(finding));
}

void Engine::end(std::uint32_t index, Outcome outcome, std::unique_ptr<Finding> finding) {
  Task& task = tasks_[index];
  ++counts_.names_by_outcome[static_cast<std::size_t>(outcome)];
  if (options_.keep_progress) ended_.push_back({task.number, outcome});
  if (finding || options_.every_verdict || options_.trace) {
    Verdict& verdict = verdicts_.emplace_back();
    verdict.number = task.number;
    verdict.outcome = outcome;
    verdict.ended_at = std::string(label_text(task));
    verdict.finding = std::move(finding);
    verdict.trace = std::move(task.trace);
    verdict.name = std::move(task.name);
  }
  forget(index);
}

// The task is free again.
void Engine::forget(std::uint32_t index) {
  Task& task = tasks_[index];
  arrive(task);
  task.line = kNoLine;
  task.state = State::kFree;
  ++task.generation;
  task.name = DomainName();
  task.failure.reset();
  task.probe = {};
  task.hidden.reset();
  task.trace.clear();
  free_.push_back(index);
  --active_;
}

void Engine::advance(Instant now) {
  put_away_now_ = 0;
  past_deadline_ = now >= options_.deadline;
  if (past_deadline_ && !idle()) leave_all(now);
  if (options_.put_away != nullptr) {
    exchanges_.lines().set_room(options_.names_held_max -
                                std::min(options_.names_held_max, active_));
  }
  // What has come counts before anything is over.
  if (resolver_->has_deliveries()) resolver_->deliver(now);
  while (!parked_.empty() && parked_.top().due <= now) {
    const auto [due, index] = parked_.top();
    parked_.pop();
    Task& task = tasks_[index];
    CAASCAN_ASSERT(task.state == State::kParked);
    task.state = State::kClimbing;
    task.fresh_after = due;
    task.label_offset = 0;
    // A void round is asked again as the one that it was.
    if (!task.round_void) ++task.round;
    task.round_void = false;
    ++active_;
    ask_label(index, now);
  }
  exchanges_.advance(now);
  while (resolver_->has_deliveries() || versions_.has_told()) {
    resolver_->deliver(now);
    for (const Waiter& waiter : versions_.take_told()) {
      const Task& task = tasks_[waiter.index];
      if (task.generation == waiter.generation && task.state == State::kAskingVersions)
        ask_versions(waiter.index);
    }
    exchanges_.advance(now);
  }
  if (may_bring_back()) {
    bring_back(now);
    exchanges_.advance(now);
  }
}

Instant Engine::next_wake() const {
  Instant at = exchanges_.next_wake();
  if (resolver_->has_deliveries() || versions_.has_told() || may_bring_back()) return Instant{};
  if (!parked_.empty()) at = std::min(at, parked_.top().due);
  if (options_.deadline == kNever || idle()) return at;
  if (past_deadline_ && names_outside() > 0) return Instant{};
  return std::min(at, past_deadline_ ? options_.deadline + kAfterDeadline : options_.deadline);
}

}  // namespace caascan::engine
