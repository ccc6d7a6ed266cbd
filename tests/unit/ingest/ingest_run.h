// One call of `ingest` on bytes made by a test, and all that came of it.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/certificate_store.h"
#include "ingest/ingest.h"
#include "tests/unit/ingest/temporary_folder.h"

namespace caascan::test {

struct IngestRun {
  IngestCounts counts;
  std::vector<std::string> names;  // sorted
  std::vector<CertificateRecord> records;
  std::string rejects;
  std::vector<std::string> damage;  // messages, less the folder in front of each path
  std::string error;
};

inline std::string without_prefix(const std::string& text, const std::string& prefix) {
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

// Ingests `options.ct_paths`; work folder is `work` in `folder`.
inline IngestRun run_ingest(const TemporaryFolder& folder, IngestOptions options) {
  IngestRun run;
  options.work_dir = folder / "work";
  std::filesystem::create_directories(options.work_dir);
  auto counts = ingest(options, [&](std::vector<DomainName>&& batch) {
    for (const DomainName& name : batch) run.names.push_back(name.text());
    return true;
  });
  if (!counts) {
    run.error = without_prefix(counts.error(), folder.path().string() + "/");
    return run;
  }
  run.counts = *counts;
  std::ranges::sort(run.names);
  run.rejects = read_file(options.work_dir / "rejects.tsv");
  for (const Damage& damage : counts->damage) {
    run.damage.push_back(without_prefix(damage.message(), folder.path().string() + "/"));
  }
  auto reader = CertificateStoreReader::open(options.work_dir / "certificates.zst");
  EXPECT_TRUE(reader.has_value());
  CertificateRecord record;
  while (reader) {
    const auto more = reader->next(record);
    EXPECT_TRUE(more.has_value());
    if (!more || !*more) break;
    run.records.push_back(record);
  }
  return run;
}

// Ingests one file `input` that holds `bytes`, expired certificates included.
inline IngestRun run_on_bytes(std::string_view bytes) {
  const TemporaryFolder folder;
  IngestOptions options;
  options.ct_paths = {folder.write("input", bytes)};
  options.include_expired = true;
  return run_ingest(folder, options);
}

}  // namespace caascan::test
