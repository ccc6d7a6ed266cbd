// What becomes of the entries and lines that the readers find: filters, names, certificate store,
// rejects, counts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/certificate_fields.h"
#include "ingest/certificate_store.h"
#include "ingest/dump_handler.h"
#include "ingest/ingest.h"
#include "ingest/name_runs.h"
#include "ingest/name_set.h"
#include "ingest/reject_log.h"
#include "ingest/spelling_list.h"

namespace caascan::dump {

// The life of a name: `on_entry` reads it from a certificate, `take_canonical` asks the set whether
// it is new; a new one goes into the batch for the sink. When the set is full, a name that is not
// in it goes to the runs instead, and comes out of their merge at the end.
class Collector final : public DumpHandler {
 public:
  // Names per batch. The first one is smaller, so that scanning starts at once.
  static constexpr std::size_t kBatchNamesMax = 1024;
  static constexpr std::size_t kFirstBatchNamesMax = 64;
  // Names of a list that share a record of the certificate store.
  static constexpr std::size_t kListRecordNamesMax = 256;

  // Without `sink` names are only kept, for `merge_sorted`. `options`, `sink` and `progress` are
  // borrowed.
  [[nodiscard]] static std::expected<std::unique_ptr<Collector>, std::string> create(
      const IngestOptions& options, const NameBatchSink* sink, IngestProgress* progress);

  // What comes next is from `path`, whose uncompressed bytes are counted by offsets where
  // `uncompressed`.
  void start_file(const std::string& path);
  void set_uncompressed(bool uncompressed) { uncompressed_ = uncompressed; }
  // Returns whether the file had no damage.
  bool finish_file();

  void on_entry(const LogEntry& entry) override;
  void on_unknown_entry() override;
  void on_list_line(std::string_view line) override;
  void on_damage(std::uint64_t offset_bytes, std::string what) override;
  void on_wait() override;
  [[nodiscard]] bool stopped() const override { return sink_has_enough_ || !error_.empty(); }

  void add_damage(Damage damage);
  [[nodiscard]] IngestCounts& counts() { return counts_; }

  // Hands the spilled names to the sink where there is one, and closes store and rejects.
  [[nodiscard]] std::expected<void, std::string> finish();
  // Instead of the sink: every name once, in bytewise order. After `finish`, and once.
  [[nodiscard]] std::expected<void, std::string> merge_sorted(const NameRuns::Visitor& visit);

 private:
  Collector(const IngestOptions& options, const NameBatchSink* sink, IngestProgress* progress,
            CertificateStoreWriter store, RejectLog rejects);

  [[nodiscard]] bool passes_filters();
  void take_canonical(const NameText& name);
  void hand_out(std::string_view name);
  void flush();
  void store_certificate(const LogEntry& entry);
  void store_list_names();
  void note(const std::expected<void, std::string>& result);

  const IngestOptions& options_;
  const NameBatchSink* sink_;
  IngestProgress* progress_;
  IngestCounts counts_;
  CertificateStoreWriter store_;
  RejectLog rejects_;
  NameSet set_;
  NameRuns runs_;

  std::string path_;
  bool uncompressed_ = false;
  std::uint64_t damage_before_ = 0;

  CertificateFields fields_;
  std::string serial_hex_;
  SpellingList spellings_;   // of the current certificate
  SpellingList list_names_;  // of the current list, not stored yet
  std::vector<DomainName> batch_;
  std::size_t batch_names_max_ = kFirstBatchNamesMax;
  bool sink_has_enough_ = false;
  std::string error_;  // the first failure of the work folder
};

}  // namespace caascan::dump
