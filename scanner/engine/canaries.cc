// The part of Engine that asks whether a failure is the name's at all: names that answered well in
// this run (canaries) must still do so, or the round counts for nobody. And the part that looks for
// CAA sets which only lower-case questions see.
#include <algorithm>

#include "ingest/domain_name.h"
#include "scanner/engine/engine.h"

namespace caascan::engine {
namespace {

// Operators from which canaries are taken, so that one of them in trouble is not the whole world.
constexpr std::size_t kCanaryOperators = 3;
// Nameserver names for which a good name, and a count of probes, are remembered.
constexpr std::size_t kOperatorsMax = 100'000;
// A canary's answer of this age still says that it is alive.
constexpr Duration kCanaryAge = std::chrono::seconds(10);
// A name whose rounds are void again and again cannot be judged tonight.
constexpr std::uint8_t kVoidRoundsMax = 3;
// Zones of one server that are asked in lower case too before it is taken to see no difference.
constexpr std::uint8_t kCaseProbesMax = 3;
constexpr std::uint8_t kSeesCase = 255;

}  // namespace

// Remembers good names, one for each nameserver name, the first of them as canaries for all.
void Engine::note_alive(const Question& question, const Resolution& resolution) {
  const wire::DnsName* server = resolution.cut ? first_nameserver(*resolution.cut) : nullptr;
  if (server == nullptr || resolution.zone.label_count() < 2) return;
  if (remember_alive(*server, question.name) && options_.keep_progress)
    alive_.push_back({std::string(server->wire()), std::string(question.name.wire())});
}

// Whether it was new.
bool Engine::remember_alive(const wire::DnsName& nameserver, const wire::DnsName& name) {
  if (alive_at_.size() >= kOperatorsMax || !alive_at_.try_emplace(nameserver, name).second)
    return false;
  if (canary_operators_.size() >= kCanaryOperators) return true;
  std::string made(registrable_domain(nameserver.text()));
  if (std::ranges::find(canary_operators_, made) != canary_operators_.end()) return true;
  canary_operators_.push_back(std::move(made));
  canaries_.push_back(name);
  return true;
}

// A round in which the name has failed counts only if a canary is alive. A server that refuses may
// be limiting us: then a name that it answered well before is the canary, and it alone.
void Engine::ask_canary(std::uint32_t index, Instant now) {
  Task& task = tasks_[index];
  Failure& failure = *task.failure;
  if (task.state != State::kCheckingCanary && iterative_) {
    failure.canaries.clear();
    failure.own_canary = false;
    if (failure.cause == Cause::kRefused) {
      const auto alive = alive_at_.find(failure.first_nameserver);
      failure.own_canary = alive != alive_at_.end() && alive->second != failure.label;
      if (failure.own_canary) failure.canaries = {alive->second};
    }
    if (failure.canaries.empty()) failure.canaries = canaries_;
    std::erase(failure.canaries, failure.label);
  }
  if (failure.canaries.empty()) {
    // None known, or all but this very name: no round is void.
    confirm_or_diagnose(index, now);
    return;
  }
  task.state = State::kCheckingCanary;
  const Instant lately = std::max(now, Instant(kCanaryAge)) - kCanaryAge;
  ask(index, {.name = failure.canaries.back()}, Freshness{lately, true}, now);
}

void Engine::on_canary(std::uint32_t index, const Resolution& resolution, Instant now) {
  Failure& failure = *tasks_[index].failure;
  if (!resolution.failed || (failure.own_canary && resolution.cause != Cause::kRefused)) {
    confirm_or_diagnose(index, now);
    return;
  }
  failure.canaries.pop_back();
  if (!failure.canaries.empty()) {
    ask_canary(index, now);
    return;
  }
  // Nothing is alive here: it is our line, or a server that has had enough of us.
  ++counts_.rounds_void;
  failure.observed_unix_ms.pop_back();
  if (failure.observed_unix_ms.empty()) failure.cause = Cause::kNone;
  std::erase_if(failure.attempts,
                [&](const Attempt& attempt) { return attempt.round == tasks_[index].round; });
  if (++failure.rounds_void > kVoidRoundsMax) {
    end(index, Outcome::kNotReached, nullptr);
    return;
  }
  tasks_[index].round_void = true;
  park(index, now);
}

void Engine::park(std::uint32_t index, Instant now) {
  Task& task = tasks_[index];
  task.state = State::kParked;
  arrive(task);
  const Instant due = confirm_due(now);
  parked_.push({due, index});
  --active_;
  if (options_.keep_progress) failed_.push_back(failed_name(task, due));
}

// The first few zones of each server are asked in lower case too; all zones of one that was once
// seen to make a difference. Signed zones need not be: a wrong denial does not validate there.
bool Engine::wants_case_probe(const Resolution& resolution) {
  const wire::DnsName* server = resolution.cut ? first_nameserver(*resolution.cut) : nullptr;
  if (server == nullptr || resolution.zone.label_count() < 2 ||
      resolution.security == Security::kSecure || !resolution.alias_target.is_root()) {
    return false;
  }
  const auto probes = case_probes_.find(*server);
  if (probes == case_probes_.end()) {
    if (case_probes_.size() >= kOperatorsMax) return false;
    case_probes_.emplace(*server, 1);
    return true;
  }
  if (probes->second == kSeesCase) return true;
  if (probes->second >= kCaseProbesMax) return false;
  ++probes->second;
  return true;
}

// A set that only the lower-case question finds is asked for once more in mixed case: that it was
// not there then is the evidence.
void Engine::on_case_probe(std::uint32_t index, const Question& question,
                           const Resolution& resolution, Instant now) {
  Task& task = tasks_[index];
  if (question.purpose == Purpose::kLowerCase) {
    if (!resolution.failed && resolution.has_rrset) {
      task.hidden = std::make_unique<HiddenCaa>();
      task.hidden->name = question.name.text();
      task.hidden->zone = resolution.zone.text();
      task.hidden->nameservers = names_of(*resolution.cut);
      task.hidden->attempts = resolution.attempts;
      ask(index, {.name = question.name, .purpose = Purpose::kEvidence}, Freshness{now, true}, now);
      return;
    }
  } else if (!resolution.failed && !resolution.has_rrset) {
    case_probes_[*first_nameserver(*resolution.cut)] = kSeesCase;
    HiddenCaa& hidden = hidden_.emplace_back(std::move(*task.hidden));
    hidden.attempts.insert(hidden.attempts.begin(), resolution.attempts.begin(),
                           resolution.attempts.end());
  }
  end(index, Outcome::kEmpty, nullptr);
}

}  // namespace caascan::engine
