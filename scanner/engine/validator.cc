// A message passes through here in three steps. `read_rrsets` makes sets of its records. `Message`
// finds out of each set that matters whether the zone signed it, at most a bounded number of
// computations a message, most of them known already from `Memory`. What the sets say together is
// then decided: `Denial` for what is not there, this file for the rest.
#include "scanner/engine/validator.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "scanner/engine/validator_message.h"

namespace caascan::engine {
namespace {

using wire::DnsName;
using wire::RecordType;
using wire::RrSet;
using wire::Rrsig;
using wire::Section;

bool is_strictly_within(const DnsName& name, const DnsName& ancestor) {
  return name != ancestor && name.is_within(ancestor);
}

bool is_signed_by(const RrSet& set, const DnsName& zone) {
  return std::ranges::any_of(set.signatures, [&](const Rrsig& one) { return one.signer == zone; });
}

// `name` with its ending `owner` replaced by `target` (RFC 6672 §2.2).
std::optional<DnsName> substitute(const DnsName& name, const DnsName& owner,
                                  const DnsName& target) {
  std::string made(name.wire().substr(0, name.wire().size() - owner.wire().size()));
  made += target.wire();
  if (made.size() > wire::kWireNameOctetsMax) return std::nullopt;
  wire::Cursor cursor(wire::Bytes(reinterpret_cast<const std::uint8_t*>(made.data()), made.size()));
  return DnsName::read(cursor);
}

// The one name in the data of a set of CNAME or DNAME, of which there may be one record only.
std::optional<DnsName> single_target(const RrSet& set) {
  if (set.rdatas.empty()) return std::nullopt;
  wire::Cursor cursor(set.rdatas.front());
  DnsName target = DnsName::read(cursor);
  const bool same = std::ranges::all_of(
      set.rdatas, [&](const wire::Rdata& rdata) { return rdata == set.rdatas.front(); });
  if (!cursor.ok() || !same) return std::nullopt;
  return target;
}

}  // namespace

bool is_usable(const std::vector<wire::DsRecord>& records) {
  return std::ranges::any_of(records, [](const wire::DsRecord& ds) {
    return wire::is_supported_algorithm(ds.algorithm) && wire::is_supported_digest(ds.digest_type);
  });
}

namespace {

Validation bogus(BogusKind kind) {
  return {.proof = Proof::kBogus, .kind = kind};
}

// Of a message without anything that the zone signed: the deepest zone below it, on the way to
// `name`, that signed a set for which `counts` holds.
template <typename Counts>
Validation unsigned_or_below(const std::vector<RrSet>& sets, const DnsName& zone,
                             const DnsName& name, Counts counts) {
  Validation made{.proof = Proof::kUnsigned, .kind = BogusKind::kNoSignature};
  for (const RrSet& set : sets) {
    if (!counts(set)) continue;
    for (const Rrsig& signature : set.signatures) {
      if (!is_strictly_within(signature.signer, zone) || !name.is_within(signature.signer))
        continue;
      if (made.proof == Proof::kSignedBelow && made.signer.is_within(signature.signer)) continue;
      made = {.proof = Proof::kSignedBelow, .signer = signature.signer};
    }
  }
  return made;
}

}  // namespace

Validator::Validator(std::size_t cache_bytes_max, Stopwatch stopwatch)
    : stopwatch_(stopwatch), memory_(std::make_unique<Memory>(cache_bytes_max)) {}
Validator::~Validator() = default;

Validation Validator::check_keys(const DnsName& zone, const std::vector<wire::DsRecord>& ds,
                                 const wire::MessageView& message, std::int64_t now_unix_s,
                                 ZoneKeys& keys) {
  keys = {.zone = zone, .keys = {}};
  if (!is_usable(ds)) return {.proof = Proof::kInsecure};
  Message in(*this, message, now_unix_s);
  if (!in.readable()) return bogus(BogusKind::kBadSignature);
  const RrSet* set = in.find(zone, RecordType::kDnskey, false);
  if (set == nullptr) return bogus(BogusKind::kNoDnskey);
  std::vector<wire::Dnskey> may_sign;
  for (const wire::Rdata& rdata : set->rdatas) {
    auto key = wire::parse_dnskey(rdata);
    if (key && key->is_zone_key() && !key->is_revoked()) may_sign.push_back(std::move(*key));
  }
  const auto usable = [](const wire::DsRecord& one) {
    return wire::is_supported_algorithm(one.algorithm) &&
           wire::is_supported_digest(one.digest_type);
  };
  const bool better = std::ranges::any_of(
      ds, [&](const wire::DsRecord& one) { return usable(one) && one.digest_type != kDigestSha1; });
  BogusKind kind = BogusKind::kDsMismatch;
  std::size_t tried = 0;
  for (const wire::DsRecord& one : ds) {
    if (!usable(one) || (better && one.digest_type == kDigestSha1)) continue;
    if (tried++ == kDsTriedMax) return bogus(BogusKind::kTooManyChecks);
    std::size_t mismatches = 0;
    for (const wire::Dnskey& key : may_sign) {
      if (key.key_tag != one.key_tag || key.algorithm != one.algorithm) continue;
      if (mismatches == kKeysPerTagMax) {
        worsen(kind, BogusKind::kTooManyChecks);
        break;
      }
      if (!wire::ds_matches(zone, one, key)) {
        ++mismatches;
        continue;
      }
      // The set must be signed by this very key.
      RrSet by_key = *set;
      by_key.signatures.clear();
      std::ranges::copy_if(
          set->signatures, std::back_inserter(by_key.signatures), [&](const Rrsig& signature) {
            return signature.key_tag == key.key_tag && signature.algorithm == key.algorithm;
          });
      const Message::Checked checked = in.check(by_key, zone, {key});
      if (checked.good && !checked.expanded) {
        for (wire::Dnskey& good : may_sign) {
          if (wire::is_supported_algorithm(good.algorithm)) keys.keys.push_back(std::move(good));
        }
        return {.proof = Proof::kSecure, .ttl_s = checked.ttl_s};
      }
      worsen(kind, checked.good ? BogusKind::kBadSignature : checked.kind);
    }
  }
  return bogus(kind);
}

DsAnswer Validator::check_ds(const ZoneKeys& keys, const DnsName& child,
                             const wire::MessageView& message, std::int64_t now_unix_s) {
  DsAnswer made;
  const auto fail = [&](BogusKind kind) {
    made.state = DsState::kBogus;
    made.kind = kind;
    return made;
  };
  Message in(*this, message, now_unix_s, wire::Wanted::kOfDelegation);
  if (!in.readable()) return fail(BogusKind::kBadSignature);
  // A DS set made from a wildcard would make a delegation of every name: nobody signs that, and it
  // is not believed.
  if (const RrSet* set = in.find(child, RecordType::kDs, true)) {
    const Message::Checked checked = in.check(*set, keys.zone, keys.keys);
    if (!checked.good) return fail(checked.kind);
    if (checked.expanded) return fail(BogusKind::kBadSignature);
    made.state = DsState::kSecure;
    made.ttl_s = checked.ttl_s;
    for (const wire::Rdata& rdata : set->rdatas) {
      auto record = wire::parse_ds(rdata);
      if (record) made.records.push_back(std::move(*record));
    }
    return made;
  }
  if (const RrSet* alias = in.find(child, RecordType::kCname, false)) {
    const Message::Checked checked = in.check(*alias, keys.zone, keys.keys);
    if (!checked.good) return fail(checked.kind);
    made.state = DsState::kNoCut;
    made.ttl_s = checked.ttl_s;
    return made;
  }
  Denial denial(keys.zone, hashes_);
  bool any = false;
  for (const RrSet& set : in.sets()) {
    if (set.section != Section::kAuthority || !is_denial(set) || !is_signed_by(set, keys.zone))
      continue;
    any = true;
    const Message::Checked checked = in.check(set, keys.zone, keys.keys);
    if (!checked.good) return fail(checked.kind);
    made.ttl_s = std::min(made.ttl_s, checked.ttl_s);
    denial.add(set, checked.expanded ? &checked.encloser : nullptr);
  }
  if (!any) return made;
  made.nsec = denial.has_nsec();
  const DsDenied denied = denial.ds(child);
  switch (denied) {
    case DsDenied::kNoDs:
      made.state = DsState::kNoDs;
      return made;
    case DsDenied::kNoCut:
      made.state = DsState::kNoCut;
      return made;
    case DsDenied::kInsecure:
      made.state = DsState::kInsecure;
      return made;
    case DsDenied::kNotProven:
      break;
  }
  return fail(denial.is_empty() ? BogusKind::kNoDenialProof : BogusKind::kWrongDenial);
}

Validation Validator::check_answer(const ZoneKeys& keys, const DnsName& name, RecordType type,
                                   Claim claim, const wire::MessageView& message,
                                   std::int64_t now_unix_s,
                                   std::span<const wire::MessageView> before) {
  Message in(*this, message, now_unix_s);
  if (!in.readable()) return bogus(BogusKind::kBadSignature);
  for (const wire::MessageView& one : before) in.add_proofs(one);
  return claim == Claim::kAnswer || claim == Claim::kAlias
             ? check_present(in, keys, name, claim == Claim::kAlias ? RecordType::kCname : type)
             : check_absent(in, keys, name, type, claim);
}

// The set that is claimed to be there, and where it was made from a wildcard the proof that the
// wildcard was the closest match.
Validation Validator::check_present(Message& in, const ZoneKeys& keys, const DnsName& name,
                                    RecordType type) {
  const RrSet* set = in.find(name, type, false);
  // A DNAME above the name speaks for the CNAME, which servers make up and do not sign.
  const RrSet* dname = nullptr;
  if (type == RecordType::kCname) {
    for (const RrSet& one : in.sets()) {
      if (one.section != Section::kAnswer || !is_type(one, RecordType::kDname) ||
          !is_strictly_within(name, one.owner) || !one.owner.is_within(keys.zone)) {
        continue;
      }
      if (dname == nullptr || one.owner.is_within(dname->owner)) dname = &one;
    }
  }
  const RrSet* main = dname != nullptr ? dname : set;
  if (main == nullptr) return bogus(BogusKind::kNoSignature);
  if (!is_signed_by(*main, keys.zone)) {
    return unsigned_or_below(in.sets(), keys.zone, name,
                             [&](const RrSet& one) { return &one == main; });
  }
  const Message::Checked checked = in.check(*main, keys.zone, keys.keys);
  if (!checked.good) return bogus(checked.kind);
  // All signatures must agree on whether there was a wildcard (Unbound: val_rrset_wildcard).
  const bool agreed = std::ranges::all_of(main->signatures, [&](const Rrsig& signature) {
    return signature.labels == main->signatures.front().labels;
  });
  if (!agreed) return bogus(BogusKind::kBadSignature);
  Validation made{.proof = Proof::kSecure, .ttl_s = checked.ttl_s};
  if (dname != nullptr) {
    // Which names a DNAME made from a wildcard redirects is not defined (RFC 6672 §3.3).
    if (checked.expanded) return bogus(BogusKind::kBadSignature);
    const auto target = single_target(*dname);
    const auto follows = target ? substitute(name, dname->owner, *target) : std::nullopt;
    if (!follows || (set != nullptr && single_target(*set) != follows))
      return bogus(BogusKind::kBadSignature);
    return made;
  }
  // What else the zone signed must be right too; NS sets are left out, as newer versions of Unbound
  // drop them from answers and older ones forgive them.
  Denial denial(keys.zone, hashes_);
  for (const RrSet& one : in.sets()) {
    if (one.section != Section::kAuthority || is_type(one, RecordType::kNs) ||
        !is_signed_by(one, keys.zone)) {
      continue;
    }
    const Message::Checked beside = in.check(one, keys.zone, keys.keys);
    if (!beside.good) return bogus(beside.kind);
    if (!is_denial(one) || !checked.expanded) continue;
    made.ttl_s = std::min(made.ttl_s, beside.ttl_s);
    denial.add(one, beside.expanded ? &beside.encloser : nullptr);
  }
  if (!checked.expanded) return made;
  const Denied denied = denial.closer_name(name, checked.encloser);
  return conclude(denial, denied, made.ttl_s);
}

Validation Validator::check_absent(Message& in, const ZoneKeys& keys, const DnsName& name,
                                   RecordType type, Claim claim) {
  const auto counts = [](const RrSet& set) {
    return set.section == Section::kAuthority && (is_denial(set) || is_type(set, RecordType::kSoa));
  };
  // A signature of the zone whose records are missing is a record that nobody has signed (Unbound
  // says so where the SOA record of a denial is another zone's).
  const bool orphan = std::ranges::any_of(in.sets(), [&](const RrSet& set) {
    return set.section == Section::kAuthority && is_type(set, RecordType::kRrsig) &&
           set.owner.is_within(keys.zone);
  });
  bool proof = false, proof_signed = false, soa_signed = false;
  for (const RrSet& set : in.sets()) {
    if (!counts(set)) continue;
    const bool by_zone = is_signed_by(set, keys.zone);
    if (is_denial(set)) {
      proof = true;
      proof_signed = proof_signed || by_zone;
    } else {
      soa_signed = soa_signed || by_zone;
    }
  }
  if (!proof_signed) {
    Validation made = unsigned_or_below(in.sets(), keys.zone, name, counts);
    if (made.proof == Proof::kUnsigned && soa_signed && !proof)
      return bogus(BogusKind::kNoDenialProof);
    return made;
  }
  if (orphan) return bogus(BogusKind::kNoSignature);
  // Nothing in authority may be left unsigned beside the proof (Unbound: val_check_nonsecure).
  Denial denial(keys.zone, hashes_);
  std::uint32_t ttl_s = 0xFFFFFFFF;
  for (const RrSet& set : in.sets()) {
    if (!counts(set) || !set.owner.is_within(keys.zone)) continue;
    const Message::Checked checked = in.check(set, keys.zone, keys.keys);
    if (!checked.good) return bogus(checked.kind);
    ttl_s = std::min(ttl_s, checked.ttl_s);
    if (is_denial(set)) denial.add(set, checked.expanded ? &checked.encloser : nullptr);
  }
  const Denied denied =
      claim == Claim::kNodata ? denial.nodata(name, type) : denial.name_error(name, type);
  return conclude(denial, denied, ttl_s);
}

Validation Validator::conclude(const Denial& denial, Denied denied, std::uint32_t ttl_s) {
  Validation made{.ttl_s = ttl_s, .nsec = denial.has_nsec()};
  switch (denied) {
    case Denied::kProven:
      made.proof = Proof::kSecure;
      break;
    case Denied::kInsecure:
      made.proof = Proof::kInsecure;
      break;
    case Denied::kNotProven:
      made.proof = Proof::kBogus;
      made.kind = denial.is_empty() ? BogusKind::kNoDenialProof : BogusKind::kWrongDenial;
      break;
  }
  return made;
}

}  // namespace caascan::engine
