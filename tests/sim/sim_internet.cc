#include "tests/sim/sim_internet.h"

#include "ingest/assert.h"

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
                                                                  "recursion-lame",
                                                                  "nxdomain-liar",
                                                                  "loop-referral"};

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

void add_soa(std::vector<std::uint8_t>& reply, Section section, const SimZone& zone) {
  const std::string contact = zone.apex.is_root() ? "hostmaster" : "hostmaster." + zone.apex.text();
  std::vector<std::uint8_t> data = soa_data(contact);
  data[data.size() - 2] = kNegativeTtl_s >> 8;  // the last field, MINIMUM
  data[data.size() - 1] = kNegativeTtl_s & 0xFF;
  add(reply, section, zone.apex, RecordType::kSoa, data, kNegativeTtl_s);
}

std::vector<std::uint8_t> wire_data(const DnsName& name) {
  return {name.wire().begin(), name.wire().end()};
}

}  // namespace

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

std::vector<std::uint8_t> SimInternet::good_answer(const SeenQuery& query, const SimZone& zone,
                                                   const DnsName& name) const {
  std::vector<std::uint8_t> reply = make_reply(query, Rcode::kNoError);
  set_flags(reply, true, false);
  // A cut between the zone and the name: a referral to the highest one.
  const SimZone* cut = nullptr;
  for (DnsName at = name; at != zone.apex; at = at.parent()) {
    if (const SimZone* below = find_zone(at)) cut = below;
  }
  if (cut != nullptr) {
    set_flags(reply, false, false);
    for (const SimNameserver& nameserver : cut->nameservers) {
      add(reply, Section::kAuthority, cut->apex, RecordType::kNs, wire_data(nameserver.name),
          cut->ttl_s);
    }
    for (const SimNameserver& nameserver : cut->nameservers) {
      for (const engine::IpAddress& address : nameserver.glue) {
        add(reply, Section::kAdditional, nameserver.name,
            address.v6 ? RecordType::kAaaa : RecordType::kA, address_data(address), cut->ttl_s);
      }
    }
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
  bool exists = name == zone.apex || node != nullptr;
  for (const auto& [below, ignored] : zone.nodes) exists = exists || below.is_within(name);
  for (const auto& [apex, ignored] : zones_) exists = exists || apex.is_within(name);
  if (!exists) reply[3] = static_cast<std::uint8_t>(reply[3] | 3);
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
  for (DnsName at = name;; at = at.parent()) {
    how = served(query.to.address, at, query.at);
    if (how != nullptr) zone = find_zone(at);
    if (how != nullptr || at.is_root()) break;
  }
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
    case Behaviour::kGood:
      break;
  }
  return with(good_answer(query, *zone, name));
}

}  // namespace caascan::sim
