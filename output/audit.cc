#include "output/audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <iterator>
#include <map>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "output/durable_file.h"
#include "output/report.h"
#include "output/time_text.h"
#include "scanner/store/finding_store.h"
#include "scanner/store/json_text.h"

namespace caascan {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

constexpr std::string_view kAuditFile = "audit.json";

bool is_good(Outcome outcome) {
  return outcome == Outcome::kFound || outcome == Outcome::kEmpty;
}

std::string_view ours_word(const AuditedName& name) {
  return name.ours ? word(*name.ours) : "good";
}

Agreement agreement_of(const AuditRow& row) {
  return agreement(row.ours.ours, row.theirs.outcome);
}

std::size_t count(const Audit& audit, Agreement wanted) {
  return static_cast<std::size_t>(std::ranges::count(audit.rows, wanted, agreement_of));
}

// Why a difference may be none: what our own finding says of itself.
std::vector<std::string_view> notes(const AuditedName& name) {
  std::vector<std::string_view> made;
  if (name.intermittent) made.push_back("intermittent");
  if (name.version_dependent) made.push_back("version-dependent");
  if (name.carried) made.push_back("carried");
  return made;
}

std::map<std::pair<std::string_view, std::string_view>, std::uint64_t> pairs_of(
    const Audit& audit) {
  std::map<std::pair<std::string_view, std::string_view>, std::uint64_t> pairs;
  for (const AuditRow& row : audit.rows) {
    ++pairs[{ours_word(row.ours), word(row.theirs.outcome)}];
  }
  return pairs;
}

json::array rows_json(const Audit& audit, Agreement wanted) {
  json::array out;
  for (const AuditRow& row : audit.rows) {
    if (agreement_of(row) != wanted) continue;
    const std::vector<std::string_view> said = notes(row.ours);
    out.push_back(json::object{{"name", printable_ascii(row.ours.name.text())},
                               {"ours", ours_word(row.ours)},
                               {"cause", word(row.ours.cause)},
                               {"failing_label", printable_ascii(row.ours.failing_label)},
                               {"unbound", word(row.theirs.outcome)},
                               {"unbound_label", printable_ascii(row.theirs.label)},
                               {"unbound_rcode", row.theirs.rcode},
                               {"unbound_why", printable_ascii(row.theirs.why)},
                               {"notes", json::array(said.begin(), said.end())}});
  }
  return out;
}

void append_rows(const Audit& audit, Agreement wanted, std::string_view title, std::string& out) {
  bool first = true;
  for (const AuditRow& row : audit.rows) {
    if (agreement_of(row) != wanted) continue;
    if (first) fmt::format_to(std::back_inserter(out), "{}\n", title);
    first = false;
    std::string ours(ours_word(row.ours));
    if (row.ours.cause != Cause::kNone) {
      ours += fmt::format(" at {}: {}", row.ours.failing_label, word(row.ours.cause));
    }
    fmt::format_to(std::back_inserter(out), "  {}  ours: {}; Unbound: {}",
                   printable_ascii(row.ours.name.text()), printable_ascii(ours),
                   oracle_text(row.theirs));
    const std::vector<std::string_view> said = notes(row.ours);
    if (!said.empty()) fmt::format_to(std::back_inserter(out), " ({})", fmt::join(said, ", "));
    out += '\n';
  }
}

}  // namespace

Agreement agreement(std::optional<Outcome> ours, Outcome theirs) {
  if (!is_good(theirs) && !is_affected(theirs)) return Agreement::kNotJudged;
  if (!ours) return is_good(theirs) ? Agreement::kAgree : Agreement::kDisagree;
  if (*ours == theirs) return Agreement::kAgree;
  return is_affected(*ours) && is_affected(theirs) ? Agreement::kOtherClass : Agreement::kDisagree;
}

std::vector<AuditRow> pair_up(std::vector<AuditedName> ours, std::vector<OracleVerdict> theirs) {
  std::unordered_map<std::string, std::size_t> by_name;
  for (std::size_t i = 0; i < theirs.size(); ++i) by_name.emplace(theirs[i].name.text(), i);
  std::vector<AuditRow> rows;
  for (AuditedName& name : ours) {
    const auto at = by_name.find(name.name.text());
    if (at == by_name.end()) continue;
    rows.push_back({std::move(name), std::move(theirs[at->second])});
    by_name.erase(at);
  }
  std::ranges::sort(rows,
                    [](const AuditRow& a, const AuditRow& b) { return a.ours.name < b.ours.name; });
  return rows;
}

std::string oracle_text(const OracleVerdict& verdict) {
  std::string out(word(verdict.outcome));
  if (!verdict.label.empty()) out += " at " + verdict.label;
  if (!verdict.why.empty()) out += ": " + verdict.why;
  return printable_ascii(out);
}

std::string audit_json(const Audit& audit) {
  json::object out;
  out["schema_version"] = kSchemaVersion;
  out["version"] = audit.version;
  out["resolver"] = audit.resolver;
  out["generation"] = audit.generation;
  out["started"] = rfc3339(audit.started_unix_s);
  out["finished"] = rfc3339(audit.finished_unix_s);
  out["seed"] = fmt::format("{}", audit.seed);
  out["listed"] = audit.listed;
  out["names"] = audit.rows.size();
  out["agree"] = count(audit, Agreement::kAgree);
  out["other_class"] = count(audit, Agreement::kOtherClass);
  out["disagree"] = count(audit, Agreement::kDisagree);
  out["not_judged"] = count(audit, Agreement::kNotJudged);
  json::array pairs;
  for (const auto& [pair, names] : pairs_of(audit)) {
    pairs.push_back(json::object{{"ours", pair.first}, {"unbound", pair.second}, {"names", names}});
  }
  out["pairs"] = std::move(pairs);
  out["disagreements"] = rows_json(audit, Agreement::kDisagree);
  out["other_classes"] = rows_json(audit, Agreement::kOtherClass);
  return json_document(out);
}

std::string audit_text(const Audit& audit) {
  const auto affected = std::ranges::count_if(
      audit.rows, [](const AuditRow& row) { return row.ours.ours && is_affected(*row.ours.ours); });
  std::string out = fmt::format("audit of {} by {}: {} of {} listed names, {} others\n",
                                audit.generation, audit.resolver, affected, audit.listed,
                                audit.rows.size() - static_cast<std::size_t>(affected));
  fmt::format_to(std::back_inserter(out), "  {:<10} {:<12} {:>8}\n", "ours", "Unbound", "names");
  for (const auto& [pair, names] : pairs_of(audit)) {
    fmt::format_to(std::back_inserter(out), "  {:<10} {:<12} {:>8}\n", pair.first, pair.second,
                   names);
  }
  append_rows(audit, Agreement::kDisagree, "disagree", out);
  append_rows(audit, Agreement::kOtherClass, "differ in class", out);
  append_rows(audit, Agreement::kNotJudged, "not judged", out);
  const std::size_t judged = audit.rows.size() - count(audit, Agreement::kNotJudged);
  const std::size_t agree = count(audit, Agreement::kAgree);
  fmt::format_to(std::back_inserter(out), "{} agree{}, {} differ in class, {} disagree\n", agree,
                 judged == 0 ? std::string()
                             : fmt::format(" ({:.2f} %)", 100.0 * static_cast<double>(agree) /
                                                              static_cast<double>(judged)),
                 count(audit, Agreement::kOtherClass), count(audit, Agreement::kDisagree));
  return out;
}

std::expected<PublishedSet, std::string> read_published(const fs::path& out_dir,
                                                        const ProviderTable& providers) {
  // Resolved once: what is read belongs to one set, whatever is published meanwhile.
  std::error_code error;
  const fs::path folder = fs::canonical(out_dir / "current", error);
  if (error) return std::unexpected(file_error("open", out_dir / "current", error.value()));
  PublishedSet set;
  set.generation = folder.filename().string();
  const auto add = [&](Finding& finding, std::string_view) -> std::expected<void, std::string> {
    AuditedName& name = set.affected.emplace_back();
    name.name = std::move(finding.name);
    name.ours = finding.outcome;
    name.cause = finding.cause;
    name.failing_label = std::move(finding.failing_label);
    name.intermittent = finding.intermittent;
    name.version_dependent = finding.version_dependent;
    name.carried = !finding.carried_from.empty();
    const std::string provider = providers.provider_of(finding.nameservers);
    name.servers = provider == kProviderUnknown ? finding.zone : provider;
    return {};
  };
  if (auto read = for_each_finding(folder / "findings.ndjson.zst", add); !read)
    return std::unexpected(read.error());
  std::ranges::sort(set.affected, {}, &AuditedName::name);
  return set;
}

std::expected<void, std::string> write_audit(const fs::path& out_dir, std::string_view text) {
  const fs::path fresh = out_dir / ".audit.json.new";
  if (auto written = write_durably(fresh, text); !written) return written;
  std::error_code error;
  fs::rename(fresh, out_dir / kAuditFile, error);
  if (error) return std::unexpected(file_error("write", out_dir / kAuditFile, error.value()));
  return sync_folder(out_dir);
}

}  // namespace caascan
