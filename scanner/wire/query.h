// Questions: the bytes that are sent, and whether a datagram is the reply to them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scanner/wire/cursor.h"
#include "scanner/wire/dns_name.h"
#include "scanner/wire/message.h"

namespace caascan::wire {

inline constexpr std::uint16_t kEdnsSize =
    1232;  // the size a Let's Encrypt resolver advertises (DNS flag day 2020)

// One question as it is put on the wire.
struct Query {
  DnsName name;
  RecordType type = RecordType::kCaa;
  // Which letters are sent in upper case: bits drawn from this seed; 0 sends lower case (draft
  // "0x20").
  std::uint64_t case_seed = 0;
  // The leftmost labels that are sent wholly in upper case, unless all is sent in lower case.
  std::uint8_t upper_labels = 0;
  bool chaos = false;  // class CH, not IN
  bool recursion_desired = false;
  std::uint16_t edns_size = kEdnsSize;  // 0 = no OPT record
  bool dnssec_ok = false;
};

// The query's name with the letters that its seed selects in upper case. Deterministic.
[[nodiscard]] std::string mixed_case_wire(const Query& query);
// The same in presentation form, for evidence.
[[nodiscard]] std::string mixed_case_text(const Query& query);

// Appends the message for `query` with `id` to `out`.
void append_query(const Query& query, std::uint16_t id, std::vector<std::uint8_t>& out);

// Whether a datagram that carries the right id and comes from the right address is the reply to
// `query`.
enum class Match : std::uint8_t {
  kReply,     // QR=1, opcode 0, one question: ours, case included
  kShort,     // no room for header and question
  kNotReply,  // QR=0, or an opcode other than QUERY
  kCase,      // our question in another case
  kQuestion,  // another question, or not exactly one
};
[[nodiscard]] Match match_reply(const Query& query, Bytes message);

}  // namespace caascan::wire
