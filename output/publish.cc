#include "output/publish.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <utility>

#include "ingest/certificate_store.h"
#include "output/affected.h"
#include "output/certificate_feed.h"
#include "output/durable_file.h"
#include "output/finding_spill.h"
#include "output/generation.h"
#include "output/html_report.h"
#include "output/latent.h"
#include "output/lists.h"
#include "output/operator_feed.h"
#include "output/provider.h"
#include "output/report.h"
#include "scanner/store/zstd_lines.h"

namespace caascan {
namespace {

constexpr std::string_view kFindings = "findings.ndjson.zst";
constexpr std::string_view kCertificates = "certificates.zst";

// A set under way: its folder, and the files that are complete.
class SetWriter {
 public:
  explicit SetWriter(std::filesystem::path folder) : folder_(std::move(folder)) {}

  [[nodiscard]] std::filesystem::path path(std::string_view name) const { return folder_ / name; }
  [[nodiscard]] const std::vector<PublishedFile>& files() const { return files_; }

  std::expected<void, std::string> write(std::string_view name, std::string_view text) {
    if (auto written = write_durably(path(name), text); !written) return written;
    return finished(name);
  }

  // `produce` is called with a sink that takes each line, without its line break.
  template <typename Produce>
  std::expected<void, std::string> write_lines(std::string_view name, Produce produce) {
    auto file = DurableFile::create(path(name));
    if (!file) return std::unexpected(file.error());
    const auto produced = produce([&](std::string_view line) {
      auto taken = file->write(line);
      return taken ? file->write("\n") : taken;
    });
    if (!produced) return produced;
    if (auto closed = file->close(); !closed) return closed;
    return finished(name);
  }

  // For a file that has been written already: its checksum is of what the disk gives back.
  std::expected<void, std::string> finished(std::string_view name) {
    auto digest = digest_file(path(name));
    if (!digest) return std::unexpected(digest.error());
    files_.push_back({std::string(name), std::move(*digest)});
    return {};
  }

 private:
  std::filesystem::path folder_;
  std::vector<PublishedFile> files_;
};

std::uint64_t carried_names(const AffectedNames& affected) {
  return static_cast<std::uint64_t>(
      std::ranges::count_if(affected.names(), &AffectedName::carried));
}

// Lost findings must never pass for cured names.
std::expected<void, std::string> check_balance(const ScanCounts& counts,
                                               const AffectedNames& affected) {
  const std::uint64_t sum = std::accumulate(counts.names_by_outcome.begin(),
                                            counts.names_by_outcome.end(), std::uint64_t{0});
  if (sum != counts.names_total) {
    return std::unexpected(fmt::format("the scan's counts do not balance: {} names, {} outcomes",
                                       counts.names_total, sum));
  }
  for (const Outcome outcome : {Outcome::kServfail, Outcome::kTimeout}) {
    const auto found = static_cast<std::uint64_t>(std::ranges::count_if(
        affected.names(),
        [&](const AffectedName& name) { return name.outcome == outcome && !name.carried; }));
    const std::uint64_t counted = counts.names_by_outcome[static_cast<std::size_t>(outcome)];
    if (found != counted) {
      return std::unexpected(fmt::format("the scan counted {} {} names, but {} holds {}", counted,
                                         word(outcome), kFindings, found));
    }
  }
  const std::uint64_t carried = carried_names(affected);
  const std::uint64_t not_reached =
      counts.names_by_outcome[static_cast<std::size_t>(Outcome::kNotReached)];
  if (carried > not_reached) {
    return std::unexpected(
        fmt::format("{} names are carried from an earlier set, but only {} were "
                    "not reached",
                    carried, not_reached));
  }
  return {};
}

std::expected<void, std::string> write_lists(SetWriter& set, const AffectedNames& affected,
                                             SetContents& contents) {
  const Lists lists = build_lists(affected);
  for (const ListFile& file : kListFiles) {
    const List& list = lists.*file.list;
    if (auto written = set.write(file.file_name, list_text(list)); !written) return written;
    contents.list_lines.emplace_back(file.file_name, list.size());
  }
  contents.providers = rank_providers(affected);
  contents.tally = tally_of(affected);
  contents.names_carried = carried_names(affected);
  return set.write("providers.tsv", providers_text(contents.providers));
}

std::expected<void, std::string> write_findings(SetWriter& set, const AffectedNames& affected) {
  auto out = ZstdLineWriter::create(set.path(kFindings));
  if (!out) return std::unexpected(out.error());
  std::string line;
  for (const AffectedName& name : affected.names()) {
    if (auto read = affected.read_line(name, line); !read) return read;
    if (auto written = out->append(line); !written) return written;
  }
  if (auto closed = out->close(); !closed) return closed;
  return set.finished(kFindings);
}

std::expected<void, std::string> write_feeds(SetWriter& set, const AffectedNames& affected,
                                             const PublishOptions& options, SetContents& contents) {
  auto store = CertificateStoreReader::open(options.work_dir / kCertificates);
  if (!store) return std::unexpected(store.error());
  CertificateFeed feed(affected, options.at_unix_s);
  CertificateRecord record;
  while (true) {
    const auto more = store->next(record);
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    feed.add(record);
  }
  const std::vector<std::string> hostnames = feed.hostnames();
  contents.feed_hostnames = hostnames.size();
  contents.feed_certificates = feed.certificate_count();
  if (auto done = set.write_lines("feed/hostnames.txt",
                                  [&](const LineSink& line) -> std::expected<void, std::string> {
                                    for (const std::string& name : hostnames) {
                                      if (auto taken = line(name); !taken) return taken;
                                    }
                                    return {};
                                  });
      !done) {
    return done;
  }
  if (auto done = set.write_lines("feed/certificates.ndjson",
                                  [&](const LineSink& line) { return feed.for_each_line(line); });
      !done) {
    return done;
  }
  return set.write_lines("feed/operators.ndjson", [&](const LineSink& line) {
    return for_each_operator_line(affected, contents.providers, line);
  });
}

std::expected<void, std::string> write_latent_file(SetWriter& set, std::string_view name,
                                                   const std::vector<LatentLine>& lines,
                                                   FindingSpill& spill) {
  return set.write_lines(name, [&](const LineSink& sink) -> std::expected<void, std::string> {
    std::string text;
    for (const LatentLine& line : lines) {
      if (auto read = spill.read(line.line, text); !read) return read;
      if (auto taken = sink(text); !taken) return taken;
    }
    return {};
  });
}

std::expected<void, std::string> write_latent(SetWriter& set, const PublishOptions& options,
                                              const ProviderTable& providers,
                                              SetContents& contents) {
  auto spill = FindingSpill::create(options.work_dir);
  if (!spill) return std::unexpected(spill.error());
  const auto degraded = read_degraded(options.work_dir / kDegradedFile, providers, *spill);
  if (!degraded) return std::unexpected(degraded.error());
  const auto hidden = read_hidden_caa(options.work_dir / kHiddenCaaFile, providers, *spill);
  if (!hidden) return std::unexpected(hidden.error());
  contents.degraded = degraded->size();
  contents.hidden_caa = hidden->size();
  if (auto done = write_latent_file(set, kDegradedFile, *degraded, *spill); !done) return done;
  return write_latent_file(set, kHiddenCaaFile, *hidden, *spill);
}

std::expected<void, std::string> write_reports(SetWriter& set, const PublishOptions& options,
                                               const SetContents& contents) {
  if (auto done = set.write("report.html", report_html(options, contents)); !done) return done;
  if (auto done = set.write("summary.json", summary_json(options, contents)); !done) return done;
  const std::string manifest = manifest_json(options, contents, set.files());
  if (auto done = set.write("manifest.json", manifest); !done) return done;
  return set.write("SHA256SUMS", sha256sums(set.files()));
}

}  // namespace

std::expected<PublishResult, std::string> publish(const PublishOptions& options) {
  const auto providers =
      ProviderTable::parse(options.provider_table, options.provider_table_origin);
  if (!providers) return std::unexpected(providers.error());
  std::vector<std::string> links;
  for (const ListFile& file : kListFiles) links.emplace_back(file.file_name);
  auto generation = Generation::prepare(options.out_dir, std::move(links));
  if (!generation) return std::unexpected(generation.error());
  if (auto made = generation->make_folder("feed"); !made) return std::unexpected(made.error());

  auto spill = FindingSpill::create(options.work_dir);
  if (!spill) return std::unexpected(spill.error());
  const auto affected = read_affected(options.work_dir / kFindings, options.carried_findings,
                                      *providers, std::move(*spill));
  if (!affected) return std::unexpected(affected.error());
  if (auto good = check_balance(options.scan_counts, *affected); !good) {
    return std::unexpected(good.error());
  }

  SetContents contents;
  contents.finished_unix_s = options.finished_unix_s;
  if (contents.finished_unix_s == 0) {
    contents.finished_unix_s =
        std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  }
  SetWriter set(generation->folder());
  auto written = write_lists(set, *affected, contents);
  if (written) written = write_findings(set, *affected);
  if (written) written = write_feeds(set, *affected, options, contents);
  if (written) written = write_latent(set, options, *providers, contents);
  if (written) written = write_reports(set, options, contents);
  if (!written) return std::unexpected(written.error());

  PublishResult result;
  for (std::size_t i = 0; i < kListFiles.size(); ++i) {
    const std::uint64_t lines = contents.list_lines[i].second;
    const auto list = kListFiles[i].list;
    if (list == &Lists::servfail_namebright) result.servfail_namebright = lines;
    if (list == &Lists::servfail_other) result.servfail_other = lines;
    if (list == &Lists::timeout_namebright) result.timeout_namebright = lines;
    if (list == &Lists::timeout_other) result.timeout_other = lines;
    if (list == &Lists::zones_namebright || list == &Lists::zones_other) {
      result.zones_at_fault += lines;
    }
  }
  auto named = generation->commit(contents.finished_unix_s, result.warnings);
  if (!named) return std::unexpected(named.error());
  result.generation = std::move(*named);
  result.certificates = contents.feed_certificates;
  result.hostnames = contents.feed_hostnames;
  result.names_carried = contents.names_carried;
  result.finished_unix_s = contents.finished_unix_s;
  return result;
}

}  // namespace caascan
