#include "scanner/wire/query.h"

#include <algorithm>
#include <array>
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

char lower(char octet) {
  return octet >= 'A' && octet <= 'Z' ? static_cast<char>(octet + 32) : octet;
}

}  // namespace

namespace {

// Makes capitals of the letters that `query` wants, in its name in lower case at `wire`. Each octet
// of the name has a bit of chance, eight of them are done at a time; length octets are below 64 and
// no letters.
void mix_case(const Query& query, char* wire) {
  if (query.case_seed == 0) return;
  const std::size_t octets = query.name.wire().size();
  std::size_t upper_end = 0;  // what comes before is in upper case whatever the chance
  for (std::uint8_t left = query.upper_labels; left != 0 && wire[upper_end] != '\0'; --left)
    upper_end += 1u + static_cast<std::uint8_t>(wire[upper_end]);
  constexpr std::uint64_t kEach = 0x0101010101010101U;
  std::uint64_t bits = 0;
  for (std::size_t at = 0; at < octets; at += 8) {
    if (at % 64 == 0) bits = spread(query.case_seed + at / 64);
    const std::size_t count = std::min<std::size_t>(8, octets - at);
    std::uint64_t word = 0;
    std::memcpy(&word, wire + at, count);
    // Bit 7 of an octet says whether it is a letter: at least 'a', at most 'z', and no bit 7
    // itself.
    const std::uint64_t low = word & (0x7F * kEach);
    const std::uint64_t letters =
        (low + (0x80 - 'a') * kEach) & ~(low + (0x80 - 'z' - 1) * kEach) & ~word & (0x80 * kEach);
    // Bit k of the chance comes to octet k, and as bit 7 of it.
    const std::uint64_t chosen =
        (((bits & 0xFF) * kEach & 0x8040201008040201U) + 0x7F * kEach) & (0x80 * kEach);
    std::uint64_t forced = 0;
    if (upper_end > at)
      forced =
          upper_end >= at + 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (upper_end - at) * 8) - 1;
    word ^= (letters & (chosen | forced)) >> 2;
    std::memcpy(wire + at, &word, count);
    bits >>= 8;
  }
}

}  // namespace

std::string mixed_case_wire(const Query& query) {
  std::string wire(query.name.wire());
  mix_case(query, wire.data());
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
  constexpr std::size_t kRestOctetsMax = 4 + 11;  // type and class, OPT record
  std::array<std::uint8_t, kHeaderOctets + kWireNameOctetsMax + kRestOctetsMax> message;
  std::uint8_t* at = message.data();
  const auto put16 = [&](unsigned value) {
    *at++ = static_cast<std::uint8_t>(value >> 8);
    *at++ = static_cast<std::uint8_t>(value);
  };
  put16(id);
  put16(query.recursion_desired ? 0x0100 : 0);
  put16(1);
  put16(0);
  put16(0);
  put16(query.edns_size != 0 ? 1 : 0);
  const std::string_view name = query.name.wire();
  std::memcpy(at, name.data(), name.size());
  mix_case(query, reinterpret_cast<char*>(at));
  at += name.size();
  put16(static_cast<unsigned>(query.type));
  put16(query.chaos ? kClassChaos : kClassIn);
  if (query.edns_size != 0) {
    *at++ = 0;  // RFC 6891 §6.1.2: the root as owner
    put16(static_cast<unsigned>(RecordType::kOpt));
    put16(query.edns_size);
    put16(0);
    put16(query.dnssec_ok ? 0x8000 : 0);
    put16(0);
  }
  out.insert(out.end(), message.data(), at);
}

Match match_reply(const Query& query, Bytes message) {
  const std::optional<Header> header = read_header(message);
  if (!header) return Match::kShort;
  if (!header->qr || header->opcode != 0) return Match::kNotReply;
  if (header->qdcount != 1) return Match::kQuestion;
  const std::size_t octets = query.name.wire().size();
  std::array<char, kWireNameOctetsMax> sent;
  std::memcpy(sent.data(), query.name.wire().data(), octets);
  mix_case(query, sent.data());
  const std::string_view name(sent.data(), octets);
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
