// Opt-outs: who has asked not to be asked.
#pragma once

#include <string_view>
#include <unordered_set>
#include <vector>

#include "scanner/engine/endpoint.h"
#include "scanner/wire/dns_name.h"

namespace caascan::engine {

// Zones, nameserver names and address ranges that are never asked. A domain stands for itself and
// all below it.
struct Exclusions {
  std::vector<AddressRange> ranges;               // of nameserver addresses
  std::unordered_set<wire::DnsName> zones;        // names at or below are not judged
  std::unordered_set<wire::DnsName> nameservers;  // servers with names at or below are not asked

  [[nodiscard]] bool empty() const {
    return ranges.empty() && zones.empty() && nameservers.empty();
  }
  [[nodiscard]] bool holds_name(const wire::DnsName& name) const { return holds(zones, name); }
  [[nodiscard]] bool holds_nameserver(const wire::DnsName& name) const {
    return holds(nameservers, name);
  }
  [[nodiscard]] bool holds_address(const IpAddress& address) const {
    for (const AddressRange& range : ranges) {
      if (range.contains(address)) return true;
    }
    return false;
  }

 private:
  [[nodiscard]] static bool holds(const std::unordered_set<wire::DnsName>& set,
                                  const wire::DnsName& name) {
    if (set.empty()) return false;
    for (wire::DnsName at = name; !at.is_root(); at = at.parent()) {
      if (set.contains(at)) return true;
    }
    return false;
  }
};

}  // namespace caascan::engine
