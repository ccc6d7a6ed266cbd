// How a zone fails when nobody of it is left to ask, and which zones answer in spite of bad
// servers.
#include "scanner/engine/iterative_resolver.h"

#include <algorithm>
#include <array>
#include <utility>

namespace caascan::engine {
namespace {

constexpr std::size_t kDegradedListedMax = 100000;  // zones held between two calls of take_degraded

}  // namespace

// Every usable address has failed. An error reply says more than silence, whoever gave it; of
// several, the one that most servers gave, and of equals the first in the order of causes.
void IterativeResolver::fail_zone(std::uint32_t index, Instant now) {
  const Job& it = job(index);
  std::array<int, kCauseCount> votes{};
  // A zone none of whose nameserver names could be looked up, for silence, never answered either.
  bool silence = it.names_silent;
  bool unreachable = it.names_unreachable;
  for (const Target& target : it.targets) {
    if (target.cause == Cause::kTimeout) {
      silence = true;
    } else if (target.cause == Cause::kUnreachable) {
      unreachable = true;
    } else {
      ++votes[static_cast<std::size_t>(target.cause)];
    }
  }
  Resolution& resolution = table_.resolution(index);
  resolution.excluded = it.excluded;
  const auto bogus = std::ranges::find(it.targets, Cause::kBogus, &Target::cause);
  if (bogus != it.targets.end()) resolution.bogus = bogus->bogus;
  const auto most = std::ranges::max_element(votes);
  if (it.quota().sends >= kSendsPerLookupMax) {
    fail(index, Cause::kQuotaUsedUp, now);
  } else if (*most > 0) {
    const auto cause = static_cast<Cause>(most - votes.begin());
    if (!silence && !unreachable && std::cmp_equal(*most, it.targets.size()))
      learn_failure(index, cause);
    fail(index, cause, now);
  } else if (silence) {
    if (!unreachable && !it.names_silent) learn_failure(index, Cause::kTimeout);
    fail(index, Cause::kTimeout, now);
  } else if (unreachable || it.other_family > 0) {
    fail(index, Cause::kUnreachable, now);
  } else if (it.special_use > 0) {
    fail(index, Cause::kSpecialUseOnly, now);
  } else {
    fail(index, Cause::kNoAddress, now);
  }
}

void IterativeResolver::fail(std::uint32_t index, Cause cause, Instant now) {
  Job& it = job(index);
  Resolution& resolution = table_.resolution(index);
  resolution.failed = true;
  resolution.cause = cause;
  if (cause == Cause::kBogus) {
    resolution.security = Security::kBogus;
  } else {
    resolution.bogus = BogusKind::kNone;
    if (validates()) {
      if (it.cut) settle_if_possible(index, now);  // what its referral says of it is evidence too
      const bool insecure = it.cut && it.cut->insecure;
      resolution.security = insecure ? Security::kInsecure : Security::kIndeterminate;
      if (insecure) resolution.insecure_at = it.cut->insecure->insecure_at;
    }
  }
  resolution.limited = it.depth > 0 && (it.limited || cause == Cause::kQuotaUsedUp);
  const bool shareable = !it.limited && cause != Cause::kQuotaUsedUp;
  keep_cut(it, now);
  std::vector<std::uint32_t> waiting;
  if (it.holds_gate) {
    // The parent fails for everybody who waits: one failure, with its evidence, is theirs too.
    const auto gate = gates_.find(it.probe);
    waiting = std::move(gate->second.second);
    gates_.erase(gate);
    it.holds_gate = false;
  }
  for (const std::uint32_t other : waiting) {
    Job& waiter = job(other);
    waiter.waits_at_gate = kNone;
    if (!waiter.active) continue;
    if (waiter.fresh_after > resolution.started || !shareable) {
      // It must see for itself: what failed was asked before its round, or by other bounds.
      locate(other, now);
      continue;
    }
    Resolution& shared = table_.resolution(other);
    shared.zone = resolution.zone;
    shared.cut = resolution.cut;
    shared.attempts = resolution.attempts;
    shared.bogus = resolution.bogus;
    shared.rcode = resolution.rcode;
    fail(other, cause, now);
  }
  finish(index, now);
}

// Where a zone fails, it is asked again: for the diagnosis, by canaries, in the next round. It has
// taken its time to fail, and others may have taken its place in the cache.
void IterativeResolver::keep_cut(const Job& it, Instant now) {
  if (!it.cut || it.cut == root_ || it.cut->expires < now) return;
  if (!delegations_.get(it.cut->zone, now)) delegations_.put(it.cut);
}

// A zone that answered after some of its servers had failed to.
void IterativeResolver::record_degraded(std::uint32_t index) {
  const Job& it = job(index);
  const bool bad = std::ranges::any_of(it.targets, [](const Target& target) {
    return target.silent || (target.decided && !target.recursion_lame);
  });
  if (!bad || degraded_.size() >= kDegradedListedMax) return;
  note_reply();
  DegradedZone zone;
  zone.zone = it.cut->zone.text();
  zone.nameservers = names_of(*it.cut);
  zone.attempts = table_.resolution(index).attempts;
  degraded_.push_back(std::move(zone));
}

}  // namespace caascan::engine
