#include "output/check_report.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <iterator>
#include <string_view>

#include "output/audit.h"
#include "output/derived.h"
#include "output/evidence.h"
#include "output/issuance.h"
#include "output/message.h"
#include "output/reason.h"
#include "scanner/store/finding_store.h"
#include "scanner/store/json_text.h"

namespace caascan {
namespace {

namespace json = boost::json;

std::string_view verdict_text(Outcome outcome) {
  switch (outcome) {
    case Outcome::kFound:
      return "has a CAA record set";
    case Outcome::kEmpty:
      return "has no CAA record: any CA may issue";
    case Outcome::kServfail:
      return "fails with SERVFAIL: a CA must refuse";
    case Outcome::kTimeout:
      return "gets no answer: a CA must refuse";
    case Outcome::kNotReached:
      return "has no verdict: the resolver did not serve us";
    case Outcome::kExcluded:
      return "is on the opt-out list and was not asked";
  }
  return "";
}

std::string attempt_text(const Attempt& attempt) {
  std::string out = printable_ascii(attempt.server_address);
  if (attempt.server_port != 53) out += fmt::format(" port {}", attempt.server_port);
  if (!attempt.server_name.empty()) {
    out += fmt::format(" ({})", printable_ascii(attempt.server_name));
  }
  out += fmt::format(" {} {} {}: {}", attempt.tcp ? "TCP" : "UDP", printable_ascii(attempt.qname),
                     printable_ascii(attempt.qtype), answer_text(attempt));
  if (attempt.result == AttemptResult::kAnswer) {
    if (attempt.aa) out += " aa";
    if (attempt.ad) out += " ad";
    out += fmt::format(", {} records, {:.1f} ms", attempt.section_counts[0],
                       static_cast<double>(attempt.rtt_us) / 1000);
  }
  if (attempt.round > 0) out += fmt::format(" [confirmation {}]", attempt.round);
  return out;
}

std::string security_text(const Finding& finding) {
  std::string out(word(finding.security));
  if (finding.bogus != BogusKind::kNone) {
    out += fmt::format(", {}: {} (extended error {})", word(finding.bogus), describe(finding.bogus),
                       ede(finding.bogus));
  }
  if (!finding.insecure_at.empty()) {
    out += fmt::format(": {} is proven to have no DS record", finding.insecure_at);
  }
  if (finding.intermittent) out += "; only where a letter of the name is asked in upper case";
  if (finding.version_dependent) out += "; other resolvers may say something else";
  return out;
}

void append_fault(const CheckReport& report, std::string& out) {
  const auto line = [&out](std::string_view key, std::string_view value) {
    if (!value.empty()) {
      fmt::format_to(std::back_inserter(out), "  {:<12} {}\n", key, printable_ascii(value));
    }
  };
  line("failing at", report.failing_label);
  line("cause", fmt::format("{}: {}", word(report.cause), describe(report.cause)));
  if (!report.finding) return;
  const Finding& finding = *report.finding;
  line("zone", finding.zone);
  if (finding.inherited) line("", "the fault is a parent's or the registry's, not the name's own");
  line("alias of", finding.alias_target);
  line("nameservers", fmt::format("{}", fmt::join(finding.nameservers, " ")));
  line("contact", finding.soa_contact);
  if (finding.control_result) {
    std::string control(word(*finding.control_result));
    if (finding.control_rcode) control = rcode_text(*finding.control_rcode);
    line("A question", control);
  }
  line("DNSSEC", security_text(finding));
  for (const ServerVersion& version : finding.versions) {
    if (version.text.empty()) continue;
    line("software", fmt::format("{}: {}", version.server_address, version.text));
  }
  const Reason& reason = builtin_reasons().reason_of(finding);
  line("likely", fmt::format("{} [{}]", reason.likely, reason.id));
  line("fix", reason.fix);
  const std::vector<Workaround> ways = workarounds(finding);
  for (const Workaround& way : ways) line("until then", describe(way));
  for (const IssuanceClass issuance : issuance_classes(finding))
    line("issuance", describe(issuance));
  line("CA says", ca_message(finding.name.text(), ca_problem(finding)));
  line("in 2017", ca_message_2017(finding));
  line("see it", dig_line(finding));
}

json::value parsed(const std::string& text) {
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  return error ? json::value() : value;
}

}  // namespace

std::string render_text(const CheckReport& report) {
  std::string out =
      fmt::format("{} {}\n", printable_ascii(report.name.text()), verdict_text(report.outcome));
  if (is_affected(report.outcome)) append_fault(report, out);
  if (report.oracle) {
    fmt::format_to(std::back_inserter(out), "  {:<12} {}\n", "Unbound",
                   oracle_text(*report.oracle));
  }
  for (std::size_t i = 0; i < report.steps.size(); ++i) {
    const CheckStep& step = report.steps[i];
    fmt::format_to(std::back_inserter(out), "{}. {}: {}\n", i + 1, printable_ascii(step.what),
                   printable_ascii(step.result));
    for (const Attempt& attempt : step.attempts) out += "     " + attempt_text(attempt) + '\n';
  }
  return out;
}

std::string render_json(const CheckReport& report) {
  json::object out;
  out["name"] = printable_ascii(report.name.text());
  out["outcome"] = word(report.outcome);
  out["cause"] = word(report.cause);
  out["failing_label"] = printable_ascii(report.failing_label);
  if (report.finding) {
    for (auto& [key, value] : derived_json(*report.finding)) out[key] = std::move(value);
    out["finding"] = parsed(finding_to_json(*report.finding));
  }
  if (report.oracle) {
    out["unbound"] = json::object{{"outcome", word(report.oracle->outcome)},
                                  {"label", printable_ascii(report.oracle->label)},
                                  {"rcode", report.oracle->rcode},
                                  {"why", printable_ascii(report.oracle->why)}};
  }
  json::array steps;
  for (const CheckStep& step : report.steps) {
    json::array attempts;
    for (const Attempt& attempt : step.attempts) {
      attempts.push_back(parsed(attempt_to_json(attempt)));
    }
    steps.push_back(json::object{{"what", printable_ascii(step.what)},
                                 {"result", printable_ascii(step.result)},
                                 {"attempts", std::move(attempts)}});
  }
  out["steps"] = std::move(steps);
  return json_document(out);
}

}  // namespace caascan
