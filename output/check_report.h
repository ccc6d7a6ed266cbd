// What `caascan check NAME` says: the verdict on one name and each step that led to it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ingest/domain_name.h"
#include "scanner/finding.h"
#include "scanner/oracle_verdict.h"

namespace caascan {

// One question of the climb.
struct CheckStep {
  std::string what;               // "CAA for www.example.com"
  std::vector<Attempt> attempts;  // empty where the answer was known already
  std::string result;             // "no CAA record", "refused", …
};

struct CheckReport {
  DomainName name;
  Outcome outcome = Outcome::kEmpty;
  Cause cause = Cause::kNone;
  std::string failing_label;  // where affected
  std::vector<CheckStep> steps;
  std::optional<Finding> finding;       // where affected
  std::optional<OracleVerdict> oracle;  // where it was asked for
};

// For people; printable ASCII and line breaks, whatever the report holds.
[[nodiscard]] std::string render_text(const CheckReport& report);
// For programs: one JSON object, with line breaks. Format in docs/FORMATS.md, "check --json".
[[nodiscard]] std::string render_json(const CheckReport& report);

}  // namespace caascan
