// Trouble that has stopped nobody yet: zones of which some servers fail, and CAA sets that a
// resolver sees or not, depending on the case in which it asks. The scan leaves both in the work
// folder, in the order of events; they are published sorted and unique.
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "output/finding_spill.h"
#include "output/provider.h"

namespace caascan {

// Names of the files, in the work folder and in the set.
inline constexpr std::string_view kDegradedFile = "degraded.ndjson";
inline constexpr std::string_view kHiddenCaaFile = "hidden-caa.ndjson";

struct LatentLine {
  std::string name;  // the zone, or the label that has the set; printable ASCII
  SpilledLine line;  // the published JSON line
};

// The lines of a work file, published form in `spill`: sorted bytewise by name, and of each name
// the first that the file has. A file that is not there has none. An error names file and line.
[[nodiscard]] std::expected<std::vector<LatentLine>, std::string> read_degraded(
    const std::filesystem::path& file, const ProviderTable& providers, FindingSpill& spill);
[[nodiscard]] std::expected<std::vector<LatentLine>, std::string> read_hidden_caa(
    const std::filesystem::path& file, const ProviderTable& providers, FindingSpill& spill);

}  // namespace caascan
