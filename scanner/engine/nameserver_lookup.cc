// The part of IterativeResolver that finds the addresses of nameserver names.
#include <algorithm>

#include "ingest/assert.h"
#include "scanner/engine/iterative_resolver.h"

namespace caascan::engine {
namespace {

using wire::DnsName;
using wire::RecordType;

constexpr int kFamilies = 2;
// The longest chain of resolutions that wait for each other and are looked through for a ring.
constexpr std::size_t kRingSearchMax = 256;

}  // namespace

// Starts to look up the addresses of a few more nameserver names. True where something is now
// awaited.
bool IterativeResolver::look_up_nameservers(std::uint32_t index, Instant now) {
  bool started = false;
  for (std::size_t i = 0; i < job(index).looked_up.size(); ++i) {
    Job& it = job(index);
    if (it.waits_on.size() >= 2 * kTargetsAtOnce) break;
    if (it.looked_up[i]) continue;
    if (it.depth >= kDependencyDepthMax || it.quota().targets >= kTargetsPerLookupMax) {
      it.limited = true;
      break;
    }
    const auto tried = static_cast<std::size_t>(std::ranges::count(it.looked_up, true));
    if (tried >= kTargetsPerDelegationMax || it.targets_failed >= kFailedTargetsMax) break;
    it.looked_up[i] = true;
    ++it.quota().targets;
    const DnsName name = it.cut->nameservers[i].name;
    const int depth = it.depth + 1;
    // A confirmation round must not see the failure that it is to confirm.
    const Instant fresh_after = it.fresh_after;
    const std::uint8_t round = it.round;
    for (const RecordType type : {RecordType::kA, RecordType::kAaaa}) {
      const Waiter waiter{index, job(index).serial, true};
      const ResolutionTable::Asked asked =
          table_.ask({name, type}, Freshness{fresh_after}, waiter, now);
      if (!asked.is_new && asked.index < jobs_.size() && would_wait_on_itself(index, asked.index)) {
        // Its answer may still come in useful, but nobody waits for it.
        job(index).limited = true;
        if (++job(index).families_missing[i] == kFamilies) ++job(index).targets_failed;
        continue;
      }
      job(index).waits_on.push_back({asked.index, {name, type}, asked.is_new});
      started = true;
      if (asked.is_new)
        begin({name, type}, fresh_after, round, depth, job(index).share_quota(), asked.index, now);
    }
  }
  return started;
}

// Whether `on` already waits, itself or through others, for `self`.
bool IterativeResolver::would_wait_on_itself(std::uint32_t self, std::uint32_t on) const {
  std::vector<std::uint32_t> open = {on};
  for (std::size_t i = 0; i < open.size(); ++i) {
    if (open[i] == self || i >= kRingSearchMax) return true;
    const Job& it = jobs_[open[i]];
    if (!it.active) continue;
    std::vector<std::uint32_t> next;
    for (const Awaited& awaited : it.waits_on) next.push_back(awaited.index);
    if (it.waits_at_gate != kNone) next.push_back(it.waits_at_gate);
    if (it.awaits_link) next.push_back(it.link.index);
    for (const std::uint32_t index : next) {
      if (std::ranges::find(open, index) == open.end()) open.push_back(index);
    }
  }
  return false;
}

void IterativeResolver::on_nameserver(std::uint32_t index, std::uint32_t answered,
                                      const Question& asked, const Resolution& found, Instant now) {
  Job& it = job(index);
  // The same name may be awaited twice, from two resolutions: which one has ended matters to the
  // search for rings. A job that has moved on to another zone awaits other names.
  const auto awaited = std::ranges::find_if(it.waits_on, [&](const Awaited& one) {
    return one.index == answered && one.question == asked;
  });
  if (awaited == it.waits_on.end()) return;
  const bool for_another = !awaited->begun;
  it.waits_on.erase(awaited);
  const auto nameserver = std::ranges::find(it.cut->nameservers, asked.name, &Nameserver::name);
  CAASCAN_ASSERT(nameserver != it.cut->nameservers.end());
  if (found.failed && found.limited && for_another) {
    // It failed by the bounds of another lookup: once more, by those of this one.
    it.looked_up[static_cast<std::size_t>(nameserver - it.cut->nameservers.begin())] = false;
    send_next(index, now);
    return;
  }
  if (found.failed && found.cause == Cause::kTimeout) it.names_silent = true;
  if (found.failed && found.cause == Cause::kUnreachable) it.names_unreachable = true;
  const auto at = static_cast<std::size_t>(nameserver - it.cut->nameservers.begin());
  if (found.failed || found.addresses.empty()) {
    if (++it.families_missing[at] == kFamilies) ++it.targets_failed;
  } else {
    add_targets(it, at, found.addresses);
  }
  send_next(index, now);
}

}  // namespace caascan::engine
