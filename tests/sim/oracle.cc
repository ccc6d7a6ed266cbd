#include "tests/sim/oracle.h"

#include <algorithm>

namespace caascan::sim {
namespace {

using wire::DnsName;
using wire::RecordType;

constexpr int kAliasesAllowed = 11;

enum class Kind : std::uint8_t { kAnswers, kErrs, kSilent, kBogus };

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
    case Behaviour::kExpiredSignatures:
    case Behaviour::kStrippedSignatures:
    case Behaviour::kUnsignedAnswers:
    case Behaviour::kWrongDenial:
    case Behaviour::kUpperCaseDenial:
      return Kind::kAnswers;
    case Behaviour::kSilent:
    case Behaviour::kEdnsDropped:
    case Behaviour::kCapitalsDropped:
      return Kind::kSilent;
    default:
      return Kind::kErrs;
  }
}

// The same in a zone whose answers must be signed.
Kind kind_if_secure(const Served& how, RecordType type) {
  if (how.caa_only && type != RecordType::kCaa) return Kind::kAnswers;
  switch (how.behaviour) {
    // Without EDNS there are no signatures.
    case Behaviour::kEdnsFormerr:
    case Behaviour::kEdnsNotimp:
    // Nothing that would be signed.
    case Behaviour::kSelfReferral:
    case Behaviour::kEmptyReply:
    case Behaviour::kNxdomainLiar:
    case Behaviour::kExpiredSignatures:
    case Behaviour::kStrippedSignatures:
    case Behaviour::kUnsignedAnswers:
      return Kind::kBogus;
    case Behaviour::kLoopReferral:
      return Kind::kErrs;
    default:
      return kind_of(how, type);
  }
}

bool hides(Behaviour behaviour) {
  return behaviour == Behaviour::kSelfReferral || behaviour == Behaviour::kEmptyReply ||
         behaviour == Behaviour::kNxdomainLiar || behaviour == Behaviour::kLoopReferral;
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

bool Oracle::is_secure(const SimZone& zone) const {
  if (!validates_ || !zone.signing) return false;
  return zone.apex.is_root() || (zone.signing->ds && is_secure(internet_.parent_zone(zone.apex)));
}

Oracle::Known Oracle::know(const SimZone& zone, RecordType type) {
  const std::pair key{zone.apex, type == RecordType::kCaa};
  if (const auto found = known_.find(key); found != known_.end()) return found->second;
  Known known;
  if (!zone.apex.is_root()) {
    known = know(internet_.parent_zone(zone.apex), type);
    // Referrals are followed before they are validated: of a parent that is bogus the child's own
    // fate counts, and only where it answers that of the parent.
    if (known.fate != Fate::kAnswered && !known.refers) return known_[key] = known;
    known.denies_wrongly = known.by_case = known.refers = false;
  }
  const bool bogus_above = known.fate != Fate::kAnswered;
  known.fate = Fate::kAnswered;
  const bool secure = type == RecordType::kCaa && is_secure(zone);
  const bool no_keys = secure && !zone.signing->ds_right;
  bool denies_rightly = false;
  bool bogus = false;
  bool compared = false;  // what is malformed to some is bogus to others
  const bool inside_a_loop = on_the_way_.contains(zone.apex);
  const Addresses servers = addresses(zone);
  known.near_error = known.near_error || servers.near_error;
  bool answers = false;
  bool errs = false;
  bool silence = servers.silence;
  for (const engine::IpAddress& address : servers.usable) {
    const Served* how = internet_.served(address, zone.apex, engine::Instant{});
    const Kind kind = how == nullptr ? (internet_.exists(address) ? Kind::kErrs : Kind::kSilent)
                      : secure       ? kind_if_secure(*how, type)
                                     : kind_of(*how, type);
    const bool is_bogus = kind == Kind::kBogus || (kind == Kind::kAnswers && no_keys);
    bogus = bogus || is_bogus;
    answers = answers || (kind == Kind::kAnswers && !is_bogus);
    errs = errs || kind == Kind::kErrs;
    // In lower case, as after lost or late replies, answers are compared.
    compared = compared || (how != nullptr && (how->behaviour == Behaviour::kFoldsCase ||
                                               how->behaviour == Behaviour::kEdnsFormerr ||
                                               how->behaviour == Behaviour::kEdnsNotimp));
    known.refers = known.refers || (how != nullptr && !hides(how->behaviour) &&
                                    kind_of(*how, type) == Kind::kAnswers);
    if (how != nullptr && secure && kind == Kind::kAnswers) {
      const bool upper = how->behaviour == Behaviour::kUpperCaseDenial;
      const bool wrong = upper || how->behaviour == Behaviour::kWrongDenial;
      known.denies_wrongly = known.denies_wrongly || wrong;
      known.by_case = known.by_case || upper;
      denies_rightly = denies_rightly || !wrong;
      known.near_error = known.near_error || wrong;
    }
    silence = silence || kind == Kind::kSilent;
    if (how != nullptr && how->behaviour == Behaviour::kRecursionLame) known.near_error = true;
  }
  known.near_error = known.near_error || errs || bogus;
  known.denies_wrongly = known.denies_wrongly && !denies_rightly;
  if (!answers) known.fate = !errs && !bogus && silence ? Fate::kTimeout : Fate::kServfail;
  known.bogus = !answers && bogus && !errs && !silence && !compared && !bogus_above;
  if (bogus_above && (answers || bogus)) known.fate = Fate::kServfail;
  if (inside_a_loop) return known;  // true of this way only
  return known_[key] = known;
}

Fate Oracle::fate(const SimZone& zone, RecordType type) {
  return know(zone, type).fate;
}

const SimNode* Oracle::resolve(const DnsName& name, RecordType type, Known& known,
                               Expected& expected) {
  DnsName at = name;
  const auto has_letters_below = [](const DnsName& deep, const DnsName& apex) {
    const std::string_view labels = deep.wire().substr(0, deep.wire().size() - apex.wire().size());
    return std::ranges::any_of(labels, [](char c) { return c >= 'a' && c <= 'z'; });
  };
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
      known.bogus = here.bogus;
      return nullptr;
    }
    const bool secure = is_secure(zone);
    if (!secure) expected.security = Security::kInsecure;
    const auto node = zone.nodes.find(at);
    const bool denied = node == zone.nodes.end() || (!node->second.caa && !node->second.alias);
    if (here.denies_wrongly && denied && (here.by_case ? has_letters_below(at, zone.apex) : true)) {
      expected.by_case = expected.by_case || here.by_case;
      // The apex's own record is the right one for the apex.
      if (at != zone.apex) {
        if (node != zone.nodes.end()) {
          known.fate = Fate::kServfail;
          known.bogus = true;
          return nullptr;
        }
        expected.perhaps_bogus = true;
      }
    }
    if (secure && zone.signing->opt_out && at != zone.apex && !internet_.has_something_at(at))
      expected.security = Security::kInsecure;  // an unsigned delegation may be there
    for (const Behaviour hiding :
         {Behaviour::kSelfReferral, Behaviour::kEmptyReply, Behaviour::kNxdomainLiar}) {
      if (hides_all(internet_, zone, hiding, type)) return nullptr;
    }
    if (hides_all(internet_, zone, Behaviour::kLoopReferral, type)) {
      if (at == zone.apex) return nullptr;  // a referral to the zone itself is an empty answer
      known.fate = Fate::kServfail;
      return nullptr;
    }
    if (node == zone.nodes.end()) return nullptr;
    if (!node->second.alias) return &node->second;
    at = *node->second.alias;
  }
}

Expected Oracle::judge(const std::string& name) {
  Expected expected;
  for (DnsName at = name_of(name); !at.is_root(); at = at.parent()) {
    Known known;
    expected.security = validates_ ? Security::kSecure : Security::kNotChecked;
    const SimNode* node = resolve(at, RecordType::kCaa, known, expected);
    if (!validates_) expected.security = Security::kNotChecked;
    expected.near_error = expected.near_error || known.near_error;
    if (known.fate != Fate::kAnswered) {
      expected.bogus = known.bogus;
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
