// Every server address that has been asked, with the budgets that pace it. Addresses are shared by
// all zones.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
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

// The budgets of a run, one for each server address and each limit group, and one for all. What the
// shards share, and all that they share: any thread may take from a budget; who finds them from
// several threads does so through a class that holds a lock (scanner/shard.h).
class Budgets {
 public:
  explicit Budgets(const ServerDirectoryOptions& options);
  virtual ~Budgets() = default;

  struct Of {
    Budget* own;
    Budget* group;   // null: in none
    Budget* global;  // null: no cap over all
  };
  // The budgets that a question to `endpoint` is taken from, made when it is first met: with
  // `qps`, and in the group of the address or of `name` (null: none), whoever meets it later by
  // which name.
  virtual Of of(const Endpoint& endpoint, double qps, const wire::DnsName* name);

 private:
  [[nodiscard]] Budget* group_of(const IpAddress& address, const wire::DnsName* name);

  std::vector<RangeLimit> range_limits_;
  std::vector<SuffixLimit> suffix_limits_;
  std::deque<Budget> budgets_;  // their places stay
  std::vector<Budget*> range_groups_, suffix_groups_;
  Budget* global_ = nullptr;
  struct EndpointHash {
    std::size_t operator()(const Endpoint& endpoint) const noexcept {
      return std::hash<IpAddress>{}(endpoint.address) ^ (std::size_t{endpoint.port} << 32);
    }
  };
  boost::unordered_flat_map<Endpoint, Of, EndpointHash> by_endpoint_;
};

// One thread.
class ServerDirectory {
 public:
  // Borrows both.
  ServerDirectory(const ServerDirectoryOptions& options, Budgets& budgets, Exchanges& exchanges);

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
  ServerId add(const Endpoint& endpoint, double qps, const wire::DnsName* name);

  ServerDirectoryOptions options_;
  Budgets& budgets_;
  Exchanges& exchanges_;
  std::bitset<256> suspect_v4_, suspect_v6_;  // first octets of addresses that may be forbidden
  boost::unordered_flat_map<IpAddress, ServerId, std::hash<IpAddress>> nameservers_;
};

}  // namespace caascan::engine
