#include "ingest/domain_name.h"

#include <arpa/inet.h>
#include <idn2.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>

namespace caascan {
namespace {

constexpr std::size_t kEscapedOctetsMax = 1000;
// No U-label form of a 253-octet name is longer than this, unless it is padded with code points
// that UTS 46 ignores; such a name is not worth the work.
constexpr std::size_t kUnicodeOctetsMax = 2048;

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Maps a letter, digit, `-` or `_` to its lower-case form, and every other octet to 0.
constexpr std::array<char, 256> kLowerCase = [] {
  std::array<char, 256> table{};
  for (char c = 'a'; c <= 'z'; ++c) table[static_cast<unsigned char>(c)] = c;
  for (char c = 'A'; c <= 'Z'; ++c) {
    table[static_cast<unsigned char>(c)] = static_cast<char>(c - 'A' + 'a');
  }
  for (char c = '0'; c <= '9'; ++c) table[static_cast<unsigned char>(c)] = c;
  table['-'] = '-';
  table['_'] = '_';
  return table;
}();

// Four decimal numbers of one to three digits, each at most 255.
bool is_dotted_quad(std::string_view text) {
  if (text.size() < 7 || text.size() > 15) return false;
  int numbers = 0;
  std::size_t at = 0;
  while (true) {
    int value = 0;
    std::size_t digits = 0;
    while (at < text.size() && is_digit(text[at]) && digits < 4) {
      value = value * 10 + (text[at] - '0');
      ++at;
      ++digits;
    }
    if (digits == 0 || digits > 3 || value > 255) return false;
    ++numbers;
    if (at == text.size()) return numbers == 4;
    if (text[at] != '.' || numbers == 4) return false;
    ++at;
  }
}

bool is_ipv6(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size() || text.contains('\0')) return false;
  std::ranges::copy(text, terminated.begin());
  in6_addr address;
  return inet_pton(AF_INET6, terminated.data(), &address) == 1;
}

bool is_ascii(std::string_view text) {
  // Eight octets at a time: this runs over every name of a log.
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + at, sizeof word);
    if ((word & 0x8080808080808080U) != 0) return false;
  }
  for (; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0x80U) != 0) return false;
  }
  return true;
}

// Validates an ASCII name that has lost its final dot and `*.`. The leftmost defect is the one
// reported; length and number of labels come last.
std::expected<void, NameReject> canonicalise_ascii(std::string_view text, NameText& name) {
  if (text.empty()) return std::unexpected(NameReject::kEmpty);
  std::size_t label_start = 0;
  std::size_t labels = 1;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const char lower = kLowerCase[static_cast<unsigned char>(c)];
    if (lower != 0) {
      if (at < kNameOctetsMax) name.octets[at] = lower;
      continue;
    }
    if (c == '.') {
      if (at == label_start) return std::unexpected(NameReject::kEmptyLabel);
      if (at - label_start > kLabelOctetsMax) return std::unexpected(NameReject::kLabelTooLong);
      if (at < kNameOctetsMax) name.octets[at] = '.';
      label_start = at + 1;
      ++labels;
      continue;
    }
    if (c == '*') return std::unexpected(NameReject::kMisplacedWildcard);
    if (c == ':' && is_ipv6(text)) return std::unexpected(NameReject::kIpAddress);
    return std::unexpected(NameReject::kBadCharacter);
  }
  if (label_start == text.size()) return std::unexpected(NameReject::kEmptyLabel);
  if (text.size() - label_start > kLabelOctetsMax) {
    return std::unexpected(NameReject::kLabelTooLong);
  }
  if (text.size() > kNameOctetsMax) return std::unexpected(NameReject::kNameTooLong);
  if (labels < 2) return std::unexpected(NameReject::kSingleLabel);
  if (labels == 4 && is_digit(text.back()) && is_dotted_quad(text)) {
    return std::unexpected(NameReject::kIpAddress);
  }
  name.size = static_cast<std::uint8_t>(text.size());
  return {};
}

struct IdnFree {
  void operator()(char* text) const { idn2_free(text); }
};

// Appends the A-label of one U-label (RFC 5891 §5, mapped as UTS 46 says, non-transitional).
std::expected<void, NameReject> append_a_label(std::string_view u_label, std::string& out) {
  const std::string terminated(u_label);
  char* converted = nullptr;
  const int status = idn2_to_ascii_8z(terminated.c_str(), &converted, IDN2_NONTRANSITIONAL);
  const std::unique_ptr<char, IdnFree> owner(converted);
  if (status == IDN2_TOO_BIG_LABEL || status == IDN2_PUNYCODE_BIG_OUTPUT) {
    return std::unexpected(NameReject::kLabelTooLong);
  }
  if (status == IDN2_TOO_BIG_DOMAIN) return std::unexpected(NameReject::kNameTooLong);
  if (status != IDN2_OK || converted == nullptr) return std::unexpected(NameReject::kBadIdn);
  out += converted;
  return {};
}

// The length of the label separator at the start of `text`: `.`, or one of the three other full
// stops that UTS 46 maps to it (U+3002, U+FF0E, U+FF61); 0 where there is none.
std::size_t separator_size(std::string_view text) {
  if (text.starts_with('.')) return 1;
  for (const std::string_view stop : {"\xe3\x80\x82", "\xef\xbc\x8e", "\xef\xbd\xa1"}) {
    if (text.starts_with(stop)) return stop.size();
  }
  return 0;
}

// Converts label by label, so that an A-label that is not valid Punycode, which some CA has issued
// for, stays as it is beside a U-label too.
std::expected<std::string, NameReject> to_a_labels(std::string_view text) {
  if (text.size() > kUnicodeOctetsMax) return std::unexpected(NameReject::kNameTooLong);
  // The C interface ends at a NUL, and UTS 46 without STD3 rules lets other ASCII through: both are
  // told here.
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet >= 0x80 || c == '.' || kLowerCase[octet] != 0) continue;
    return std::unexpected(c == '*' ? NameReject::kMisplacedWildcard : NameReject::kBadCharacter);
  }
  std::string out;
  std::size_t label_start = 0;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t separator = separator_size(text.substr(at));
    if (separator == 0 && at < text.size()) {
      ++at;
      continue;
    }
    const std::string_view label = text.substr(label_start, at - label_start);
    if (is_ascii(label)) {
      out += label;
    } else if (const auto converted = append_a_label(label, out); !converted) {
      return std::unexpected(converted.error());
    }
    if (at == text.size()) break;
    out += '.';
    at += separator;
    label_start = at;
  }
  return out;
}

}  // namespace

std::string_view reject_word(NameReject reason) {
  switch (reason) {
    case NameReject::kEmpty:
      return "empty";
    case NameReject::kEmptyLabel:
      return "empty-label";
    case NameReject::kLabelTooLong:
      return "label-too-long";
    case NameReject::kNameTooLong:
      return "name-too-long";
    case NameReject::kSingleLabel:
      return "single-label";
    case NameReject::kIpAddress:
      return "ip-address";
    case NameReject::kBadCharacter:
      return "bad-character";
    case NameReject::kMisplacedWildcard:
      return "misplaced-wildcard";
    case NameReject::kBadIdn:
      return "bad-idn";
  }
  return "unknown";
}

std::string_view describe(NameReject reason) {
  switch (reason) {
    case NameReject::kEmpty:
      return "nothing is left after the trailing dot and `*.` are dropped";
    case NameReject::kEmptyLabel:
      return "two dots in a row, or a leading dot";
    case NameReject::kLabelTooLong:
      return "a label of more than 63 octets";
    case NameReject::kNameTooLong:
      return "more than 253 octets";
    case NameReject::kSingleLabel:
      return "fewer than two labels";
    case NameReject::kIpAddress:
      return "an IPv4 or IPv6 address written as a name";
    case NameReject::kBadCharacter:
      return "an octet other than letters, digits, `-` and `_`";
    case NameReject::kMisplacedWildcard:
      return "`*` anywhere but as the whole leftmost label";
    case NameReject::kBadIdn:
      return "a U-label that UTS 46 does not map, or invalid UTF-8";
  }
  return "unknown";
}

std::size_t DomainName::label_count() const {
  if (text_.empty()) return 0;
  return static_cast<std::size_t>(std::ranges::count(text_, '.')) + 1;
}

std::string_view DomainName::parent() const {
  const std::size_t dot = text_.find('.');
  if (dot == std::string::npos) return {};
  return std::string_view(text_).substr(dot + 1);
}

std::expected<void, NameReject> canonicalise(std::string_view raw, NameText& name) {
  name.size = 0;
  name.wildcard = false;
  const bool had_final_dot = raw.ends_with('.');
  if (had_final_dot) raw.remove_suffix(1);
  if (raw.starts_with("*.")) {
    raw.remove_prefix(2);
    name.wildcard = true;
  }
  if (is_ascii(raw)) return canonicalise_ascii(raw, name);

  const auto converted = to_a_labels(raw);
  if (!converted) return std::unexpected(converted.error());
  std::string_view text = *converted;
  // The final dot may have been one of the other full stops; only one is dropped in all.
  if (!had_final_dot && text.ends_with('.')) text.remove_suffix(1);
  return canonicalise_ascii(text, name);
}

std::expected<IssuedName, NameReject> parse_issued_name(std::string_view raw) {
  NameText name;
  if (const auto parsed = canonicalise(raw, name); !parsed) {
    return std::unexpected(parsed.error());
  }
  return IssuedName{DomainName::from_canonical(std::string(name.view())), name.wildcard};
}

std::string escape_for_print(std::string_view raw) {
  std::string out;
  const std::string_view shown = raw.substr(0, kEscapedOctetsMax);
  out.reserve(shown.size() + 16);
  for (const char c : shown) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet >= 0x20 && octet < 0x7f && c != '\\') {
      out += c;
      continue;
    }
    out += '\\';
    out += static_cast<char>('0' + octet / 100);
    out += static_cast<char>('0' + octet / 10 % 10);
    out += static_cast<char>('0' + octet % 10);
  }
  if (raw.size() > shown.size()) out += "...";
  return out;
}

}  // namespace caascan
