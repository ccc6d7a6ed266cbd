#include "tests/sim/sim_internet.h"

#include "ingest/assert.h"
#include "tests/support/zone_signer.h"

namespace caascan::sim {
namespace {

using std::chrono::milliseconds;
using wire::DnsName;
using wire::Rcode;
using wire::RecordType;
using wire::Section;

constexpr std::array<std::string_view, kBehaviourCount> kWords = {"good",
                                                                  "servfail",
                                                                  "refused",
                                                                  "notimp",
                                                                  "formerr",
                                                                  "notauth",
                                                                  "edns-formerr",
                                                                  "edns-notimp",
                                                                  "edns-dropped",
                                                                  "silent",
                                                                  "lame-upward",
                                                                  "self-referral",
                                                                  "empty-reply",
                                                                  "wrong-question",
                                                                  "not-reply",
                                                                  "malformed",
                                                                  "truncated",
                                                                  "truncated-no-tcp",
                                                                  "truncated-tcp-silent",
                                                                  "folds-case",
                                                                  "capitals-dropped",
                                                                  "recursion-lame",
                                                                  "nxdomain-liar",
                                                                  "loop-referral",
                                                                  "expired-signatures",
                                                                  "stripped-signatures",
                                                                  "unsigned-answers",
                                                                  "wrong-denial",
                                                                  "upper-case-denial"};

constexpr unsigned kNegativeTtl_s = 3600;  // longer than a simulated run asks anything

std::size_t question_end(const SeenQuery& query) {
  wire::Cursor cursor(query.bytes, wire::kHeaderOctets);
  wire::skip_name(cursor);
  return cursor.offset() + 4;
}

void add(std::vector<std::uint8_t>& reply, Section section, const DnsName& owner, RecordType type,
         const std::vector<std::uint8_t>& data, std::uint32_t ttl_s) {
  const std::size_t before = reply.size();
  add_record(reply, section, owner.text(), type, data);
  const std::size_t ttl_at = before + owner.wire().size() + 4;
  for (int octet = 0; octet < 4; ++octet) {
    reply[ttl_at + static_cast<std::size_t>(octet)] =
        static_cast<std::uint8_t>(ttl_s >> (24 - 8 * octet));
  }
}

std::vector<std::uint8_t> soa_of(const SimZone& zone) {
  const std::string contact = zone.apex.is_root() ? "hostmaster" : "hostmaster." + zone.apex.text();
  std::vector<std::uint8_t> data = soa_data(contact);
  data[data.size() - 2] = kNegativeTtl_s >> 8;  // the last field, MINIMUM
  data[data.size() - 1] = kNegativeTtl_s & 0xFF;
  return data;
}

void add_soa(std::vector<std::uint8_t>& reply, Section section, const SimZone& zone) {
  add(reply, section, zone.apex, RecordType::kSoa, soa_of(zone), kNegativeTtl_s);
}

std::vector<std::uint8_t> wire_data(const DnsName& name) {
  return {name.wire().begin(), name.wire().end()};
}

bool wants_signatures(const SeenQuery& query) {
  constexpr std::size_t kDoAt = 7;  // in an OPT record: the third octet of its TTL
  const std::size_t end = question_end(query);
  return has_edns(query) && query.bytes.size() > end + kDoAt &&
         (query.bytes[end + kDoAt] & 0x80) != 0;
}

// Whether a label of the question below `apex` has a capital.
bool has_capital_below(const SeenQuery& query, const DnsName& name, const DnsName& apex) {
  std::size_t at = wire::kHeaderOctets;
  for (std::size_t left = name.label_count() - apex.label_count(); left > 0; --left) {
    const std::size_t end = at + 1 + query.bytes[at];
    while (++at < end)
      if (query.bytes[at] >= 'A' && query.bytes[at] <= 'Z') return true;
  }
  return false;
}

// A thread's keys: names come again from seed to seed.
const test::SigningKey& key_of(const std::string& zone) {
  thread_local std::map<std::string, test::SigningKey> keys;
  const auto at = keys.find(zone);
  if (at != keys.end()) return at->second;
  return keys.emplace(zone, test::SigningKey(zone, zone, test::KeyAlgorithm::kEcdsaP256))
      .first->second;
}

constexpr RecordType kTxt = static_cast<RecordType>(16);

}  // namespace

struct SimInternet::Signer {
  test::SignedZone zone;
  std::map<std::pair<DnsName, RecordType>, test::Message> answers{};
};

std::string_view word(Behaviour behaviour) {
  return kWords[static_cast<std::size_t>(behaviour)];
}

std::optional<Behaviour> behaviour_from_word(std::string_view text) {
  for (std::size_t i = 0; i < kWords.size(); ++i) {
    if (kWords[i] == text) return static_cast<Behaviour>(i);
  }
  return std::nullopt;
}

DnsName name_of(std::string_view text) {
  const auto name = DnsName::from_text(text);
  CAASCAN_ASSERT(name.has_value());
  return *name;
}

std::vector<std::uint8_t> address_data(const engine::IpAddress& address) {
  return {address.octets.begin(), address.octets.begin() + (address.v6 ? 16 : 4)};
}

void set_flags(std::vector<std::uint8_t>& reply, bool aa, bool ra) {
  reply[2] = static_cast<std::uint8_t>((reply[2] & ~0x04) | (aa ? 0x04 : 0));
  reply[3] = static_cast<std::uint8_t>((reply[3] & ~0x80) | (ra ? 0x80 : 0));
}

bool has_edns(const SeenQuery& query) {
  return query.bytes[11] != 0;
}
bool wants_recursion(const SeenQuery& query) {
  return (query.bytes[2] & 0x01) != 0;
}

SimZone& SimInternet::zone(std::string_view apex) {
  return zone(name_of(apex));
}

SimZone& SimInternet::zone(const DnsName& apex) {
  SimZone& made = zones_[apex];
  made.apex = apex;
  return made;
}

const SimZone* SimInternet::find_zone(const DnsName& apex) const {
  const auto found = zones_.find(apex);
  return found == zones_.end() ? nullptr : &found->second;
}

const SimZone& SimInternet::zone_of(const DnsName& name) const {
  for (DnsName at = name;; at = at.parent()) {
    if (const SimZone* found = find_zone(at)) return *found;
    CAASCAN_ASSERT(!at.is_root());
  }
}

const SimZone& SimInternet::parent_zone(const DnsName& apex) const {
  return zone_of(apex.parent());
}

SimNode& SimInternet::node(std::string_view name) {
  const DnsName at = name_of(name);
  return zone(zone_of(at).apex).nodes[at];
}

void SimInternet::serve(const engine::IpAddress& address, const DnsName& apex, Served how) {
  servers_[address][apex].push_back(how);
}

const Served* SimInternet::served(const engine::IpAddress& address, const DnsName& apex,
                                  engine::Instant now) const {
  const auto server = servers_.find(address);
  if (server == servers_.end()) return nullptr;
  const auto zone = server->second.find(apex);
  if (zone == server->second.end()) return nullptr;
  const Served* found = nullptr;
  for (const Served& span : zone->second) {
    if (span.from <= now && now < span.until) found = &span;
  }
  return found;
}

engine::Delegation SimInternet::root() const {
  engine::Delegation root;
  for (const SimNameserver& nameserver : zones_.at(DnsName()).nameservers) {
    root.nameservers.push_back({nameserver.name, nameserver.glue});
  }
  return root;
}

bool SimInternet::has_something_at(const DnsName& name) const {
  for (const auto& [apex, zone] : zones_) {
    if (apex.is_within(name)) return true;
    for (const auto& [owner, node] : zone.nodes)
      if (owner.is_within(name)) return true;
  }
  return false;
}

std::vector<engine::IpAddress> SimInternet::servers_of(const DnsName& apex) const {
  std::vector<engine::IpAddress> found;
  for (const auto& [address, zones] : servers_)
    if (zones.contains(apex)) found.push_back(address);
  return found;
}

std::vector<wire::DsRecord> SimInternet::trust_anchors() const {
  const SimZone* root = find_zone(DnsName());
  if (root == nullptr || !root->signing) return {};
  return {key_of(".").ds()};
}

// The highest cut between the zone and the name. DS belongs to the parent's side of it.
const SimZone* SimInternet::cut_above(const SimZone& zone, const DnsName& name,
                                      RecordType type) const {
  const SimZone* cut = nullptr;
  for (DnsName at = name; at != zone.apex; at = at.parent()) {
    if (type == RecordType::kDs && at == name) continue;
    if (const SimZone* below = find_zone(at)) cut = below;
  }
  return cut;
}

void SimInternet::add_referral(std::vector<std::uint8_t>& reply, const SimZone& cut, bool with_ns) {
  set_flags(reply, false, false);
  for (const SimNameserver& nameserver : cut.nameservers) {
    if (!with_ns) break;
    add(reply, Section::kAuthority, cut.apex, RecordType::kNs, wire_data(nameserver.name),
        cut.ttl_s);
  }
  for (const SimNameserver& nameserver : cut.nameservers) {
    for (const engine::IpAddress& address : nameserver.glue) {
      add(reply, Section::kAdditional, nameserver.name,
          address.v6 ? RecordType::kAaaa : RecordType::kA, address_data(address), cut.ttl_s);
    }
  }
}

SimInternet::Signer& SimInternet::signer(const SimZone& zone, bool expired) const {
  std::shared_ptr<Signer>& made = signers_[{zone.apex, expired}];
  if (made) return *made;
  const auto epoch = static_cast<std::uint32_t>(kEpoch_unix_s);
  constexpr std::uint32_t kMonth_s = 30 * 86400;
  const std::string apex = zone.apex.text();
  made = std::make_shared<Signer>(Signer{test::SignedZone(
      {.name = apex,
       .nsec3 = zone.signing->nsec3,
       .parameters = {.iterations = zone.signing->iterations, .opt_out = zone.signing->opt_out},
       .validity = {.inception = epoch - kMonth_s,
                    .expiration = expired ? epoch - 86400 : epoch + kMonth_s},
       .ttl_s = zone.ttl_s,
       .key = key_of(apex)})});
  test::SignedZone& into = made->zone;
  into.add(apex, RecordType::kSoa, {soa_of(zone)});
  std::vector<test::Rdata> nameservers;
  for (const SimNameserver& one : zone.nameservers) nameservers.push_back(wire_data(one.name));
  into.add(apex, RecordType::kNs, std::move(nameservers));
  const auto is_occluded = [&](const DnsName& name) {
    for (DnsName at = name; at != zone.apex; at = at.parent()) {
      if (find_zone(at) != nullptr) return true;
      const auto above = zone.nodes.find(at.parent());
      if (above != zone.nodes.end() && above->second.subtree_alias) return true;
    }
    return false;
  };
  for (const auto& [name, node] : zone.nodes) {
    if (is_occluded(name)) continue;
    const std::string owner = name.text();
    if (node.alias) {
      into.add(owner, RecordType::kCname, {wire_data(*node.alias)});
      continue;
    }
    into.add(owner, kTxt, {{1, 'x'}});  // it exists
    if (node.subtree_alias) into.add(owner, RecordType::kDname, {wire_data(*node.subtree_alias)});
    if (node.caa) into.add(owner, RecordType::kCaa, {caa_data("ca.example")});
    std::vector<test::Rdata> v4, v6;
    for (const engine::IpAddress& address : node.addresses)
      (address.v6 ? v6 : v4).push_back(address_data(address));
    if (!v4.empty()) into.add(owner, RecordType::kA, std::move(v4));
    if (!v6.empty()) into.add(owner, RecordType::kAaaa, std::move(v6));
  }
  for (const auto& [child, below] : zones_) {
    if (child.is_root() || child == zone.apex || parent_zone(child).apex != zone.apex) continue;
    std::vector<test::Rdata> names;
    for (const SimNameserver& one : below.nameservers) names.push_back(wire_data(one.name));
    into.add(child.text(), RecordType::kNs, std::move(names));
    if (!below.signing || !below.signing->ds) continue;
    wire::DsRecord ds = key_of(child.text()).ds();
    if (!below.signing->ds_right) ds.digest[0] ^= 1;
    into.add(child.text(), RecordType::kDs, {test::ds_rdata(ds)});
  }
  return *made;
}

std::vector<std::uint8_t> SimInternet::signed_answer(const SeenQuery& query, const SimZone& zone,
                                                     const DnsName& name,
                                                     Behaviour behaviour) const {
  Signer& by = signer(zone, behaviour == Behaviour::kExpiredSignatures);
  const SimZone* cut = cut_above(zone, name, query.type);
  auto at = by.answers.find({name, query.type});
  if (at == by.answers.end())
    at = by.answers.emplace(std::pair(name, query.type), by.zone.answer(name.text(), query.type))
             .first;
  test::Message message = at->second;
  const bool wrong =
      behaviour == Behaviour::kWrongDenial ||
      (behaviour == Behaviour::kUpperCaseDenial && has_capital_below(query, name, zone.apex));
  if (wrong && cut == nullptr && !message.denials().empty()) {
    const auto rcode = static_cast<Rcode>(message.bytes()[3] & 0x0F);
    const std::string apex = zone.apex.text();
    message = test::Message(name.text(), query.type, rcode);
    message.add(Section::kAuthority, by.zone.set(apex, RecordType::kSoa));
    message.add(Section::kAuthority,
                zone.signing->nsec3 ? by.zone.nsec3_of(apex) : by.zone.nsec_of(apex));
  }
  if (behaviour == Behaviour::kStrippedSignatures) message = message.unsigned_copy();
  std::vector<std::uint8_t> reply = message.bytes_for(query.bytes);
  if (cut != nullptr) add_referral(reply, *cut, false);
  return reply;
}

std::vector<std::uint8_t> SimInternet::good_answer(const SeenQuery& query, const SimZone& zone,
                                                   const DnsName& name, Behaviour behaviour) const {
  if (zone.signing && wants_signatures(query) && behaviour != Behaviour::kUnsignedAnswers)
    return signed_answer(query, zone, name, behaviour);
  std::vector<std::uint8_t> reply = make_reply(query, Rcode::kNoError);
  set_flags(reply, true, false);
  if (const SimZone* cut = cut_above(zone, name, query.type)) {
    add_referral(reply, *cut, true);
    return reply;
  }
  // A DNAME above the name.
  for (DnsName at = name.parent(); at.is_within(zone.apex); at = at.parent()) {
    const auto above = zone.nodes.find(at);
    if (above != zone.nodes.end() && above->second.subtree_alias) {
      add(reply, Section::kAnswer, at, RecordType::kDname, wire_data(*above->second.subtree_alias),
          zone.ttl_s);
      return reply;
    }
    if (at.is_root()) break;
  }
  const auto found = zone.nodes.find(name);
  const SimNode* node = found == zone.nodes.end() ? nullptr : &found->second;
  if (node != nullptr && node->alias) {
    add(reply, Section::kAnswer, name, RecordType::kCname, wire_data(*node->alias), zone.ttl_s);
    return reply;
  }
  const std::size_t empty = reply.size();
  if (node != nullptr && query.type == RecordType::kCaa && node->caa) {
    add(reply, Section::kAnswer, name, RecordType::kCaa, caa_data("ca.example"), zone.ttl_s);
  }
  if (node != nullptr && (query.type == RecordType::kA || query.type == RecordType::kAaaa)) {
    for (const engine::IpAddress& address : node->addresses) {
      if (address.v6 != (query.type == RecordType::kAaaa)) continue;
      add(reply, Section::kAnswer, name, query.type, address_data(address), zone.ttl_s);
    }
  }
  if (name == zone.apex && query.type == RecordType::kSoa) add_soa(reply, Section::kAnswer, zone);
  if (name == zone.apex && query.type == RecordType::kNs) {
    for (const SimNameserver& nameserver : zone.nameservers) {
      add(reply, Section::kAnswer, name, RecordType::kNs, wire_data(nameserver.name), zone.ttl_s);
    }
  }
  if (reply.size() != empty) return reply;
  // A name exists where something stands at it or below it.
  if (!has_something_at(name)) reply[3] = static_cast<std::uint8_t>(reply[3] | 3);
  add_soa(reply, Section::kAuthority, zone);
  return reply;
}

std::vector<Reply> SimInternet::answer(const SeenQuery& query) const {
  wire::Cursor cursor(query.bytes, wire::kHeaderOctets);
  const DnsName name = DnsName::read(cursor);
  const auto server = servers_.find(query.to.address);
  if (server == servers_.end()) return {};
  const Served* how = nullptr;
  const SimZone* zone = nullptr;
  const auto look_from = [&](const DnsName& deepest) {
    for (DnsName at = deepest; how == nullptr; at = at.parent()) {
      how = served(query.to.address, at, query.at);
      if (how != nullptr) zone = find_zone(at);
      if (at.is_root()) return;
    }
  };
  // Who serves parent and child answers for DS as the parent.
  if (query.type == RecordType::kDs && !name.is_root()) look_from(name.parent());
  look_from(name);
  const auto with = [&](std::vector<std::uint8_t> bytes) {
    return std::vector<Reply>{
        {how == nullptr ? milliseconds(20) : how->delay, query.to, query.tcp, std::move(bytes)}};
  };
  if (how == nullptr) return with(make_reply(query, Rcode::kRefused));
  CAASCAN_ASSERT(zone != nullptr);
  Behaviour behaviour = how->behaviour;
  if (how->caa_only && query.type != RecordType::kCaa) behaviour = Behaviour::kGood;
  switch (behaviour) {
    case Behaviour::kServfail:
      return with(make_reply(query, Rcode::kServFail));
    case Behaviour::kRefused:
      return with(make_reply(query, Rcode::kRefused));
    case Behaviour::kNotimp:
      return with(make_reply(query, Rcode::kNotImp));
    case Behaviour::kFormerr:
      return with(make_reply(query, Rcode::kFormErr));
    case Behaviour::kNotauth:
      return with(make_reply(query, static_cast<Rcode>(9)));
    case Behaviour::kEdnsFormerr:
      if (has_edns(query)) return with(make_reply(query, Rcode::kFormErr));
      break;
    case Behaviour::kEdnsNotimp:
      if (has_edns(query)) return with(make_reply(query, Rcode::kNotImp));
      break;
    case Behaviour::kEdnsDropped:
      if (has_edns(query)) return {};
      break;
    case Behaviour::kSilent:
      return {};
    case Behaviour::kCapitalsDropped:
      if (has_capital_below(query, name, DnsName())) return {};
      break;
    case Behaviour::kLameUpward: {
      std::vector<std::uint8_t> reply = make_reply(query, Rcode::kNoError);
      set_flags(reply, false, false);
      add(reply, Section::kAuthority, DnsName(), RecordType::kNs, name_data("a.root-servers.net"),
          86400);
      return with(std::move(reply));
    }
    case Behaviour::kSelfReferral: {
      std::vector<std::uint8_t> reply = make_reply(query, Rcode::kNoError);
      set_flags(reply, false, false);
      for (const SimNameserver& nameserver : zone->nameservers) {
        add(reply, Section::kAuthority, zone->apex, RecordType::kNs, wire_data(nameserver.name),
            86400);
      }
      return with(std::move(reply));
    }
    case Behaviour::kEmptyReply: {
      std::vector<std::uint8_t> reply = make_reply(query, Rcode::kNoError);
      set_flags(reply, true, false);
      return with(std::move(reply));
    }
    case Behaviour::kWrongQuestion: {
      std::vector<std::uint8_t> reply = good_answer(query, *zone, name);
      if (reply[13] != 0) reply[13] = reply[13] == '0' ? '1' : '0';
      return with(std::move(reply));
    }
    case Behaviour::kNotReply: {
      std::vector<std::uint8_t> reply = good_answer(query, *zone, name);
      reply[2] &= 0x7F;
      return with(std::move(reply));
    }
    case Behaviour::kMalformed: {
      std::vector<std::uint8_t> reply = make_reply(query, Rcode::kNoError);
      reply[7] = 1;
      return with(std::move(reply));
    }
    case Behaviour::kTruncated:
      if (!query.tcp) return with(make_reply(query, Rcode::kNoError, true));
      break;
    case Behaviour::kTruncatedNoTcp:
      if (!query.tcp) return with(make_reply(query, Rcode::kNoError, true));
      return with({});
    case Behaviour::kTruncatedTcpSilent:
      if (!query.tcp) return with(make_reply(query, Rcode::kNoError, true));
      return {};
    case Behaviour::kFoldsCase: {
      std::vector<std::uint8_t> reply = good_answer(query, *zone, name);
      for (std::size_t i = wire::kHeaderOctets; i < question_end(query) - 4; ++i) {
        if (reply[i] >= 'A' && reply[i] <= 'Z') reply[i] = static_cast<std::uint8_t>(reply[i] + 32);
      }
      return with(std::move(reply));
    }
    case Behaviour::kRecursionLame: {
      std::vector<std::uint8_t> reply;
      if (wants_recursion(query)) {
        reply = good_answer(query, *zone, name);
      } else {
        reply = make_reply(query, Rcode::kNoError);
        add_soa(reply, Section::kAuthority, *zone);
      }
      set_flags(reply, false, true);
      return with(std::move(reply));
    }
    case Behaviour::kNxdomainLiar: {
      std::vector<std::uint8_t> reply = make_reply(query, Rcode::kNxDomain);
      set_flags(reply, true, false);
      add_soa(reply, Section::kAuthority, *zone);
      return with(std::move(reply));
    }
    case Behaviour::kLoopReferral: {
      // Down to the name itself, at nameservers of the same addresses, whatever was asked.
      std::vector<std::uint8_t> reply = make_reply(query, Rcode::kNoError);
      set_flags(reply, false, false);
      for (const SimNameserver& nameserver : zone->nameservers) {
        add(reply, Section::kAuthority, name, RecordType::kNs, wire_data(nameserver.name), 86400);
      }
      return with(std::move(reply));
    }
    default:
      break;
  }
  return with(good_answer(query, *zone, name, behaviour));
}

}  // namespace caascan::sim
