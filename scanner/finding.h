// Findings: what the scanner says of an issued name, with the evidence. Plain values, made by the
// engine.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/domain_name.h"

namespace caascan {

// The one status that every input name ends in.
enum class Outcome : std::uint8_t {
  kFound,       // the climb met a non-empty CAA RRset
  kEmpty,       // every label up to the TLD answered, none has CAA
  kServfail,    // a validating resolver would answer SERVFAIL: the CA must refuse
  kTimeout,     // the last zone that the lookup needed never answered
  kNotReached,  // no verdict: the resolver itself refused us, or the run was cut short
  kExcluded,    // on the opt-out list, never asked
};
inline constexpr std::size_t kOutcomeCount = 6;

// Why a lookup failed. A closed list; `describe` has one line of meaning for each.
enum class Cause : std::uint8_t {
  kNone,            // the lookup did not fail
  kServfail,        // rcode SERVFAIL
  kRefused,         // rcode REFUSED
  kNotimp,          // rcode NOTIMP
  kFormerr,         // rcode FORMERR
  kOtherRcode,      // any other rcode but NOERROR and NXDOMAIN
  kLame,            // not authoritative: upward referral, or a referral that leads nowhere
  kMalformed,       // the reply could not be read, or was not a reply to our question
  kTimeout,         // no reply in time from any address
  kTruncatedNoTcp,  // truncated over UDP and no answer over TCP
  kUnreachable,     // the network refused to carry the question
  kNoAddress,       // no nameserver name has a usable address
  kSpecialUseOnly,  // every nameserver address is in a special-use range
  kAliasLoop,       // CNAME or DNAME loop, or more than 11 restarts
  kBogus,           // DNSSEC validation failed
  kQuotaUsedUp,     // the lookup's query quota was used up
};
inline constexpr std::size_t kCauseCount = 16;

[[nodiscard]] std::string_view word(
    Outcome outcome);  // "servfail", "not-reached", …; stable, in published files
[[nodiscard]] std::string_view word(
    Cause cause);  // "truncated-no-tcp", …; stable, in published files
[[nodiscard]] std::string_view describe(Cause cause);
[[nodiscard]] std::optional<Outcome> outcome_from_word(std::string_view text);
[[nodiscard]] std::optional<Cause> cause_from_word(std::string_view text);
[[nodiscard]] constexpr bool is_affected(Outcome outcome) {
  return outcome == Outcome::kServfail || outcome == Outcome::kTimeout;
}

// What DNSSEC says of the answer that a lookup ended with (RFC 4035 §4.3).
enum class Security : std::uint8_t {
  kNotChecked,     // another one's verdict was taken (`--resolver`)
  kSecure,         // a chain of signatures leads to the trust anchor
  kInsecure,       // the chain ends at a delegation that is proven to have no DS
  kBogus,          // it should be signed, and what is there does not validate
  kIndeterminate,  // the chain could not be followed: a zone that it needs does not answer
};
inline constexpr std::size_t kSecurityCount = 5;

// What is wrong with a bogus answer. A closed list; `describe` has one line for each, `ede` the RFC
// 8914 code that a resolver gives.
enum class BogusKind : std::uint8_t {
  kNone,
  kNoSignature,    // a record set of a signed zone comes without RRSIG
  kBadSignature,   // no signature is that of a key of the zone over these records
  kExpired,        // the signatures were good until some moment that is past
  kNotYetValid,    // the signatures will be good from some moment on
  kNoDenialProof,  // an empty answer without the NSEC or NSEC3 records that prove it
  kWrongDenial,    // well-signed NSEC or NSEC3 records that prove something else
  kNoDnskey,       // the zone has a DS and no DNSKEY set
  kDsMismatch,     // no key of the zone is the one that a DS record names
  kNoDsProof,      // the parent neither has a DS set nor proves that there is none
  kTooManyChecks,  // more keys or signatures than a resolver tries (KeyTrap)
};
inline constexpr std::size_t kBogusKindCount = 11;

// Stable words in published files, as for outcomes and causes.
[[nodiscard]] std::string_view word(Security security);
[[nodiscard]] std::optional<Security> security_from_word(std::string_view text);
[[nodiscard]] std::string_view word(BogusKind kind);
[[nodiscard]] std::optional<BogusKind> bogus_kind_from_word(std::string_view text);
[[nodiscard]] std::string_view describe(BogusKind kind);
[[nodiscard]] std::uint16_t ede(BogusKind kind);  // RFC 8914 INFO-CODE; 6 is plain "DNSSEC Bogus"

// What came of one question sent to one server.
enum class AttemptResult : std::uint8_t {
  kAnswer,       // a reply that matches and was read
  kTimeout,      // nothing that matches within the wait
  kMalformed,    // a reply that matches and could not be read
  kTcpFailed,    // TCP refused, reset or closed before an answer
  kUnreachable,  // the kernel would not send
};
[[nodiscard]] std::string_view word(AttemptResult result);
[[nodiscard]] std::optional<AttemptResult> attempt_result_from_word(std::string_view text);

// Evidence of one attempt.
struct Attempt {
  std::string server_name;     // nameserver name, A-labels, no final dot; empty for a `--resolver`
  std::string server_address;  // "192.0.2.1", "2001:db8::1"
  std::uint16_t server_port = 53;
  bool tcp = false;
  std::uint16_t edns_size = 0;  // 0 = no OPT record sent
  bool dnssec_ok = false;
  std::string qname;  // presentation form in the case that was sent, no final dot ("." is the root)
  std::string qtype;  // "CAA", "A", "SOA", …
  AttemptResult result = AttemptResult::kTimeout;
  std::uint8_t rcode = 0;  // only with kAnswer
  bool aa = false, tc = false, ra = false, ad = false;
  std::array<std::uint16_t, 3> section_counts{};  // answer, authority, additional as in the header
  std::optional<std::uint16_t> extended_error;    // RFC 8914 INFO-CODE
  std::string extended_error_text;                // EXTRA-TEXT, printable ASCII
  std::uint32_t rtt_us =
      0;  // kAnswer, kMalformed: from the send to the reply; otherwise how long we waited
  std::int64_t sent_unix_ms = 0;
  std::uint8_t round = 0;  // 0 = first pass, then the confirmation rounds

  friend bool operator==(const Attempt&, const Attempt&) = default;
};

// What a server says of itself (CH TXT version.bind); hostile text.
struct ServerVersion {
  std::string server_address;
  std::string text;  // printable ASCII, at most 255 octets; empty where it would not say

  friend bool operator==(const ServerVersion&, const ServerVersion&) = default;
};

// The verdict on one name that is affected. (Others are only counted.)
struct Finding {
  DomainName name;
  Outcome outcome = Outcome::kEmpty;
  Cause cause = Cause::kNone;
  std::string failing_label;  // full name at which the climb failed, as asked ("example.com",
                              // perhaps "com")
  std::string
      alias_target;  // last target of the alias chain where the fault lies there; otherwise empty
  std::string zone;  // apex of the zone at fault, empty where not known
  bool inherited = false;  // the zone at fault is a TLD's or the root's, not the name's own
  Security security = Security::kNotChecked;
  BogusKind bogus = BogusKind::kNone;  // with Cause::kBogus
  // A resolver that draws its case anew for each try succeeds now and then: the fault shows only
  // where a letter below the apex is in upper case.
  bool intermittent = false;
  // Resolvers of other versions or settings than the profile's say something else.
  bool version_dependent = false;
  std::string insecure_at;  // with kInsecure: the delegation that is proven to have no DS
  // Where the first pass took the failure from that of other names of the zone, one of these; the
  // later rounds asked for this name itself. Empty where all did.
  std::string inferred_from;
  std::vector<std::string> nameservers;  // of `zone`, lower case, sorted; empty where not known
  std::string
      soa_contact;  // RNAME of `zone` in presentation form, empty where not known; hostile text
  std::optional<AttemptResult> control_result;  // the A question at the failing label, same servers
  std::optional<std::uint8_t> control_rcode;
  std::vector<std::int64_t> observed_unix_ms;  // end of each round in which the failure was seen,
                                               // or of the first, inferred
  std::vector<Attempt> attempts;               // of all rounds, in order of sending
  std::vector<ServerVersion> versions;         // of the servers at fault, as far as asked
  // The set that first published this verdict, where the run that publishes it now has not reached
  // the name; empty where it has.
  std::string carried_from;

  friend bool operator==(const Finding&, const Finding&) = default;
};

// A CAA set that a resolver sees or not, depending on the case in which it asks: the server holds
// the records, and answers the name in mixed case as if there were none. No failure, and worse.
struct HiddenCaa {
  std::string name;  // the label that has the set
  std::string zone;
  std::vector<std::string> nameservers;  // sorted
  std::vector<Attempt> attempts;         // the empty answer and the one with the set

  friend bool operator==(const HiddenCaa&, const HiddenCaa&) = default;
};

// A zone that answered, though some of its servers did not: trouble that has not yet reached
// anybody.
struct DegradedZone {
  std::string zone;
  std::vector<std::string> nameservers;  // sorted
  std::vector<Attempt> attempts;         // the bad ones and the good one that ended the search

  friend bool operator==(const DegradedZone&, const DegradedZone&) = default;
};

// What `scan` leaves beside the findings; in summary.json.
struct ScanCounts {
  std::array<std::uint64_t, kOutcomeCount> names_by_outcome{};  // adds up to names_total
  std::uint64_t names_total = 0;
  std::uint64_t names_cleared = 0;   // failed in the first pass, good in a later round
  std::uint64_t names_inferred = 0;  // taken to fail in the first pass, as others of their zone did
  std::uint64_t names_put_away = 0;  // outside of memory for a while, each time counted
  std::uint64_t names_past_deadline = 0;  // not reached for this reason
  std::uint64_t queries_udp = 0, queries_tcp = 0;
  std::uint64_t queries_repeated = 0;  // of these, to the same nameserver, because it was silent
  std::uint64_t replies = 0;           // matched
  std::uint64_t timeouts = 0;          // sends without a reply
  std::uint64_t timeouts_voided =
      0;  // not counted there: we lost datagrams meanwhile, and asked again
  // Datagrams that were not a reply to anything we had asked, by kind.
  std::uint64_t mismatch_id = 0, mismatch_address = 0, mismatch_question = 0, mismatch_case = 0,
                mismatch_not_reply = 0, mismatch_short = 0, late = 0;
  std::uint64_t kernel_drops = 0;  // by our sockets, for want of room (SK_MEMINFO_DROPS)
  // Of this machine, whoever's they were, from the start of the scan to its end: RcvbufErrors and
  // InErrors of UDP, IPv4 and IPv6.
  std::uint64_t host_buffer_errors = 0, host_receive_errors = 0;
  // DNSSEC: signatures computed, record sets known to be good from before, names hashed for NSEC3.
  std::uint64_t signatures_checked = 0, signatures_reused = 0, nsec3_hashes = 0;
  std::uint64_t signatures_checked_ns = 0;  // what these checks took; 0: not measured
  std::uint64_t rounds_void = 0;            // a canary failed in them too
  double elapsed_s = 0;
  double first_query_s = 0;  // from the start of the run to the first query sent

  friend bool operator==(const ScanCounts&, const ScanCounts&) = default;
};

}  // namespace caascan
