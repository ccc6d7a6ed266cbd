// Every set of a message is a Piece, which knows what was done to its signature. The oracle reads
// that, the zone's names and the places of the NSEC(3) records in the zone's chain; it never looks
// at octets, and never asks the code under test. Where Unbound is laxer or stricter than the RFCs,
// it says what Unbound says, with a word on why.
#include "tests/sim/random_zones.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "ingest/assert.h"
#include "scanner/engine/reply_class.h"
#include "scanner/engine/validator.h"
#include "tests/support/zone_signer.h"

namespace caascan::sim {
namespace {

using engine::DsState;
using engine::Proof;
using engine::ReplyKind;
using test::Rdata;
using test::Records;
using test::SignedZone;
using test::SigningKey;
using wire::DnsName;
using wire::RecordType;
using wire::Section;
using Claim = engine::Validator::Claim;

constexpr std::size_t kCacheOctets = 1 << 14;
constexpr std::int64_t kNow = test::kNow_unix_s;
constexpr std::uint16_t kIterationsMax = 150;
constexpr std::uint8_t kUnknownNumber = 200;

// What a seed draws (splitmix64).
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15U + 1) {}
  std::uint64_t u64() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>((u64() >> 32) % bound); }
  bool chance(std::size_t one_in) { return below(one_in) == 0; }

 private:
  std::uint64_t state_;
};

std::string parent_of(const std::string& name) {
  const std::size_t dot = name.find('.');
  return dot == std::string::npos ? "." : name.substr(dot + 1);
}
bool is_within(const std::string& name, const std::string& ancestor) {
  return ancestor == "." || name == ancestor ||
         (name.size() > ancestor.size() && name.ends_with(ancestor) &&
          name[name.size() - ancestor.size() - 1] == '.');
}
bool is_strictly_within(const std::string& name, const std::string& ancestor) {
  return name != ancestor && is_within(name, ancestor);
}
std::string below(const std::string& label, const std::string& name) {
  return name == "." ? label : label + "." + name;
}
bool is_wildcard(const std::string& name) {
  return name.starts_with("*.") || name == "*";
}
// The name one label longer than `encloser` on the way to `name`.
std::string next_closer(const std::string& name, const std::string& encloser) {
  std::string at = name;
  while (parent_of(at) != encloser) at = parent_of(at);
  return at;
}
using Place = std::vector<std::string>;  // labels from the right: the canonical order
Place place_of(const std::string& name) {
  Place place;
  for (std::string at = name; at != "."; at = parent_of(at))
    place.push_back(at.substr(0, at.find('.')));
  std::ranges::reverse(place);
  return place;
}

DnsName dns_name(const std::string& text) {
  return DnsName::from_text(text).value();
}

// A thread's keys: each is made once.
const SigningKey& key_of(const std::string& zone, const std::string& seed) {
  thread_local std::map<std::pair<std::string, std::string>, SigningKey> keys;
  const auto at = keys.find({zone, seed});
  if (at != keys.end()) return at->second;
  return keys.emplace(std::pair(zone, seed), SigningKey(zone, seed, test::KeyAlgorithm::kEcdsaP256))
      .first->second;
}

enum class ZoneKind : std::uint8_t { kNsec, kNsec3, kOptOut };

// What is in a zone.
struct Plan {
  std::string apex;
  ZoneKind kind = ZoneKind::kNsec;
  test::Nsec3Parameters parameters{};
  std::map<std::string, std::set<RecordType>> nodes;
  // NSEC: the owners in canonical order. NSEC3: the names in the order of their hashes.
  std::vector<std::string> chain;
  std::vector<Place> places;  // NSEC
  std::vector<Rdata> hashes;  // NSEC3

  [[nodiscard]] bool nsec3() const { return kind != ZoneKind::kNsec; }
  [[nodiscard]] bool costly() const { return nsec3() && parameters.iterations > kIterationsMax; }
  [[nodiscard]] bool has(const std::string& name, RecordType type) const {
    const auto node = nodes.find(name);
    return node != nodes.end() && node->second.contains(type);
  }
  [[nodiscard]] bool is_cut(const std::string& name) const {
    return name != apex && has(name, RecordType::kNs);
  }
  [[nodiscard]] bool is_below_cut(const std::string& name) const {
    for (std::string at = name; at != apex; at = parent_of(at))
      if (at != name && is_cut(at)) return true;
    return false;
  }
  [[nodiscard]] bool exists(const std::string& name) const {
    return std::ranges::any_of(nodes, [&](const auto& n) { return is_within(n.first, name); });
  }
  [[nodiscard]] std::string encloser(const std::string& name) const {
    std::string at = parent_of(name);
    while (!exists(at)) at = parent_of(at);
    return at;
  }
  void link() {
    std::set<std::string> names;
    for (const auto& [name, types] : nodes) {
      if (is_below_cut(name)) continue;
      if (!nsec3()) {
        names.insert(name);
        continue;
      }
      const bool out =
          kind == ZoneKind::kOptOut && is_cut(name) && !types.contains(RecordType::kDs);
      for (std::string at = out ? parent_of(name) : name; names.insert(at).second;
           at = parent_of(at))
        if (at == apex) break;
    }
    if (nsec3()) {
      std::map<Rdata, std::string> sorted;
      for (const std::string& name : names)
        sorted.emplace(test::nsec3_hash_of(name, parameters), name);
      for (const auto& [hash, name] : sorted) {
        hashes.push_back(hash);
        chain.push_back(name);
      }
    } else {
      std::map<Place, std::string> sorted;
      for (const std::string& name : names) sorted.emplace(place_of(name), name);
      for (const auto& [place, name] : sorted) {
        places.push_back(place);
        chain.push_back(name);
      }
    }
  }
  [[nodiscard]] std::optional<std::size_t> link_of(const std::string& name) const {
    const auto at = std::ranges::find(chain, name);
    if (at == chain.end()) return std::nullopt;
    return static_cast<std::size_t>(at - chain.begin());
  }
  // The last record before the name: the only one that can cover it.
  [[nodiscard]] std::size_t link_before(const std::string& name) const {
    const auto before = [&](const auto& keys, const auto& key) {
      const auto at = static_cast<std::size_t>(std::ranges::lower_bound(keys, key) - keys.begin());
      return at == 0 ? chain.size() - 1 : at - 1;
    };
    return nsec3() ? before(hashes, test::nsec3_hash_of(name, parameters))
                   : before(places, place_of(name));
  }
};

using Links = std::set<std::size_t>;

// What the records at some links prove of a name of the zone.
class Proofs {
 public:
  struct Found {
    ZoneState state = ZoneState::kBogus;
    bool perhaps = false;  // more than a proof needs, which may spoil it: bogus too
  };

  Proofs(const Plan& plan, const Links& links) : plan_(plan), links_(links) {}

  [[nodiscard]] Found nodata(const std::string& name, RecordType type) const {
    return plan_.nsec3() ? Found{nodata_by_nsec3(name, type)} : nodata_by_nsec(name, type);
  }

  [[nodiscard]] Found name_error(const std::string& name, RecordType type) const {
    if (plan_.nsec3()) return {name_error_by_nsec3(name)};
    const Found as_nodata = nodata_by_nsec(name, type);
    if (as_nodata.state == ZoneState::kInsecure) return as_nodata;
    const bool no_name = covers(name) && !plan_.exists(name);
    if (no_name) {
      const std::string wildcard = below("*", plan_.encloser(name));
      if (!plan_.exists(wildcard) && covers(wildcard)) return {ZoneState::kSecure};
    }
    return as_nodata;  // Unbound forgives the rcode
  }

  [[nodiscard]] Found closer(const std::string& name, const std::string& encloser) const {
    if (!plan_.nsec3()) {
      const bool right = !plan_.exists(name) && covers(name) && plan_.encloser(name) == encloser;
      return {right ? ZoneState::kSecure : ZoneState::kBogus};
    }
    if (plan_.costly()) return {links_.empty() ? ZoneState::kBogus : ZoneState::kInsecure};
    if (!covers(next_closer(name, encloser))) return {};
    return {opted_out(ZoneState::kSecure)};
  }

  [[nodiscard]] Found ds(const std::string& name) const {
    if (!plan_.nsec3()) return ds_by_nsec(name);
    if (plan_.costly()) return {links_.empty() ? ZoneState::kBogus : ZoneState::kInsecure};
    if (matches(name)) return {ds_at(name)};
    std::string encloser;
    if (find_encloser(name, encloser) != ZoneState::kSecure) return {};
    return {plan_.kind == ZoneKind::kOptOut ? ZoneState::kNoDs : ZoneState::kNoCut};
  }

 private:
  [[nodiscard]] bool matches(const std::string& name) const {
    const auto at = plan_.link_of(name);
    return at && links_.contains(*at);
  }
  [[nodiscard]] bool covers(const std::string& name) const {
    if (plan_.link_of(name)) return false;
    const std::size_t before = plan_.link_before(name);
    if (!links_.contains(before)) return false;
    if (plan_.nsec3()) return true;
    // The parent's record at a delegation or DNAME does not speak of what lies below.
    const std::string& owner = plan_.chain[before];
    return !is_within(name, owner) ||
           (!plan_.is_cut(owner) && !plan_.has(owner, RecordType::kDname));
  }
  [[nodiscard]] bool lacks(const std::string& name, RecordType type) const {
    return !plan_.has(name, type) && !plan_.has(name, RecordType::kCname);
  }
  [[nodiscard]] ZoneState opted_out(ZoneState otherwise) const {
    return plan_.kind == ZoneKind::kOptOut ? ZoneState::kInsecure : otherwise;
  }
  [[nodiscard]] const std::string& next_of(std::size_t link) const {
    return plan_.chain[(link + 1) % plan_.chain.size()];
  }
  [[nodiscard]] bool is_insecure_cut(const std::string& name) const {
    return plan_.is_cut(name) && !plan_.has(name, RecordType::kDs);
  }

  // An empty non-terminal has no record: that before it shows that there is something below.
  [[nodiscard]] bool shows_something_below(const std::string& name) const {
    if (plan_.link_of(name)) return false;
    const std::size_t before = plan_.link_before(name);
    return links_.contains(before) && is_strictly_within(next_of(before), name);
  }

  // Above the name: the parents of wildcards that are shown not to have the type; `own` where by a
  // record of the wildcard itself. Unbound takes the record before a wildcard for one too, as if it
  // had no records of its own.
  struct Wildcards {
    std::set<std::string> parents;
    bool own = false;
  };
  [[nodiscard]] Wildcards wildcards(const std::string& name, RecordType type) const {
    Wildcards made;
    for (std::string at = name; at != plan_.apex;) {
      at = parent_of(at);
      const std::string wildcard = below("*", at);
      for (const std::size_t link : links_) {
        const std::string& owner = plan_.chain[link];
        const std::string& next = next_of(link);
        if (owner == name || is_strictly_within(next, name)) continue;  // it speaks of the name
        const bool own = owner == wildcard && lacks(wildcard, type);
        const bool before = !is_wildcard(owner) && !is_within(name, wildcard) &&
                            !is_within(owner, wildcard) && is_within(next, wildcard);
        if (own || before) made.parents.insert(at);
        made.own = made.own || own;
      }
    }
    return made;
  }

  [[nodiscard]] Found nodata_by_nsec(const std::string& name, RecordType type) const {
    for (const std::size_t link : links_) {
      if (is_insecure_cut(plan_.chain[link]) && is_within(name, plan_.chain[link]))
        return {ZoneState::kInsecure};
    }
    const bool here =
        (matches(name) && lacks(name, type) && !plan_.is_cut(name)) || shows_something_below(name);
    const Wildcards found = wildcards(name, type);
    if (found.parents.empty()) return {here ? ZoneState::kSecure : ZoneState::kBogus};
    const bool closest =
        !plan_.exists(name) && covers(name) && found.parents.contains(plan_.encloser(name));
    // Of several wildcards it depends on the order of the records which one counts.
    return {closest ? ZoneState::kSecure : ZoneState::kBogus, closest && found.parents.size() > 1};
  }

  [[nodiscard]] ZoneState ds_at(const std::string& name) const {
    if (name == plan_.apex && name != ".") return ZoneState::kBogus;
    if (plan_.has(name, RecordType::kDs)) return ZoneState::kBogus;
    return plan_.is_cut(name) ? ZoneState::kNoDs : ZoneState::kNoCut;
  }

  [[nodiscard]] Found ds_by_nsec(const std::string& name) const {
    if (matches(name)) return {ds_at(name)};
    const bool no_name = !plan_.exists(name) && covers(name);
    const Wildcards found = wildcards(name, RecordType::kDs);
    if (!found.parents.empty()) {
      const bool closest = no_name && found.parents.contains(plan_.encloser(name)) && found.own;
      return {closest ? ZoneState::kNoCut : ZoneState::kBogus, closest && found.parents.size() > 1};
    }
    if (shows_something_below(name)) return {ZoneState::kNoCut};
    if (!no_name) return {};
    const std::string wildcard = below("*", plan_.encloser(name));
    return {!plan_.exists(wildcard) && covers(wildcard) ? ZoneState::kNoCut : ZoneState::kBogus};
  }

  // kSecure: `encloser` is right above what does not exist.
  [[nodiscard]] ZoneState find_encloser(const std::string& name, std::string& encloser) const {
    encloser = name;
    while (!matches(encloser)) {
      if (encloser == plan_.apex) return ZoneState::kBogus;
      encloser = parent_of(encloser);
    }
    if (encloser == name || plan_.has(encloser, RecordType::kDname)) return ZoneState::kBogus;
    if (plan_.is_cut(encloser))
      return is_insecure_cut(encloser) ? ZoneState::kInsecure : ZoneState::kBogus;
    return covers(next_closer(name, encloser)) ? ZoneState::kSecure : ZoneState::kBogus;
  }

  [[nodiscard]] ZoneState nodata_by_nsec3(const std::string& name, RecordType type) const {
    if (links_.empty()) return ZoneState::kBogus;
    if (plan_.costly()) return ZoneState::kInsecure;
    if (matches(name)) {
      if (!lacks(name, type)) return ZoneState::kBogus;
      if (!plan_.is_cut(name)) return ZoneState::kSecure;
      return is_insecure_cut(name) ? ZoneState::kInsecure : ZoneState::kBogus;
    }
    std::string encloser;
    const ZoneState above = find_encloser(name, encloser);
    if (above != ZoneState::kSecure) return above;
    const std::string wildcard = below("*", encloser);
    if (matches(wildcard))
      return lacks(wildcard, type) ? opted_out(ZoneState::kSecure) : ZoneState::kBogus;
    return opted_out(ZoneState::kBogus);
  }

  [[nodiscard]] ZoneState name_error_by_nsec3(const std::string& name) const {
    if (links_.empty()) return ZoneState::kBogus;
    if (plan_.costly()) return ZoneState::kInsecure;
    std::string encloser;
    const ZoneState above = find_encloser(name, encloser);
    if (above != ZoneState::kSecure) return above;
    return covers(below("*", encloser)) ? opted_out(ZoneState::kSecure) : ZoneState::kBogus;
  }

  const Plan& plan_;
  const Links& links_;
};

// A set of a message, and what its signatures are worth.
struct Piece {
  enum class Worth : std::uint8_t {
    kGood,
    kBad,      // by the zone, but `kind`
    kUnsigned  // by nobody, or by `signer`
  };
  Section section;
  Records set;
  std::string signed_owner;  // the wildcard, where the set was made from one
  Worth worth = Worth::kUnsigned;
  BogusKind kind = BogusKind::kNone;
  std::string signer;               // another zone
  std::optional<std::size_t> link;  // of a denial
  bool right = true;                // of a CNAME that follows from a DNAME

  [[nodiscard]] bool is_denial() const {
    return section == Section::kAuthority &&
           (set.type == RecordType::kNsec || set.type == RecordType::kNsec3);
  }
  [[nodiscard]] bool is_soa() const {
    return section == Section::kAuthority && set.type == RecordType::kSoa;
  }
  [[nodiscard]] bool is_by_zone() const { return worth != Worth::kUnsigned; }
};
using Worth = Piece::Worth;

struct State {
  ZoneState state = ZoneState::kNoVerdict;
  BogusKind kind = BogusKind::kNone;
  std::string signer;
  bool perhaps = false;  // may be bogus (a wrong denial) as well
};

struct Question {
  std::string name;
  RecordType type = RecordType::kCaa;
};

struct Reply {
  std::vector<Piece> pieces;
  wire::Rcode rcode = wire::Rcode::kNoError;
};

std::string_view reply_word(ReplyKind kind) {
  constexpr std::array<std::string_view, 9> kWords = {"answer", "nodata",   "nxdomain",
                                                      "alias",  "referral", "recursion-lame",
                                                      "lame",   "error",    "malformed"};
  return kWords[static_cast<std::size_t>(kind)];
}

// The oracle: what a reply means, and what it proves to who has the keys of `zone`.
class Oracle {
 public:
  Oracle(const Plan& plan, std::string zone, const Question& asked, const Reply& reply)
      : plan_(plan), zone_(std::move(zone)), asked_(asked), reply_(reply) {}

  // `cut`: of a referral, where to.
  [[nodiscard]] ReplyKind kind(std::string& cut) const {
    const bool nxdomain = reply_.rcode == wire::Rcode::kNxDomain;
    if (reply_.rcode != wire::Rcode::kNoError && !nxdomain) return ReplyKind::kError;
    if (find(asked_.name, asked_.type, Section::kAnswer) != nullptr) return ReplyKind::kAnswer;
    if (find(asked_.name, RecordType::kCname, Section::kAnswer) != nullptr || dname() != nullptr)
      return ReplyKind::kAlias;
    if (nxdomain) return ReplyKind::kNxDomain;
    for (const Piece& piece : reply_.pieces)
      if (piece.is_soa() && is_within(asked_.name, piece.set.owner)) return ReplyKind::kNodata;
    for (const Piece& piece : reply_.pieces) {
      if (piece.section != Section::kAuthority || piece.set.type != RecordType::kNs) continue;
      const std::string& owner = piece.set.owner;
      if (owner == zone_) continue;
      if (is_within(zone_, owner)) return ReplyKind::kLame;
      if (!is_within(asked_.name, owner)) continue;
      if (asked_.type == RecordType::kDs && owner == asked_.name) return ReplyKind::kLame;
      cut = owner;
      return ReplyKind::kReferral;
    }
    return ReplyKind::kNodata;
  }

  [[nodiscard]] State answer(ReplyKind kind) const {
    return kind == ReplyKind::kAnswer || kind == ReplyKind::kAlias ? present(kind) : absent(kind);
  }

  [[nodiscard]] State ds(const std::string& child) const {
    for (const Piece& piece : reply_.pieces) {
      const bool is_ds = piece.set.type == RecordType::kDs;
      const bool is_alias =
          piece.set.type == RecordType::kCname && piece.section == Section::kAnswer;
      if (piece.set.owner != child || (!is_ds && !is_alias)) continue;
      if (piece.worth != Worth::kGood) return bogus(kind_of(piece));
      return {is_ds ? ZoneState::kDs : ZoneState::kNoCut};
    }
    Links links;
    bool any = false;
    for (const Piece& piece : reply_.pieces) {
      if (!piece.is_denial() || !piece.is_by_zone()) continue;
      if (piece.worth == Worth::kBad) return bogus(piece.kind);
      any = true;
      links.insert(*piece.link);
    }
    if (!any) return {ZoneState::kDsNotThere};
    return conclude(Proofs(plan_, links).ds(child), links);
  }

  [[nodiscard]] const Piece* dname() const {
    const Piece* deepest = nullptr;
    for (const Piece& piece : reply_.pieces) {
      if (piece.section != Section::kAnswer || piece.set.type != RecordType::kDname ||
          !is_strictly_within(asked_.name, piece.set.owner)) {
        continue;
      }
      if (deepest == nullptr || is_within(piece.set.owner, deepest->set.owner)) deepest = &piece;
    }
    return deepest;
  }

 private:
  static State bogus(BogusKind kind) { return {ZoneState::kBogus, kind}; }
  static BogusKind kind_of(const Piece& piece) {
    return piece.worth == Worth::kBad ? piece.kind : BogusKind::kNoSignature;
  }
  [[nodiscard]] const Piece* find(const std::string& owner, RecordType type,
                                  Section section) const {
    for (const Piece& piece : reply_.pieces)
      if (piece.section == section && piece.set.owner == owner && piece.set.type == type)
        return &piece;
    return nullptr;
  }
  static State conclude(Proofs::Found found, const Links& links) {
    if (found.state != ZoneState::kBogus) return {.state = found.state, .perhaps = found.perhaps};
    return bogus(links.empty() ? BogusKind::kNoDenialProof : BogusKind::kWrongDenial);
  }
  // Of sets that the zone did not sign: who did.
  [[nodiscard]] State not_by_zone(const std::vector<const Piece*>& pieces) const {
    State made{ZoneState::kUnsigned, BogusKind::kNoSignature};
    for (const Piece* piece : pieces) {
      if (piece->signer.empty() || !is_strictly_within(piece->signer, zone_) ||
          !is_within(asked_.name, piece->signer)) {
        continue;
      }
      if (made.state == ZoneState::kSignedBelow && is_within(made.signer, piece->signer)) continue;
      made = {ZoneState::kSignedBelow, BogusKind::kNone, piece->signer};
    }
    return made;
  }

  [[nodiscard]] State present(ReplyKind kind) const {
    const Piece* from_dname = kind == ReplyKind::kAlias ? dname() : nullptr;
    const Piece* set =
        find(asked_.name, kind == ReplyKind::kAlias ? RecordType::kCname : asked_.type,
             Section::kAnswer);
    const Piece* main = from_dname != nullptr ? from_dname : set;
    CAASCAN_ASSERT(main != nullptr);
    if (!main->is_by_zone()) return not_by_zone({main});
    if (main->worth == Worth::kBad) return bogus(main->kind);
    if (from_dname != nullptr) {
      return set == nullptr || set->right ? State{ZoneState::kSecure}
                                          : bogus(BogusKind::kBadSignature);
    }
    Links links;
    for (const Piece& piece : reply_.pieces) {
      if (piece.section != Section::kAuthority || piece.set.type == RecordType::kNs ||
          !piece.is_by_zone()) {
        continue;
      }
      if (piece.worth == Worth::kBad) return bogus(piece.kind);
      if (piece.link) links.insert(*piece.link);
    }
    if (main->signed_owner == main->set.owner) return {ZoneState::kSecure};
    return conclude(Proofs(plan_, links).closer(asked_.name, parent_of(main->signed_owner)), links);
  }

  [[nodiscard]] State absent(ReplyKind kind) const {
    std::vector<const Piece*> counted;
    bool proof = false, proof_by_zone = false, soa_by_zone = false;
    for (const Piece& piece : reply_.pieces) {
      if (!piece.is_denial() && !piece.is_soa()) continue;
      counted.push_back(&piece);
      proof = proof || piece.is_denial();
      (piece.is_denial() ? proof_by_zone : soa_by_zone) |= piece.is_by_zone();
    }
    if (!proof_by_zone) {
      const State made = not_by_zone(counted);
      if (made.state == ZoneState::kUnsigned && soa_by_zone && !proof)
        return bogus(BogusKind::kNoDenialProof);
      return made;
    }
    Links links;
    for (const Piece* piece : counted) {
      if (piece->worth != Worth::kGood) return bogus(kind_of(*piece));
      if (piece->link) links.insert(*piece->link);
    }
    const Proofs proofs(plan_, links);
    return conclude(kind == ReplyKind::kNodata ? proofs.nodata(asked_.name, asked_.type)
                                               : proofs.name_error(asked_.name, asked_.type),
                    links);
  }

  const Plan& plan_;
  std::string zone_;
  const Question& asked_;
  const Reply& reply_;
};

// One seed.
class ZoneRun {
 public:
  explicit ZoneRun(std::uint64_t seed) : draw_(seed), validator_(kCacheOctets) {
    report_.seed = seed;
  }

  ZoneReport run() {
    make_zone();
    for (std::size_t left = 2 + draw_.below(3); left > 0; --left) {
      if (draw_.chance(8))
        ask_for_keys();
      else
        ask();
    }
    report_.checks = validator_.counts().checks;
    return std::move(report_);
  }

 private:
  static constexpr std::array<const char*, 7> kLabels = {"a", "b", "c", "aa", "m", "x", "zz"};

  std::string label() { return kLabels[draw_.below(kLabels.size())]; }
  std::string random_name() {
    std::string name = plan_.apex;
    for (std::size_t depth = 1 + draw_.below(3); depth > 0; --depth) name = below(label(), name);
    return name;
  }

  void put(const std::string& name, RecordType type, std::vector<Rdata> rdatas) {
    zone_->add(name, type, std::move(rdatas));
    plan_.nodes[name].insert(type);
  }

  void make_zone() {
    constexpr std::array<const char*, 6> kApexes = {"z.test",      "z.test", "z.test",
                                                    "a.b.example", "test",   "."};
    plan_.apex = kApexes[draw_.below(kApexes.size())];
    plan_.kind = static_cast<ZoneKind>(draw_.below(3));
    if (plan_.nsec3()) {
      constexpr std::array<std::uint16_t, 12> kIterations = {0, 0,  0,  0,   0,   0,
                                                             1, 10, 50, 150, 151, 200};
      plan_.parameters.iterations = kIterations[draw_.below(kIterations.size())];
      plan_.parameters.opt_out = plan_.kind == ZoneKind::kOptOut;
      for (std::size_t octets = draw_.below(2) * draw_.below(9); octets > 0; --octets)
        plan_.parameters.salt.push_back(static_cast<std::uint8_t>(draw_.u64()));
    }
    // Both ends belong to the time of validity.
    constexpr std::array<std::uint32_t, 4> kSpans_s = {0, 1, 3600, 86400 * 30};
    const auto now = static_cast<std::uint32_t>(kNow);
    validity_ = {.inception = now - kSpans_s[draw_.below(4)],
                 .expiration = now + kSpans_s[draw_.below(4)]};
    zone_ = std::make_unique<SignedZone>(test::ZoneOptions{.name = plan_.apex,
                                                           .nsec3 = plan_.nsec3(),
                                                           .parameters = plan_.parameters,
                                                           .validity = validity_,
                                                           .key = key_of(plan_.apex, "own")});
    plan_.nodes[plan_.apex] = {RecordType::kSoa, RecordType::kNs, RecordType::kDnskey};
    ++report_.zones[static_cast<std::size_t>(plan_.kind)];
    if (plan_.costly()) ++report_.zones[4];
    if (draw_.chance(4)) put(plan_.apex, RecordType::kCaa, {test::caa_rdata("ca.test")});
    for (std::size_t left = draw_.below(9); left > 0; --left) add_something();
    plan_.link();
  }

  void add_something() {
    std::string name = random_name();
    const std::size_t kind = draw_.below(9);
    if (kind == 7) name = below("*", draw_.chance(3) ? plan_.apex : parent_of(name));
    if (plan_.nodes.contains(name)) return;
    const bool below_dname = std::ranges::any_of(plan_.nodes, [&](const auto& node) {
      return node.second.contains(RecordType::kDname) && is_within(name, node.first);
    });
    if (below_dname) return;
    switch (kind) {
      case 0:
      case 1:
        put(name, RecordType::kA, {{192, 0, 2, 1}});
        return;
      case 2:
        put(name, RecordType::kCaa, {test::caa_rdata("ca.test"), test::caa_rdata(";")});
        if (draw_.chance(2)) put(name, RecordType::kA, {{192, 0, 2, 1}});
        return;
      case 3:
        put(name, RecordType::kCname, {test::name_rdata("elsewhere.invalid")});
        return;
      case 4:
        if (!plan_.exists(name)) put(name, RecordType::kDname, {test::name_rdata("other.invalid")});
        return;
      case 5:
      case 6: {
        put(name, RecordType::kNs, {test::name_rdata("ns." + name)});
        if (kind == 6) put(name, RecordType::kDs, {ds_of_child()});
        if (draw_.chance(2)) put("ns." + name, RecordType::kA, {{192, 0, 2, 2}});
        return;
      }
      case 7: {
        constexpr std::array<RecordType, 3> kTypes = {RecordType::kCaa, RecordType::kA,
                                                      RecordType::kCname};
        const RecordType type = kTypes[draw_.below(3)];
        put(name, type,
            {type == RecordType::kCaa ? test::caa_rdata("wild.test")
             : type == RecordType::kA ? Rdata{192, 0, 2, 3}
                                      : test::name_rdata("elsewhere.invalid")});
        return;
      }
      default:
        // An empty non-terminal, perhaps two.
        name = below(label(), below(label(), name));
        if (!plan_.nodes.contains(name)) put(name, RecordType::kA, {{192, 0, 2, 4}});
    }
  }

  Rdata ds_of_child() {
    wire::DsRecord ds{.key_tag = 1, .algorithm = 13, .digest_type = 2};
    ds.digest.assign(32, static_cast<std::uint8_t>(draw_.u64()));
    return test::ds_rdata(ds);
  }

  std::string name_to_ask() {
    std::string name;
    if (draw_.chance(4)) {
      name = random_name();
    } else {
      auto node = plan_.nodes.begin();
      std::advance(node, static_cast<std::ptrdiff_t>(draw_.below(plan_.nodes.size())));
      name = node->first;
    }
    switch (draw_.below(6)) {
      case 0:
      case 1:
        name = below(label(), name);
        break;
      case 2:
        if (name != plan_.apex) name = parent_of(name);
        break;
      case 3:
        if (name != plan_.apex) name = below(label(), parent_of(name));
        break;
      default:
        break;
    }
    return name;
  }

  // What the zone's server says.
  Reply honest(const std::string& name, RecordType type) {
    const test::Message message = zone_->answer(name, type);
    Reply made;
    const auto bytes = message.bytes();
    made.rcode = static_cast<wire::Rcode>(bytes[3] & 0x0F);
    for (auto& [section, set] : message.sets()) {
      Piece piece{.section = section, .set = std::move(set)};
      piece.signed_owner = piece.set.owner;
      if (section == Section::kAnswer && !plan_.nodes.contains(piece.set.owner) &&
          !piece.set.signatures.empty()) {
        piece.signed_owner = below("*", plan_.encloser(piece.set.owner));
      }
      if (!piece.set.signatures.empty()) piece.worth = Worth::kGood;
      if (piece.is_denial()) piece.link = link_of(piece.set);
      made.pieces.push_back(std::move(piece));
    }
    return made;
  }

  std::size_t link_of(const Records& set) {
    if (set.type == RecordType::kNsec) return plan_.link_of(set.owner).value();
    for (std::size_t i = 0; i < plan_.hashes.size(); ++i) {
      if (test::nsec3_records(plan_.apex, plan_.hashes[i], {}, {}, plan_.parameters).owner ==
          set.owner) {
        return i;
      }
    }
    CAASCAN_ASSERT(false);
  }
  Piece denial_at(std::size_t link) {
    const std::string& name = plan_.chain[link];
    Piece piece{.section = Section::kAuthority,
                .set = plan_.nsec3() ? zone_->nsec3_of(name) : zone_->nsec_of(name),
                .worth = Worth::kGood,
                .link = link};
    piece.signed_owner = piece.set.owner;
    return piece;
  }

  void sign(Piece& piece, const SigningKey& key, test::Validity validity) {
    const std::string owner = piece.set.owner;
    piece.set.owner = piece.signed_owner;
    piece.set.signatures.clear();
    piece.set = key.sign(std::move(piece.set), validity);
    piece.set.owner = owner;
  }
  void expire(Piece& piece) {
    const auto now = static_cast<std::uint32_t>(kNow);
    sign(piece, zone_->key(), {.inception = now - 1000, .expiration = now - 1});
    piece.worth = Worth::kBad;
    piece.kind = BogusKind::kExpired;
  }
  static void make_bad(Piece& piece) {
    piece.worth = Worth::kBad;
    piece.kind = BogusKind::kBadSignature;
  }
  static void strip(Piece& piece) {
    piece.set.signatures.clear();
    piece.worth = Worth::kUnsigned;
  }
  // Behind the signer's name: the signature itself.
  std::size_t octet_of_signature(const Rdata& rrsig) { return rrsig.size() - 1 - draw_.below(64); }

  // Something that is signed; null where there is nothing.
  Piece* some_signed(Reply& reply) {
    std::vector<Piece*> found;
    for (Piece& piece : reply.pieces)
      if (piece.worth == Worth::kGood) found.push_back(&piece);
    return found.empty() ? nullptr : found[draw_.below(found.size())];
  }

  // False where the fault cannot be made of this reply.
  bool damage(ZoneFault fault, const Question& asked, Reply& reply) {
    const auto is_denial = [](const Piece& piece) { return piece.is_denial(); };
    const bool has_denial = std::ranges::any_of(reply.pieces, is_denial);
    const auto replace_denial = [&](std::vector<std::size_t> links) {
      std::erase_if(reply.pieces, is_denial);
      std::ranges::sort(links);
      links.erase(std::ranges::unique(links).begin(), links.end());
      if (draw_.chance(2)) std::ranges::reverse(links);
      for (const std::size_t link : links) reply.pieces.push_back(denial_at(link));
    };
    Piece* piece = some_signed(reply);
    switch (fault) {
      case ZoneFault::kNone:
        return true;
      case ZoneFault::kOneUnsigned:
        if (piece == nullptr) return false;
        strip(*piece);
        return true;
      case ZoneFault::kAllUnsigned:
        for (Piece& one : reply.pieces) strip(one);
        return true;
      case ZoneFault::kSignatureFlipped: {
        if (piece == nullptr) return false;
        Rdata& rrsig = piece->set.signatures.front();
        rrsig[octet_of_signature(rrsig)] ^= static_cast<std::uint8_t>(1 + draw_.below(255));
        make_bad(*piece);
        return true;
      }
      case ZoneFault::kExpired:
        if (piece == nullptr) return false;
        expire(*piece);
        return true;
      case ZoneFault::kAllExpired:
        for (Piece& one : reply.pieces)
          if (one.worth == Worth::kGood) expire(one);
        return true;
      case ZoneFault::kNotYetValid: {
        if (piece == nullptr) return false;
        const auto now = static_cast<std::uint32_t>(kNow);
        sign(*piece, zone_->key(), {.inception = now + 1, .expiration = now + 1000});
        piece->worth = Worth::kBad;
        piece->kind = BogusKind::kNotYetValid;
        return true;
      }
      case ZoneFault::kApexDenial:
        if (!has_denial) return false;
        replace_denial({plan_.link_of(plan_.apex).value()});
        return true;
      case ZoneFault::kOtherDenial:
        if (!has_denial) return false;
        replace_denial({draw_.below(plan_.chain.size()), draw_.below(plan_.chain.size())});
        return true;
      case ZoneFault::kDenialMissing:
        if (!has_denial) return false;
        replace_denial({});
        return true;
      case ZoneFault::kPartOfDenialMissing: {
        if (std::ranges::count_if(reply.pieces, is_denial) < 2) return false;
        std::vector<std::size_t> at;
        for (std::size_t i = 0; i < reply.pieces.size(); ++i)
          if (reply.pieces[i].is_denial()) at.push_back(i);
        reply.pieces.erase(reply.pieces.begin() +
                           static_cast<std::ptrdiff_t>(at[draw_.below(at.size())]));
        return true;
      }
      case ZoneFault::kSoaMissing:
        return std::erase_if(reply.pieces, [](const Piece& one) { return one.is_soa(); }) > 0;
      case ZoneFault::kUnknownAlgorithm: {
        if (piece == nullptr) return false;
        piece->set.signatures.front()[2] = kUnknownNumber;  // RFC 4034 §3.1: after the type
        make_bad(*piece);
        return true;
      }
      case ZoneFault::kAnswerOfAnotherName: {
        std::string other = name_to_ask();
        if (other == asked.name) return false;
        if (asked.type == RecordType::kDs && other == plan_.apex) return false;
        reply = honest(other, asked.type);
        return true;
      }
      case ZoneFault::kNxdomainForAll:
        reply.rcode = wire::Rcode::kNxDomain;
        return true;
      case ZoneFault::kNoerrorForAll:
        if (reply.rcode == wire::Rcode::kNoError) return false;
        reply.rcode = wire::Rcode::kNoError;
        return true;
      case ZoneFault::kErrorRcode:
        reply.rcode = draw_.chance(2) ? wire::Rcode::kServFail : wire::Rcode::kRefused;
        return true;
      case ZoneFault::kDataChanged:
        if (piece == nullptr) return false;
        change_data(*piece);
        make_bad(*piece);
        return true;
      case ZoneFault::kReferralWithoutProof: {
        const bool referral = std::ranges::any_of(
            reply.pieces, [](const Piece& one) { return one.set.type == RecordType::kNs; });
        if (!referral) return false;
        std::erase_if(reply.pieces,
                      [](const Piece& one) { return one.set.type != RecordType::kNs; });
        return true;
      }
      case ZoneFault::kReferralUpwards: {
        const std::string up = plan_.apex == "." ? "." : parent_of(plan_.apex);
        reply = {};
        reply.pieces.push_back({.section = Section::kAuthority,
                                .set = {.owner = up,
                                        .type = RecordType::kNs,
                                        .rdatas = {test::name_rdata("ns.invalid")}},
                                .signed_owner = up});
        return true;
      }
      case ZoneFault::kSignedByParent:
        if (piece == nullptr || plan_.apex == ".") return false;
        sign(*piece, key_of(parent_of(plan_.apex), "parent"), validity_);
        piece->worth = Worth::kUnsigned;
        piece->signer = parent_of(plan_.apex);
        return true;
      case ZoneFault::kSignedBySibling:
        if (piece == nullptr) return false;
        sign(*piece, key_of("sibling.invalid", "sibling"), validity_);
        piece->worth = Worth::kUnsigned;
        piece->signer = "sibling.invalid";
        return true;
      case ZoneFault::kSignedByAnotherKey:
        if (piece == nullptr) return false;
        sign(*piece, key_of(plan_.apex, "another"), validity_);
        make_bad(*piece);
        return true;
      case ZoneFault::kSignedBelow: {
        if (piece == nullptr) return false;
        std::string signer = asked.name == plan_.apex ? below("a", plan_.apex) : asked.name;
        if (draw_.chance(3) && parent_of(signer) != plan_.apex && signer != plan_.apex)
          signer = parent_of(signer);
        sign(*piece, key_of(signer, "child"), validity_);
        piece->worth = Worth::kUnsigned;
        piece->signer = signer;
        return true;
      }
      case ZoneFault::kWildcardForAnyName:
        return put_wildcard(asked, reply);
      case ZoneFault::kAnotherAliasFollows:
        for (Piece& one : reply.pieces) {
          if (one.set.type != RecordType::kCname || one.is_by_zone()) continue;
          one.set.rdatas = {test::name_rdata("evil.invalid")};
          one.right = false;
          return true;
        }
        return false;
      case ZoneFault::kBadSignatureBeside: {
        if (piece == nullptr) return false;
        Rdata copy = piece->set.signatures.front();
        copy[octet_of_signature(copy)] ^= 1;
        piece->set.signatures.insert(
            draw_.chance(2) ? piece->set.signatures.begin() : piece->set.signatures.end(),
            std::move(copy));
        return true;
      }
      case ZoneFault::kTtlLowered:
        for (Piece& one : reply.pieces)
          one.set.ttl_s = static_cast<std::uint32_t>(draw_.below(300));
        return true;
      case ZoneFault::kMoreProof:
        if (!has_denial || !plan_.nsec3()) return false;
        add_proof(reply);
        return true;
      case ZoneFault::kOnParentsServers:
      case ZoneFault::kUnsignedZone:
        if (plan_.apex == ".") return false;
        for (Piece& one : reply.pieces) {
          if (fault == ZoneFault::kUnsignedZone) {
            strip(one);
          } else if (one.is_by_zone()) {
            one.worth = Worth::kUnsigned;
            one.signer = plan_.apex;
          }
        }
        if (fault == ZoneFault::kUnsignedZone) std::erase_if(reply.pieces, is_denial);
        return true;
      default:
        return false;  // of keys
    }
  }

  void add_proof(Reply& reply) {
    const std::size_t link = draw_.below(plan_.chain.size());
    for (const Piece& one : reply.pieces)
      if (one.link == link) return;
    reply.pieces.push_back(denial_at(link));
  }

  // A wildcard's set as the answer for a name that the wildcard does not stand for.
  bool put_wildcard(const Question& asked, Reply& reply) {
    for (const auto& [name, types] : plan_.nodes) {
      if (!is_wildcard(name) || plan_.is_below_cut(name) || name == asked.name ||
          !is_strictly_within(asked.name, parent_of(name))) {
        continue;
      }
      RecordType type = asked.type;
      if (types.contains(RecordType::kCname)) type = RecordType::kCname;
      if (!types.contains(type)) continue;
      Piece piece{.section = Section::kAnswer,
                  .set = test::expanded(zone_->set(name, type), asked.name),
                  .signed_owner = name,
                  .worth = Worth::kGood};
      std::erase_if(reply.pieces, [](const Piece& one) { return !one.is_denial(); });
      reply.rcode = wire::Rcode::kNoError;
      reply.pieces.push_back(std::move(piece));
      if (draw_.chance(2)) add_proof(reply);
      return true;
    }
    return false;
  }

  static void change_data(Piece& piece) {
    Rdata& rdata = piece.set.rdatas.front();
    if (piece.set.type == RecordType::kCname || piece.set.type == RecordType::kDname)
      rdata = test::name_rdata("evil.invalid");
    else
      rdata.back() ^= 1;
  }

  std::vector<std::uint8_t> bytes_of(const Question& asked, const Reply& reply) {
    test::Message message(asked.name, asked.type, reply.rcode);
    for (const Piece& piece : reply.pieces) message.add(piece.section, piece.set);
    return message.bytes();
  }

  static engine::ZoneKeys keys_of(const SigningKey& key) {
    return {.zone = dns_name(key.zone()), .keys = {key.dnskey()}};
  }

  void ask() {
    Question asked{name_to_ask(), draw_.chance(4) ? RecordType::kDs : RecordType::kCaa};
    if (asked.type == RecordType::kDs && asked.name == plan_.apex) asked.type = RecordType::kCaa;
    const Reply plain = honest(asked.name, asked.type);
    Reply reply;
    ZoneFault fault{};
    do {
      // Each fifth is left as it is.
      fault =
          draw_.chance(5) ? ZoneFault::kNone : static_cast<ZoneFault>(draw_.below(kZoneFaultCount));
      reply = plain;
    } while (!damage(fault, asked, reply));
    ++report_.faults[static_cast<std::size_t>(fault)];
    ++report_.questions;
    const bool from_parent =
        fault == ZoneFault::kOnParentsServers || fault == ZoneFault::kUnsignedZone;
    if (fault == ZoneFault::kUnsignedZone) ++report_.zones[3];
    const SigningKey& key = from_parent ? key_of(parent_of(plan_.apex), "parent") : zone_->key();

    const Oracle oracle(plan_, key.zone(), asked, reply);
    std::string cut;
    const ReplyKind wanted_kind = oracle.kind(cut);
    const auto bytes = bytes_of(asked, reply);
    const auto view = wire::MessageView::parse(bytes);
    CAASCAN_ASSERT(view.has_value());
    const engine::ZoneKeys keys = keys_of(key);
    const DnsName name = dns_name(asked.name);
    const engine::ReplyClass got_class = engine::classify_reply(
        *view, keys.zone, {name, asked.type}, false, /*first_alias_only=*/true);
    if (fault == ZoneFault::kNone) check_plain(asked, wanted_kind);
    if (got_class.kind != wanted_kind) {
      differ(fault, asked, reply, std::string(reply_word(wanted_kind)),
             std::string(reply_word(got_class.kind)));
      return;
    }
    State wanted, got;
    switch (wanted_kind) {
      case ReplyKind::kReferral:
        if (got_class.delegation.zone != dns_name(cut))
          differ(fault, asked, reply, cut, got_class.delegation.zone.text());
        wanted = oracle.ds(cut);
        got = check_ds(keys, cut, *view);
        break;
      case ReplyKind::kAnswer:
      case ReplyKind::kAlias:
      case ReplyKind::kNodata:
      case ReplyKind::kNxDomain: {
        if (asked.type == RecordType::kDs) {
          wanted = oracle.ds(asked.name);
          got = check_ds(keys, asked.name, *view);
          break;
        }
        const Claim claim = wanted_kind == ReplyKind::kAnswer   ? Claim::kAnswer
                            : wanted_kind == ReplyKind::kAlias  ? Claim::kAlias
                            : wanted_kind == ReplyKind::kNodata ? Claim::kNodata
                                                                : Claim::kNxDomain;
        wanted = oracle.answer(wanted_kind);
        got = state_of(validator_.check_answer(keys, name, asked.type, claim, *view, kNow));
        break;
      }
      default:
        break;
    }
    compare(fault, asked, reply, wanted, got);
  }

  // What the zone holds is what its server says: the oracle's reading of a whole message too.
  void check_plain(const Question& asked, ReplyKind kind) {
    std::string cut;
    for (std::string at = asked.name; at != plan_.apex; at = parent_of(at)) {
      if (plan_.is_cut(at) && !(at == asked.name && asked.type == RecordType::kDs)) cut = at;
    }
    ReplyKind wanted = ReplyKind::kNodata;
    const auto holds = [&](const std::string& name) {
      return plan_.has(name, asked.type)           ? ReplyKind::kAnswer
             : plan_.has(name, RecordType::kCname) ? ReplyKind::kAlias
                                                   : ReplyKind::kNodata;
    };
    if (!cut.empty()) {
      wanted = ReplyKind::kReferral;
    } else if (plan_.exists(asked.name)) {
      wanted = holds(asked.name);
    } else {
      const std::string encloser = plan_.encloser(asked.name);
      const std::string wildcard = below("*", encloser);
      wanted = plan_.has(encloser, RecordType::kDname) ? ReplyKind::kAlias
               : plan_.exists(wildcard)                ? holds(wildcard)
                                                       : ReplyKind::kNxDomain;
      // The signer knows of wildcards with records only.
      if (wanted == ReplyKind::kNodata && !plan_.nodes.contains(wildcard)) return;
    }
    if (wanted != kind)
      report_.differences.push_back(fmt::format("{} in the zone, {} in its answer for {}",
                                                reply_word(wanted), reply_word(kind), asked.name));
  }

  void ask_for_keys() {
    const Question asked{plan_.apex, RecordType::kDnskey};
    const Reply plain = honest(asked.name, asked.type);
    const auto make_ds = [&](std::uint8_t digest) { return zone_->key().ds(digest); };
    Reply reply;
    ZoneFault fault{};
    std::vector<wire::DsRecord> ds;
    bool possible = false;
    State wanted;
    do {
      fault = static_cast<ZoneFault>(draw_.below(kZoneFaultCount));
      reply = plain;
      ds = {make_ds(draw_.chance(3) ? 4 : 2)};
      wanted = {ZoneState::kSecure};
      Piece& set = reply.pieces.front();
      possible = true;
      switch (fault) {
        case ZoneFault::kDsMismatch:
          ds.front().digest[draw_.below(32)] ^= 1;
          if (draw_.chance(2)) ds = {key_of(plan_.apex, "another").ds()};
          wanted = {ZoneState::kBogus, BogusKind::kDsMismatch};
          break;
        case ZoneFault::kDsBesideMismatch:
          ds.insert(draw_.chance(2) ? ds.begin() : ds.end(), key_of(plan_.apex, "another").ds());
          break;
        case ZoneFault::kSha1Beside:
          ds = {make_ds(1), key_of(plan_.apex, "another").ds()};
          wanted = {ZoneState::kBogus, BogusKind::kDsMismatch};
          if (draw_.chance(2)) {
            ds.pop_back();
            wanted = {ZoneState::kSecure};
          }
          break;
        case ZoneFault::kUnknownDs:
          (draw_.chance(2) ? ds.front().algorithm : ds.front().digest_type) = kUnknownNumber;
          wanted = {ZoneState::kInsecure};
          break;
        case ZoneFault::kDnskeyMissing:
          reply = honest(plan_.apex, RecordType::kLoc);
          wanted = {ZoneState::kBogus, BogusKind::kNoDnskey};
          break;
        case ZoneFault::kNone:
        case ZoneFault::kTtlLowered:
        case ZoneFault::kBadSignatureBeside:
        case ZoneFault::kOneUnsigned:
        case ZoneFault::kSignatureFlipped:
        case ZoneFault::kExpired:
        case ZoneFault::kNotYetValid:
          damage(fault, asked, reply);
          if (set.worth == Worth::kBad) wanted = {ZoneState::kBogus, set.kind};
          if (set.worth == Worth::kUnsigned) wanted = {ZoneState::kBogus, BogusKind::kNoSignature};
          break;
        case ZoneFault::kDataChanged:
          damage(fault, asked, reply);
          wanted = {ZoneState::kBogus, BogusKind::kDsMismatch};
          break;
        case ZoneFault::kUnknownAlgorithm:
        case ZoneFault::kSignedByParent:
        case ZoneFault::kSignedBySibling:
        case ZoneFault::kSignedByAnotherKey:
          // The key that the DS names has not signed.
          possible = damage(fault, asked, reply);
          wanted = {ZoneState::kBogus, BogusKind::kNoSignature};
          break;
        default:
          possible = false;
      }
    } while (!possible);
    ++report_.faults[static_cast<std::size_t>(fault)];
    ++report_.questions;
    const auto bytes = bytes_of(asked, reply);
    engine::ZoneKeys keys;
    const State got = state_of(validator_.check_keys(
        dns_name(plan_.apex), ds, wire::MessageView::parse(bytes).value(), kNow, keys));
    compare(fault, asked, reply, wanted, got);
    if ((got.state == ZoneState::kSecure) == keys.keys.empty())
      report_.differences.push_back("keys that are not secure, or none that are");
  }

  static State state_of(const engine::Validation& found) {
    State made{.kind = found.kind};
    switch (found.proof) {
      case Proof::kSecure:
        made.state = ZoneState::kSecure;
        break;
      case Proof::kInsecure:
        made.state = ZoneState::kInsecure;
        break;
      case Proof::kBogus:
        made.state = ZoneState::kBogus;
        break;
      case Proof::kUnsigned:
        made.state = ZoneState::kUnsigned;
        break;
      case Proof::kSignedBelow:
        made.state = ZoneState::kSignedBelow;
        made.signer = found.signer.is_root() ? "." : found.signer.text();
        break;
    }
    return made;
  }

  State check_ds(const engine::ZoneKeys& keys, const std::string& child,
                 const wire::MessageView& view) {
    const engine::DsAnswer found = validator_.check_ds(keys, dns_name(child), view, kNow);
    State made{.kind = found.kind};
    switch (found.state) {
      case DsState::kSecure:
        made.state = ZoneState::kDs;
        break;
      case DsState::kNoDs:
        made.state = ZoneState::kNoDs;
        break;
      case DsState::kNoCut:
        made.state = ZoneState::kNoCut;
        break;
      case DsState::kInsecure:
        made.state = ZoneState::kInsecure;
        break;
      case DsState::kBogus:
        made.state = ZoneState::kBogus;
        break;
      case DsState::kNotThere:
        made.state = ZoneState::kDsNotThere;
        break;
    }
    return made;
  }

  static std::string text_of(const State& state) {
    return fmt::format("{} {} {}", word(state.state), caascan::word(state.kind), state.signer);
  }

  void compare(ZoneFault fault, const Question& asked, const Reply& reply, const State& wanted,
               const State& got) {
    ++report_.states[static_cast<std::size_t>(wanted.state)];
    if (wanted.state == got.state && wanted.kind == got.kind && wanted.signer == got.signer) return;
    if (wanted.perhaps && got.state == ZoneState::kBogus && got.kind == BogusKind::kWrongDenial)
      return;
    differ(fault, asked, reply, text_of(wanted), text_of(got));
  }

  void differ(ZoneFault fault, const Question& asked, const Reply& reply, const std::string& wanted,
              const std::string& got) {
    constexpr std::array<std::string_view, 3> kKinds = {"NSEC", "NSEC3", "opt-out"};
    std::string text = fmt::format(
        "{} {} in {} ({}, {} iterations), fault {}: expected {}, got {}; rcode {}", asked.name,
        wire::word(asked.type), plan_.apex, kKinds[static_cast<std::size_t>(plan_.kind)],
        plan_.parameters.iterations, word(fault), wanted, got, static_cast<int>(reply.rcode));
    for (const Piece& piece : reply.pieces) {
      text +=
          fmt::format("\n    {} {} {} worth {}", static_cast<int>(piece.section), piece.set.owner,
                      wire::word(piece.set.type), static_cast<int>(piece.worth));
      if (piece.link) {
        text += fmt::format(" [{} -> {}]", plan_.chain[*piece.link],
                            plan_.chain[(*piece.link + 1) % plan_.chain.size()]);
      }
    }
    text += "\n    zone:";
    for (const auto& [name, types] : plan_.nodes) {
      text += " " + name;
      for (const RecordType type : types) text += "/" + std::string(wire::word(type));
    }
    report_.differences.push_back(std::move(text));
  }

  Draw draw_;
  engine::Validator validator_;
  ZoneReport report_;
  Plan plan_;
  test::Validity validity_;
  std::unique_ptr<SignedZone> zone_;
};

}  // namespace

std::string_view word(ZoneFault fault) {
  constexpr std::array<std::string_view, kZoneFaultCount> kWords = {"none",
                                                                    "one-unsigned",
                                                                    "all-unsigned",
                                                                    "signature-flipped",
                                                                    "expired",
                                                                    "all-expired",
                                                                    "not-yet-valid",
                                                                    "apex-denial",
                                                                    "other-denial",
                                                                    "denial-missing",
                                                                    "part-of-denial-missing",
                                                                    "soa-missing",
                                                                    "ds-mismatch",
                                                                    "ds-beside-mismatch",
                                                                    "sha1-beside",
                                                                    "unknown-ds",
                                                                    "dnskey-missing",
                                                                    "unknown-algorithm",
                                                                    "answer-of-another-name",
                                                                    "nxdomain-for-all",
                                                                    "noerror-for-all",
                                                                    "error-rcode",
                                                                    "data-changed",
                                                                    "referral-without-proof",
                                                                    "referral-upwards",
                                                                    "signed-by-parent",
                                                                    "signed-by-sibling",
                                                                    "signed-by-another-key",
                                                                    "signed-below",
                                                                    "wildcard-for-any-name",
                                                                    "on-parents-servers",
                                                                    "unsigned-zone",
                                                                    "another-alias-follows",
                                                                    "bad-signature-beside",
                                                                    "ttl-lowered",
                                                                    "more-proof"};
  return kWords[static_cast<std::size_t>(fault)];
}

std::string_view word(ZoneState state) {
  constexpr std::array<std::string_view, kZoneStateCount> kWords = {
      "secure", "insecure", "bogus",  "unsigned",  "signed-below",
      "ds",     "no-ds",    "no-cut", "not-there", "no-verdict"};
  return kWords[static_cast<std::size_t>(state)];
}

ZoneReport run_zone(std::uint64_t seed) {
  return ZoneRun(seed).run();
}

}  // namespace caascan::sim
