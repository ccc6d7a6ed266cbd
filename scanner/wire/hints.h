// Root hints: where iteration starts (RFC 9609), read from zone-file text.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "scanner/wire/dns_name.h"

namespace caascan::wire {

struct HintAddress {
  bool v6 = false;
  std::array<std::uint8_t, 16> octets{};  // IPv4: the first four
};
struct Hint {
  DnsName nameserver;
  std::vector<HintAddress> addresses;
};

// NS records of the root and the addresses of their names; other records are ignored. `origin`
// names the text in errors ("FILE:LINE: …"). At least one nameserver must have an address.
[[nodiscard]] std::expected<std::vector<Hint>, std::string> parse_root_hints(
    std::string_view text, std::string_view origin);

}  // namespace caascan::wire
