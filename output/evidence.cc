#include "output/evidence.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ranges>

#include "scanner/store/json_text.h"

namespace caascan {
namespace {

constexpr auto kRcodeWords = std::to_array<std::string_view>(
    {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET",
     "NXRRSET", "NOTAUTH", "NOTZONE"});
constexpr std::uint8_t kFormerr = 1, kServfail = 2, kNotimp = 4, kRefused = 5;

bool answered(const Attempt& attempt, std::uint8_t rcode) {
  return attempt.result == AttemptResult::kAnswer && attempt.rcode == rcode;
}

std::string lower_case(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// Whether a letter of `qname` below `zone` is in upper case.
bool is_mixed_below(std::string_view qname, const std::string& zone) {
  if (lower_case(std::string(qname)).ends_with("." + lower_case(zone))) {
    qname.remove_suffix(zone.size());
  }
  return std::ranges::any_of(qname, [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool shows(const Attempt& attempt, const Finding& finding) {
  switch (finding.cause) {
    case Cause::kServfail:
      return answered(attempt, kServfail);
    case Cause::kRefused:
      return answered(attempt, kRefused);
    case Cause::kNotimp:
      return answered(attempt, kNotimp);
    case Cause::kFormerr:
      return answered(attempt, kFormerr);
    case Cause::kOtherRcode:
      return attempt.result == AttemptResult::kAnswer && attempt.rcode > kRefused;
    case Cause::kTimeout:
      return attempt.result == AttemptResult::kTimeout;
    case Cause::kMalformed:
      return attempt.result == AttemptResult::kMalformed;
    case Cause::kUnreachable:
      return attempt.result == AttemptResult::kUnreachable;
    case Cause::kTruncatedNoTcp:
      return attempt.tc || attempt.tcp;
    case Cause::kLame:
    case Cause::kAliasLoop:
      return attempt.result == AttemptResult::kAnswer;
    case Cause::kBogus:
      return attempt.result == AttemptResult::kAnswer &&
             (!finding.intermittent || is_mixed_below(attempt.qname, finding.zone));
    case Cause::kNone:
    case Cause::kNoAddress:
    case Cause::kSpecialUseOnly:
    case Cause::kQuotaUsedUp:
      return true;
  }
  return true;
}

// Quotes for a POSIX shell wherever a character could mean something to it.
std::string shell_word(std::string_view text) {
  const std::string printable = printable_ascii(text);
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':';
  };
  if (!printable.empty() && std::ranges::all_of(printable, is_plain)) return printable;
  std::string out = "'";
  for (const char c : printable) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  out += '\'';
  return out;
}

// dig takes a bare word that begins with `-`, `+` or `@` as an option, and one without a dot as a
// type or class where it is one (`mx`, `in`).
std::string dig_name(std::string_view name) {
  const bool ambiguous = !name.contains('.') || name.starts_with('-') || name.starts_with('+') ||
                         name.starts_with('@');
  return (ambiguous ? "-q " : "") + shell_word(name);
}

bool is_of_the_lookup(const Attempt& attempt) {
  return attempt.qtype == "CAA" || attempt.qtype == "DNSKEY" || attempt.qtype == "DS";
}

std::string dig_line(const Attempt& attempt, bool dnssec) {
  const bool resolver = attempt.server_name.empty();
  std::string out = "dig";
  if (!resolver) out += " +norec";
  if (resolver || dnssec) out += " +dnssec";
  if (!resolver && attempt.edns_size > 0) out += fmt::format(" +bufsize={}", attempt.edns_size);
  if (!resolver && attempt.edns_size == 0 && !dnssec) out += " +noedns";
  if (attempt.tcp) out += " +tcp";
  if (attempt.server_port != 53) out += fmt::format(" -p {}", attempt.server_port);
  out += " @" + shell_word(attempt.server_address);
  // A resolver randomises the case itself; at an authoritative server the case may be the trigger.
  out += ' ' + dig_name(resolver ? lower_case(attempt.qname) : attempt.qname);
  out += ' ' + shell_word(attempt.qtype);
  return out;
}

}  // namespace

std::string rcode_text(std::uint8_t rcode) {
  if (rcode < kRcodeWords.size()) return std::string(kRcodeWords[rcode]);
  if (rcode == 16) return "BADVERS";
  if (rcode == 23) return "BADCOOKIE";
  return fmt::format("RCODE{}", rcode);
}

const Attempt* decisive_attempt(const Finding& finding) {
  // The search ends with the question that no server answers well: for CAA, or for the keys or the
  // DS set that the answer's signature hangs on.
  const auto backwards = finding.attempts | std::views::reverse;
  const auto last = std::ranges::find_if(backwards, is_of_the_lookup);
  if (last == backwards.end()) {
    return finding.attempts.empty() ? nullptr : &finding.attempts.back();
  }
  for (const Attempt& attempt : backwards) {
    if (attempt.qtype == last->qtype && shows(attempt, finding)) return &attempt;
  }
  return &*last;
}

std::string answer_text(const Attempt& attempt) {
  std::string out;
  switch (attempt.result) {
    case AttemptResult::kAnswer:
      out = rcode_text(attempt.rcode);
      if (attempt.tc) out += ", truncated";
      break;
    case AttemptResult::kTimeout:
      out = fmt::format("no reply within {:.1f} s", static_cast<double>(attempt.rtt_us) / 1e6);
      break;
    case AttemptResult::kMalformed:
      out = "a reply that cannot be read";
      break;
    case AttemptResult::kTcpFailed:
      out = "TCP connection failed";
      break;
    case AttemptResult::kUnreachable:
      out = "network unreachable";
      break;
  }
  if (attempt.extended_error) {
    out += fmt::format(" (extended error {}", *attempt.extended_error);
    if (!attempt.extended_error_text.empty()) {
      out += ": " + printable_ascii(attempt.extended_error_text);
    }
    out += ')';
  }
  return out;
}

std::string nameserver_text(const Attempt& attempt) {
  return printable_ascii(attempt.server_name.empty() ? attempt.server_address
                                                     : attempt.server_name);
}

std::string decisive_nameserver(const Finding& finding) {
  const Attempt* attempt = decisive_attempt(finding);
  return attempt == nullptr ? std::string() : nameserver_text(*attempt);
}

std::string fault_text(const Finding& finding) {
  const Attempt* attempt = decisive_attempt(finding);
  if (attempt == nullptr) return {};
  std::string out = answer_text(*attempt);
  // The answer alone looks healthy.
  if (finding.bogus != BogusKind::kNone) out += fmt::format(", but {}", describe(finding.bogus));
  return out;
}

std::string dig_line(const Attempt& attempt) {
  return dig_line(attempt, attempt.dnssec_ok);
}

std::string dig_line(const Finding& finding) {
  const bool bogus = finding.cause == Cause::kBogus;
  const Attempt* attempt = decisive_attempt(finding);
  if (attempt != nullptr) return dig_line(*attempt, attempt->dnssec_ok || bogus);
  return fmt::format("dig {}{} CAA", bogus ? "+dnssec " : "", dig_name(finding.failing_label));
}

}  // namespace caascan
