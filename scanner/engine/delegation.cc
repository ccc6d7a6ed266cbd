#include "scanner/engine/delegation.h"

#include <algorithm>

namespace caascan::engine {

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
