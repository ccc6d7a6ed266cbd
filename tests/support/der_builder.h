// DER elements put together by hand, for the shapes that no library writes.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace caascan::test {

inline std::string big_endian(std::uint64_t value, unsigned octets) {
  std::string out;
  for (unsigned at = octets; at-- > 0;) out += static_cast<char>(value >> (8 * at));
  return out;
}

// Identifier, length in its shortest form, contents.
inline std::string der(std::uint8_t tag, std::string_view contents) {
  std::string out(1, static_cast<char>(tag));
  if (contents.size() < 0x80) {
    out += static_cast<char>(contents.size());
  } else {
    unsigned octets = 1;
    while (contents.size() >> (8 * octets) != 0) ++octets;
    out += static_cast<char>(0x80 | octets);
    out += big_endian(contents.size(), octets);
  }
  out += contents;
  return out;
}

inline std::string der(std::uint8_t tag, std::initializer_list<std::string_view> parts) {
  std::string contents;
  for (const std::string_view part : parts) contents += part;
  return der(tag, contents);
}

// The indefinite form (X.690 §8.1.3.6).
inline std::string ber_indefinite(std::uint8_t tag, std::string_view contents) {
  std::string out(1, static_cast<char>(tag));
  out += '\x80';
  out += contents;
  out.append(2, '\0');
  return out;
}

// A length in `octets` octets, however few would do.
inline std::string ber_long(std::uint8_t tag, std::string_view contents, unsigned octets) {
  std::string out(1, static_cast<char>(tag));
  out += static_cast<char>(0x80 | octets);
  out += big_endian(contents.size(), octets);
  out += contents;
  return out;
}

}  // namespace caascan::test
