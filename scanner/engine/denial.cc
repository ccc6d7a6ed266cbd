#include "scanner/engine/denial.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace caascan::engine {
namespace {

using wire::DnsName;
using wire::RecordType;

constexpr std::uint8_t kNsec3Sha1 = 1;           // RFC 5155 §11
constexpr std::uint8_t kNsec3FlagsKnown = 0x01;  // opt-out
constexpr std::size_t kLabelsMax = 128;

bool is_strictly_within(const DnsName& name, const DnsName& ancestor) {
  return name != ancestor && name.is_within(ancestor);
}

bool is_wildcard(const DnsName& name) {
  return name.wire().starts_with(std::string_view("\1*", 2));
}

// Where the labels of a name begin, from the left, without the root.
struct Labels {
  std::array<std::uint8_t, kLabelsMax> at{};
  std::size_t count = 0;

  explicit Labels(std::string_view wire) {
    for (std::size_t i = 0; wire[i] != '\0'; i += 1 + static_cast<std::uint8_t>(wire[i]))
      at[count++] = static_cast<std::uint8_t>(i);
  }
};

std::string_view label(std::string_view wire, std::size_t at) {
  return wire.substr(at + 1, static_cast<std::uint8_t>(wire[at]));
}

std::size_t shared_labels(const DnsName& a, const DnsName& b) {
  const Labels in_a(a.wire()), in_b(b.wire());
  std::size_t shared = 0;
  while (shared < in_a.count && shared < in_b.count &&
         label(a.wire(), in_a.at[in_a.count - 1 - shared]) ==
             label(b.wire(), in_b.at[in_b.count - 1 - shared])) {
    ++shared;
  }
  return shared;
}

// The ancestor of `name` (or itself) with `labels` labels.
DnsName ancestor(const DnsName& name, std::size_t labels) {
  DnsName up = name;
  for (std::size_t left = name.label_count(); left > labels; --left) up = up.parent();
  return up;
}

// `*` below `encloser`; nothing where that is too long for a name.
std::optional<DnsName> wildcard_below(const DnsName& encloser) {
  std::string made("\1*", 2);
  made += encloser.wire();
  if (made.size() > wire::kWireNameOctetsMax) return std::nullopt;
  wire::Cursor cursor(wire::Bytes(reinterpret_cast<const std::uint8_t*>(made.data()), made.size()));
  return DnsName::read(cursor);
}

// The longest name above `name` that owner or next name of an NSEC record share with it: where the
// record proves that `name` does not exist, its closest encloser.
DnsName closest_encloser(const DnsName& name, const DnsName& owner, const DnsName& next) {
  return ancestor(name, std::max(shared_labels(name, owner), shared_labels(name, next)));
}

// The name one label longer than `encloser` on the way to `name`, which lies below it.
DnsName next_closer(const DnsName& name, const DnsName& encloser) {
  return ancestor(name, encloser.label_count() + 1);
}

}  // namespace

std::strong_ordering canonical_order(const DnsName& a, const DnsName& b) {
  const Labels in_a(a.wire()), in_b(b.wire());
  for (std::size_t i = 1; i <= std::min(in_a.count, in_b.count); ++i) {
    // Names are in lower case; string_view compares octets as unsigned.
    const int order =
        label(a.wire(), in_a.at[in_a.count - i]).compare(label(b.wire(), in_b.at[in_b.count - i]));
    if (order != 0) return order <=> 0;
  }
  return in_a.count <=> in_b.count;
}

wire::Sha1 Nsec3Hashes::of(const DnsName& name, wire::Bytes salt, std::uint16_t iterations) {
  Place& place = places_[std::hash<DnsName>{}(name) % places_.size()];
  if (!place.used || place.name != name || place.iterations != iterations ||
      !std::ranges::equal(place.salt, salt)) {
    place.used = true;
    place.name = name;
    place.salt.assign(salt.begin(), salt.end());
    place.iterations = iterations;
    place.hash = wire::nsec3_hash(name, salt, iterations);
    ++computed_;
  }
  return place.hash;
}

void Denial::add(const wire::RrSet& set, const DnsName* expanded_below) {
  const std::optional<DnsName> signed_owner =
      expanded_below != nullptr ? wildcard_below(*expanded_below) : set.owner;
  if (!signed_owner) return;
  const DnsName& owner = *signed_owner;
  for (const wire::Rdata& rdata : set.rdatas) {
    if (set.type == static_cast<std::uint16_t>(RecordType::kNsec)) {
      auto nsec = wire::parse_nsec(rdata);
      if (nsec) nsecs_.push_back({owner, std::move(nsec->next), nsec->bitmap});
      continue;
    }
    const auto nsec3 = wire::parse_nsec3(rdata);
    const auto owner_hash = wire::nsec3_owner_hash(owner);
    if (!nsec3 || !owner_hash || owner.parent() != zone_ || nsec3->algorithm != kNsec3Sha1 ||
        (nsec3->flags & ~kNsec3FlagsKnown) != 0 || nsec3->next_hash.size() != owner_hash->size()) {
      continue;
    }
    Nsec3Record& record = nsec3s_.emplace_back();
    record.owner_hash = *owner_hash;
    std::ranges::copy(nsec3->next_hash, record.next_hash.begin());
    record.data = *nsec3;
  }
}

// NSEC: the record covers the name.
bool Denial::proves_no_name(const NsecRecord& nsec, const DnsName& name) {
  if (name == nsec.owner) return false;
  // The parent's record at a delegation or DNAME says nothing of the names below.
  if (name.is_within(nsec.owner) && (nsec.holds(RecordType::kDname) || nsec.is_delegation()))
    return false;
  const auto after_owner = canonical_order(nsec.owner, name) < 0;
  const auto order = canonical_order(nsec.owner, nsec.next);
  if (order == 0) return is_strictly_within(name, nsec.next);  // the only name of the zone
  if (order > 0) return after_owner && is_strictly_within(name, nsec.next);  // the last one
  return after_owner && canonical_order(name, nsec.next) < 0;
}

// NSEC: the record covers the wildcard from which `name` could have been made.
bool Denial::proves_no_wildcard(const NsecRecord& nsec, const DnsName& name) {
  const DnsName encloser = closest_encloser(name, nsec.owner, nsec.next);
  if (encloser == name) return false;
  const auto wildcard = wildcard_below(encloser);
  return wildcard && proves_no_name(nsec, *wildcard);
}

// NSEC: the record matches the name and has no such type, or the name is an empty non-terminal, or
// the record is that of a wildcard which the name could have been made from: then, and only then,
// `wildcard_parent` is set, and it must be shown that nothing is closer.
bool Denial::proves_nodata(const NsecRecord& nsec, const DnsName& name, RecordType type,
                           std::optional<DnsName>& wildcard_parent) {
  if (nsec.owner == name) {
    if (nsec.holds(type) || nsec.holds(RecordType::kCname)) return false;
    if (type == RecordType::kDs) return !nsec.holds(RecordType::kSoa) || name.is_root();
    // The parent's record at a delegation does not speak for the child.
    return !nsec.is_delegation();
  }
  if (is_strictly_within(nsec.next, name) && canonical_order(nsec.owner, name) < 0) return true;
  if (is_wildcard(nsec.owner)) {
    const DnsName parent = nsec.owner.parent();
    if (!is_strictly_within(name, parent) || nsec.holds(type) || nsec.holds(RecordType::kCname) ||
        nsec.is_delegation()) {
      return false;
    }
    wildcard_parent = parent;
    return true;
  }
  // The next name may lie below a wildcard that has no records of its own. That it may as well be
  // a wildcard with records is a weakness of Unbound's, kept as it is: such a resolver would take
  // the answer, and who is asked for the wildcard's name sees what is there.
  for (DnsName next = nsec.next; canonical_order(nsec.owner, next) < 0; next = next.parent()) {
    if (name.is_within(next)) break;
    if (is_wildcard(next) && is_strictly_within(name, next.parent())) {
      wildcard_parent = next.parent();
      return true;
    }
  }
  return false;
}

Denied Denial::nodata(const DnsName& name, RecordType type) {
  bool proven = false;
  std::optional<DnsName> wildcard_parent, encloser;
  for (const NsecRecord& nsec : nsecs_) {
    if (proves_nodata(nsec, name, type, wildcard_parent)) proven = true;
    if (proves_no_name(nsec, name)) encloser = closest_encloser(name, nsec.owner, nsec.next);
    // The name lies at or below a delegation without DS: its data are unsigned.
    if (nsec.is_delegation() && !nsec.holds(RecordType::kDs) && name.is_within(nsec.owner))
      return Denied::kInsecure;
  }
  if (wildcard_parent && wildcard_parent != encloser) proven = false;
  if (proven) return Denied::kProven;
  return has_nsec3() ? nodata_by_nsec3(name, type) : Denied::kNotProven;
}

Denied Denial::name_error(const DnsName& name, RecordType type) {
  bool no_name = false, no_wildcard = false;
  std::size_t labels_seen = 0;
  for (const NsecRecord& nsec : nsecs_) {
    if (proves_no_name(nsec, name)) no_name = true;
    // The wildcard is that of the closest encloser: the record that shares most labels decides. As
    // in Unbound it is the record before this one that is compared with, and not the deepest so
    // far: among three and more, which no right server sends, the order may decide.
    const std::size_t labels = closest_encloser(name, nsec.owner, nsec.next).label_count();
    if (labels > labels_seen || (labels == labels_seen && !no_wildcard))
      no_wildcard = proves_no_wildcard(nsec, name);
    labels_seen = labels;
    if (nsec.is_delegation() && !nsec.holds(RecordType::kDs) && name.is_within(nsec.owner))
      return Denied::kInsecure;
  }
  if (no_name && no_wildcard) return Denied::kProven;
  // With NSEC3 records in the message Unbound asks them alone; they must prove the rcode.
  if (has_nsec3()) return name_error_by_nsec3(name);
  // With NSEC records the rcode may be wrong: servers answer NXDOMAIN for empty non-terminals.
  return nodata(name, type) == Denied::kProven ? Denied::kProven : Denied::kNotProven;
}

Denied Denial::closer_name(const DnsName& name, const DnsName& encloser) {
  for (const NsecRecord& nsec : nsecs_) {
    if (proves_no_name(nsec, name) && closest_encloser(name, nsec.owner, nsec.next) == encloser)
      return Denied::kProven;
  }
  if (!has_nsec3()) return Denied::kNotProven;
  switch (chain()) {
    case Chain::kMixed:
      return Denied::kNotProven;
    case Chain::kCostly:
      return Denied::kInsecure;
    case Chain::kUsable:
      break;
  }
  // RFC 5155 §8.8.
  const Nsec3Record* cover = covering(next_closer(name, encloser));
  if (cover == nullptr) return Denied::kNotProven;
  return cover->data.opt_out ? Denied::kInsecure : Denied::kProven;
}

DsDenied Denial::ds_at(const NsecRecord& nsec, const DnsName& name) {
  // SOA: the child's own record. DS: there is one, and it was left out.
  if ((nsec.holds(RecordType::kSoa) && !name.is_root()) || nsec.holds(RecordType::kDs))
    return DsDenied::kNotProven;
  return nsec.holds(RecordType::kNs) ? DsDenied::kNoDs : DsDenied::kNoCut;
}

std::optional<DsDenied> Denial::ds_by_nsec(const DnsName& name) const {
  for (const NsecRecord& nsec : nsecs_)
    if (nsec.owner == name) return ds_at(nsec, name);
  bool proven = false, no_name = false, no_wildcard = false;
  std::optional<DnsName> wildcard_parent, encloser;
  const NsecRecord* of_wildcard = nullptr;
  for (const NsecRecord& nsec : nsecs_) {
    if (proves_nodata(nsec, name, RecordType::kDs, wildcard_parent)) {
      proven = true;
      if (wildcard_parent && is_wildcard(nsec.owner)) of_wildcard = &nsec;
    }
    if (proves_no_name(nsec, name)) {
      no_name = true;
      encloser = closest_encloser(name, nsec.owner, nsec.next);
    }
  }
  if (wildcard_parent) {
    // The name does not exist, and the wildcard in its place is no delegation either.
    if (wildcard_parent == encloser && of_wildcard != nullptr &&
        ds_at(*of_wildcard, name) == DsDenied::kNoCut) {
      return DsDenied::kNoCut;
    }
    return std::nullopt;
  }
  if (proven) return DsDenied::kNoCut;  // an empty non-terminal
  if (!no_name) return std::nullopt;
  for (const NsecRecord& nsec : nsecs_) {
    const auto wildcard = wildcard_below(*encloser);
    if (wildcard && proves_no_name(nsec, *wildcard)) no_wildcard = true;
  }
  if (no_wildcard) return DsDenied::kNoCut;  // no such name
  return std::nullopt;
}

DsDenied Denial::ds(const DnsName& name) {
  if (const auto by_nsec = ds_by_nsec(name)) return *by_nsec;
  if (!has_nsec3()) return DsDenied::kNotProven;
  switch (chain()) {
    case Chain::kMixed:
      return DsDenied::kNotProven;
    case Chain::kCostly:
      return DsDenied::kInsecure;
    case Chain::kUsable:
      break;
  }
  if (const Nsec3Record* match = matching(name)) {
    if ((match->holds(RecordType::kSoa) && !name.is_root()) || match->holds(RecordType::kDs))
      return DsDenied::kNotProven;
    return match->holds(RecordType::kNs) ? DsDenied::kNoDs : DsDenied::kNoCut;
  }
  // An insecure delegation above the name says nothing of the name itself.
  Encloser encloser;
  if (find_encloser(name, encloser) != Denied::kProven) return DsDenied::kNotProven;
  // RFC 5155 §8.6. Unbound calls the answer bogus where the span is no opt-out one; that the name
  // does not exist is proven all the same, and what hangs on it ends up bogus for its own reasons.
  return encloser.cover->data.opt_out ? DsDenied::kNoDs : DsDenied::kNoCut;
}

Denial::Chain Denial::chain() const {
  const wire::Nsec3& first = nsec3s_.front().data;
  for (const Nsec3Record& nsec3 : nsec3s_) {
    if (nsec3.data.iterations != first.iterations ||
        !std::ranges::equal(nsec3.data.salt, first.salt))
      return Chain::kMixed;
  }
  return first.iterations > kNsec3IterationsMax ? Chain::kCostly : Chain::kUsable;
}

wire::Sha1 Denial::hash(const DnsName& name) {
  const wire::Nsec3& first = nsec3s_.front().data;
  return hashes_.of(name, first.salt, first.iterations);
}

const Denial::Nsec3Record* Denial::matching(const DnsName& name) {
  const wire::Sha1 hashed = hash(name);
  const auto at = std::ranges::find(nsec3s_, hashed, &Nsec3Record::owner_hash);
  return at == nsec3s_.end() ? nullptr : &*at;
}

const Denial::Nsec3Record* Denial::covering(const DnsName& name) {
  const wire::Sha1 hashed = hash(name);
  for (const Nsec3Record& nsec3 : nsec3s_) {
    const wire::Sha1& next = nsec3.next_hash;
    const bool last = next <= nsec3.owner_hash;  // the end of the chain, or all of it
    const bool after = hashed > nsec3.owner_hash, before = hashed < next;
    if (last ? after || before : after && before) return &nsec3;
  }
  return nullptr;
}

// RFC 5155 §8.3: the longest name above `name` that exists, and a record that covers the next one.
Denied Denial::find_encloser(const DnsName& name, Encloser& encloser) {
  const Nsec3Record* match = nullptr;
  encloser.name = name;
  while (true) {
    match = matching(encloser.name);
    if (match != nullptr || encloser.name == zone_ || encloser.name.is_root()) break;
    encloser.name = encloser.name.parent();
  }
  if (match == nullptr || encloser.name == name) return Denied::kNotProven;
  // At a delegation there should have been a referral, at a DNAME an alias.
  if (match->is_delegation())
    return match->holds(RecordType::kDs) ? Denied::kNotProven : Denied::kInsecure;
  if (match->holds(RecordType::kDname)) return Denied::kNotProven;
  encloser.cover = covering(next_closer(name, encloser.name));
  return encloser.cover != nullptr ? Denied::kProven : Denied::kNotProven;
}

// RFC 5155 §8.5, §8.7.
Denied Denial::nodata_by_nsec3(const DnsName& name, RecordType type) {
  switch (chain()) {
    case Chain::kMixed:
      return Denied::kNotProven;
    case Chain::kCostly:
      return Denied::kInsecure;
    case Chain::kUsable:
      break;
  }
  if (const Nsec3Record* match = matching(name)) {
    if (match->holds(type) || match->holds(RecordType::kCname)) return Denied::kNotProven;
    if (match->is_delegation())
      return match->holds(RecordType::kDs) ? Denied::kNotProven : Denied::kInsecure;
    return Denied::kProven;
  }
  Encloser encloser;
  const Denied above = find_encloser(name, encloser);
  if (above != Denied::kProven) return above;
  const auto wildcard = wildcard_below(encloser.name);
  if (const Nsec3Record* match = wildcard ? matching(*wildcard) : nullptr) {
    if (match->holds(type) || match->holds(RecordType::kCname) || match->is_delegation())
      return Denied::kNotProven;
    return encloser.cover->data.opt_out ? Denied::kInsecure : Denied::kProven;
  }
  // An unsigned delegation may lie in an opt-out span, and this may be its data (RFC 5155 §9.2).
  return encloser.cover->data.opt_out ? Denied::kInsecure : Denied::kNotProven;
}

// RFC 5155 §8.4.
Denied Denial::name_error_by_nsec3(const DnsName& name) {
  switch (chain()) {
    case Chain::kMixed:
      return Denied::kNotProven;
    case Chain::kCostly:
      return Denied::kInsecure;
    case Chain::kUsable:
      break;
  }
  Encloser encloser;
  const Denied above = find_encloser(name, encloser);
  if (above != Denied::kProven) return above;
  const auto wildcard = wildcard_below(encloser.name);
  if (!wildcard || covering(*wildcard) == nullptr) return Denied::kNotProven;
  return encloser.cover->data.opt_out ? Denied::kInsecure : Denied::kProven;
}

}  // namespace caascan::engine
