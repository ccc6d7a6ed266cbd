// Issued names: what a certificate or a list says, as one canonical text.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace caascan {

inline constexpr std::size_t kNameOctetsMax =
    253;  // RFC 1035 §2.3.4, presentation form without final dot
inline constexpr std::size_t kLabelOctetsMax = 63;  // RFC 1035 §2.3.4

// Why an issued name is not sent to DNS. Each value has one line of meaning in `describe`.
enum class NameReject : std::uint8_t {
  kEmpty,              // nothing is left after the trailing dot and `*.` are dropped
  kEmptyLabel,         // two dots in a row or a leading dot
  kLabelTooLong,       // a label of more than 63 octets
  kNameTooLong,        // more than 253 octets
  kSingleLabel,        // fewer than two labels
  kIpAddress,          // an IPv4 or IPv6 address written as a name
  kBadCharacter,       // an octet other than letters, digits, `-` and `_`
  kMisplacedWildcard,  // `*` anywhere but as the whole leftmost label
  kBadIdn,             // a U-label that UTS 46 does not map, or invalid UTF-8
};
inline constexpr std::size_t kNameRejectCount = 9;

// The stable word for `reason`, as in the rejects file and the summary ("empty-label").
[[nodiscard]] std::string_view reject_word(NameReject reason);
// One line of meaning for people.
[[nodiscard]] std::string_view describe(NameReject reason);

// A host name in canonical form: lower case A-labels joined by dots, no final dot, at least one
// label (a parent may be a TLD). Immutable; compares bytewise by text.
class DomainName {
 public:
  DomainName() = default;  // empty; only for containers, never handed to the scanner

  // Trusts `canonical` to be in canonical form; for text that `parse_issued_name` has produced.
  static DomainName from_canonical(std::string canonical) {
    return DomainName(std::move(canonical));
  }

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  [[nodiscard]] std::size_t label_count() const;
  // The name less its leftmost label; empty for a TLD.
  [[nodiscard]] std::string_view parent() const;

  friend auto operator<=>(const DomainName&, const DomainName&) = default;

 private:
  explicit DomainName(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// A name as issued: `*.example.com` is {example.com, wildcard}.
struct IssuedName {
  DomainName name;
  bool wildcard = false;

  // The spelling in a certificate, canonical, `*.` kept.
  [[nodiscard]] std::string as_issued() const {
    return wildcard ? "*." + name.text() : name.text();
  }
  friend auto operator<=>(const IssuedName&, const IssuedName&) = default;
};

// A canonical name in a fixed buffer: what `parse_issued_name` makes, for callers that see hundreds
// of millions of names and keep few of them.
struct NameText {
  std::array<char, kNameOctetsMax> octets;
  std::uint8_t size = 0;
  bool wildcard = false;

  // The name less `*.`; valid as long as this object is neither changed nor destroyed.
  [[nodiscard]] std::string_view view() const { return {octets.data(), size}; }
};

// As `parse_issued_name`, into `name`, which is unspecified after a reject. ASCII input allocates
// nothing.
[[nodiscard]] std::expected<void, NameReject> canonicalise(std::string_view raw, NameText& name);

// Canonicalises one dNSName, CN or list entry: lower case, one trailing dot and one leading `*.`
// dropped, U-labels to A-labels (libidn2, UTS 46 non-transitional). `raw` may hold any bytes.
// Thread-safe.
[[nodiscard]] std::expected<IssuedName, NameReject> parse_issued_name(std::string_view raw);

// `raw` with every octet that is not printable ASCII (and the backslash) written as `\DDD` (RFC
// 1035 §5.1), so that hostile names can be shown on a terminal or in a log. At most 1,000 octets of
// `raw` are shown.
[[nodiscard]] std::string escape_for_print(std::string_view raw);

// The registrable domain of `name` by the public suffix list (ICANN and private sections);
// `name` itself where it is a public suffix, or too long for a name. `name` in canonical form; what
// is returned is a part of it. Thread-safe.
[[nodiscard]] std::string_view registrable_domain(std::string_view name);

}  // namespace caascan

template <>
struct std::hash<caascan::DomainName> {
  std::size_t operator()(const caascan::DomainName& name) const noexcept {
    return std::hash<std::string_view>{}(name.text());
  }
};
