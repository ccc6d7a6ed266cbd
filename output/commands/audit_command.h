// `caascan audit`, and the audit at the end of a run.
#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "output/audit.h"
#include "output/commands/command_line.h"
#include "scanner/oracle/oracle.h"

namespace caascan {

// What libunbound makes of a set that is published. `stop` ends it early.
[[nodiscard]] int audit_command(const RawOptions& raw, const std::atomic<bool>& stop);

inline constexpr std::uint64_t kAuditedNamesMax = 1'000'000;

// libunbound, for what the options of a scan say. Sends nothing yet.
[[nodiscard]] std::expected<oracle::Oracle, std::string> make_oracle(const ScanOptions& options);

struct AuditJob {
  std::filesystem::path out;
  std::uint64_t seed = 0;
  std::uint64_t listed_max = kAuditedNamesMax;  // more are left to chance
  std::vector<AuditedName> others;
};

// Asks libunbound for names of the set and for the others, writes OUT/audit.json and returns what
// is in it; nothing where it was interrupted.
[[nodiscard]] std::expected<std::optional<Audit>, std::string> audit_set(
    PublishedSet set, AuditJob job, oracle::Oracle& asked, const std::atomic<bool>& stop);

[[nodiscard]] std::expected<PublishedSet, std::string> read_set(const std::filesystem::path& out);
[[nodiscard]] std::uint64_t random_seed();

}  // namespace caascan
