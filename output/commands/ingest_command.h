// `caascan ingest`, and what `run` does as it does.
#pragma once

#include <expected>
#include <filesystem>
#include <string>

#include "ingest/ingest.h"
#include "output/commands/command_line.h"

namespace caascan {

[[nodiscard]] int ingest_command(const RawOptions& raw);

// What reading the dumps found, for people: damage first, then the rejects by reason.
void report_ingest(const IngestCounts& counts);
// `work` without what an earlier run has made of its input. Names the folder on failure.
std::expected<void, std::string> prepare_work(const std::filesystem::path& work);

}  // namespace caascan
