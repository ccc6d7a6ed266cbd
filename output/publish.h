// Findings → the published set: lists, feeds, summary, manifest; one generation folder, switched
// atomically.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "ingest/ingest.h"
#include "scanner/finding.h"

namespace caascan {

struct PublishOptions {
  std::filesystem::path out_dir;
  std::filesystem::path work_dir;     // holds certificates.zst and findings.ndjson.zst;
                                      // perhaps degraded.ndjson and hidden-caa.ndjson
  std::string provider_table;         // contents of data/providers.tsv
  std::string provider_table_origin;  // for error messages: a path or "built-in"
  std::int64_t at_unix_s = 0;         // "unexpired" in feed/certificates.ndjson
  std::int64_t started_unix_s = 0;    // start of the run
  std::int64_t finished_unix_s = 0;   // names the generation; 0 = read the clock
  std::string version;
  std::vector<std::string> inputs;  // --ct as given
  std::vector<std::pair<std::string, std::string>>
      effective_options;  // name, value; for the manifest
  IngestCounts ingest_counts;
  ScanCounts scan_counts;
  bool incomplete = false;  // damage skipped or names not reached
  // Findings of an earlier set on names that were not reached (earlier_verdicts.h); empty: none.
  std::filesystem::path carried_findings;
  std::uint64_t starts = 1;          // of the run: more than one where it was resumed
  std::uint64_t journal_damage = 0;  // places at which its journal was not what was written
};

struct PublishResult {
  std::filesystem::path generation;  // absolute path of the folder that `current` now points to
  std::uint64_t servfail_namebright = 0, servfail_other = 0;  // lines of the lists
  std::uint64_t timeout_namebright = 0, timeout_other = 0;
  std::uint64_t zones_at_fault = 0;               // lines of both zone lists
  std::uint64_t certificates = 0, hostnames = 0;  // lines of the feeds
  std::uint64_t names_carried = 0;  // of the names in the lists, those of an earlier set
  std::int64_t finished_unix_s = 0;
  std::vector<std::string>
      warnings;  // what went wrong after the switch, such as removing an old generation
};

// Writes the whole set into a new generation folder, fsyncs it, then switches DIR/current. Nothing
// that a reader can see changes before the switch; an error leaves last night's set as it was.
[[nodiscard]] std::expected<PublishResult, std::string> publish(const PublishOptions& options);

}  // namespace caascan
