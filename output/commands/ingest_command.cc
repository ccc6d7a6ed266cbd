#include "output/commands/ingest_command.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <system_error>

namespace caascan {

namespace fs = std::filesystem;
using Failure = std::unexpected<std::string>;

void report_ingest(const IngestCounts& counts) {
  for (const Damage& damage : counts.damage) spdlog::error("{}", damage.message());
  if (counts.damage_count > counts.damage.size()) {
    spdlog::error("{} more places were damaged", counts.damage_count - counts.damage.size());
  }
  std::string rejects;
  for (std::size_t i = 0; i < counts.rejects.size(); ++i) {
    if (counts.rejects[i] == 0) continue;
    rejects += fmt::format("{}{} {}", rejects.empty() ? "" : ", ", counts.rejects[i],
                           reject_word(static_cast<NameReject>(i)));
  }
  spdlog::info(
      "{} log entries, {} certificates taken, {} expired, {} of other issuers, {} broken; {} "
      "unique names{}{}",
      counts.entries, counts.certificates_taken, counts.certificates_expired,
      counts.certificates_other_issuer, counts.certificates_broken, counts.names_unique,
      rejects.empty() ? "" : "; rejected: ", rejects);
}

std::expected<void, std::string> prepare_work(const fs::path& work) {
  std::error_code error;
  fs::create_directories(work, error);
  if (error) return Failure(fmt::format("cannot create {}: {}", work.string(), error.message()));
  for (const char* name : {"certificates.zst", "findings.ndjson.zst", "rejects.tsv", "scan.json",
                           "degraded.ndjson", "hidden-caa.ndjson"}) {
    fs::remove(work / name, error);
  }
  return {};
}

int ingest_command(const RawOptions& raw) {
  if (raw.names_file.empty()) return usage_error("--names is needed: the file to write, or -");
  auto options = read_ingest_options(raw);
  if (!options) return usage_error(options.error());
  const fs::path names = raw.names_file;
  std::error_code error;
  fs::path work = raw.work;
  const bool own_work = work.empty();
  if (own_work) {
    work = (raw.names_file == "-" ? fs::temp_directory_path(error)
                                  : fs::absolute(names, error).parent_path()) /
           fmt::format(".caascan-ingest-{}", getpid());
  }
  if (auto prepared = prepare_work(work); !prepared) return failed(prepared.error());
  options->work_dir = work;
  const auto counts = ingest_to_file(*options, names);
  if (own_work) fs::remove_all(work, error);
  if (!counts) return failed(counts.error());
  report_ingest(*counts);
  return counts->damage_count > 0 ? kExitFailed : kExitPublished;
}

}  // namespace caascan
