// What a run is, so that a later start knows whether it is the same one and goes on with it.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ingest/ingest.h"
#include "output/commands/command_line.h"
#include "scanner/store/journal.h"

namespace caascan {

// The options that shape the verdict and the set, for the manifest.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> effective_options(
    const RawOptions& raw);

// What a run is, so that a later start knows whether it is the same one: the version, the input,
// and each option on which a verdict or the order of names hangs. Pace and what is made of the
// verdicts may change.
[[nodiscard]] std::expected<JournalHeader, std::string> journal_header(
    const RawOptions& raw, const IngestOptions& ingest_options,
    const std::optional<InputIdentity>& inputs, std::int64_t now_unix_s);

// What an earlier start has left in the journal, where this one is to go on with it. Says on
// standard error what becomes of it.
[[nodiscard]] std::optional<JournalContents> earlier_start(const std::filesystem::path& journal,
                                                           const JournalHeader& wanted, bool fresh,
                                                           bool input_can_be_read_again,
                                                           std::chrono::seconds resume_within);

}  // namespace caascan
