#include "scanner/wire/dns_name.h"

#include <fmt/format.h>

#include <array>

namespace caascan::wire {
namespace {

constexpr std::size_t kLabelMax = 63;

char lower(std::uint8_t octet) {
  return static_cast<char>(octet >= 'A' && octet <= 'Z' ? octet + ('a' - 'A') : octet);
}

}  // namespace

std::optional<DnsName> DnsName::from_text(std::string_view text) {
  DnsName name;
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty()) return name;
  name.wire_.clear();
  while (true) {
    const std::size_t dot = text.find('.');
    const std::string_view label = text.substr(0, dot);
    if (label.empty() || label.size() > kLabelMax) return std::nullopt;
    name.wire_.push_back(static_cast<char>(label.size()));
    for (const char octet : label) name.wire_.push_back(lower(static_cast<std::uint8_t>(octet)));
    if (dot == std::string_view::npos) break;
    text.remove_prefix(dot + 1);
  }
  name.wire_.push_back('\0');
  if (name.wire_.size() > kWireNameOctetsMax) return std::nullopt;
  return name;
}

DnsName DnsName::read(Cursor& cursor) {
  std::array<char, kWireNameOctetsMax> wire;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  std::size_t octets = 0;
  Cursor at = cursor;
  int jumps = 0;
  while (true) {
    const std::uint8_t length = at.u8();
    if (!at.ok()) break;
    if ((length & 0xC0) == 0xC0) {
      const std::size_t target = (static_cast<std::size_t>(length & 0x3F) << 8) | at.u8();
      if (!at.ok() || ++jumps > kCompressionJumpsMax) {
        at.fail();
        break;
      }
      if (jumps == 1) cursor.skip(at.offset() - cursor.offset());
      at = Cursor(at.message(), target);
      continue;
    }
    if (length > kLabelMax || octets + 1 + length > kWireNameOctetsMax) {
      at.fail();
      break;
    }
    wire[octets++] = static_cast<char>(length);
    if (length == 0) break;
    for (const std::uint8_t octet : at.bytes(length)) wire[octets++] = lower(octet);
  }
  if (!at.ok()) {
    cursor.fail();
    return DnsName();
  }
  if (jumps == 0) cursor.skip(at.offset() - cursor.offset());
  DnsName name;
  name.wire_.assign(wire.data(), octets);
  return name;
}

std::size_t DnsName::label_count() const {
  std::size_t labels = 0;
  for (std::size_t at = 0; wire_[at] != '\0'; at += 1 + static_cast<std::uint8_t>(wire_[at]))
    ++labels;
  return labels;
}

DnsName DnsName::parent() const {
  DnsName up;
  if (!is_root()) up.wire_ = wire_.substr(1 + static_cast<std::uint8_t>(wire_[0]));
  return up;
}

bool DnsName::is_within(const DnsName& ancestor) const {
  if (!wire_.ends_with(ancestor.wire_)) return false;
  // The match must begin at a label boundary.
  const std::size_t start = wire_.size() - ancestor.wire_.size();
  std::size_t at = 0;
  while (at < start) at += 1 + static_cast<std::uint8_t>(wire_[at]);
  return at == start;
}

std::string DnsName::text() const {
  if (is_root()) return ".";
  std::string out;
  for (std::size_t at = 0; wire_[at] != '\0';) {
    const std::size_t length = static_cast<std::uint8_t>(wire_[at]);
    if (!out.empty()) out.push_back('.');
    for (std::size_t i = at + 1; i <= at + length; ++i) {
      const auto octet = static_cast<std::uint8_t>(wire_[i]);
      if (octet <= 0x20 || octet >= 0x7F) {
        fmt::format_to(std::back_inserter(out), "\\{:03}", octet);
        continue;
      }
      if (std::string_view(".\\\"();@$").find(static_cast<char>(octet)) != std::string_view::npos) {
        out.push_back('\\');
      }
      out.push_back(static_cast<char>(octet));
    }
    at += 1 + length;
  }
  return out;
}

void skip_name(Cursor& cursor) {
  std::size_t octets = 0;
  while (true) {
    const std::uint8_t length = cursor.u8();
    if (!cursor.ok() || length == 0) return;
    if ((length & 0xC0) == 0xC0) {
      cursor.skip(1);
      return;
    }
    octets += 1u + length;
    if (length > kLabelMax || octets >= kWireNameOctetsMax) {
      cursor.fail();
      return;
    }
    cursor.skip(length);
  }
}

}  // namespace caascan::wire
