#include "scanner/wire/dns_name.h"

#include <fmt/format.h>

#include <array>

#include "scanner/wire/name_walk.h"

namespace caascan::wire {
namespace {

char lower(std::uint8_t octet) {
  return static_cast<char>(octet >= 'A' && octet <= 'Z' ? octet + ('a' - 'A') : octet);
}

}  // namespace

std::optional<DnsName> DnsName::from_text(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty()) return DnsName();
  std::array<char, kWireNameOctetsMax> wire;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  if (text.size() + 2 > wire.size()) return std::nullopt;
  std::size_t octets = 0;
  while (true) {
    const std::size_t dot = text.find('.');
    const std::string_view label = text.substr(0, dot);
    if (label.empty() || label.size() > kLabelMax) return std::nullopt;
    wire[octets++] = static_cast<char>(label.size());
    for (const char octet : label) wire[octets++] = lower(static_cast<std::uint8_t>(octet));
    if (dot == std::string_view::npos) break;
    text.remove_prefix(dot + 1);
  }
  wire[octets++] = '\0';
  return DnsName(std::string_view(wire.data(), octets));
}

DnsName DnsName::read(Cursor& cursor) {
  std::array<char, kWireNameOctetsMax> wire;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  std::size_t octets = 0;
  walk_name(cursor, [&](Bytes label) {
    wire[octets++] = static_cast<char>(label.size());
    for (const std::uint8_t octet : label) wire[octets++] = lower(octet);
  });
  if (!cursor.ok()) return DnsName();
  return DnsName(std::string_view(wire.data(), octets));
}

std::size_t DnsName::label_count() const {
  const std::string_view octets = wire();
  std::size_t labels = 0;
  for (std::size_t at = 0; octets[at] != '\0'; at += 1 + static_cast<std::uint8_t>(octets[at]))
    ++labels;
  return labels;
}

DnsName DnsName::parent() const {
  if (is_root()) return *this;
  return DnsName(wire().substr(1 + static_cast<std::uint8_t>(wire()[0])));
}

DnsName DnsName::last_labels(std::size_t labels) const {
  const std::string_view octets = wire();
  std::size_t at = 0;
  for (std::size_t left = label_count(); left > labels; --left)
    at += 1 + static_cast<std::uint8_t>(octets[at]);
  return DnsName(octets.substr(at));
}

bool DnsName::is_within(const DnsName& ancestor) const {
  const std::string_view octets = wire();
  if (!octets.ends_with(ancestor.wire())) return false;
  // The match must begin at a label boundary.
  const std::size_t start = octets.size() - ancestor.wire().size();
  std::size_t at = 0;
  while (at < start) at += 1 + static_cast<std::uint8_t>(octets[at]);
  return at == start;
}

std::string DnsName::text() const {
  if (is_root()) return ".";
  const std::string_view octets = wire();
  std::string out;
  out.reserve(octets.size());
  for (std::size_t at = 0; octets[at] != '\0';) {
    const std::size_t length = static_cast<std::uint8_t>(octets[at]);
    if (!out.empty()) out.push_back('.');
    for (std::size_t i = at + 1; i <= at + length; ++i) {
      const auto octet = static_cast<std::uint8_t>(octets[i]);
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
