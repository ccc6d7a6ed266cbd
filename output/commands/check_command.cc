#include "output/commands/check_command.h"

#include <fmt/format.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ingest/domain_name.h"
#include "output/check_report.h"
#include "output/commands/audit_command.h"
#include "scanner/scan.h"

namespace caascan {

int check_command(const RawOptions& raw, const std::atomic<bool>& stop) {
  auto options = read_scan_texts(raw);
  if (!options) return usage_error(options.error());
  if (raw.names.empty()) return usage_error("check needs a name");
  options->engine.trace = true;
  options->engine.infer = false;  // every step is to be seen
  options->threads = 1;           // the names in their order
  NameQueue queue;
  std::vector<DomainName> batch;
  for (const std::string& text : raw.names) {
    const auto name = parse_issued_name(text);
    if (!name) {
      return usage_error(fmt::format("'{}' is no issued name: {}", escape_for_print(text),
                                     describe(name.error())));
    }
    batch.push_back(name->name);
  }
  std::map<DomainName, OracleVerdict> seen;
  if (raw.oracle) {
    auto oracle = make_oracle(*options);
    if (!oracle) return usage_error("--oracle: " + oracle.error());
    std::vector<oracle::Question> questions;
    for (const DomainName& name : batch) questions.push_back({name, ""});
    auto told = oracle->ask(std::move(questions), &stop);
    if (!told) return failed(told.error());
    if (told->interrupted) return kExitHeld;
    for (OracleVerdict& verdict : told->verdicts) seen[verdict.name] = std::move(verdict);
  }
  if (queue.push(std::move(batch))) queue.close();
  bool all_good = true;
  const auto scanned = scan(
      *options, queue,
      [&](engine::Verdict&& verdict) -> std::expected<void, std::string> {
        CheckReport report;
        report.name = verdict.name;
        if (const auto at = seen.find(verdict.name); at != seen.end()) report.oracle = at->second;
        report.outcome = verdict.outcome;
        report.failing_label = is_affected(verdict.outcome) ? verdict.ended_at : "";
        for (engine::TraceStep& step : verdict.trace) {
          CheckStep made;
          made.what = fmt::format("{} {}", step.name.text(), wire::word(step.type));
          made.attempts = step.resolution.attempts;
          made.result = step.resolution.failed      ? std::string(word(step.resolution.cause))
                        : step.resolution.has_rrset ? "found"
                                                    : "empty";
          report.steps.push_back(std::move(made));
        }
        if (verdict.finding) {
          report.cause = verdict.finding->cause;
          report.finding = std::move(*verdict.finding);
        }
        all_good =
            all_good && (report.outcome == Outcome::kFound || report.outcome == Outcome::kEmpty);
        fmt::print("{}", raw.json ? render_json(report) : render_text(report));
        return {};
      },
      &stop);
  if (!scanned) return failed(scanned.error());
  if (scanned->interrupted) return kExitHeld;
  return all_good ? kExitPublished : kExitFailed;
}

}  // namespace caascan
