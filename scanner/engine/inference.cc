// The part of IterativeResolver that lets names fail as others of their zone did (per-zone
// economy).
#include "scanner/engine/iterative_resolver.h"

namespace caascan::engine {

using wire::RecordType;

// Whether the name is taken to fail as others of its zone did. The die is cast once.
bool IterativeResolver::is_inferred(std::uint32_t index) {
  Job& it = job(index);
  if (!it.may_infer || it.aliases > 0 || failing_.empty()) return false;
  const auto found = failing_.find(it.cut->zone);
  if (found == failing_.end() || found->second.names < kFailuresToInfer ||
      found->second.first == question(index).name) {
    return false;
  }
  it.may_infer = random_.below(kInferredAsked) != 0;
  return it.may_infer;
}

void IterativeResolver::fail_unasked(std::uint32_t index, Instant now) {
  const Job& it = job(index);
  const FailingZone& failing = failing_.at(it.cut->zone);
  Resolution& resolution = table_.resolution(index);
  resolution.zone = it.cut->zone;
  resolution.cut = it.cut;
  resolution.inferred_from = failing.first;
  fail(index, failing.cause, now);
}

// What waits for a budget when its zone is found to fail does not need it any more; perhaps some of
// the servers have answered already.
bool IterativeResolver::still_wants(std::uint32_t owner) {
  const Job& it = job(owner);
  if (!it.active || it.holds_gate || !is_inferred(owner)) return true;
  inferred_.push_back({owner, it.serial});
  return false;
}

// Of bogus zones each name fails in its own way, and a TLD has more than one kind of name below it.
void IterativeResolver::learn_failure(std::uint32_t index, Cause cause) {
  const Job& it = job(index);
  const wire::DnsName& zone = it.cut->zone;
  const Question& asked = question(index);
  if (!options_.infer || asked.type != RecordType::kCaa || asked.purpose != Purpose::kVerdict ||
      it.aliases > 0 || it.probe != asked.name || cause == Cause::kBogus ||
      zone.label_count() < 2 || failing_.size() >= not_cut_max_) {
    return;
  }
  FailingZone& failing = failing_[zone];
  if (failing.cause != cause) failing = {cause, 0, asked.name};
  if (failing.names == 0 || (failing.names < kFailuresToInfer && failing.first != asked.name))
    ++failing.names;
}

}  // namespace caascan::engine
