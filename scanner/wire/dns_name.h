// Domain names in wire form (RFC 1035 §3.1), any octets allowed in a label.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "scanner/wire/cursor.h"

namespace caascan::wire {

inline constexpr std::size_t kWireNameOctetsMax =
    255;                                      // RFC 1035 §2.3.4, length octets and root included
inline constexpr std::size_t kLabelMax = 63;  // octets
inline constexpr int kCompressionJumpsMax = 128;  // one for each possible label of a name

// Up to 255 octets. Those of most names stand in the object itself: names are copied at every step
// of a lookup, and an allocation for each would be much of what a step costs. Immutable value.
class NameOctets {
 public:
  explicit NameOctets(std::string_view octets) { copy(octets); }
  NameOctets(const NameOctets& other) { copy(other.view()); }
  NameOctets(NameOctets&& other) noexcept { take(other); }
  NameOctets& operator=(const NameOctets& other) {
    if (this != &other) {
      release();
      copy(other.view());
    }
    return *this;
  }
  NameOctets& operator=(NameOctets&& other) noexcept {
    if (this != &other) {
      release();
      take(other);
    }
    return *this;
  }
  ~NameOctets() { release(); }

  [[nodiscard]] std::string_view view() const {
    return {is_here() ? here_.data() : elsewhere(), size_};
  }

 private:
  static constexpr std::size_t kHereMax = 39;

  [[nodiscard]] bool is_here() const { return size_ <= kHereMax; }
  [[nodiscard]] char* elsewhere() const {
    char* at = nullptr;
    std::memcpy(&at, here_.data(), sizeof at);
    return at;
  }
  void copy(std::string_view octets) {
    size_ = static_cast<std::uint8_t>(octets.size());
    char* at = here_.data();
    if (!is_here()) {
      at = new char[size_];
      std::memcpy(here_.data(), &at, sizeof at);
    }
    std::memcpy(at, octets.data(), size_);
  }
  void take(NameOctets& other) noexcept {
    size_ = other.size_;
    here_ = other.here_;
    other.size_ = 1;
    other.here_[0] = '\0';  // the root
  }
  void release() {
    if (!is_here()) delete[] elsewhere();
  }

  std::uint8_t size_ = 0;
  std::array<char, kHereMax> here_;  // or, of a long name, the address of its octets
};

// A name in uncompressed wire form, ASCII letters in lower case: the form in which names are
// compared (RFC 4343). The default value is the root. Immutable value.
class DnsName {
 public:
  DnsName() : wire_(std::string_view("", 1)) {}

  // From host-name text without escapes ("www.example.com", a final dot allowed, "." is the root).
  // Nothing where a label is empty or above 63 octets, or the name above 255.
  static std::optional<DnsName> from_text(std::string_view text);

  // Reads a possibly compressed name at the cursor and moves it past the name; the cursor is bad
  // afterwards where the name leaves the message, is too long, or jumps more than
  // kCompressionJumpsMax times.
  static DnsName read(Cursor& cursor);

  [[nodiscard]] std::string_view wire() const { return wire_.view(); }
  [[nodiscard]] bool is_root() const { return wire().size() == 1; }
  [[nodiscard]] std::size_t label_count() const;  // without the root
  // The name less its leftmost label; the root's parent is the root.
  [[nodiscard]] DnsName parent() const;
  // The name cut down to its last `labels` labels; the name itself where it has no more.
  [[nodiscard]] DnsName last_labels(std::size_t labels) const;
  // Whether this is `ancestor` or below it.
  [[nodiscard]] bool is_within(const DnsName& ancestor) const;
  // Presentation form (RFC 1035 §5.1), escapes included, without final dot; the root is ".".
  [[nodiscard]] std::string text() const;

  friend bool operator==(const DnsName& a, const DnsName& b) { return a.wire() == b.wire(); }
  friend auto operator<=>(const DnsName& a, const DnsName& b) { return a.wire() <=> b.wire(); }

 private:
  explicit DnsName(std::string_view wire) : wire_(wire) {}

  NameOctets wire_;
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
