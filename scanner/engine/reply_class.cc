#include "scanner/engine/reply_class.h"

#include <algorithm>
#include <boost/container/small_vector.hpp>

#include "scanner/engine/bounds.h"
#include "scanner/engine/evidence.h"

namespace caascan::engine {
namespace {

using wire::DnsName;
using wire::RecordType;
using wire::RecordView;
using wire::Section;

// A record whose owner lies in the zone, with the owner read.
struct InZone {
  RecordView record;
  DnsName owner;
};

bool is_type(const RecordView& record, RecordType type) {
  return record.type == static_cast<std::uint16_t>(type);
}

std::uint32_t clamp_ttl(std::uint32_t ttl_s, std::uint32_t most_s) {
  return std::clamp(ttl_s, kTtlMin_s, most_s);
}

// `name` with its ending `owner` replaced by `target` (RFC 6672 §2.2); nothing where that is no
// name any more.
std::optional<DnsName> substitute(const DnsName& name, const DnsName& owner,
                                  const DnsName& target) {
  const std::size_t prefix = name.wire().size() - owner.wire().size();
  std::string wire(name.wire().substr(0, prefix));
  wire += target.wire();
  if (wire.size() > wire::kWireNameOctetsMax) return std::nullopt;
  const wire::Bytes bytes(reinterpret_cast<const std::uint8_t*>(wire.data()), wire.size());
  wire::Cursor cursor(bytes);
  return DnsName::read(cursor);
}

class Classifier {
 public:
  Classifier(const wire::MessageView& view, const DnsName& zone, const Question& question,
             bool first_alias_only, const Profile& profile)
      : view_(view),
        zone_(zone),
        question_(question),
        hops_max_(first_alias_only ? 1 : kAliasRestartsMax + 1),
        profile_(profile) {}

  ReplyClass classify(bool recursion_desired);

 private:
  bool read_records();
  bool follow_chain();
  ReplyClass from_authority();
  ReplyClass referral(const DnsName& cut);
  void add_glue(Delegation& delegation) const;
  static ReplyClass malformed() {
    return {.kind = ReplyKind::kMalformed, .cause = Cause::kMalformed};
  }

  const wire::MessageView& view_;
  const DnsName& zone_;
  const Question& question_;
  const int hops_max_;
  const Profile& profile_;
  boost::container::small_vector<InZone, 8> answer_, authority_;
  DnsName at_;  // the end of the chain so far
  bool moved_ = false;
  bool found_ = false;  // the RRset asked for stands at `at_`
  std::uint32_t ttl_s_ = kTtlMax_s;
};

bool Classifier::read_records() {
  for (const RecordView& record : view_.records()) {
    if (record.section == Section::kAdditional) continue;
    auto owner = view_.owner(record);
    if (!owner) return false;
    // NS records are looked at wherever they are: those above the zone tell a lame server.
    if (!owner->is_within(zone_) && !is_type(record, RecordType::kNs)) continue;
    (record.section == Section::kAnswer ? answer_ : authority_)
        .emplace_back(record, std::move(*owner));
  }
  return true;
}

// Follows CNAME and DNAME records through the answer section as far as it leads. False where one is
// unreadable.
bool Classifier::follow_chain() {
  at_ = question_.name;
  for (int hop = 0; hop < hops_max_; ++hop) {
    for (const InZone& in : answer_) {
      if (in.owner == at_ && is_type(in.record, question_.type)) {
        found_ = true;
        ttl_s_ = std::min(ttl_s_, in.record.ttl_s);
      }
    }
    if (found_) return true;
    std::optional<DnsName> next;
    const DnsName* dname_at = nullptr;
    for (const InZone& in : answer_) {
      const bool cname = is_type(in.record, RecordType::kCname) && in.owner == at_;
      const bool dname =
          is_type(in.record, RecordType::kDname) && in.owner != at_ && at_.is_within(in.owner);
      if (dname && !cname) {
        // Two DNAME records at one owner: nobody can say where it leads (RFC 6672 §2.4).
        if (dname_at != nullptr && *dname_at == in.owner) return false;
        dname_at = &in.owner;
      }
      if (!cname && (!dname || next)) continue;
      const auto target = view_.target(in.record);
      if (!target) return false;
      if (cname) {
        next = *target;
      } else {
        next = substitute(at_, in.owner, *target);
        if (!next) return false;
      }
      ttl_s_ = std::min(ttl_s_, in.record.ttl_s);
      if (cname) break;
    }
    if (!next) return true;
    at_ = std::move(*next);
    moved_ = true;
    if (!at_.is_within(zone_)) return true;
  }
  return true;
}

ReplyClass Classifier::classify(bool recursion_desired) {
  const wire::Header& header = view_.header();
  const bool nxdomain = header.rcode == static_cast<std::uint8_t>(wire::Rcode::kNxDomain);
  if (header.rcode != 0 && !nxdomain) {
    return {.kind = ReplyKind::kError, .cause = cause_of_rcode(header.rcode)};
  }
  if (!read_records() || !follow_chain()) return malformed();
  const bool from_cache = header.ra && !header.aa && !recursion_desired;
  ReplyClass made;
  if (found_ || moved_) {
    if (from_cache) return {.kind = ReplyKind::kRecursionLame};
    made.kind = found_ ? ReplyKind::kAnswer : ReplyKind::kAlias;
    made.ttl_s = clamp_ttl(ttl_s_, kTtlMax_s);
    if (moved_) made.target = at_;
    if (!found_ || (question_.type != RecordType::kA && question_.type != RecordType::kAaaa))
      return made;
    for (const InZone& in : answer_) {
      if (in.owner != at_ || !is_type(in.record, question_.type)) continue;
      const auto octets = view_.address(in.record);
      if (!octets) return malformed();
      IpAddress address;
      address.v6 = question_.type == RecordType::kAaaa;
      std::ranges::copy(*octets, address.octets.begin());
      made.addresses.push_back(address);
    }
    return made;
  }
  if (nxdomain) {
    if (from_cache) return {.kind = ReplyKind::kRecursionLame};
    made = from_authority();
    return {.kind = ReplyKind::kNxDomain,
            .ttl_s = made.kind == ReplyKind::kNodata ? made.ttl_s : kTtlMin_s};
  }
  made = from_authority();
  if (made.kind == ReplyKind::kNodata && from_cache) return {.kind = ReplyKind::kRecursionLame};
  return made;
}

// The answer section says nothing about the name: a SOA record makes it NODATA, NS records a
// referral.
ReplyClass Classifier::from_authority() {
  for (const InZone& in : authority_) {
    if (!is_type(in.record, RecordType::kSoa) || !question_.name.is_within(in.owner)) continue;
    // Only the parent knows DS records: a denial by the zone itself says nothing (RFC 4035
    // §3.1.4.1).
    if (question_.type == RecordType::kDs && in.owner == question_.name && in.owner != zone_)
      return {.kind = ReplyKind::kLame, .cause = Cause::kLame};
    const auto soa = view_.soa(in.record);
    const std::uint32_t ttl_s = soa ? std::min(in.record.ttl_s, soa->minimum_ttl_s) : 0;
    return {.kind = ReplyKind::kNodata, .ttl_s = clamp_ttl(ttl_s, kNegativeTtlMax_s)};
  }
  for (const InZone& in : authority_) {
    if (!is_type(in.record, RecordType::kNs)) continue;
    if (in.owner == zone_) {
      // Its own NS set: with AA a plain NODATA, without it a self-referral.
      if (profile_.self_referral_is_lame && !view_.header().aa)
        return {.kind = ReplyKind::kLame, .cause = Cause::kLame, .by_profile = true};
      continue;
    }
    if (zone_.is_within(in.owner)) return {.kind = ReplyKind::kLame, .cause = Cause::kLame};
    if (question_.type == RecordType::kDs && in.owner == question_.name)
      return {.kind = ReplyKind::kLame, .cause = Cause::kLame};  // does not know DS at all
    if (in.owner.is_within(zone_) && question_.name.is_within(in.owner)) return referral(in.owner);
  }
  if (profile_.empty_is_no_answer && answer_.empty() && authority_.empty())
    return {.kind = ReplyKind::kLame, .cause = Cause::kLame, .by_profile = true};
  // Nothing that helps: Unbound takes it for an empty answer.
  return {.kind = ReplyKind::kNodata, .ttl_s = kTtlMin_s};
}

ReplyClass Classifier::referral(const DnsName& cut) {
  ReplyClass made{.kind = ReplyKind::kReferral};
  made.delegation.zone = cut;
  std::uint32_t ttl_s = kTtlMax_s;
  for (const InZone& in : authority_) {
    if (!is_type(in.record, RecordType::kNs) || in.owner != cut) continue;
    auto target = view_.target(in.record);
    if (!target) return malformed();
    ttl_s = std::min(ttl_s, in.record.ttl_s);
    std::vector<Nameserver>& known = made.delegation.nameservers;
    const bool again =
        std::ranges::any_of(known, [&](const Nameserver& ns) { return ns.name == *target; });
    if (!again && known.size() < kNameserversMax) known.push_back({std::move(*target), {}});
  }
  made.ttl_s = clamp_ttl(ttl_s, kTtlMax_s);
  add_glue(made.delegation);
  return made;
}

void Classifier::add_glue(Delegation& delegation) const {
  for (const RecordView& record : view_.records()) {
    const bool a = is_type(record, RecordType::kA);
    if (record.section != Section::kAdditional || (!a && !is_type(record, RecordType::kAaaa)))
      continue;
    const auto owner = view_.owner(record);
    const auto octets = view_.address(record);
    if (!owner || !octets || !owner->is_within(zone_)) continue;
    for (Nameserver& nameserver : delegation.nameservers) {
      if (nameserver.name != *owner) continue;
      IpAddress address;
      address.v6 = !a;
      std::ranges::copy(*octets, address.octets.begin());
      if (std::ranges::find(nameserver.glue, address) == nameserver.glue.end())
        nameserver.glue.push_back(address);
    }
  }
}

}  // namespace

ReplyClass classify_reply(const wire::MessageView& view, const DnsName& zone,
                          const Question& question, bool recursion_desired, bool first_alias_only,
                          const Profile& profile) {
  return Classifier(view, zone, question, first_alias_only, profile).classify(recursion_desired);
}

}  // namespace caascan::engine
