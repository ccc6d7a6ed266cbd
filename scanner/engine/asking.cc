// Asking the servers of a zone: who they are, whose turn it is, how long to wait.
#include "scanner/engine/iterative_resolver.h"

#include <algorithm>
#include <ranges>

#include "scanner/engine/evidence.h"

namespace caascan::engine {

using wire::RecordType;

void IterativeResolver::leave_zone(Job& it) {
  ++it.zones_left;
  for (const AttemptId attempt : it.live) exchanges_.abandon(attempt);
  it.live.clear();
  it.targets.clear();
  it.special_use = it.other_family = 0;
  it.timeouts = 0;
  it.excluded = false;
  it.waited = Duration{};
  it.sends_zone = 0;
  it.asking = it.listening = false;
  it.looked_up.clear();
  it.families_missing.clear();
  it.waits_on.clear();
  it.targets_failed = 0;
  it.names_silent = it.names_unreachable = it.limited = false;
  it.check.reset();
  it.fallback.reset();
  it.in_lower_case.reset();
  it.kept_back.clear();
  it.awaits_link = false;
}

void IterativeResolver::enter_zone(std::uint32_t index, Instant now) {
  Job& it = job(index);
  if (question(index).type == RecordType::kDnskey && !has_ds(index, now)) return;
  if (!it.holds_gate && is_inferred(index)) {
    if (!options_.trace) table_.resolution(index).attempts.clear();  // those of the zone above
    fail_unasked(index, now);
    return;
  }
  Resolution& resolution = table_.resolution(index);
  resolution.zone = it.cut->zone;
  resolution.cut = it.cut;
  if (!options_.trace)
    resolution.attempts.clear();  // evidence is of the zone at fault, which is the last one
  it.looked_up.assign(it.cut->nameservers.size(), false);
  it.families_missing.assign(it.cut->nameservers.size(), 0);
  for (std::size_t i = 0; i < it.cut->nameservers.size(); ++i) {
    const Nameserver& nameserver = it.cut->nameservers[i];
    if (!nameserver.glue.empty()) {
      add_targets(it, i, nameserver.glue);
      it.looked_up[i] = true;
      continue;
    }
    // Only where both families are known is there nothing to look up.
    bool all_known = true;
    bool none = true;
    for (const RecordType type : {RecordType::kA, RecordType::kAaaa}) {
      const Resolution* known = table_.use({nameserver.name, type}, Freshness{}, now);
      all_known = all_known && known != nullptr;
      if (known == nullptr) continue;
      none = none && known->addresses.empty();
      add_targets(it, i, known->addresses);
    }
    it.looked_up[i] = all_known;
    if (all_known && none) ++it.targets_failed;
  }
  // A random order spreads the load; in it, nobody is preferred.
  for (std::size_t i = it.targets.size(); i > 1; --i) {
    std::swap(it.targets[i - 1], it.targets[random_.below(static_cast<std::uint32_t>(i))]);
  }
  send_next(index, now);
}

void IterativeResolver::add_targets(Job& it, std::size_t nameserver,
                                    const std::vector<IpAddress>& addresses) {
  for (const IpAddress& address : addresses) {
    if (servers_.is_excluded(address, it.cut->nameservers[nameserver].name)) {
      it.excluded = true;
      continue;
    }
    if (!servers_.may_be_asked(address)) {
      ++it.special_use;
      continue;
    }
    if (address.v6 ? !options_.use_v6 : !options_.use_v4) {
      ++it.other_family;
      continue;
    }
    if (it.targets.size() >= kAddressesPerZoneMax) return;
    const ServerId server =
        servers_.nameserver(address, it.cut->nameservers[nameserver].name, it.cut->zone);
    if (target_of(it, server) != nullptr) continue;
    it.targets.push_back({.nameserver = nameserver, .server = server});
  }
}

IterativeResolver::Target* IterativeResolver::target_of(Job& it, ServerId server) {
  const auto found = std::ranges::find(it.targets, server, &Target::server);
  return found == it.targets.end() ? nullptr : &*found;
}

// Whether the address is asked again only because it has not answered.
bool IterativeResolver::is_repeat(const Target& target) {
  return target.sends > 0 && !target.lower_case && !target.no_edns;
}

// An address is asked up to three times. One that has not answered anybody for a while is asked
// once, and a name's first pass asks again only where few questions of that server are: what fails
// by that is asked as often as it needs in the rounds that confirm it.
bool IterativeResolver::may_be_asked(const Job& it, const Target& target) const {
  if (target.sends >= kSendsPerAddressMax) return false;
  if (!is_repeat(target)) return true;
  if (exchanges_.is_silent(target.server)) return false;
  return it.round > 0 || !options_.confirms || exchanges_.may_repeat(target.server);
}

// Whose turn it is: first who has not been asked at all, then who answers in another case (it
// lives, and answers as soon as it is asked in lower case), then the silent ones, the least asked
// first. Null where nobody may be asked any more.
// Of those that have not been asked, the one for whom the fewest questions wait.
// The first two turns come even when the time is over: nobody is accused before every address has
// been asked in a way that it understands.
IterativeResolver::Target* IterativeResolver::pick(Job& it) const {
  const auto turn = [](const Target& target) {
    if (target.sends == 0) return 0;
    // Who has answered a question that it did not understand lives: it is asked the other way until
    // its sends are used up, because one lost datagram must not make it a silent server.
    return target.lower_case || target.no_edns ? 1 : 1 + target.sends;
  };
  const bool somebody_waits = exchanges_.queued() > 0;
  Target* best = nullptr;
  for (Target& target : it.targets) {
    if (target.decided || !may_be_asked(it, target)) continue;
    if (best == nullptr || turn(target) < turn(*best) ||
        (somebody_waits && target.sends == 0 && best->sends == 0 &&
         exchanges_.waiting(target.server) < exchanges_.waiting(best->server))) {
      best = &target;
    }
  }
  return best != nullptr && (turn(*best) <= 1 || it.waited < kZoneTimeMax) ? best : nullptr;
}

void IterativeResolver::send_next(std::uint32_t index, Instant now) {
  Job& it = job(index);
  if (it.asking || it.check) return;
  if (it.fallback && !it.fallback->over && ask_again_for_case(index, now)) return;
  if (it.in_lower_case && !it.in_lower_case->over && ask_in_capitals(index, now)) return;
  const bool sends_left = it.sends_zone < kSendsPerZoneMax && it.quota().sends < kSendsPerLookupMax;
  Target* target = sends_left ? pick(it) : nullptr;
  // Nobody is asked a second time before every nameserver name has been looked up.
  if ((target == nullptr || target->sends > 0) && sends_left && look_up_nameservers(index, now))
    return;
  if (!it.waits_on.empty() && (target == nullptr || target->sends > 0)) return;
  if (sends_left && (target == nullptr || target->sends > 0)) {
    // Nor before servers that speak from a cache have been asked as one asks a cache: their word is
    // a last choice, but who has been silent so far may stay silent until the time is over.
    for (Target& lame : it.targets) {
      if (!lame.recursion_lame || lame.recursive) continue;
      lame.recursive = true;
      lame.decided = false;
      lame.sends = 0;
      target = &lame;
      break;
    }
  }
  if (target != nullptr) {
    if (it.sends_zone == 0 && it.may_be_put_away && put_away(index, target->server, now)) return;
    send_to(index, *target, false);
    return;
  }
  if (listen_on(index, now)) return;
  fail_zone(index, now);
}

// Where nobody is left to ask, nothing is left to do but to listen: what comes within the time of
// the zone still counts. True where somebody who was silent may still answer.
bool IterativeResolver::listen_on(std::uint32_t index, Instant now) {
  Job& it = job(index);
  for (const AttemptId attempt : std::views::reverse(it.live)) {
    const AttemptInfo* sent = exchanges_.find_sent(attempt);
    if (sent == nullptr || sent->tcp) continue;
    const Target* target = target_of(it, sent->server);
    if (target == nullptr || target->decided) continue;
    const Instant until =
        std::min(sent->sent_at + kAttemptWaitMax, now + (kZoneTimeMax - it.waited));
    if (until <= now + TimerWheel::kTick) return false;
    it.asking = true;
    it.asking_server = sent->server;
    it.asking_attempt = attempt;
    it.listening = exchanges_.listen_on(attempt, until);
    it.listening_since = now;
    return true;
  }
  return false;
}

// The evidence of the first wait says how long it was in the end.
void IterativeResolver::end_listening(std::uint32_t index, const AttemptInfo& info, Instant now) {
  Job& it = job(index);
  it.asking = it.listening = false;
  it.waited += now - it.listening_since;
  const Attempt heard =
      make_evidence(exchanges_.endpoint(info.server), {}, info, AttemptResult::kTimeout, it.round,
                    options_.epoch_unix_ms, now);
  for (Attempt& noted : std::views::reverse(table_.resolution(index).attempts)) {
    if (noted.qname != heard.qname || noted.server_address != heard.server_address ||
        noted.sent_unix_ms != heard.sent_unix_ms) {
      continue;
    }
    noted.rtt_us = heard.rtt_us;
    break;
  }
  send_next(index, now);
}

void IterativeResolver::send_to(std::uint32_t index, Target& target, bool tcp) {
  Job& it = job(index);
  Duration wait = kSendWaits[std::min<std::size_t>(target.sends, kSendWaits.size() - 1)];
  // Of the zone's time each address has its share: the first pass reaches all of them.
  const Duration share = kZoneTimeMax / static_cast<Duration::rep>(it.targets.size());
  if (tcp) {
    wait = std::clamp(share, kTcpWaitMin, kTcpWait);
  } else if (target.sends == 0) {
    wait = std::clamp(share, kFirstWaitMin, wait);
  }
  const bool in_capitals = it.in_lower_case && !it.in_lower_case->over;
  if (!tcp && in_capitals) wait = kSendWaits[it.in_lower_case->asked_again - 1];
  wire::Query query;
  query.name = it.probe;
  query.type = question(index).type;
  query.recursion_desired = target.recursive;
  query.edns_size = target.no_edns ? 0 : options_.profile.edns_size;
  query.dnssec_ok = query.edns_size != 0;
  // Where somebody has answered in mixed case, silence is not about the case.
  const bool all_silent = std::ranges::none_of(it.targets, &Target::decided);
  const bool lower_case =
      target.lower_case ||
      (!in_capitals && all_silent &&
       (it.timeouts >= kTimeoutsBeforeLowerCase || exchanges_.is_silent(target.server)));
  // Some servers prove the wrong thing of names that have a capital below the apex of a signed
  // zone. Random case finds that by chance; capitals everywhere find it always.
  if (!lower_case && question(index).purpose != Purpose::kLowerCase)
    query.case_seed = random_.u64() | 1;
  if (it.cut->may_be_signed && query.type == RecordType::kCaa && !it.holds_gate &&
      it.probe.is_within(it.cut->zone))
    query.upper_labels =
        static_cast<std::uint8_t>(it.probe.label_count() - it.cut->zone.label_count());
  if (!tcp && is_repeat(target)) exchanges_.on_repeat(target.server);
  if (!tcp) ++target.sends;
  ++it.sends_zone;
  ++it.quota().sends;
  it.asking = true;
  it.listening = false;
  it.asking_server = target.server;
  it.asking_attempt = exchanges_.start(target.server, query, wait, tcp, index);
  it.live.push_back(it.asking_attempt);
}

// A late answer from a server that is not being asked any more ends nobody else's wait.
void IterativeResolver::end_wait(Job& it, const AttemptInfo& info) {
  if (info.server == it.asking_server) it.asking = false;
}

void IterativeResolver::note(std::uint32_t index, const AttemptInfo& info, AttemptResult result,
                             const wire::MessageView* view, Instant now) {
  Job& it = job(index);
  const Target* target = target_of(it, info.server);
  const std::string name =
      target == nullptr ? "" : it.cut->nameservers[target->nameserver].name.text();
  Attempt attempt = make_evidence(exchanges_.endpoint(info.server), name, info, result, it.round,
                                  options_.epoch_unix_ms, now);
  if (view != nullptr) add_reply(attempt, *view);
  table_.resolution(index).attempts.push_back(std::move(attempt));
}

void IterativeResolver::on_wait_over(std::uint32_t owner, AttemptId attempt,
                                     const AttemptInfo& info, Instant now) {
  Job& it = job(owner);
  if (!it.active) return;
  Target* target = target_of(it, info.server);
  if (target == nullptr) return;
  if (it.listening && attempt == it.asking_attempt) {
    end_listening(owner, info, now);
    return;
  }
  note(owner, info,
       info.saw_question_mismatch ? AttemptResult::kMalformed : AttemptResult::kTimeout, nullptr,
       now);
  // Only the question that was put last is waited for; earlier ones are merely listened to.
  if (attempt == it.asking_attempt) {
    it.asking = false;
    it.waited += now - info.sent_at;
  }
  if (info.tcp) {
    target->decided = true;
    target->cause = Cause::kTruncatedNoTcp;
  } else if (!target->decided) {
    ++it.timeouts;
    target->silent = true;
    if (info.saw_question_mismatch) target->cause = Cause::kMalformed;
    target->lower_case = target->lower_case || info.saw_case_mismatch;
  }
  send_next(owner, now);
}

void IterativeResolver::on_failed(std::uint32_t owner, const AttemptInfo& info, Instant now) {
  Job& it = job(owner);
  if (!it.active) return;
  Target* target = target_of(it, info.server);
  if (target == nullptr) return;
  note(owner, info, info.tcp ? AttemptResult::kTcpFailed : AttemptResult::kUnreachable, nullptr,
       now);
  end_wait(it, info);
  target->decided = true;
  target->cause = info.tcp ? Cause::kTruncatedNoTcp : Cause::kUnreachable;
  send_next(owner, now);
}

}  // namespace caascan::engine
