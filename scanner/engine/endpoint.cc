#include "scanner/engine/endpoint.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace caascan::engine {

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string terminated(text);
  IpAddress address;
  if (inet_pton(AF_INET, terminated.c_str(), address.octets.data()) == 1) return address;
  address.v6 = true;
  if (inet_pton(AF_INET6, terminated.c_str(), address.octets.data()) == 1) return address;
  return std::nullopt;
}

std::string IpAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  inet_ntop(v6 ? AF_INET6 : AF_INET, octets.data(), buffer.data(), buffer.size());
  return buffer.data();
}

std::optional<Endpoint> Endpoint::parse(std::string_view text, std::uint16_t default_port) {
  Endpoint endpoint;
  endpoint.port = default_port;
  std::string_view host = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    host = text.substr(1, close - 1);
    std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && !rest.starts_with(':')) return std::nullopt;
    if (!rest.empty()) port = rest.substr(1);
    if (rest.size() == 1) return std::nullopt;
  } else if (const std::size_t colon = text.find(':');
             colon != std::string_view::npos &&
             text.find(':', colon + 1) == std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (port.empty()) return std::nullopt;
  }
  if (!port.empty()) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), value);
    if (error != std::errc() || end != port.data() + port.size() || value == 0 || value > 65535) {
      return std::nullopt;
    }
    endpoint.port = static_cast<std::uint16_t>(value);
  }
  const std::optional<IpAddress> address = IpAddress::parse(host);
  if (!address || (text.starts_with('[') && !address->v6)) return std::nullopt;
  endpoint.address = *address;
  return endpoint;
}

std::optional<AddressRange> AddressRange::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::optional<IpAddress> base = IpAddress::parse(text.substr(0, slash));
  if (!base) return std::nullopt;
  const int bits = base->v6 ? 128 : 32;
  AddressRange range{*base, bits};
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), range.prefix_bits);
    if (error != std::errc() || end != digits.data() + digits.size() || range.prefix_bits < 0 ||
        range.prefix_bits > bits) {
      return std::nullopt;
    }
  }
  for (int bit = range.prefix_bits; bit < bits; ++bit) {
    if (base->octets[static_cast<std::size_t>(bit / 8)] & (0x80 >> bit % 8)) return std::nullopt;
  }
  return range;
}

bool AddressRange::contains(const IpAddress& address) const {
  if (address.v6 != base.v6) return false;
  const auto whole = static_cast<std::size_t>(prefix_bits / 8);
  if (!std::equal(base.octets.begin(), base.octets.begin() + whole, address.octets.begin()))
    return false;
  const int rest = prefix_bits % 8;
  return rest == 0 || ((base.octets[whole] ^ address.octets[whole]) >> (8 - rest)) == 0;
}

std::string Endpoint::text() const {
  return address.v6 ? fmt::format("[{}]:{}", address.text(), port)
                    : fmt::format("{}:{}", address.text(), port);
}

}  // namespace caascan::engine
