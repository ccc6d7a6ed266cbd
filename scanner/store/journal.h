// The journal of a run, `journal` in the work folder: what a later start needs to go on where this
// one stopped, and what the set is published from. Format in docs/FORMATS.md, "Journal".
//
// The life of a result. The scanning thread puts it into a batch, and `JournalWriter::submit` hands
// the batch to the writer's thread. That thread appends it to the block under way; once the block
// is large enough, or its time is over, it is written, with its checksum, and once kSyncInterval or
// kSyncOctetsMax is reached the file is synced. Only now the result counts. When the process is
// killed, what had not been written is asked again. `read_journal` reads every block whose checksum
// is right, up to the first that is not; nothing behind that one is believed, and the next writer
// cuts it off.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scanner/finding.h"
#include "scanner/run_progress.h"

namespace caascan {

// What is lost at most when the machine goes down is what came in one of these; when only the
// process is killed, what came in kWriteInterval.
inline constexpr std::chrono::milliseconds kSyncInterval{1000};
inline constexpr std::size_t kSyncOctetsMax = std::size_t{8} << 20;  // written, not synced
inline constexpr std::chrono::milliseconds kWriteInterval{100};
// A block is written when so much is in it; no record is divided between blocks.
inline constexpr std::size_t kJournalBlockOctets = std::size_t{256} << 10;
// A reader takes no larger block; the largest record is a finding (kLineBytesMax).
inline constexpr std::size_t kJournalBlockOctetsMax = std::size_t{64} << 20;
// Batches that wait for the writer; a producer waits when there are so many.
inline constexpr std::size_t kJournalBatchesMax = 256;

// What the run is, fixed at its first start.
struct JournalHeader {
  std::int64_t started_unix_s = 0;
  std::int64_t at_unix_s = 0;  // the moment for "unexpired"
  // What must be the same at a later start: names of options and other things, each with its value.
  std::vector<std::pair<std::string, std::string>> fingerprint;

  friend bool operator==(const JournalHeader&, const JournalHeader&) = default;
};

// What the first `names` names of the run are, as a digest of whoever hands them out.
struct NamesMark {
  NameNumber names = 0;
  std::uint64_t digest = 0;

  friend bool operator==(const NamesMark&, const NamesMark&) = default;
};

struct JournaledFinding {
  NameNumber number = 0;
  std::unique_ptr<Finding> finding;
};

// Results, in the order in which they came. A name that is affected stands in `findings`, every
// other one that has ended in `ended`; its number lies below a mark.
struct JournalBatch {
  std::vector<EndedName> ended;
  std::vector<JournaledFinding> findings;
  std::vector<FailedName> failed;
  std::vector<AliveName> alive;
  std::vector<DegradedZone> degraded;
  std::vector<HiddenCaa> hidden_caa;
  std::vector<NamesMark> marks;      // to be submitted before any result of these names
  std::optional<ScanCounts> counts;  // of this start so far, results of this batch included

  [[nodiscard]] bool empty() const {
    return ended.empty() && findings.empty() && failed.empty() && alive.empty() &&
           degraded.empty() && hidden_caa.empty() && marks.empty() && !counts;
  }
};

// How far each name of a run has come, in two bits.
class NameStates {
 public:
  enum class State : std::uint8_t { kOpen, kFound, kEmpty, kDone };

  // Numbers that were never set are open.
  [[nodiscard]] State at(NameNumber number) const {
    const std::size_t octet = number / 4;
    if (octet >= octets_.size()) return State::kOpen;
    return static_cast<State>(octets_[octet] >> (number % 4 * 2) & 3U);
  }
  void set(NameNumber number, State state);
  // Above the highest that was set.
  [[nodiscard]] NameNumber end() const { return end_; }

 private:
  std::vector<std::uint8_t> octets_;
  NameNumber end_ = 0;
};

// Why what was read ends where it does.
enum class JournalEnd : std::uint8_t {
  kWhole,    // the file ends with a block
  kCut,      // within a block: the process or the machine went down while it was written
  kDamaged,  // a block is not what was written
};

// A journal, read.
struct JournalContents {
  JournalHeader header;
  std::uint64_t starts = 0;        // of the run so far
  std::uint64_t damage_count = 0;  // damaged places over all starts, this reading included
  NameStates states;               // kDone: affected, excluded, or in `failed`
  std::vector<FailedName> failed;  // those that wait for a round, by number
  std::vector<AliveName> alive;
  std::vector<NamesMark> marks;  // in ascending order
  ScanCounts counts;             // over all starts; names are those that have a verdict
  JournalEnd end = JournalEnd::kWhole;
  std::string end_message;        // "FILE: byte N: WHAT", where the end is not kWhole
  std::uint64_t octets_good = 0;  // what is read of the file
  std::uint64_t octets_dropped = 0;
};

// The header alone. An error names the file.
[[nodiscard]] std::expected<JournalHeader, std::string> read_journal_header(
    const std::filesystem::path& path);
// All of it. Names that were not reached are open. Holds what waits for a round, and a quarter of
// an octet for each name. An error is that of the file system, or of the header.
[[nodiscard]] std::expected<JournalContents, std::string> read_journal(
    const std::filesystem::path& path);

// Nothing where a run with `earlier` as its header can go on as one with `wanted`; otherwise why
// not, to be put behind "starting afresh: ".
[[nodiscard]] std::optional<std::string> why_not_resumed(const JournalHeader& earlier,
                                                         const JournalHeader& wanted,
                                                         std::chrono::seconds resume_within);

// Writes the findings, degraded zones and hidden CAA sets of a journal that ends kWhole into the
// folder, in the order in which they came: findings.ndjson.zst, degraded.ndjson, hidden-caa.ndjson.
// Returns how many findings there are. Holds one block at a time.
struct ExtractedCounts {
  std::uint64_t findings = 0, degraded = 0, hidden_caa = 0;
};
[[nodiscard]] std::expected<ExtractedCounts, std::string> extract_journal(
    const std::filesystem::path& path, const std::filesystem::path& folder);

// Appends to a journal on a thread of its own. `submit` may be called by any thread; the rest by
// the owner.
class JournalWriter {
 public:
  // A new journal at `path`, on disk when this returns. Fails where there is one.
  [[nodiscard]] static std::expected<JournalWriter, std::string> create(
      const std::filesystem::path& path, const JournalHeader& header, std::int64_t now_unix_s);
  // Goes on behind the good part of the journal that `contents` were read from; the rest is cut
  // off.
  [[nodiscard]] static std::expected<JournalWriter, std::string> resume(
      const std::filesystem::path& path, const JournalContents& contents, std::int64_t now_unix_s);
  JournalWriter(JournalWriter&&) noexcept;
  JournalWriter& operator=(JournalWriter&&) = delete;
  ~JournalWriter();

  // Waits while the queue is full. False once the journal cannot be written or is closed: the batch
  // is dropped, and the owner learns why from `close`.
  bool submit(JournalBatch&& batch);
  [[nodiscard]] bool failed() const;
  // What is on disk, earlier starts included.
  [[nodiscard]] std::uint64_t names_durable() const;
  [[nodiscard]] std::uint64_t findings_durable() const;
  // Writes and syncs what has been submitted, and ends the thread. The error is the first of all.
  [[nodiscard]] std::expected<void, std::string> close();

 private:
  struct Impl;
  explicit JournalWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace caascan
