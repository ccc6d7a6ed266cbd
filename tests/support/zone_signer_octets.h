// Octets of records, for what makes zone_signer.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/zone_signer.h"

namespace caascan::test {

inline void put16(std::vector<std::uint8_t>& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}
inline void put32(std::vector<std::uint8_t>& out, std::uint32_t value) {
  put16(out, value >> 16);
  put16(out, value & 0xFFFF);
}
inline void put(std::vector<std::uint8_t>& out, const std::vector<std::uint8_t>& more) {
  out.insert(out.end(), more.begin(), more.end());
}

// A whole record of class IN.
[[nodiscard]] std::vector<std::uint8_t> record_bytes(const std::string& owner, RecordType type,
                                                     std::uint32_t ttl_s, const Rdata& rdata);
// In lower case and without a final dot.
[[nodiscard]] std::string lower(std::string_view name);

}  // namespace caascan::test
