#include "scanner/wire/query.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace caascan::wire {
namespace {

// splitmix64: spreads one 64-bit seed over as many case bits as a name has letters.
std::uint64_t spread(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15U;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9U;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBU;
  return value ^ (value >> 31);
}

void put16(std::vector<std::uint8_t>& out, unsigned value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

char lower(char octet) {
  return octet >= 'A' && octet <= 'Z' ? static_cast<char>(octet + 32) : octet;
}

}  // namespace

std::string mixed_case_wire(const Query& query) {
  std::string wire(query.name.wire());
  if (query.case_seed == 0) return wire;
  std::uint64_t bits = 0;
  int left = 0;
  std::uint64_t block = 0;
  std::uint8_t upper_left = query.upper_labels;
  for (std::size_t at = 0; wire[at] != '\0';) {
    const bool upper = upper_left != 0;
    if (upper) --upper_left;
    const std::size_t end = at + static_cast<std::uint8_t>(wire[at]);
    for (std::size_t i = at + 1; i <= end; ++i) {
      if (wire[i] < 'a' || wire[i] > 'z') continue;
      if (left == 0) {
        bits = spread(query.case_seed + block++);
        left = 64;
      }
      if (upper || (bits & 1)) wire[i] = static_cast<char>(wire[i] - 32);
      bits >>= 1;
      --left;
    }
    at = end + 1;
  }
  return wire;
}

std::string mixed_case_text(const Query& query) {
  // Presentation form has the letters in the same order; escapes add digits and signs only.
  const std::string wire = mixed_case_wire(query);
  std::string text = query.name.text();
  std::size_t at = 0;
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  for (std::size_t label = 0; wire[label] != '\0';) {
    const std::size_t end = label + static_cast<std::uint8_t>(wire[label]);
    for (std::size_t i = label + 1; i <= end; ++i) {
      if (!is_letter(wire[i])) continue;
      while (at < text.size() && !is_letter(text[at])) ++at;
      if (at < text.size()) text[at++] = wire[i];
    }
    label = end + 1;
  }
  return text;
}

void append_query(const Query& query, std::uint16_t id, std::vector<std::uint8_t>& out) {
  put16(out, id);
  put16(out, query.recursion_desired ? 0x0100 : 0);
  put16(out, 1);
  put16(out, 0);
  put16(out, 0);
  put16(out, query.edns_size != 0 ? 1 : 0);
  const std::string name = mixed_case_wire(query);
  out.insert(out.end(), name.begin(), name.end());
  put16(out, static_cast<unsigned>(query.type));
  put16(out, query.chaos ? kClassChaos : kClassIn);
  if (query.edns_size == 0) return;
  out.push_back(0);  // RFC 6891 §6.1.2: the root as owner
  put16(out, static_cast<unsigned>(RecordType::kOpt));
  put16(out, query.edns_size);
  put16(out, 0);
  put16(out, query.dnssec_ok ? 0x8000 : 0);
  put16(out, 0);
}

Match match_reply(const Query& query, Bytes message) {
  const std::optional<Header> header = read_header(message);
  if (!header) return Match::kShort;
  if (!header->qr || header->opcode != 0) return Match::kNotReply;
  if (header->qdcount != 1) return Match::kQuestion;
  const std::string name = mixed_case_wire(query);
  Cursor cursor(message, kHeaderOctets);
  const Bytes echoed = cursor.bytes(name.size());
  const std::uint16_t type = cursor.u16();
  const std::uint16_t klass = cursor.u16();
  if (!cursor.ok()) return Match::kShort;
  if (type != static_cast<std::uint16_t>(query.type) ||
      klass != (query.chaos ? kClassChaos : kClassIn))
    return Match::kQuestion;
  if (std::memcmp(echoed.data(), name.data(), name.size()) == 0) return Match::kReply;
  const bool same_name =
      std::equal(echoed.begin(), echoed.end(), name.begin(),
                 [](std::uint8_t a, char b) { return lower(static_cast<char>(a)) == lower(b); });
  return same_name ? Match::kCase : Match::kQuestion;
}

}  // namespace caascan::wire
