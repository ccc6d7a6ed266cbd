#include "scanner/engine/validator_message.h"

#include <algorithm>
#include <string_view>

namespace caascan::engine {

using wire::DnsName;
using wire::RecordType;
using wire::RrSet;
using wire::Rrsig;
using wire::Section;

namespace {

// Of two times modulo 2^32, whether the first is later (RFC 1982 §3.2).
bool is_later(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::int32_t>(a - b) > 0;
}

// What tells most of several failures of one set: a signature of the wrong time was good once,
// which says more than that another one is not good.
int weight(BogusKind kind) {
  switch (kind) {
    case BogusKind::kTooManyChecks:
      return 5;
    case BogusKind::kNotYetValid:
      return 4;
    case BogusKind::kExpired:
      return 3;
    case BogusKind::kBadSignature:
      return 2;
    case BogusKind::kNoSignature:
      return 1;
    default:
      return 0;
  }
}

void append(wire::Rdata& out, wire::Bytes bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}
void append_sized(wire::Rdata& out, wire::Bytes bytes) {
  out.push_back(static_cast<std::uint8_t>(bytes.size() >> 8));
  out.push_back(static_cast<std::uint8_t>(bytes.size()));
  append(out, bytes);
}

// Appends the records of a set as they were sent, in whatever order: cheaper than their
// canonical form, and two servers that differ in the case of names cost one computation more.
void append_set(wire::Rdata& data, const RrSet& set) {
  const std::string_view owner = set.owner.wire();
  append_sized(data,
               wire::Bytes(reinterpret_cast<const std::uint8_t*>(owner.data()), owner.size()));
  data.push_back(static_cast<std::uint8_t>(set.type >> 8));
  data.push_back(static_cast<std::uint8_t>(set.type));
  if (set.rdatas.size() == 1) {
    append_sized(data, set.rdatas.front());
    return;
  }
  std::vector<const wire::Rdata*> sorted;
  sorted.reserve(set.rdatas.size());
  for (const wire::Rdata& rdata : set.rdatas) sorted.push_back(&rdata);
  std::ranges::sort(sorted, [](const auto* a, const auto* b) { return *a < *b; });
  for (const wire::Rdata* rdata : sorted) append_sized(data, *rdata);
}

}  // namespace

void worsen(BogusKind& kind, BogusKind other) {
  if (weight(other) > weight(kind)) kind = other;
}

const RrSet* Validator::Message::find(const DnsName& owner, RecordType type, bool authority) const {
  for (const RrSet& set : sets_) {
    if (set.owner == owner && is_type(set, type) &&
        (authority || set.section == Section::kAnswer)) {
      return &set;
    }
  }
  return nullptr;
}

// What must hold of a signature before it is worth computing (RFC 4035 §5.3.1). The type is that
// of the set already.
bool Validator::Message::may_sign(const RrSet& set, const Rrsig& signature, const DnsName& zone) {
  const bool wildcard = set.owner.wire().starts_with(std::string_view("\1*", 2));
  const std::size_t labels = set.owner.label_count() - (wildcard ? 1 : 0);
  if (!set.owner.is_within(zone) || signature.labels > labels ||
      signature.labels < zone.label_count()) {
    return false;
  }
  // NSEC3 stands right below the apex, and NSEC stays within the zone (Unbound: val_sigcrypt.c).
  if (is_type(set, RecordType::kNsec3)) return set.owner.parent() == zone;
  if (is_type(set, RecordType::kNsec)) {
    return std::ranges::all_of(set.rdatas, [&](const wire::Rdata& rdata) {
      const auto nsec = wire::parse_nsec(rdata);
      return nsec && nsec->next.is_within(zone);
    });
  }
  return true;
}

void Validator::Message::note_expansion(const RrSet& set, const Rrsig& signature,
                                        Checked& checked) {
  const bool wildcard = set.owner.wire().starts_with(std::string_view("\1*", 2));
  std::size_t labels = set.owner.label_count() - (wildcard ? 1 : 0);
  if (signature.labels >= labels) return;
  checked.expanded = true;
  checked.encloser = wildcard ? set.owner.parent() : set.owner;
  for (; labels > signature.labels; --labels) checked.encloser = checked.encloser.parent();
}

// The signature's data hold the signer's name, the times and the original TTL; the key's its
// algorithm.
bool Validator::Message::is_right(const RrSet& set, const Rrsig& signature,
                                  const wire::Dnskey& key) {
  wire::Rdata& data = validator_.to_digest_;
  data.clear();
  append_set(data, set);
  append_sized(data, signature.rdata);
  append_sized(data, key.rdata);
  const wire::Sha256 digest = wire::sha256(data);
  if (validator_.memory_->holds(digest)) {
    ++validator_.counts_.reused;
    return true;
  }
  ++validator_.counts_.checks;
  const std::uint64_t started = validator_.stopwatch_ != nullptr ? validator_.stopwatch_() : 0;
  const bool right = validator_.signatures_.verify(set, signature, key);
  if (validator_.stopwatch_ != nullptr)
    validator_.counts_.checks_ns += validator_.stopwatch_() - started;
  if (!right) {
    ++validator_.counts_.checks_failed;
    ++failed_;
    return false;
  }
  validator_.memory_->add(digest);
  return true;
}

// RFC 4034 §3.1.5: both ends belong to the time of validity.
BogusKind Validator::Message::check_time(const Rrsig& signature) const {
  if (is_later(signature.inception, signature.expiration) || is_later(signature.inception, now_))
    return BogusKind::kNotYetValid;
  if (is_later(now_, signature.expiration)) return BogusKind::kExpired;
  return BogusKind::kNone;
}

Validator::Message::Checked Validator::Message::check(const RrSet& set, const DnsName& zone,
                                                      const std::vector<wire::Dnskey>& keys) {
  Checked checked{.kind = BogusKind::kNoSignature};
  std::size_t tried = 0;
  for (const Rrsig& signature : set.signatures) {
    if (signature.signer != zone) continue;
    // A signature that nobody here can compute is none, but somebody did sign.
    worsen(checked.kind, BogusKind::kBadSignature);
    if (!wire::is_supported_algorithm(signature.algorithm)) continue;
    if (tried++ == kSignaturesPerSetMax) {
      checked.kind = BogusKind::kTooManyChecks;
      return checked;
    }
    if (!may_sign(set, signature, zone)) continue;
    std::size_t keys_tried = 0;
    for (const wire::Dnskey& key : keys) {
      if (key.key_tag != signature.key_tag || key.algorithm != signature.algorithm) continue;
      if (keys_tried++ == kKeysPerTagMax || failed_ >= kFailedChecksMax) {
        checked.kind = BogusKind::kTooManyChecks;
        return checked;
      }
      if (!is_right(set, signature, key)) continue;
      const BogusKind time = check_time(signature);
      if (time != BogusKind::kNone) {
        worsen(checked.kind, time);
        break;
      }
      checked.good = true;
      checked.kind = BogusKind::kNone;
      checked.ttl_s = std::min({set.ttl_s, signature.original_ttl_s, signature.expiration - now_});
      note_expansion(set, signature, checked);
      return checked;
    }
  }
  return checked;
}

}  // namespace caascan::engine
