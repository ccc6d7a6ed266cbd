#include "ingest/der_walk.h"

namespace caascan::dump {
namespace {

constexpr unsigned char kLengthIndefinite = 0x80;

// Reads identifier and length octets. `length` is empty for the indefinite form.
bool read_header(ByteCursor& cursor, std::uint8_t& tag, std::optional<std::uint64_t>& length) {
  std::uint64_t octet = 0;
  if (!cursor.read_uint(1, octet)) return false;
  tag = static_cast<std::uint8_t>(octet);
  if ((tag & 0x1fU) == 0x1fU) {
    // X.690 §8.1.2.4: the tag number follows, seven bits an octet.
    do {
      if (!cursor.read_uint(1, octet)) return false;
    } while ((octet & 0x80U) != 0);
  }
  if (!cursor.read_uint(1, octet)) return false;
  if (octet == kLengthIndefinite) {
    length.reset();
    return true;
  }
  if (octet < kLengthIndefinite) {
    length = octet;
    return true;
  }
  // X.690 §8.1.3.5: the long form. Leading zeros are forbidden in DER and read here.
  std::uint64_t value = 0;
  for (std::uint64_t left = octet & 0x7fU; left > 0; --left) {
    if ((value >> 56U) != 0 || !cursor.read_uint(1, octet)) return false;
    value = value << 8U | octet;
  }
  length = value;
  return true;
}

// Takes elements until end-of-contents (X.690 §8.1.5).
bool skip_to_end_of_contents(ByteCursor& cursor, int depth) {
  if (depth > kDerDepthMax) return false;
  while (true) {
    std::uint8_t tag = 0;
    std::optional<std::uint64_t> length;
    if (!read_header(cursor, tag, length)) return false;
    if (tag == 0 && length == 0) return true;
    if (length ? !cursor.skip(*length) : !skip_to_end_of_contents(cursor, depth + 1)) return false;
  }
}

}  // namespace

bool read_element(ByteCursor& cursor, DerElement& element) {
  std::optional<std::uint64_t> length;
  if (!read_header(cursor, element.tag, length)) return false;
  if (length) return cursor.read_bytes(*length, element.contents);
  if ((element.tag & kConstructedBit) == 0) return false;
  const std::string_view start = cursor.rest();
  if (!skip_to_end_of_contents(cursor, 0)) return false;
  constexpr std::size_t kEndOfContentsOctets = 2;
  element.contents = start.substr(0, start.size() - cursor.size() - kEndOfContentsOctets);
  return true;
}

bool read_element(ByteCursor& cursor, std::uint8_t tag, std::string_view& contents) {
  DerElement element;
  if (!read_element(cursor, element) || element.tag != tag) return false;
  contents = element.contents;
  return true;
}

std::optional<std::string_view> octets_of(const DerElement& element, std::string& scratch) {
  if (element.tag == kTagOctetString) return element.contents;
  if (element.tag != (kTagOctetString | kConstructedBit)) return std::nullopt;
  scratch.clear();
  ByteCursor pieces(element.contents);
  while (!pieces.empty()) {
    std::string_view piece;
    if (!read_element(pieces, kTagOctetString, piece)) return std::nullopt;
    scratch += piece;
  }
  return scratch;
}

}  // namespace caascan::dump
