#include "scanner/engine/server_directory.h"

#include <algorithm>
#include <utility>

namespace caascan::engine {
namespace {

bool holds(const std::vector<AddressRange>& ranges, const IpAddress& address) {
  return std::ranges::any_of(ranges,
                             [&](const AddressRange& range) { return range.contains(address); });
}

// The first octets that addresses of the range have.
std::pair<unsigned, unsigned> first_octets(const AddressRange& range) {
  const unsigned first = range.base.octets[0];
  return {first, first | (0xFFu >> std::min(range.prefix_bits, 8))};
}

}  // namespace

Budgets::Budgets(const ServerDirectoryOptions& options)
    : range_limits_(options.range_limits), suffix_limits_(options.suffix_limits) {
  if (options.global_qps > 0) global_ = &budgets_.emplace_back(options.global_qps);
  for (const RangeLimit& limit : range_limits_)
    range_groups_.push_back(&budgets_.emplace_back(limit.qps));
  for (const SuffixLimit& limit : suffix_limits_)
    suffix_groups_.push_back(&budgets_.emplace_back(limit.qps));
}

Budgets::Of Budgets::of(const Endpoint& endpoint, double qps, const wire::DnsName* name) {
  if (const auto found = by_endpoint_.find(endpoint); found != by_endpoint_.end())
    return found->second;
  const Of made = {&budgets_.emplace_back(qps), group_of(endpoint.address, name), global_};
  by_endpoint_.emplace(endpoint, made);
  return made;
}

ServerDirectory::ServerDirectory(const ServerDirectoryOptions& options, Budgets& budgets,
                                 Exchanges& exchanges)
    : options_(options), budgets_(budgets), exchanges_(exchanges) {
  for (const AddressRange& range : options_.forbidden) {
    const auto [from, to] = first_octets(range);
    for (unsigned octet = from; octet <= to; ++octet)
      (range.base.v6 ? suspect_v6_ : suspect_v4_).set(octet);
  }
}

bool ServerDirectory::may_be_asked(const IpAddress& address) const {
  if (!(address.v6 ? suspect_v6_ : suspect_v4_).test(address.octets[0])) return true;
  return !holds(options_.forbidden, address) || holds(options_.allowed, address);
}

Budget* Budgets::group_of(const IpAddress& address, const wire::DnsName* name) {
  Budget* group = nullptr;
  int longest = -1;
  for (std::size_t i = 0; i < range_groups_.size(); ++i) {
    const AddressRange& range = range_limits_[i].range;
    if (range.prefix_bits <= longest || !range.contains(address)) continue;
    longest = range.prefix_bits;
    group = range_groups_[i];
  }
  if (group != nullptr || name == nullptr) return group;
  std::size_t octets = 0;
  for (std::size_t i = 0; i < suffix_groups_.size(); ++i) {
    const wire::DnsName& suffix = suffix_limits_[i].suffix;
    if (suffix.wire().size() <= octets || !name->is_within(suffix)) continue;
    octets = suffix.wire().size();
    group = suffix_groups_[i];
  }
  return group;
}

ServerId ServerDirectory::add(const Endpoint& endpoint, double qps, const wire::DnsName* name) {
  const Budgets::Of budgets = budgets_.of(endpoint, qps, name);
  return exchanges_.add_server(endpoint, budgets.own, budgets.group, budgets.global);
}

ServerId ServerDirectory::resolver(const Endpoint& endpoint) {
  return add(endpoint, options_.server_qps, nullptr);
}

ServerId ServerDirectory::nameserver(const IpAddress& address, const wire::DnsName& name,
                                     const wire::DnsName& zone) {
  if (const auto found = nameservers_.find(address); found != nameservers_.end())
    return found->second;
  const bool infrastructure = zone.label_count() <= 1;
  const ServerId id =
      add({address, 53}, infrastructure ? options_.infrastructure_qps : options_.server_qps, &name);
  nameservers_.emplace(address, id);
  return id;
}

}  // namespace caascan::engine
