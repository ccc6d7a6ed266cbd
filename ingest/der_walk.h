// A lenient walk over BER/DER elements (X.690 §8). CT logs hold certificates that no strict parser
// takes, and their names count too: so non-minimal and indefinite lengths are read, and what is not
// needed is skipped by its length.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ingest/byte_cursor.h"

namespace caascan::dump {

// Identifier octets of the universal and context-specific types that certificates use.
inline constexpr std::uint8_t kTagBoolean = 0x01;
inline constexpr std::uint8_t kTagInteger = 0x02;
inline constexpr std::uint8_t kTagOctetString = 0x04;
inline constexpr std::uint8_t kTagOid = 0x06;
inline constexpr std::uint8_t kTagUtf8String = 0x0c;
inline constexpr std::uint8_t kTagPrintableString = 0x13;
inline constexpr std::uint8_t kTagTeletexString = 0x14;
inline constexpr std::uint8_t kTagIa5String = 0x16;
inline constexpr std::uint8_t kTagUtcTime = 0x17;
inline constexpr std::uint8_t kTagGeneralizedTime = 0x18;
inline constexpr std::uint8_t kTagUniversalString = 0x1c;
inline constexpr std::uint8_t kTagBmpString = 0x1e;
inline constexpr std::uint8_t kTagSequence = 0x30;
inline constexpr std::uint8_t kTagSet = 0x31;
inline constexpr std::uint8_t kConstructedBit = 0x20;

// Indefinite lengths may be nested this deep; certificates need fewer than 10 levels.
inline constexpr int kDerDepthMax = 24;

struct DerElement {
  std::uint8_t tag = 0;  // the first identifier octet; 0xXf for tag numbers of 31 and more
  std::string_view contents;
};

// Takes one element from the front of `cursor`. False where none is complete; the cursor is then
// unspecified.
[[nodiscard]] bool read_element(ByteCursor& cursor, DerElement& element);

// Takes one element and checks its tag.
[[nodiscard]] bool read_element(ByteCursor& cursor, std::uint8_t tag, std::string_view& contents);

// Whether the next identifier octet is `tag`.
[[nodiscard]] inline bool next_is(const ByteCursor& cursor, std::uint8_t tag) {
  return !cursor.empty() && static_cast<std::uint8_t>(cursor.rest().front()) == tag;
}

// The contents of an OCTET STRING element, whose pieces are joined in `scratch` where it is
// constructed (X.690 §8.7.3). The view lives as long as both.
[[nodiscard]] std::optional<std::string_view> octets_of(const DerElement& element,
                                                        std::string& scratch);

// UNIX seconds of a UTCTime or GeneralizedTime (RFC 5280 §4.1.2.5), also of the forms that RFC 5280
// forbids and logs hold: without seconds, with an offset, with fractions (dropped), without `Z`
// (taken as UTC).
[[nodiscard]] std::optional<std::int64_t> unix_seconds_of(const DerElement& element);

// Replaces `text` with the UTF-8 form of a DirectoryString. Octets that are not what the type
// promises become U+FFFD, so that the result is always valid UTF-8.
void decode_string(const DerElement& element, std::string& text);

}  // namespace caascan::dump
