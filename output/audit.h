// The audit of a published set: what a CA's resolver itself makes of its names, beside what was
// published. Format of audit.json in docs/FORMATS.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "output/provider.h"
#include "scanner/finding.h"
#include "scanner/oracle_verdict.h"

namespace caascan {

// What we say of a name.
struct AuditedName {
  DomainName name;
  // kFound, kEmpty, kServfail or kTimeout; nothing where it is only known that it is not listed.
  std::optional<Outcome> ours;
  Cause cause = Cause::kNone;  // where affected
  std::string failing_label;
  bool intermittent = false, version_dependent = false;  // as in Finding
  bool carried = false;                                  // the verdict is that of an earlier set
  // Who serves the zone at fault: the provider, or the zone where that is not known. Empty where
  // neither is.
  std::string servers;
};

// Of the outcomes of both; a name is good where they are found or empty.
enum class Agreement : std::uint8_t {
  kAgree,       // both good, both servfail or both timeout
  kOtherClass,  // one servfail, the other timeout
  kDisagree,    // good here and affected there, or found here and empty there
  kNotJudged,   // the resolver did not say
};
[[nodiscard]] Agreement agreement(std::optional<Outcome> ours, Outcome theirs);

struct AuditRow {
  AuditedName ours;
  OracleVerdict theirs;
};

struct Audit {
  std::string version;     // of caascan
  std::string resolver;    // "libunbound 1.17.1"
  std::string generation;  // the folder's name
  std::int64_t started_unix_s = 0, finished_unix_s = 0;
  std::uint64_t seed = 0;      // of both samples
  std::uint64_t listed = 0;    // affected names of the set, asked or not
  std::vector<AuditRow> rows;  // sorted by name
};

// Rows from both sides, by name; a name without a verdict is left out.
[[nodiscard]] std::vector<AuditRow> pair_up(std::vector<AuditedName> ours,
                                            std::vector<OracleVerdict> theirs);

// One JSON document.
[[nodiscard]] std::string audit_json(const Audit& audit);
// For people: counts, and one line for each name on which we differ. Printable ASCII.
[[nodiscard]] std::string audit_text(const Audit& audit);
// "SERVFAIL at example.com: why", and "has CAA at …" or the like, in words.
[[nodiscard]] std::string oracle_text(const OracleVerdict& verdict);

struct PublishedSet {
  std::string generation;             // the folder's name
  std::vector<AuditedName> affected;  // sorted by name
};
// The set that OUT/current points to.
[[nodiscard]] std::expected<PublishedSet, std::string> read_published(
    const std::filesystem::path& out_dir, const ProviderTable& providers);

// Replaces OUT/audit.json in one step, on disk.
[[nodiscard]] std::expected<void, std::string> write_audit(const std::filesystem::path& out_dir,
                                                           std::string_view json);

}  // namespace caascan
