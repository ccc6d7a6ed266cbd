#include "ingest/collector.h"

#include <algorithm>
#include <utility>

namespace caascan::dump {
namespace {

void put_hex(std::string_view octets, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out.clear();
  for (const char c : octets) {
    const auto octet = static_cast<unsigned char>(c);
    out += kDigits[octet >> 4U];
    out += kDigits[octet & 0x0fU];
  }
}

}  // namespace

std::expected<std::unique_ptr<Collector>, std::string> Collector::create(
    const IngestOptions& options, const NameBatchSink* sink, IngestProgress* progress) {
  NameRuns::remove_leftovers(options.work_dir);
  auto store = CertificateStoreWriter::create(options.work_dir / "certificates.zst");
  if (!store) return std::unexpected(store.error());
  auto rejects = RejectLog::create(options.work_dir / "rejects.tsv");
  if (!rejects) return std::unexpected(rejects.error());
  return std::unique_ptr<Collector>(
      new Collector(options, sink, progress, std::move(*store), std::move(*rejects)));
}

// Half of the memory remembers names, a quarter sorts those that found no room; the rest is for the
// readers.
Collector::Collector(const IngestOptions& options, const NameBatchSink* sink,
                     IngestProgress* progress, CertificateStoreWriter store, RejectLog rejects)
    : options_(options),
      sink_(sink),
      progress_(progress),
      store_(std::move(store)),
      rejects_(std::move(rejects)),
      set_(options.memory_bytes / 2),
      runs_(options.work_dir, options.memory_bytes / 4) {}

void Collector::start_file(const std::string& path) {
  path_ = path == "-" ? "standard input" : path;
  uncompressed_ = false;
  damage_before_ = counts_.damage_count;
}

bool Collector::finish_file() {
  store_list_names();
  flush();
  return counts_.damage_count == damage_before_;
}

void Collector::note(const std::expected<void, std::string>& result) {
  if (!result && error_.empty()) error_ = result.error();
}

bool Collector::passes_filters() {
  if (!options_.include_expired) {
    // A certificate whose end cannot be told is broken where its end matters.
    if (!fields_.not_after_unix_s) {
      ++counts_.certificates_broken;
      return false;
    }
    if (*fields_.not_after_unix_s < options_.at_unix_s) {
      ++counts_.certificates_expired;
      return false;
    }
  }
  if (!options_.issuers.empty() &&
      std::ranges::find(options_.issuers, fields_.issuer_organization) == options_.issuers.end()) {
    ++counts_.certificates_other_issuer;
    return false;
  }
  ++counts_.certificates_taken;
  return true;
}

void Collector::on_entry(const LogEntry& entry) {
  ++counts_.entries;
  if (progress_ != nullptr) progress_->entries.fetch_add(1, std::memory_order_relaxed);
  if (!read_certificate(entry.certificate, entry.precertificate, fields_)) {
    ++counts_.certificates_broken;
    return;
  }
  if (!passes_filters()) return;
  spellings_.clear();
  NameText name;
  for (const std::string_view raw : fields_.dns_names) {
    ++counts_.names_seen;
    if (const auto parsed = canonicalise(raw, name); !parsed) {
      ++counts_.rejects[static_cast<std::size_t>(parsed.error())];
      note(rejects_.append(parsed.error(), raw, path_));
    } else if (spellings_.add(name)) {
      take_canonical(name);
    }
  }
  // A CN that is no host name is a person's or a device's name, and no reject.
  for (const std::string& common_name : fields_.subject_common_names) {
    if (!canonicalise(common_name, name)) continue;
    ++counts_.names_seen;
    if (spellings_.add(name)) take_canonical(name);
  }
  store_certificate(entry);
}

void Collector::on_unknown_entry() {
  ++counts_.entries;
  ++counts_.entries_unknown_type;
}

void Collector::on_list_line(std::string_view line) {
  ++counts_.list_lines;
  ++counts_.names_seen;
  NameText name;
  if (const auto parsed = canonicalise(line, name); !parsed) {
    ++counts_.rejects[static_cast<std::size_t>(parsed.error())];
    note(rejects_.append(parsed.error(), line, path_));
    return;
  }
  take_canonical(name);
  list_names_.add(name);
  if (list_names_.size() == kListRecordNamesMax) store_list_names();
}

void Collector::take_canonical(const NameText& name) {
  switch (set_.add(name.view())) {
    case NameSet::Added::kKnown:
      return;
    case NameSet::Added::kFull:
      note(runs_.add(name.view()));
      return;
    case NameSet::Added::kNew:
      if (sink_ != nullptr) hand_out(name.view());
      return;
  }
}

void Collector::hand_out(std::string_view name) {
  ++counts_.names_unique;
  if (progress_ != nullptr) progress_->names_unique.fetch_add(1, std::memory_order_relaxed);
  batch_.push_back(DomainName::from_canonical(std::string(name)));
  if (batch_.size() >= batch_names_max_) flush();
}

void Collector::flush() {
  if (batch_.empty() || sink_has_enough_) return;
  batch_names_max_ = kBatchNamesMax;
  std::vector<DomainName> batch;
  batch.reserve(kBatchNamesMax);
  batch.swap(batch_);
  if (!(*sink_)(std::move(batch))) sink_has_enough_ = true;
}

void Collector::on_wait() {
  flush();
}

void Collector::store_certificate(const LogEntry& entry) {
  if (spellings_.empty()) return;
  put_hex(fields_.serial, serial_hex_);
  note(store_.append(CertificateView{
      serial_hex_, fields_.issuer_organization, fields_.issuer_common_name,
      fields_.not_after_unix_s.value_or(0), entry.precertificate, spellings_.views()}));
}

void Collector::store_list_names() {
  if (list_names_.empty()) return;
  CertificateView record;
  record.names = list_names_.views();
  note(store_.append(record));
  list_names_.clear();
}

void Collector::on_damage(std::uint64_t offset_bytes, std::string what) {
  add_damage({path_, offset_bytes, uncompressed_, std::move(what)});
}

void Collector::add_damage(Damage damage) {
  ++counts_.damage_count;
  if (counts_.damage.size() < kDamageListedMax) counts_.damage.push_back(std::move(damage));
}

std::expected<void, std::string> Collector::merge_sorted(const NameRuns::Visitor& visit) {
  set_.sort();
  std::size_t next = 0;
  bool wanted = true;
  const auto give = [&](std::string_view name) {
    ++counts_.names_unique;
    if (progress_ != nullptr) progress_->names_unique.fetch_add(1, std::memory_order_relaxed);
    wanted = visit(name);
    return wanted;
  };
  // No name is in both: the runs hold only what was not in the set when it was full.
  const auto merged = runs_.merge([&](std::string_view spilled) {
    while (wanted && next < set_.size() && set_.sorted(next) < spilled) give(set_.sorted(next++));
    return wanted && give(spilled);
  });
  if (!merged) return merged;
  while (wanted && next < set_.size()) give(set_.sorted(next++));
  return {};
}

std::expected<void, std::string> Collector::finish() {
  if (error_.empty() && sink_ != nullptr && !sink_has_enough_) {
    note(runs_.merge([this](std::string_view name) {
      hand_out(name);
      return !sink_has_enough_;
    }));
    flush();
  }
  if (error_.empty()) note(store_.close());
  if (error_.empty()) note(rejects_.close());
  if (!error_.empty()) return std::unexpected(error_);
  return {};
}

}  // namespace caascan::dump
