// What this machine's kernel says of its own network: what it has lost, and what it will have no
// room for. Reads files of /proc and sends nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caascan::net {

// Datagrams that came to this machine (network namespace) and were given to nobody since it was
// started: for want of room in a receive buffer, and for whatever reason (those included).
struct UdpErrors {
  std::uint64_t receive_buffer = 0;
  std::uint64_t all = 0;
};
// From the texts of /proc/net/snmp and /proc/net/snmp6, IPv4 and IPv6 added up. A counter that is
// not there counts as zero.
[[nodiscard]] UdpErrors parse_udp_errors(std::string_view snmp, std::string_view snmp6);
// As it is now. Zero where the files cannot be read.
[[nodiscard]] UdpErrors read_udp_errors();

// Limits of the kernel that make a scan lose answers.
struct HostLimits {
  std::optional<std::uint64_t> receive_buffer_max;  // net.core.rmem_max, octets
  // Connection tracking: entries that there are and that there may be, and how long one of UDP
  // stays. Nothing where nothing is tracked.
  std::optional<std::uint64_t> tracked, tracked_max, tracked_udp_s;
};
[[nodiscard]] HostLimits read_host_limits();
// What a scan without a cap of its own may well send.
inline constexpr double kQuestionsPerSecondUsual = 10'000;
// One sentence for each limit that is too low for a scan of `qps` questions a second, with what to
// do about it; for whoever runs the scan, before it starts.
[[nodiscard]] std::vector<std::string> warnings_of(const HostLimits& limits, double qps);

}  // namespace caascan::net
