// Addresses that questions are sent to.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace caascan::engine {

// An IPv4 or IPv6 address. IPv4 stands in the first four octets, the rest zero.
struct IpAddress {
  bool v6 = false;
  std::array<std::uint8_t, 16> octets{};

  // Dotted quad or RFC 4291 text, no zone index.
  static std::optional<IpAddress> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
};

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 53;

  // "192.0.2.1", "192.0.2.1:5353", "2001:db8::1", "[2001:db8::1]:5353". Port 1 to 65535.
  static std::optional<Endpoint> parse(std::string_view text, std::uint16_t default_port = 53);
  [[nodiscard]] std::string text() const;  // always with the port
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

// The addresses that share a prefix: "192.0.2.0/24", "2001:db8::/32", or a single address.
struct AddressRange {
  IpAddress base;
  int prefix_bits = 0;

  // Bits below the prefix must be zero; 0 to 32 or 128 bits.
  static std::optional<AddressRange> parse(std::string_view text);
  [[nodiscard]] bool contains(const IpAddress& address) const;
};

}  // namespace caascan::engine

template <>
struct std::hash<caascan::engine::IpAddress> {
  std::size_t operator()(const caascan::engine::IpAddress& address) const noexcept {
    return std::hash<std::string_view>{}(std::string_view(
        reinterpret_cast<const char*>(address.octets.data()), address.v6 ? 16 : 4));
  }
};
