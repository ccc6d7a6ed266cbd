#include "scanner/finding.h"

#include <array>

#include "ingest/assert.h"

namespace caascan {
namespace {

struct CauseText {
  std::string_view word;
  std::string_view meaning;
};

// In the order of the enumerations. The words are in published files: never change one.
constexpr auto kOutcomeWords = std::to_array<std::string_view>(
    {"found", "empty", "servfail", "timeout", "not-reached", "excluded"});

constexpr auto kCauseTexts = std::to_array<CauseText>({
    {"none", "the lookup did not fail"},
    {"servfail", "the answer is SERVFAIL: the server or resolver could not answer for the name"},
    {"refused", "the answer is REFUSED: the server does not serve the zone, or not to us"},
    {"notimp", "the answer is NOTIMP: the server does not know the CAA record type"},
    {"formerr", "the answer is FORMERR: the server could not read the question"},
    {"other-rcode", "the answer is an error other than SERVFAIL, REFUSED, NOTIMP and FORMERR"},
    {"lame", "the server is not authoritative for the zone: it refers upward or nowhere"},
    {"malformed", "the reply could not be read, or does not answer the question that was asked"},
    {"timeout", "no server replied in time"},
    {"truncated-no-tcp", "the answer is truncated over UDP, and none came over TCP"},
    {"unreachable", "the network refused to carry the question to any server"},
    {"no-address", "no nameserver name of the zone has a usable address"},
    {"special-use-only", "every nameserver address of the zone is private or otherwise special"},
    {"alias-loop", "the CNAME or DNAME records lead in a circle or through more than 11 names"},
    {"bogus", "DNSSEC validation failed: a signature or a proof of absence is missing or wrong"},
    {"quota-used-up", "the lookup needed more queries than a resolver spends on one"},
});

constexpr auto kSecurityWords = std::to_array<std::string_view>(
    {"not-checked", "secure", "insecure", "bogus", "indeterminate"});

struct BogusText {
  std::string_view word;
  std::uint16_t ede;  // RFC 8914 §4
  std::string_view meaning;
};
constexpr auto kBogusTexts = std::to_array<BogusText>({
    {"none", 0, "nothing is bogus"},
    {"no-signature", 10, "records of a signed zone come without a signature"},
    {"bad-signature", 6, "no signature is that of a key of the zone over these records"},
    {"expired", 7, "the signatures have expired"},
    {"not-yet-valid", 8, "the signatures are not valid yet"},
    {"no-denial-proof", 12,
     "an empty answer comes without the NSEC or NSEC3 records that prove it"},
    {"wrong-denial", 6, "the NSEC or NSEC3 records, though well signed, prove something else"},
    {"no-dnskey", 9, "the parent has a DS record, and the zone has no DNSKEY set"},
    {"ds-mismatch", 9, "no DNSKEY of the zone is one that a DS record of the parent names"},
    {"no-ds-proof", 6, "the parent neither has a DS record nor proves that there is none"},
    {"too-many-checks", 6, "it would take more signature checks than a resolver makes"},
});

constexpr auto kAttemptResultWords = std::to_array<std::string_view>(
    {"answer", "timeout", "malformed", "tcp-failed", "unreachable"});

static_assert(kOutcomeWords.size() == kOutcomeCount);
static_assert(kCauseTexts.size() == kCauseCount);
static_assert(kSecurityWords.size() == kSecurityCount);
static_assert(kBogusTexts.size() == kBogusKindCount);
static_assert(kAttemptResultWords.size() ==
              static_cast<std::size_t>(AttemptResult::kUnreachable) + 1);

template <typename Enum, std::size_t kCount>
std::optional<Enum> find_word(const std::array<std::string_view, kCount>& words,
                              std::string_view text) {
  for (std::size_t i = 0; i < kCount; ++i) {
    if (words[i] == text) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

const CauseText& text_of(Cause cause) {
  const auto index = static_cast<std::size_t>(cause);
  CAASCAN_ASSERT(index < kCauseCount);
  return kCauseTexts[index];
}

const BogusText& text_of(BogusKind kind) {
  const auto index = static_cast<std::size_t>(kind);
  CAASCAN_ASSERT(index < kBogusKindCount);
  return kBogusTexts[index];
}

}  // namespace

std::string_view word(Outcome outcome) {
  const auto index = static_cast<std::size_t>(outcome);
  CAASCAN_ASSERT(index < kOutcomeCount);
  return kOutcomeWords[index];
}

std::string_view word(Cause cause) {
  return text_of(cause).word;
}

std::string_view describe(Cause cause) {
  return text_of(cause).meaning;
}

std::string_view word(Security security) {
  const auto index = static_cast<std::size_t>(security);
  CAASCAN_ASSERT(index < kSecurityCount);
  return kSecurityWords[index];
}

std::optional<Security> security_from_word(std::string_view text) {
  return find_word<Security>(kSecurityWords, text);
}

std::string_view word(BogusKind kind) {
  return text_of(kind).word;
}

std::string_view describe(BogusKind kind) {
  return text_of(kind).meaning;
}

std::uint16_t ede(BogusKind kind) {
  return text_of(kind).ede;
}

std::optional<BogusKind> bogus_kind_from_word(std::string_view text) {
  for (std::size_t i = 0; i < kBogusKindCount; ++i) {
    if (kBogusTexts[i].word == text) return static_cast<BogusKind>(i);
  }
  return std::nullopt;
}

std::string_view word(AttemptResult result) {
  const auto index = static_cast<std::size_t>(result);
  CAASCAN_ASSERT(index < kAttemptResultWords.size());
  return kAttemptResultWords[index];
}

std::optional<Outcome> outcome_from_word(std::string_view text) {
  return find_word<Outcome>(kOutcomeWords, text);
}

std::optional<Cause> cause_from_word(std::string_view text) {
  for (std::size_t i = 0; i < kCauseCount; ++i) {
    if (kCauseTexts[i].word == text) return static_cast<Cause>(i);
  }
  return std::nullopt;
}

std::optional<AttemptResult> attempt_result_from_word(std::string_view text) {
  return find_word<AttemptResult>(kAttemptResultWords, text);
}

}  // namespace caascan
