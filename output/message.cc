#include "output/message.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>

#include "output/evidence.h"
#include "scanner/store/json_text.h"

namespace caascan {
namespace {

// INFO-CODE 0 to 24, in boulder's words.
constexpr auto kExtendedErrorTexts = std::to_array<std::string_view>({
    "Other",
    "DNSSEC: Unsupported DNSKEY Algorithm",
    "DNSSEC: Unsupported DS Digest Type",
    "Stale Answer",
    "Forged Answer",
    "DNSSEC: Indeterminate",
    "DNSSEC: Bogus",
    "DNSSEC: Signature Expired",
    "DNSSEC: Signature Not Yet Valid",
    "DNSSEC: DNSKEY Missing",
    "DNSSEC: RRSIGs Missing",
    "DNSSEC: No Zone Key Bit Set",
    "DNSSEC: NSEC Missing",
    "Cached Error",
    "Not Ready",
    "Blocked",
    "Censored",
    "Filtered",
    "Prohibited",
    "Stale NXDOMAIN Answer",
    "Not Authoritative",
    "Not Supported",
    "No Reachable Authority",
    "Network Error between Resolver and Authority",
    "Invalid Data",
});
static_assert(kExtendedErrorTexts.size() == 25);

std::string extended_error_words(std::uint16_t code) {
  if (code < kExtendedErrorTexts.size()) return std::string(kExtendedErrorTexts[code]);
  return fmt::format("Unknown Extended DNS Error code {}", code);
}

// With an extended error, boulder leaves the rcode out.
std::string extended_problem(std::string_view label, std::uint16_t code, std::string_view text) {
  std::string out =
      fmt::format("DNS problem: looking up CAA for {}: {}", label, extended_error_words(code));
  if (!text.empty()) out += ": " + printable_ascii(text);
  return out;
}

}  // namespace

std::string ca_problem(const Finding& finding) {
  const std::string label = printable_ascii(finding.failing_label);
  if (finding.outcome == Outcome::kTimeout) {
    return fmt::format("DNS problem: query timed out looking up CAA for {}", label);
  }
  if (finding.bogus != BogusKind::kNone) return extended_problem(label, ede(finding.bogus), "");
  // Only what a resolver says reaches the subscriber; an authoritative server's extended error does
  // not pass through the CA's resolver unchanged.
  const Attempt* attempt = decisive_attempt(finding);
  if (attempt != nullptr && attempt->server_name.empty() && attempt->extended_error) {
    return extended_problem(label, *attempt->extended_error, attempt->extended_error_text);
  }
  return fmt::format(
      "DNS problem: SERVFAIL looking up CAA for {} - the domain's nameservers may be "
      "malfunctioning",
      label);
}

std::string ca_message(std::string_view certificate_name, std::string_view problem) {
  return fmt::format("While processing CAA for {}: {}", certificate_name, problem);
}

std::string ca_message_2017(const Finding& finding) {
  return fmt::format("DNS problem: {} looking up CAA for {}",
                     finding.outcome == Outcome::kTimeout ? "query timed out" : "SERVFAIL",
                     printable_ascii(finding.failing_label));
}

}  // namespace caascan
