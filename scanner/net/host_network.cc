#include "scanner/net/host_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>

#include "scanner/net/udp_sockets.h"

namespace caascan::net {
namespace {

constexpr std::string_view kBlank = " \t\n";

std::string read_file(const char* path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// The next word; empty at the end.
std::string_view take_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(kBlank));
  text.remove_prefix(word.size());
  return word;
}

std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

std::optional<std::uint64_t> number(std::string_view word) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (word.empty() || error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> read_number(const char* path) {
  const std::string text = read_file(path);
  std::string_view rest = text;
  return number(take_word(rest));
}

}  // namespace

UdpErrors parse_udp_errors(std::string_view snmp, std::string_view snmp6) {
  UdpErrors errors;
  const auto add = [&](std::string_view name, std::string_view value) {
    const std::uint64_t count = number(value).value_or(0);
    if (name == "RcvbufErrors" || name == "Udp6RcvbufErrors") errors.receive_buffer += count;
    if (name == "InErrors" || name == "Udp6InErrors") errors.all += count;
  };
  // A line of names above a line of numbers, both marked by the protocol.
  std::string_view names;
  while (!snmp.empty()) {
    std::string_view line = take_line(snmp);
    if (take_word(line) != "Udp:") continue;
    if (names.empty()) {
      names = line;
      continue;
    }
    while (true) {
      const std::string_view name = take_word(names), value = take_word(line);
      if (name.empty() || value.empty()) break;
      add(name, value);
    }
    break;
  }
  while (!snmp6.empty()) {
    std::string_view line = take_line(snmp6);
    const std::string_view name = take_word(line);
    add(name, take_word(line));
  }
  return errors;
}

UdpErrors read_udp_errors() {
  return parse_udp_errors(read_file("/proc/net/snmp"), read_file("/proc/net/snmp6"));
}

HostLimits read_host_limits() {
  HostLimits limits;
  limits.receive_buffer_max = read_number("/proc/sys/net/core/rmem_max");
  limits.tracked = read_number("/proc/sys/net/netfilter/nf_conntrack_count");
  limits.tracked_max = read_number("/proc/sys/net/netfilter/nf_conntrack_max");
  limits.tracked_udp_s = read_number("/proc/sys/net/netfilter/nf_conntrack_udp_timeout");
  return limits;
}

std::vector<std::string> warnings_of(const HostLimits& limits, double qps) {
  std::vector<std::string> warnings;
  if (limits.receive_buffer_max && *limits.receive_buffer_max < kReceiveBufferBytes) {
    warnings.push_back(fmt::format(
        "net.core.rmem_max is {}, below the {} octets that a receive buffer should have: answers "
        "that come in a burst may be lost (sysctl -w net.core.rmem_max={})",
        *limits.receive_buffer_max, kReceiveBufferBytes, kReceiveBufferBytes));
  }
  // A table that is empty belongs to a machine that tracks nothing, though it could.
  if (limits.tracked.value_or(0) > 0 && limits.tracked_max) {
    constexpr std::uint64_t kUsualUdpSeconds = 30;
    const auto entries = static_cast<std::uint64_t>(
        qps * static_cast<double>(limits.tracked_udp_s.value_or(kUsualUdpSeconds)));
    if (*limits.tracked + entries > *limits.tracked_max) {
      warnings.push_back(fmt::format(
          "this machine tracks connections: {} of {} entries are taken, and {:.0f} questions a "
          "second may need {} more. A full table drops answers, and servers look silent (take UDP "
          "port 53 out of tracking, raise net.netfilter.nf_conntrack_max, or lower --qps)",
          *limits.tracked, *limits.tracked_max, qps, entries));
    }
  }
  return warnings;
}

}  // namespace caascan::net
