#include "scanner/engine/diagnosis.h"

#include <algorithm>

#include "ingest/assert.h"

namespace caascan::engine {
namespace {

using wire::RecordType;

const KeptRecord* find_record(const Resolution& answer, RecordType type) {
  const auto found = std::ranges::find_if(
      answer.records, [type](const KeptRecord& record) { return record.type == type; });
  return found == answer.records.end() ? nullptr : &*found;
}

// The last target of the CNAME chain that starts at `name`, or nothing where there is none.
std::optional<wire::DnsName> chain_end(const Resolution& answer, const wire::DnsName& name) {
  wire::DnsName at = name;
  bool moved = false;
  for (int hop = 0; hop <= kDiagnosisAliasMax; ++hop) {
    const auto next = std::ranges::find_if(answer.records, [&](const KeptRecord& record) {
      return record.type == RecordType::kCname && record.owner == at;
    });
    if (next == answer.records.end()) break;
    at = next->target;
    moved = true;
  }
  if (!moved) return std::nullopt;
  return at;
}

}  // namespace

Diagnosis::Diagnosis(wire::DnsName failing_label)
    : failing_label_(std::move(failing_label)), at_(failing_label_) {}

Diagnosis::Diagnosis(wire::DnsName failing_label, wire::DnsName zone)
    : failing_label_(std::move(failing_label)), at_(zone), zone_(std::move(zone)) {}

Question Diagnosis::question() const {
  switch (step_) {
    case Step::kControl:
      return {failing_label_, RecordType::kA};
    case Step::kContact:
    case Step::kSoa:
      return {at_, RecordType::kSoa};
    case Step::kCname:
      return {at_, RecordType::kCname};
    case Step::kNs:
      return {*zone_, RecordType::kNs};
    case Step::kCase:
      return {.name = *case_at_, .type = RecordType::kLoc, .purpose = Purpose::kLowerCase};
    case Step::kDone:
      break;
  }
  CAASCAN_ASSERT(false);
}

std::optional<Question> Diagnosis::question_ahead() const {
  if (step_ != Step::kControl || !zone_) return std::nullopt;
  return Question{at_, RecordType::kSoa};
}

void Diagnosis::on_answer(const Resolution& answer) {
  switch (step_) {
    case Step::kControl:
      if (!answer.failed ||
          (answer.cause != Cause::kTimeout && answer.cause != Cause::kUnreachable)) {
        control_result_ =
            answer.cause == Cause::kMalformed ? AttemptResult::kMalformed : AttemptResult::kAnswer;
        control_rcode_ = answer.rcode;
      } else {
        control_result_ = AttemptResult::kTimeout;
      }
      step_ = zone_ ? Step::kContact : Step::kSoa;
      return;
    case Step::kContact:
      if (const KeptRecord* soa = find_record(answer, RecordType::kSoa))
        soa_contact_ = soa->contact.text();
      step_ = case_at_ ? Step::kCase : Step::kDone;
      return;
    case Step::kCase:
      right_in_lower_case_ = !answer.failed && answer.security == Security::kSecure;
      step_ = Step::kDone;
      return;
    case Step::kSoa:
      on_soa(answer);
      return;
    case Step::kCname:
      on_cname(answer);
      return;
    case Step::kNs:
      for (const KeptRecord& record : answer.records) {
        if (record.type == RecordType::kNs && record.owner == *zone_) {
          nameservers_.push_back(record.target.text());
        }
      }
      std::ranges::sort(nameservers_);
      nameservers_.erase(std::ranges::unique(nameservers_).begin(), nameservers_.end());
      step_ = Step::kDone;
      return;
    case Step::kDone:
      return;
  }
}

void Diagnosis::on_soa(const Resolution& answer) {
  if (answer.failed) {
    // A dead alias target looks the same as a dead zone: ask for the alias alone, once a label.
    step_ = Step::kCname;
    return;
  }
  const std::optional<wire::DnsName> target = chain_end(answer, at_);
  const KeptRecord* soa = find_record(answer, RecordType::kSoa);
  if (target && soa == nullptr) {
    follow(*target);
    return;
  }
  if (target) alias_target_ = *target;
  if (soa == nullptr) {
    go_up();
    return;
  }
  soa_contact_ = soa->contact.text();
  settle(soa->owner);
}

void Diagnosis::on_cname(const Resolution& answer) {
  if (answer.failed) {
    go_up();
    return;
  }
  if (const std::optional<wire::DnsName> target = chain_end(answer, at_)) {
    follow(*target);
    return;
  }
  if (const KeptRecord* soa = find_record(answer, RecordType::kSoa)) {
    soa_contact_ = soa->contact.text();
    settle(soa->owner);
    return;
  }
  go_up();
}

void Diagnosis::follow(const wire::DnsName& target) {
  alias_target_ = target;
  if (++aliases_ > kDiagnosisAliasMax) {
    step_ = Step::kDone;
    return;
  }
  at_ = target;
  failed_below_.reset();
  step_ = Step::kSoa;
}

void Diagnosis::go_up() {
  if (at_.is_root()) {
    if (failed_below_)
      settle(*failed_below_);
    else
      step_ = Step::kDone;
    return;
  }
  failed_below_ = at_;
  at_ = at_.parent();
  step_ = Step::kSoa;
}

// `apex` is the owner of the SOA record that answered for `at_`. Where something below `at_`
// failed, the cut at fault lies there, and the zone that answered is only its parent.
void Diagnosis::settle(const wire::DnsName& apex) {
  if (failed_below_) {
    zone_ = *failed_below_;
    soa_contact_.clear();
  } else {
    zone_ = apex;
  }
  step_ = Step::kNs;
}

}  // namespace caascan::engine
