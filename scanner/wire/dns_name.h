// Domain names in wire form (RFC 1035 §3.1), any octets allowed in a label.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "scanner/wire/cursor.h"

namespace caascan::wire {

inline constexpr std::size_t kWireNameOctetsMax =
    255;  // RFC 1035 §2.3.4, length octets and root included
inline constexpr int kCompressionJumpsMax = 128;  // one for each possible label of a name

// A name in uncompressed wire form, ASCII letters in lower case: the form in which names are
// compared (RFC 4343). The default value is the root. Immutable value.
class DnsName {
 public:
  DnsName() : wire_(1, '\0') {}

  // From host-name text without escapes ("www.example.com", a final dot allowed, "." is the root).
  // Nothing where a label is empty or above 63 octets, or the name above 255.
  static std::optional<DnsName> from_text(std::string_view text);

  // Reads a possibly compressed name at the cursor and moves it past the name; the cursor is bad
  // afterwards where the name leaves the message, is too long, or jumps more than
  // kCompressionJumpsMax times.
  static DnsName read(Cursor& cursor);

  [[nodiscard]] std::string_view wire() const { return wire_; }
  [[nodiscard]] bool is_root() const { return wire_.size() == 1; }
  [[nodiscard]] std::size_t label_count() const;  // without the root
  // The name less its leftmost label; the root's parent is the root.
  [[nodiscard]] DnsName parent() const;
  // Whether this is `ancestor` or below it.
  [[nodiscard]] bool is_within(const DnsName& ancestor) const;
  // Presentation form (RFC 1035 §5.1), escapes included, without final dot; the root is ".".
  [[nodiscard]] std::string text() const;

  friend auto operator<=>(const DnsName&, const DnsName&) = default;

 private:
  std::string wire_;
};

// Skips a possibly compressed name without following its pointer: what lies behind a pointer is
// checked when, and only if, the name is read.
void skip_name(Cursor& cursor);

}  // namespace caascan::wire

template <>
struct std::hash<caascan::wire::DnsName> {
  std::size_t operator()(const caascan::wire::DnsName& name) const noexcept {
    return std::hash<std::string_view>{}(name.wire());
  }
};
