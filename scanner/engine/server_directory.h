// Every server address that has been asked, with the budgets that pace it. Addresses are shared by
// all zones.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "scanner/engine/endpoint.h"
#include "scanner/engine/exchanges.h"
#include "scanner/engine/exclusions.h"
#include "scanner/wire/dns_name.h"

namespace caascan::engine {

// A limit group: one budget that all servers in the range share.
struct RangeLimit {
  AddressRange range;
  double qps = 0;  // > 0
};
// A limit group: one budget that all servers share whose nameserver name is `suffix` or below it.
struct SuffixLimit {
  wire::DnsName suffix;
  double qps = 0;  // > 0
};

struct ServerDirectoryOptions {
  double server_qps = 50;                // of a nameserver address; > 0
  double infrastructure_qps = 500;       // of a root or TLD server; > 0
  double global_qps = 0;                 // 0 = none
  std::vector<RangeLimit> range_limits;  // the longest range that holds an address counts
  std::vector<SuffixLimit>
      suffix_limits;                    // the longest suffix counts; a range goes before a suffix
  std::vector<AddressRange> forbidden;  // special-use ranges
  std::vector<AddressRange> allowed;    // exceptions from `forbidden`
  Exclusions exclusions;                // opt-outs
};

// Owns the budgets. A server belongs to the group of the first nameserver name under which it is
// met. One thread.
class ServerDirectory {
 public:
  ServerDirectory(const ServerDirectoryOptions& options, Exchanges& exchanges);

  [[nodiscard]] bool may_be_asked(const IpAddress& address) const;
  // Whether the operator of this nameserver has opted out.
  [[nodiscard]] bool is_excluded(const IpAddress& address, const wire::DnsName& name) const {
    return options_.exclusions.holds_nameserver(name) || options_.exclusions.holds_address(address);
  }
  [[nodiscard]] const Exclusions& exclusions() const { return options_.exclusions; }
  // The server at `endpoint`, whatever its range: for resolvers that were named on the command
  // line.
  ServerId resolver(const Endpoint& endpoint);
  // The nameserver `name` at `address`, port 53, met as a server of `zone`.
  ServerId nameserver(const IpAddress& address, const wire::DnsName& name,
                      const wire::DnsName& zone);

 private:
  [[nodiscard]] Budget* group_of(const IpAddress& address, const wire::DnsName* name);
  ServerId add(const Endpoint& endpoint, double qps, const wire::DnsName* name);

  ServerDirectoryOptions options_;
  Exchanges& exchanges_;
  std::bitset<256> suspect_v4_, suspect_v6_;  // first octets of addresses that may be forbidden
  std::deque<Budget> budgets_;
  std::vector<Budget*> range_groups_, suffix_groups_;
  Budget* global_ = nullptr;
  boost::unordered_flat_map<IpAddress, ServerId, std::hash<IpAddress>> nameservers_;
};

}  // namespace caascan::engine
