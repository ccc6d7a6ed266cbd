// CT dumps → unique issued names, streamed while the dump is still being read.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/domain_name.h"

namespace caascan {

struct IngestOptions {
  std::vector<std::string> ct_paths;  // files, directories, `-` for standard input
  std::int64_t at_unix_s = 0;         // a certificate is expired when not_after < at
  bool include_expired = false;
  std::vector<std::string>
      issuers;  // exact issuer O; empty takes all. Lists have no issuer and always pass
  std::filesystem::path
      work_dir;  // existing folder for `certificates.zst`, `rejects.tsv` and spilled runs
  std::size_t memory_bytes = std::size_t{1} << 30;  // budget for everything ingest holds
};

// One place where an input could not be read as it should.
struct Damage {
  std::string path;
  std::uint64_t offset_bytes =
      0;  // in the file as stored where known, otherwise in the uncompressed stream
  bool offset_uncompressed = false;
  std::string what;  // "zstd frame is cut", "not a CT format: HTML", …

  // "FILE: byte N: WHAT" (", of the uncompressed data" added where that is what N counts).
  [[nodiscard]] std::string message() const;
};

struct IngestCounts {
  std::uint64_t files = 0;
  std::uint64_t files_skipped =
      0;  // hash tiles, names tiles, checkpoints, log lists, lesser partial tiles
  std::uint64_t bytes_read = 0;  // as stored
  std::uint64_t entries = 0;     // log entries framed
  std::uint64_t entries_unknown_type = 0;
  std::uint64_t certificates_broken = 0;  // skipped by length
  std::uint64_t certificates_expired = 0;
  std::uint64_t certificates_other_issuer = 0;
  std::uint64_t certificates_taken = 0;
  std::uint64_t list_lines = 0;
  std::uint64_t names_seen = 0;                           // before canonicalisation
  std::uint64_t names_unique = 0;                         // handed to the sink
  std::array<std::uint64_t, kNameRejectCount> rejects{};  // by NameReject
  std::vector<Damage> damage;  // at most kDamageListedMax; the rest only counted
  std::uint64_t damage_count = 0;
};
inline constexpr std::size_t kDamageListedMax = 1000;

// Read by other threads for the progress line while ingest runs.
struct IngestProgress {
  std::atomic<std::uint64_t> bytes_read{0};
  std::atomic<std::uint64_t> bytes_total{0};  // 0 where standard input is read
  std::atomic<std::uint64_t> entries{0};
  std::atomic<std::uint64_t> names_unique{0};
};

// What tells whether the files that would be read are those of another time: of each one path, size
// and time of change, in the order of reading. Nothing where one of them cannot be read twice
// (standard input, a pipe). Looks at every file and opens none.
struct InputIdentity {
  std::uint64_t files = 0;
  std::uint64_t digest = 0;  // a TextDigest
};
[[nodiscard]] std::optional<InputIdentity> input_identity(const std::vector<std::string>& ct_paths);

// Takes a batch of new names, each exactly once over the whole call. May block (back-pressure).
// Returns false to stop reading. Called on the thread that called `ingest`.
using NameBatchSink = std::function<bool(std::vector<DomainName>&&)>;

// Reads every path, hands each unique name to `sink` once, in no particular order (but in the same
// one for the same input and options), as soon as it is known. Names beyond the memory budget go to
// sorted runs in `work_dir` and come out, unique, at the end. Damage and broken certificates are
// counted, never fatal; an error is returned only where the work folder cannot be written or an
// input path does not exist (checked for all paths before anything is read).
[[nodiscard]] std::expected<IngestCounts, std::string> ingest(const IngestOptions& options,
                                                              const NameBatchSink& sink,
                                                              IngestProgress* progress = nullptr);

// As `ingest`, but writes the unique names to `names_path` (`-` is standard output), sorted
// bytewise, one a line.
[[nodiscard]] std::expected<IngestCounts, std::string> ingest_to_file(
    const IngestOptions& options, const std::filesystem::path& names_path,
    IngestProgress* progress = nullptr);

}  // namespace caascan
