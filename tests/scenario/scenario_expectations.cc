// The lines of a scenario that say what must come of it.
#include <algorithm>

#include "tests/scenario/scenario_reader.h"

namespace caascan::sim {

using engine::Duration;
using engine::Instant;
using engine::IpAddress;
using wire::DnsName;
using wire::RecordType;

namespace {

std::string describe_verdict(const engine::Verdict& verdict) {
  if (verdict.finding == nullptr) return std::string(word(verdict.outcome));
  const Finding& finding = *verdict.finding;
  return fmt::format("{} cause={} zone={} label={} alias={} security={} bogus={}{}",
                     word(verdict.outcome), word(finding.cause), finding.zone,
                     finding.failing_label, finding.alias_target, word(finding.security),
                     word(finding.bogus), finding.inherited ? " inherited" : "");
}

// What DNSSEC says of the verdict: of the answer that ended the climb where it is good.
Security security_of(const engine::Verdict& verdict) {
  if (verdict.finding != nullptr) return verdict.finding->security;
  Security last = Security::kNotChecked;
  for (const engine::TraceStep& step : verdict.trace)
    if (step.type == RecordType::kCaa && step.name.text() == verdict.ended_at)
      last = step.resolution.security;
  return last;
}

}  // namespace

// expect NAME OUTCOME [cause=] [zone=] [label=] [alias=] [rounds=] [inherited] [own] [control=]
// [security=] [bogus=]
void ScenarioReader::expect(const Words& words) {
  const auto outcome = outcome_from_word(words[2]);
  if (!outcome) {
    fail("not an outcome: " + words[2]);
    return;
  }
  const Words wanted(words.begin() + 3, words.end());
  for (const std::string& word : wanted) {
    const auto [key, value] = pair(word);
    constexpr std::array<std::string_view, 10> kKeys = {"cause",    "zone",      "label", "alias",
                                                        "rounds",   "inherited", "own",   "control",
                                                        "security", "bogus"};
    if (std::ranges::find(kKeys, key) == kKeys.end()) fail("nothing to expect: " + word);
    if (key == "cause" && !cause_from_word(value)) fail("not a cause: " + value);
    if (key == "security" && !security_from_word(value)) fail("not a state: " + value);
    if (key == "bogus" && !bogus_kind_from_word(value)) fail("not a kind: " + value);
    if (key != "security" && !is_affected(*outcome)) fail("only an affected name has a " + key);
  }
  check([name = words[1], outcome = *outcome, wanted](const ScenarioRun& run) -> std::string {
    const auto matches = [&](const std::string& text) {
      return name == "*" || text == name ||
             (name.starts_with("*.") && text.ends_with(name.substr(1)));
    };
    int found = 0;
    for (const engine::Verdict& verdict : run.verdicts) {
      if (!matches(verdict.name.text())) continue;
      ++found;
      bool right = verdict.outcome == outcome;
      for (const std::string& word : wanted) {
        const auto [key, value] = pair(word);
        if (key == "security") right = right && caascan::word(security_of(verdict)) == value;
        if (verdict.finding == nullptr) continue;
        const Finding& finding = *verdict.finding;
        if (key == "cause") right = right && caascan::word(finding.cause) == value;
        if (key == "zone") right = right && finding.zone == value;
        if (key == "label") right = right && finding.failing_label == value;
        if (key == "alias") right = right && finding.alias_target == value;
        if (key == "bogus") right = right && caascan::word(finding.bogus) == value;
        if (key == "inherited") right = right && finding.inherited;
        if (key == "own") right = right && !finding.inherited;
        if (key == "rounds")
          right = right && std::to_string(finding.observed_unix_ms.size()) == value;
        if (key == "control")
          right = right && finding.control_rcode.has_value() &&
                  std::to_string(*finding.control_rcode) == value;
      }
      if (!right)
        return fmt::format("{} is {} ({})", verdict.name.text(), describe_verdict(verdict),
                           caascan::word(security_of(verdict)));
    }
    return found > 0 ? "" : name + " has not been judged";
  });
}

// seen ADDRESS|* NAME|*|*.SUFFIX TYPE|* OPERATOR NUMBER, also with the transport: "CAA/tcp"
void ScenarioReader::seen(const Words& words) {
  std::optional<IpAddress> to;
  if (words[1] != "*") to = address(words[1]);
  if (words.size() != 6) {
    fail("seen ADDRESS NAME TYPE OPERATOR NUMBER");
    return;
  }
  std::string type_word = words[3];
  std::optional<bool> tcp;
  if (type_word.ends_with("/tcp") || type_word.ends_with("/udp")) {
    tcp = type_word.ends_with("/tcp");
    type_word.resize(type_word.size() - 4);
  }
  std::optional<RecordType> wanted;
  if (type_word != "*") wanted = type(type_word);
  check([to, tcp, wanted, name = words[2],
         holds = comparison(words, 4,
                            fmt::format("the number of questions {} {} at {}", words[2], words[3],
                                        words[1]))](const ScenarioRun& run) {
    const auto count = std::ranges::count_if(run.net.seen(), [&](const SeenQuery& query) {
      const bool named = name == "*" || query.name == name ||
                         (name.starts_with("*.") && query.name.ends_with(name.substr(1)));
      return named && (!to || query.to.address == *to) && (!wanted || query.type == *wanted) &&
             (!tcp || query.tcp == *tcp);
    });
    return holds(static_cast<double>(count));
  });
}

}  // namespace caascan::sim
