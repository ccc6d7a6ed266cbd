#include "scanner/engine/delegation.h"

#include <algorithm>
#include <cstring>

#include "ingest/assert.h"

namespace caascan::engine {
namespace {

// Numbers are as they are in memory: what is packed does not outlive the process.
template <typename Number>
void put_number(std::string& out, Number number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}
template <typename Number>
Number take_number(wire::Cursor& cursor) {
  Number number{};
  const wire::Bytes octets = cursor.bytes(sizeof number);
  if (cursor.ok()) std::memcpy(&number, octets.data(), sizeof number);
  return number;
}

void put_octets(std::string& out, wire::Bytes octets) {
  put_number(out, static_cast<std::uint16_t>(octets.size()));
  out.append(reinterpret_cast<const char*>(octets.data()), octets.size());
}
std::vector<std::uint8_t> take_octets(wire::Cursor& cursor) {
  const wire::Bytes octets = cursor.bytes(take_number<std::uint16_t>(cursor));
  return {octets.begin(), octets.end()};
}

void put_instant(std::string& out, Instant at) {
  put_number(out, at.time_since_epoch().count());
}
Instant take_instant(wire::Cursor& cursor) {
  return Instant(Duration(take_number<Duration::rep>(cursor)));
}

constexpr std::size_t kOctetsV4 = 4, kOctetsV6 = 16;
constexpr std::uint8_t kInsecure = 1, kMayBeSigned = 2, kHasDs = 4, kDsNsec = 8;

}  // namespace

std::vector<std::string> names_of(const Delegation& delegation) {
  std::vector<std::string> names;
  names.reserve(delegation.nameservers.size());
  for (const Nameserver& nameserver : delegation.nameservers)
    names.push_back(nameserver.name.text());
  std::ranges::sort(names);
  return names;
}

const wire::DnsName* first_nameserver(const Delegation& delegation) {
  const auto first = std::ranges::min_element(delegation.nameservers, {}, &Nameserver::name);
  return first == delegation.nameservers.end() ? nullptr : &first->name;
}

void pack(const Delegation& delegation, std::string& out) {
  const DsAnswer* ds = delegation.ds.get();
  CAASCAN_ASSERT(ds == nullptr || ds->state == DsState::kSecure);
  CAASCAN_ASSERT(delegation.insecure == nullptr || !delegation.insecure->secure);
  put_number(out, static_cast<std::uint8_t>((delegation.insecure ? kInsecure : 0) |
                                            (delegation.may_be_signed ? kMayBeSigned : 0) |
                                            (ds != nullptr ? kHasDs : 0) |
                                            (ds != nullptr && ds->nsec ? kDsNsec : 0)));
  put_instant(out, delegation.fetched);
  put_instant(out, delegation.expires);
  out += delegation.zone.wire();
  out += delegation.parent.wire();
  put_number(out, static_cast<std::uint8_t>(delegation.nameservers.size()));
  for (const Nameserver& nameserver : delegation.nameservers) {
    out += nameserver.name.wire();
    put_number(out, static_cast<std::uint16_t>(nameserver.glue.size()));
    for (const IpAddress& address : nameserver.glue) {
      put_number(out, address.v6);
      out.append(reinterpret_cast<const char*>(address.octets.data()),
                 address.v6 ? kOctetsV6 : kOctetsV4);
    }
  }
  if (delegation.insecure) out += delegation.insecure->insecure_at.wire();
  if (ds != nullptr) {
    put_number(out, ds->ttl_s);
    put_number(out, static_cast<std::uint16_t>(ds->records.size()));
    for (const wire::DsRecord& record : ds->records) {
      put_number(out, record.key_tag);
      put_number(out, record.algorithm);
      put_number(out, record.digest_type);
      put_octets(out, record.digest);
    }
  }
  put_octets(out, delegation.referral);
}

std::vector<DelegationPtr> unpack(std::string_view packed) {
  std::vector<DelegationPtr> made;
  wire::Cursor cursor({reinterpret_cast<const std::uint8_t*>(packed.data()), packed.size()});
  while (cursor.remaining() > 0) {
    auto delegation = std::make_shared<Delegation>();
    const auto flags = take_number<std::uint8_t>(cursor);
    delegation->may_be_signed = (flags & kMayBeSigned) != 0;
    delegation->fetched = take_instant(cursor);
    delegation->expires = take_instant(cursor);
    delegation->zone = wire::DnsName::read(cursor);
    delegation->parent = wire::DnsName::read(cursor);
    delegation->nameservers.resize(take_number<std::uint8_t>(cursor));
    for (Nameserver& nameserver : delegation->nameservers) {
      nameserver.name = wire::DnsName::read(cursor);
      nameserver.glue.resize(take_number<std::uint16_t>(cursor));
      for (IpAddress& address : nameserver.glue) {
        address.v6 = take_number<std::uint8_t>(cursor) != 0;
        std::ranges::copy(cursor.bytes(address.v6 ? kOctetsV6 : kOctetsV4), address.octets.begin());
      }
    }
    if ((flags & kInsecure) != 0) {
      auto security = std::make_shared<ZoneSecurity>();
      security->insecure_at = wire::DnsName::read(cursor);
      delegation->insecure = std::move(security);
    }
    if ((flags & kHasDs) != 0) {
      auto ds = std::make_shared<DsAnswer>();
      ds->state = DsState::kSecure;
      ds->nsec = (flags & kDsNsec) != 0;
      ds->ttl_s = take_number<std::uint32_t>(cursor);
      ds->records.resize(take_number<std::uint16_t>(cursor));
      for (wire::DsRecord& record : ds->records) {
        record.key_tag = take_number<std::uint16_t>(cursor);
        record.algorithm = take_number<std::uint8_t>(cursor);
        record.digest_type = take_number<std::uint8_t>(cursor);
        record.digest = take_octets(cursor);
      }
      delegation->ds = std::move(ds);
    }
    delegation->referral = take_octets(cursor);
    CAASCAN_ASSERT(cursor.ok());  // it is our own
    made.push_back(std::move(delegation));
  }
  return made;
}

std::size_t DelegationCache::cost(const Delegation& delegation) {
  // The object, its shared count, list and map nodes; then what its vectors hold.
  std::size_t octets = sizeof(Delegation) + 160 + delegation.zone.wire().size();
  octets += delegation.referral.size();
  if (delegation.ds) octets += sizeof(DsAnswer) + delegation.ds->records.size() * 96;
  for (const Nameserver& nameserver : delegation.nameservers) {
    octets += sizeof(Nameserver) + nameserver.name.wire().size() +
              nameserver.glue.size() * sizeof(IpAddress);
  }
  return octets;
}

void DelegationCache::erase(Order::iterator at) {
  bytes_ -= cost(**at);
  by_zone_.erase((*at)->zone);
  order_.erase(at);
}

void DelegationCache::put(DelegationPtr delegation) {
  if (const auto found = by_zone_.find(delegation->zone); found != by_zone_.end())
    erase(found->second);
  bytes_ += cost(*delegation);
  order_.push_front(delegation);
  by_zone_[delegation->zone] = order_.begin();
  while (bytes_ > bytes_max_ && order_.size() > 1) erase(std::prev(order_.end()));
}

DelegationPtr DelegationCache::get(const wire::DnsName& zone, Instant now) {
  const auto found = by_zone_.find(zone);
  if (found == by_zone_.end()) return nullptr;
  if ((*found->second)->expires < now) {
    erase(found->second);
    return nullptr;
  }
  order_.splice(order_.begin(), order_, found->second);
  return *found->second;
}

}  // namespace caascan::engine
