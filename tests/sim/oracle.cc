#include "tests/sim/oracle.h"

#include <algorithm>

namespace caascan::sim {
namespace {

using wire::DnsName;
using wire::RecordType;

constexpr int kAliasesAllowed = 11;

enum class Kind : std::uint8_t { kAnswers, kErrs, kSilent };

Kind kind_of(const Served& how, RecordType type) {
  if (how.caa_only && type != RecordType::kCaa) return Kind::kAnswers;
  switch (how.behaviour) {
    case Behaviour::kGood:
    case Behaviour::kEdnsFormerr:
    case Behaviour::kEdnsNotimp:
    case Behaviour::kSelfReferral:
    case Behaviour::kEmptyReply:
    case Behaviour::kTruncated:
    case Behaviour::kFoldsCase:
    case Behaviour::kRecursionLame:
    case Behaviour::kNxdomainLiar:
    case Behaviour::kLoopReferral:
      return Kind::kAnswers;
    case Behaviour::kSilent:
    case Behaviour::kEdnsDropped:
      return Kind::kSilent;
    default:
      return Kind::kErrs;
  }
}

// Whether the zone's servers tell nothing of what is in it.
bool hides_all(const SimInternet& internet, const SimZone& zone, Behaviour behaviour,
               RecordType type) {
  for (const SimNameserver& nameserver : zone.nameservers) {
    for (const engine::IpAddress& address : nameserver.glue) {
      const Served* how = internet.served(address, zone.apex, engine::Instant{});
      if (how != nullptr && how->behaviour == behaviour &&
          (!how->caa_only || type == RecordType::kCaa)) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

Oracle::Addresses Oracle::addresses(const SimZone& zone) {
  Addresses made;
  if (!on_the_way_.insert(zone.apex).second) return made;  // a loop leads nowhere
  const auto take = [&](const engine::IpAddress& address) {
    const bool special = std::ranges::any_of(
        forbidden_, [&](const engine::AddressRange& range) { return range.contains(address); });
    if (special) made.near_error = true;
    if (!special) made.usable.push_back(address);
  };
  for (const SimNameserver& nameserver : zone.nameservers) {
    if (!nameserver.glue.empty()) {
      for (const engine::IpAddress& address : nameserver.glue) take(address);
      continue;
    }
    const std::size_t before = made.usable.size();
    const SimZone& home = internet_.zone_of(nameserver.name);
    const Known known = know(home, RecordType::kA);
    made.near_error = made.near_error || known.near_error;
    if (known.fate == Fate::kTimeout) made.silence = true;
    if (known.fate == Fate::kAnswered) {
      const auto node = home.nodes.find(nameserver.name);
      if (node != home.nodes.end()) {
        for (const engine::IpAddress& address : node->second.addresses) take(address);
      }
    }
    if (made.usable.size() == before) made.near_error = true;
  }
  on_the_way_.erase(zone.apex);
  return made;
}

Oracle::Known Oracle::know(const SimZone& zone, RecordType type) {
  const std::pair key{zone.apex, type == RecordType::kCaa};
  if (const auto found = known_.find(key); found != known_.end()) return found->second;
  Known known;
  if (!zone.apex.is_root()) {
    known = know(internet_.parent_zone(zone.apex), type);
    if (known.fate != Fate::kAnswered) return known_[key] = known;
  }
  const bool inside_a_loop = on_the_way_.contains(zone.apex);
  const Addresses servers = addresses(zone);
  known.near_error = known.near_error || servers.near_error;
  bool answers = false;
  bool errs = false;
  bool silence = servers.silence;
  for (const engine::IpAddress& address : servers.usable) {
    const Served* how = internet_.served(address, zone.apex, engine::Instant{});
    const Kind kind = how == nullptr ? (internet_.exists(address) ? Kind::kErrs : Kind::kSilent)
                                     : kind_of(*how, type);
    answers = answers || kind == Kind::kAnswers;
    errs = errs || kind == Kind::kErrs;
    silence = silence || kind == Kind::kSilent;
    if (how != nullptr && how->behaviour == Behaviour::kRecursionLame) known.near_error = true;
  }
  known.near_error = known.near_error || errs;
  if (!answers) known.fate = !errs && silence ? Fate::kTimeout : Fate::kServfail;
  if (inside_a_loop) return known;  // true of this way only
  return known_[key] = known;
}

Fate Oracle::fate(const SimZone& zone, RecordType type) {
  return know(zone, type).fate;
}

const SimNode* Oracle::resolve(const DnsName& name, RecordType type, Known& known) {
  DnsName at = name;
  for (int aliases = 0;; ++aliases) {
    if (aliases > kAliasesAllowed) {
      known.fate = Fate::kServfail;
      return nullptr;
    }
    const SimZone& zone = internet_.zone_of(at);
    const Known here = know(zone, type);
    known.near_error = known.near_error || here.near_error;
    if (here.fate != Fate::kAnswered) {
      known.fate = here.fate;
      return nullptr;
    }
    for (const Behaviour hiding :
         {Behaviour::kSelfReferral, Behaviour::kEmptyReply, Behaviour::kNxdomainLiar}) {
      if (hides_all(internet_, zone, hiding, type)) return nullptr;
    }
    if (hides_all(internet_, zone, Behaviour::kLoopReferral, type)) {
      if (at == zone.apex) return nullptr;  // a referral to the zone itself is an empty answer
      known.fate = Fate::kServfail;
      return nullptr;
    }
    const auto node = zone.nodes.find(at);
    if (node == zone.nodes.end()) return nullptr;
    if (!node->second.alias) return &node->second;
    at = *node->second.alias;
  }
}

Expected Oracle::judge(const std::string& name) {
  Expected expected;
  for (DnsName at = name_of(name); !at.is_root(); at = at.parent()) {
    Known known;
    const SimNode* node = resolve(at, RecordType::kCaa, known);
    expected.near_error = expected.near_error || known.near_error;
    if (known.fate != Fate::kAnswered) {
      expected.outcome = known.fate == Fate::kTimeout ? Outcome::kTimeout : Outcome::kServfail;
      return expected;
    }
    if (node != nullptr && node->caa) {
      expected.outcome = Outcome::kFound;
      return expected;
    }
  }
  return expected;
}

}  // namespace caascan::sim
