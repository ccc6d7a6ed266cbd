// Findings and scan counts in the work folder: `findings.ndjson.zst` (one finding a line, the
// format that is published, docs/FORMATS.md "Findings") and `scan.json`.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "scanner/finding.h"

namespace caascan {

// One line of JSON without line break. Hostile text (qname, contact, extended error, version) comes
// out as valid UTF-8 JSON.
[[nodiscard]] std::string finding_to_json(const Finding& finding);
// The reverse; an error says which member is missing or wrong.
[[nodiscard]] std::expected<Finding, std::string> finding_from_json(std::string_view line);

// One attempt alone, as in the member `attempts`.
[[nodiscard]] std::string attempt_to_json(const Attempt& attempt);

// A line of `degraded.ndjson` and of `hidden-caa.ndjson`, without line break (docs/FORMATS.md), and
// the reverse. Texts as in a finding.
[[nodiscard]] std::string degraded_zone_to_json(const DegradedZone& zone);
[[nodiscard]] std::expected<DegradedZone, std::string> degraded_zone_from_json(
    std::string_view line);
[[nodiscard]] std::string hidden_caa_to_json(const HiddenCaa& hidden);
[[nodiscard]] std::expected<HiddenCaa, std::string> hidden_caa_from_json(std::string_view line);

[[nodiscard]] std::string scan_counts_to_json(const ScanCounts& counts);
[[nodiscard]] std::expected<ScanCounts, std::string> scan_counts_from_json(std::string_view text);

// The counts of a run of which `earlier` were left by the starts before and `now` by this one.
// Times add up; the first query is that of the first start that asked any.
[[nodiscard]] ScanCounts counts_over_starts(const ScanCounts& earlier, const ScanCounts& now);

// Appends findings to a zstd stream. One owner, one thread; `close` flushes and fsyncs.
class FindingWriter {
 public:
  static std::expected<FindingWriter, std::string> create(const std::filesystem::path& path);
  FindingWriter(FindingWriter&&) noexcept;
  FindingWriter& operator=(FindingWriter&&) noexcept;
  ~FindingWriter();
  [[nodiscard]] std::expected<void, std::string> append(const Finding& finding);
  [[nodiscard]] std::expected<void, std::string> close();

 private:
  struct Impl;
  explicit FindingWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Reads them back in the order written. An error names file and line.
class FindingReader {
 public:
  static std::expected<FindingReader, std::string> open(const std::filesystem::path& path);
  FindingReader(FindingReader&&) noexcept;
  FindingReader& operator=(FindingReader&&) noexcept;
  ~FindingReader();
  // Fills `finding` and returns true, or returns false at the end.
  [[nodiscard]] std::expected<bool, std::string> next(Finding& finding);
  // The line that it was read from, until the next call.
  [[nodiscard]] std::string_view line() const;

 private:
  struct Impl;
  explicit FindingReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Hands each finding of a file to `take`, with the line that it was read from. Ends with the first
// error, of the file or of `take`.
template <typename Take>
[[nodiscard]] std::expected<void, std::string> for_each_finding(const std::filesystem::path& path,
                                                                Take take) {
  auto reader = FindingReader::open(path);
  if (!reader) return std::unexpected(reader.error());
  Finding finding;
  while (true) {
    const auto more = reader->next(finding);
    if (!more) return std::unexpected(more.error());
    if (!*more) return {};
    if (std::expected<void, std::string> taken = take(finding, reader->line()); !taken)
      return taken;
  }
}

}  // namespace caascan
