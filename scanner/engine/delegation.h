// Delegations: which nameservers a zone has, as its parent says, and where they are if the parent
// says that too.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "scanner/engine/endpoint.h"
#include "scanner/engine/resolution.h"
#include "scanner/engine/time.h"
#include "scanner/wire/dns_name.h"

namespace caascan::engine {

struct Nameserver {
  wire::DnsName name;
  std::vector<IpAddress> glue;  // empty: the addresses are looked up
};

// The NS set of a zone cut from its parent. Kept with and without glue: a delegation without glue
// is as good a reason not to ask the parent again.
struct Delegation {
  wire::DnsName zone;
  std::vector<Nameserver> nameservers;  // at most kNameserversMax, in the order of the referral
  Instant fetched{};                    // when the question that brought it was sent
  Instant expires{};
  // What the parent says of the zone's DS set: proven absent, or there, or, while the parent's own
  // keys are not known yet, the referral, to be looked at later.
  ZoneSecurityPtr insecure;
  std::shared_ptr<const DsAnswer> ds;
  std::vector<std::uint8_t> referral;
  wire::DnsName parent;        // the zone that referred here
  bool may_be_signed = false;  // the referral holds DS records, be they good or bad, or
                               // nothing that could prove that there are none
};
// The names of its nameservers as text, sorted.
[[nodiscard]] std::vector<std::string> names_of(const Delegation& delegation);
// The first of these in the order of DnsName, which stands for the operator; null where there is
// none.
[[nodiscard]] const wire::DnsName* first_nameserver(const Delegation& delegation);

// Appends a delegation to `out` as octets, for a name that leaves memory.
void pack(const Delegation& delegation, std::string& out);
// All that `pack` has appended to a string.
[[nodiscard]] std::vector<DelegationPtr> unpack(std::string_view packed);

// By zone, least recently used first out. One thread.
class DelegationCache {
 public:
  explicit DelegationCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  void put(DelegationPtr delegation);
  // The delegation of exactly `zone`, or null where there is none that is valid at `now`.
  [[nodiscard]] DelegationPtr get(const wire::DnsName& zone, Instant now);
  [[nodiscard]] std::size_t size() const { return by_zone_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  using Order = std::list<DelegationPtr>;  // most recently used first
  [[nodiscard]] static std::size_t cost(const Delegation& delegation);
  void erase(Order::iterator at);

  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  Order order_;
  boost::unordered_flat_map<wire::DnsName, Order::iterator, std::hash<wire::DnsName>> by_zone_;
};

}  // namespace caascan::engine
