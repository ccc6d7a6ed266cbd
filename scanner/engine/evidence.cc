#include "scanner/engine/evidence.h"

#include <chrono>

namespace caascan::engine {

Attempt make_evidence(const Endpoint& server, std::string_view server_name, const AttemptInfo& info,
                      AttemptResult result, std::uint8_t round, std::int64_t epoch_unix_ms,
                      Instant now) {
  using std::chrono::duration_cast;
  Attempt attempt;
  attempt.server_name = server_name;
  attempt.server_address = server.address.text();
  attempt.server_port = server.port;
  attempt.tcp = info.tcp;
  attempt.edns_size = info.query.edns_size;
  attempt.dnssec_ok = info.query.dnssec_ok;
  attempt.qname = wire::mixed_case_text(info.query);
  attempt.qtype = std::string(wire::word(info.query.type));
  attempt.result = result;
  attempt.rtt_us = static_cast<std::uint32_t>(
      duration_cast<std::chrono::microseconds>(now - info.sent_at).count());
  attempt.sent_unix_ms =
      epoch_unix_ms +
      duration_cast<std::chrono::milliseconds>(info.sent_at.time_since_epoch()).count();
  attempt.round = round;
  return attempt;
}

void add_reply(Attempt& attempt, const wire::MessageView& view) {
  const wire::Header& header = view.header();
  attempt.rcode = header.rcode;
  attempt.aa = header.aa;
  attempt.tc = header.tc;
  attempt.ra = header.ra;
  attempt.ad = header.ad;
  attempt.section_counts = {header.ancount, header.nscount, header.arcount};
  if (const auto extended = view.extended_error()) {
    attempt.extended_error = extended->code;
    for (const char c : extended->text)
      attempt.extended_error_text.push_back(c >= 0x20 && c < 0x7F ? c : '?');
  }
}

Cause cause_of_rcode(std::uint8_t rcode) {
  switch (static_cast<wire::Rcode>(rcode)) {
    case wire::Rcode::kServFail:
      return Cause::kServfail;
    case wire::Rcode::kRefused:
      return Cause::kRefused;
    case wire::Rcode::kNotImp:
      return Cause::kNotimp;
    case wire::Rcode::kFormErr:
      return Cause::kFormerr;
    default:
      return Cause::kOtherRcode;
  }
}

}  // namespace caascan::engine
