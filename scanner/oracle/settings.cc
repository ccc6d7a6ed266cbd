#include <fmt/format.h>

#include <algorithm>

#include "scanner/engine/bounds.h"
#include "scanner/oracle/oracle.h"

namespace caascan::oracle {
namespace {

using engine::AddressRange;

int bits_of(const AddressRange& range) {
  return range.base.v6 ? 128 : 32;
}

// Whether all of `inner` is in `outer`.
bool holds(const AddressRange& outer, const AddressRange& inner) {
  return outer.prefix_bits <= inner.prefix_bits && outer.contains(inner.base);
}

void add_less(const AddressRange& range, const std::vector<AddressRange>& holes,
              std::vector<AddressRange>& out) {
  if (std::ranges::any_of(holes, [&](const AddressRange& hole) { return holds(hole, range); }))
    return;
  if (std::ranges::none_of(holes, [&](const AddressRange& hole) { return holds(range, hole); })) {
    out.push_back(range);
    return;
  }
  // A hole lies inside, so there is a bit to split at.
  AddressRange half = range;
  ++half.prefix_bits;
  add_less(half, holes, out);
  const int bit = range.prefix_bits;
  half.base.octets[static_cast<std::size_t>(bit / 8)] |=
      static_cast<std::uint8_t>(0x80U >> (bit % 8));
  add_less(half, holes, out);
}

std::string range_text(const AddressRange& range) {
  return range.prefix_bits == bits_of(range)
             ? range.base.text()
             : fmt::format("{}/{}", range.base.text(), range.prefix_bits);
}

std::string yes_no(bool yes) {
  return yes ? "yes" : "no";
}

}  // namespace

std::vector<AddressRange> subtract(const std::vector<AddressRange>& ranges,
                                   const std::vector<AddressRange>& holes) {
  std::vector<AddressRange> out;
  for (const AddressRange& range : ranges) add_less(range, holes, out);
  return out;
}

Pace pace_of(const engine::ServerDirectoryOptions& servers) {
  double server_qps = servers.server_qps;
  for (const engine::RangeLimit& limit : servers.range_limits)
    server_qps = std::min(server_qps, limit.qps);
  for (const engine::SuffixLimit& limit : servers.suffix_limits)
    server_qps = std::min(server_qps, limit.qps);
  Pace pace;
  pace.group_lookups_per_s = server_qps / engine::kSendsPerZoneMax;
  pace.all_lookups_per_s = servers.infrastructure_qps / engine::kSendsPerZoneMax;
  if (servers.global_qps > 0) {
    pace.all_lookups_per_s =
        std::min(pace.all_lookups_per_s, servers.global_qps / engine::kSendsPerLookupMax);
  }
  return pace;
}

std::expected<OracleOptions, std::string> oracle_options(const engine::EngineOptions& scan) {
  if (!scan.resolvers.empty()) {
    return std::unexpected("libunbound asks the nameservers themselves: not with --resolver");
  }
  const engine::Exclusions& exclusions = scan.servers.exclusions;
  if (!exclusions.nameservers.empty()) {
    return std::unexpected(
        "--exclude holds nameserver names, from which libunbound cannot be kept: give it `zone "
        "NAME` and address ranges only");
  }
  OracleOptions options;
  options.root = scan.root;
  options.trust_anchors = scan.trust_anchors;
  options.never_asked = subtract(scan.servers.forbidden, scan.servers.allowed);
  options.never_asked.insert(options.never_asked.end(), exclusions.ranges.begin(),
                             exclusions.ranges.end());
  options.exclusions = exclusions;
  options.use_v4 = scan.use_v4;
  options.use_v6 = scan.use_v6;
  options.pace = pace_of(scan.servers);
  return options;
}

std::vector<Setting> settings(const OracleOptions& options) {
  std::vector<Setting> made = {
      {"module-config:", "validator iterator"},
      // As in the configuration that unboundtest.com shows, which is made after Let's Encrypt's.
      {"use-caps-for-id:", "yes"},
      {"qname-minimisation:", "no"},
      {"harden-glue:", "yes"},
      {"harden-dnssec-stripped:", "yes"},
      {"harden-below-nxdomain:", "no"},
      {"edns-buffer-size:", "1232"},
      {"val-sig-skew-min:", "0", true},
      {"val-sig-skew-max:", "0", true},
      {"cache-min-ttl:", "0"},
      {"cache-max-ttl:", "0"},
      {"cache-max-negative-ttl:", "0"},
      {"neg-cache-size:", "0"},
      {"prefetch:", "no"},
      {"do-ip4:", yes_no(options.use_v4)},
      {"do-ip6:", yes_no(options.use_v6)},
      // Nothing is to be lost because of what this side can carry: a lookup has a question or two
      // on the way at a time. All of it below 1024 descriptors.
      {"num-queries-per-thread:", fmt::format("{}", 4 * options.pace.lookups_max)},
      {"outgoing-range:", fmt::format("{}", 3 * options.pace.lookups_max)},
      {"outgoing-num-tcp:", "64"},
      {"discard-timeout:", "0", true},
      {"wait-limit:", "0", true},
      // Loopback stands among the special-use ranges, unless it is allowed.
      {"do-not-query-localhost:", "no"},
  };
  for (const AddressRange& range : options.never_asked) {
    made.push_back({"do-not-query-address:", range_text(range)});
  }
  for (const AddressRange& range : options.never_asked) {
    made.push_back({"private-address:", range_text(range)});
  }
  return made;
}

}  // namespace caascan::oracle
