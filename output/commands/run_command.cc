#include "output/commands/run_command.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "ingest/option_text.h"
#include "output/commands/audit_command.h"
#include "output/commands/ingest_command.h"
#include "output/commands/run_identity.h"
#include "output/progress.h"
#include "output/provider.h"
#include "output/publish.h"
#include "output/reservoir.h"
#include "output/run_lock.h"
#include "output/summary_text.h"
#include "scanner/net/host_network.h"
#include "scanner/scan.h"
#include "scanner/store/finding_store.h"
#include "scanner/store/journal.h"
#include "scanner/store/numbered_names.h"

namespace caascan {

namespace fs = std::filesystem;
using Failure = std::unexpected<std::string>;

namespace {

constexpr std::string_view kJournalFile = "journal";

std::expected<void, std::string> write_file(const fs::path& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) return Failure(fmt::format("cannot write {}", path.string()));
  return {};
}

}  // namespace

int run_command(const RawOptions& raw, const std::atomic<bool>& stop) {
  auto ingest_options = read_ingest_options(raw);
  if (!ingest_options) return usage_error(ingest_options.error());
  auto scan_options = read_scan_texts(raw);
  if (!scan_options) return usage_error(scan_options.error());
  const auto progress_mode = progress_mode_from_word(raw.progress);
  if (!progress_mode)
    return usage_error(bad_value("--progress", raw.progress, "auto, plain, json or off").error());
  if (raw.out.empty()) return usage_error("--out is needed: the folder for the lists");
  const auto resume_within = read_duration("--resume-within", raw.resume_within);
  if (!resume_within) return usage_error(resume_within.error());
  if (!raw.deadline.empty()) {
    const auto left = read_deadline("--deadline", raw.deadline, std::time(nullptr));
    if (!left) return usage_error(left.error());
    scan_options->deadline = std::chrono::steady_clock::now() + *left;
  }
  PublishOptions publish_options;
  publish_options.provider_table = builtin_provider_table();
  publish_options.provider_table_origin = "built-in";
  if (!raw.providers.empty()) {
    auto text = read_file(raw.providers);
    if (!text) return usage_error(text.error());
    publish_options.provider_table = std::move(*text);
    publish_options.provider_table_origin = raw.providers;
  }
  if (const auto table = ProviderTable::parse(publish_options.provider_table,
                                              publish_options.provider_table_origin);
      !table) {
    return usage_error(table.error());
  }

  const auto audit_count = read_count("--audit", raw.audit, kAuditedNamesMax);
  if (!audit_count) return usage_error(audit_count.error());
  std::optional<oracle::Oracle> oracle;
  if (*audit_count > 0) {
    auto made = make_oracle(*scan_options);
    if (!made) return usage_error("--audit: " + made.error());
    oracle.emplace(std::move(*made));
    scan_options->engine.every_verdict = true;
  }
  const std::uint64_t seed = random_seed();
  Reservoir<AuditedName> good_names(*audit_count, seed);

  const fs::path out = raw.out;
  std::error_code error;
  fs::create_directories(out, error);
  if (error) return failed(fmt::format("cannot create {}: {}", out.string(), error.message()));
  std::int64_t started_unix_s =
      std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  const auto lock = RunLock::acquire(out, started_unix_s);
  if (!lock) {
    spdlog::error("{}", lock.error().message);
    return lock.error().held ? kExitLocked : kExitFailed;
  }
  const fs::path work = raw.work.empty() ? out / ".work" : fs::path(raw.work);
  const fs::path journal_path = work / kJournalFile;
  const auto inputs = input_identity(ingest_options->ct_paths);
  const auto header = journal_header(raw, *ingest_options, inputs, started_unix_s);
  if (!header) return failed(header.error());
  auto earlier = earlier_start(journal_path, *header, raw.fresh, inputs.has_value(),
                               std::chrono::duration_cast<std::chrono::seconds>(*resume_within));
  if (auto prepared = prepare_work(work); !prepared) return failed(prepared.error());
  auto journal = earlier ? JournalWriter::resume(journal_path, *earlier, started_unix_s)
                         : JournalWriter::create(journal_path, *header, started_unix_s);
  if (!journal) return failed(journal.error());
  const std::string_view interrupted_message =
      inputs
          ? "interrupted; nothing was published. The same command goes on from here"
          : "interrupted; nothing was published. The same command starts afresh, since its input "
            "cannot be read a second time";
  const ScanCounts earlier_counts = earlier ? earlier->counts : ScanCounts();
  const NameStates states = earlier ? std::move(earlier->states) : NameStates();
  const std::vector<NamesMark> marks =
      earlier ? std::move(earlier->marks) : std::vector<NamesMark>();
  ScanJournal scan_journal;
  scan_journal.writer = &*journal;
  scan_journal.states = &states;
  if (earlier) {
    scan_journal.failed = std::move(earlier->failed);
    scan_journal.alive = std::move(earlier->alive);
    started_unix_s = earlier->header.started_unix_s;
    ingest_options->at_unix_s = earlier->header.at_unix_s;
    publish_options.starts = earlier->starts + 1;
    publish_options.journal_damage = earlier->damage_count;
  }

  const auto started_steady = std::chrono::steady_clock::now();
  ingest_options->work_dir = work;
  NameQueue queue;
  IngestProgress ingest_progress;
  ScanProgress scan_progress;
  std::expected<IngestCounts, std::string> ingested;
  std::atomic<bool> stop_scan{false};
  std::atomic<bool> ingest_done{false};
  NumberedNames numbered(*journal, marks);
  bool same_names = true;  // as at the earlier starts; the reader's until it has ended, as the next
  bool read_to_the_end = true;
  std::mutex good_names_mutex;
  const auto sample_good_name = [&](const DomainName& name, Outcome outcome) {
    const std::lock_guard guard(good_names_mutex);
    good_names.add({name, outcome});
  };
  // Those that ended well at earlier starts pass by here, and nowhere else.
  const auto sample_earlier = [&](const std::vector<DomainName>& batch, NameNumber first) {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const NameStates::State state = states.at(first + i);
      if (state == NameStates::State::kFound) sample_good_name(batch[i], Outcome::kFound);
      if (state == NameStates::State::kEmpty) sample_good_name(batch[i], Outcome::kEmpty);
    }
  };
  std::jthread reader([&] {
    ingested = ingest(
        *ingest_options,
        [&](std::vector<DomainName>&& batch) {
          const NameNumber first = numbered.count();
          same_names = numbered.take(batch);
          if (!same_names) return false;
          if (oracle && first < states.end()) sample_earlier(batch, first);
          read_to_the_end = queue.push(std::move(batch));
          return read_to_the_end;
        },
        &ingest_progress);
    if (ingested && read_to_the_end) same_names = same_names && numbered.complete();
    if (!ingested || !same_names) stop_scan = true;
    ingest_done = true;
    queue.close();
  });
  // The progress line has a thread of its own: it must not wait for a slow dump nor for the
  // network.
  std::jthread watcher([&](std::stop_token ending) {
    ProgressWriter writer(*progress_mode, STDERR_FILENO);
    constexpr double kRateEvery_s = 1;
    double qps_now = 0;
    double rate_at_s = 0;
    std::uint64_t queries_then = earlier_counts.queries_udp + earlier_counts.queries_tcp;
    while (!ending.stop_requested()) {
      ProgressSnapshot shot;
      shot.elapsed_s =
          std::chrono::duration<double>(std::chrono::steady_clock::now() - started_steady).count();
      shot.bytes_read = ingest_progress.bytes_read;
      shot.bytes_total = ingest_progress.bytes_total;
      shot.entries = ingest_progress.entries;
      shot.names_known = ingest_progress.names_unique;
      // What a crash cannot take back.
      shot.names_done = journal->names_durable();
      shot.queries =
          earlier_counts.queries_udp + earlier_counts.queries_tcp + scan_progress.queries;
      if (shot.elapsed_s - rate_at_s >= kRateEvery_s) {
        qps_now = static_cast<double>(shot.queries - queries_then) / (shot.elapsed_s - rate_at_s);
        rate_at_s = shot.elapsed_s;
        queries_then = shot.queries;
      }
      shot.qps_now = qps_now;
      shot.failing = journal->findings_durable();
      shot.waiting_confirm = scan_progress.names_failing;
      shot.put_away = scan_progress.names_put_away;
      for (const SlowLine& line : scan_progress.slowest()) {
        shot.slowest.push_back({(line.is_group ? "group of " : "") + line.server, line.names,
                                line.rate_qps, line.left_s()});
      }
      shot.stage = ingest_done ? "scanning" : "reading";
      writer.update(shot, std::chrono::steady_clock::now());
      if (stop || journal->failed()) stop_scan = true;
      std::this_thread::sleep_for(kStatusLineInterval / 2);
    }
    writer.clear();
  });
  const double qps = scan_options->engine.servers.global_qps;
  for (const std::string& warning :
       net::warnings_of(net::read_host_limits(), qps > 0 ? qps : net::kQuestionsPerSecondUsual))
    spdlog::warn("{}", warning);
  scan_options->put_away_folder = work;
  const auto scanned = scan(
      *scan_options, queue,
      [&](engine::Verdict&& verdict) -> std::expected<void, std::string> {
        if (verdict.outcome == Outcome::kFound || verdict.outcome == Outcome::kEmpty)
          sample_good_name(verdict.name, verdict.outcome);
        return {};
      },
      &stop_scan, &scan_progress, &scan_journal);
  const auto journaled = journal->close();
  watcher.request_stop();
  watcher.join();
  if (scanned && scanned->interrupted && stop) {
    // The reader may sit in a read of a pipe that nobody ends; it is not needed any more.
    if (!journaled) spdlog::error("{}", journaled.error());
    spdlog::error("{}", interrupted_message);
    std::_Exit(kExitHeld);
  }
  reader.join();
  if (!journaled) return failed(journaled.error());
  if (!ingested) return failed(ingested.error());
  if (!same_names) {
    fs::remove(journal_path, error);
    return failed(
        "the input looks as at the start of this run, but has other names in it; nothing was "
        "published. The same command starts afresh");
  }
  report_ingest(*ingested);
  if (!scanned) return failed(scanned.error());
  if (scanned->interrupted) {
    spdlog::error("{}", interrupted_message);
    return kExitHeld;
  }
  const ScanCounts counts = counts_over_starts(earlier_counts, scanned->counts);
  if (counts.names_total != ingested->names_unique) {
    return failed(fmt::format("{} names were read, and {} have ended: a bug; keep {}",
                              ingested->names_unique, counts.names_total, work.string()));
  }
  const auto extracted = extract_journal(journal_path, work);
  if (!extracted) return failed(extracted.error());
  if (extracted->degraded > 0) {
    spdlog::info("{} zones answered although some of their servers did not: {}",
                 extracted->degraded, (work / "degraded.ndjson").string());
  }
  if (auto written = write_file(work / "scan.json", scan_counts_to_json(counts)); !written)
    return failed(written.error());
  if (ingested->damage_count > 0 && !raw.skip_damaged) {
    return failed(
        "the dump is damaged; nothing was published (--skip-damaged publishes what could be read)");
  }

  publish_options.out_dir = out;
  publish_options.work_dir = work;
  publish_options.at_unix_s = ingest_options->at_unix_s;
  publish_options.started_unix_s = started_unix_s;
  publish_options.version = CAASCAN_VERSION;
  publish_options.inputs = raw.ct;
  publish_options.effective_options = effective_options(raw);
  publish_options.ingest_counts = *ingested;
  publish_options.scan_counts = counts;
  const std::uint64_t not_reached =
      counts.names_by_outcome[static_cast<std::size_t>(Outcome::kNotReached)];
  publish_options.incomplete = ingested->damage_count > 0 || not_reached > 0;
  const auto published = publish(publish_options);
  if (!published) return failed(published.error());
  // The run is over: the same command starts another one.
  if (!fs::remove(journal_path, error) || error)
    spdlog::warn("cannot remove {}: {}", journal_path.string(), error.message());
  for (const std::string& warning : published->warnings) spdlog::warn("{}", warning);
  fmt::print("{}", summary_text(publish_options, *published));
  if (counts.names_past_deadline > 0) {
    spdlog::warn("{} names have no verdict: the deadline had passed", counts.names_past_deadline);
  }
  if (not_reached > counts.names_past_deadline) {
    spdlog::warn("{} names have no verdict: the network or the resolver did not let us find one",
                 not_reached - counts.names_past_deadline);
  }
  if (oracle) {
    auto set = read_set(out);
    const auto audit = !set ? Failure(set.error())
                            : audit_set(std::move(*set),
                                        {.out = out,
                                         .seed = seed,
                                         .listed_max = *audit_count,
                                         .others = good_names.take()},
                                        *oracle, stop);
    // The set is published whatever comes of it.
    if (!audit)
      spdlog::error("no audit: {}", audit.error());
    else if (!*audit)
      spdlog::error("the audit was interrupted");
    else
      fmt::print("{}", audit_text(**audit));
  }
  return publish_options.incomplete ? kExitIncomplete : kExitPublished;
}

}  // namespace caascan
