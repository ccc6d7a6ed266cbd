#include "tests/sim/drawn_zone.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "ingest/assert.h"

namespace caascan::sim::zones {

const SigningKey& key_of(const std::string& zone, const std::string& seed) {
  thread_local std::map<std::pair<std::string, std::string>, SigningKey> keys;
  const auto at = keys.find({zone, seed});
  if (at != keys.end()) return at->second;
  return keys.emplace(std::pair(zone, seed), SigningKey(zone, seed, test::KeyAlgorithm::kEcdsaP256))
      .first->second;
}

std::string DrawnZone::random_name() {
  std::string name = plan_.apex;
  for (std::size_t depth = 1 + draw_.below(3); depth > 0; --depth) name = below(label(), name);
  return name;
}

void DrawnZone::put(const std::string& name, RecordType type, std::vector<Rdata> rdatas) {
  zone_->add(name, type, std::move(rdatas));
  plan_.nodes[name].insert(type);
}

void DrawnZone::make_zone() {
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
  if (draw_.chance(4)) put(plan_.apex, RecordType::kCaa, {test::caa_rdata("ca.test")});
  for (std::size_t left = draw_.below(9); left > 0; --left) add_something();
  plan_.link();
}

void DrawnZone::add_something() {
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

Rdata DrawnZone::ds_of_child() {
  wire::DsRecord ds{.key_tag = 1, .algorithm = 13, .digest_type = 2};
  ds.digest.assign(32, static_cast<std::uint8_t>(draw_.u64()));
  return test::ds_rdata(ds);
}

std::string DrawnZone::name_to_ask() {
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

Reply DrawnZone::honest(const std::string& name, RecordType type) {
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

std::size_t DrawnZone::link_of(const Records& set) {
  if (set.type == RecordType::kNsec) return plan_.link_of(set.owner).value();
  for (std::size_t i = 0; i < plan_.hashes.size(); ++i) {
    if (test::nsec3_records(plan_.apex, plan_.hashes[i], {}, {}, plan_.parameters).owner ==
        set.owner) {
      return i;
    }
  }
  CAASCAN_ASSERT(false);
}

Piece DrawnZone::denial_at(std::size_t link) {
  const std::string& name = plan_.chain[link];
  Piece piece{.section = Section::kAuthority,
              .set = plan_.nsec3() ? zone_->nsec3_of(name) : zone_->nsec_of(name),
              .worth = Worth::kGood,
              .link = link};
  piece.signed_owner = piece.set.owner;
  return piece;
}

void DrawnZone::sign(Piece& piece, const SigningKey& key, test::Validity validity) {
  const std::string owner = piece.set.owner;
  piece.set.owner = piece.signed_owner;
  piece.set.signatures.clear();
  piece.set = key.sign(std::move(piece.set), validity);
  piece.set.owner = owner;
}

void DrawnZone::expire(Piece& piece) {
  const auto now = static_cast<std::uint32_t>(kNow);
  sign(piece, zone_->key(), {.inception = now - 1000, .expiration = now - 1});
  piece.worth = Worth::kBad;
  piece.kind = BogusKind::kExpired;
}

void DrawnZone::make_bad(Piece& piece) {
  piece.worth = Worth::kBad;
  piece.kind = BogusKind::kBadSignature;
}

void DrawnZone::strip(Piece& piece) {
  piece.set.signatures.clear();
  piece.worth = Worth::kUnsigned;
}

Piece* DrawnZone::some_signed(Reply& reply) {
  std::vector<Piece*> found;
  for (Piece& piece : reply.pieces)
    if (piece.worth == Worth::kGood) found.push_back(&piece);
  return found.empty() ? nullptr : found[draw_.below(found.size())];
}

bool DrawnZone::damage(ZoneFault fault, const Question& asked, Reply& reply) {
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
      std::erase_if(reply.pieces, [](const Piece& one) { return one.set.type != RecordType::kNs; });
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
      for (Piece& one : reply.pieces) one.set.ttl_s = static_cast<std::uint32_t>(draw_.below(300));
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

void DrawnZone::add_proof(Reply& reply) {
  const std::size_t link = draw_.below(plan_.chain.size());
  for (const Piece& one : reply.pieces)
    if (one.link == link) return;
  reply.pieces.push_back(denial_at(link));
}

bool DrawnZone::put_wildcard(const Question& asked, Reply& reply) {
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

void DrawnZone::change_data(Piece& piece) {
  Rdata& rdata = piece.set.rdatas.front();
  if (piece.set.type == RecordType::kCname || piece.set.type == RecordType::kDname)
    rdata = test::name_rdata("evil.invalid");
  else
    rdata.back() ^= 1;
}

}  // namespace caascan::sim::zones
