// summary.json, manifest.json and SHA256SUMS: what a set holds, where it comes from, and that it is
// whole. Formats in docs/FORMATS.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "output/durable_file.h"
#include "output/lists.h"
#include "output/publish.h"
#include "output/tally.h"

namespace caascan {

inline constexpr int kSchemaVersion = 1;
inline constexpr std::size_t kProvidersInSummary = 20;

struct SetContents {
  std::vector<std::pair<std::string, std::uint64_t>> list_lines;  // file name, lines
  std::uint64_t feed_certificates = 0, feed_hostnames = 0;
  std::vector<ProviderRow> providers;
  Tally tally;
  std::uint64_t names_carried = 0;             // of an earlier set
  std::uint64_t degraded = 0, hidden_caa = 0;  // lines of both files
  std::int64_t finished_unix_s = 0;
};

struct PublishedFile {
  std::string name;  // relative to the generation folder
  FileDigest digest;
};

[[nodiscard]] std::string summary_json(const PublishOptions& options, const SetContents& contents);
// `files`: every file of the set but the manifest and SHA256SUMS.
[[nodiscard]] std::string manifest_json(const PublishOptions& options, const SetContents& contents,
                                        const std::vector<PublishedFile>& files);
// As `sha256sum -c` reads it.
[[nodiscard]] std::string sha256sums(const std::vector<PublishedFile>& files);

}  // namespace caascan
