#include "output/commands/run_command.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

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
#include "output/commands/status_line.h"
#include "output/earlier_verdicts.h"
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
constexpr std::string_view kCarriedFile = "carried.ndjson.zst";

std::expected<void, std::string> write_file(const fs::path& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) return Failure(fmt::format("cannot write {}", path.string()));
  return {};
}

// The options of a run, read and checked.
struct RunPlan {
  IngestOptions ingest;
  ScanOptions scan;
  PublishOptions publish;  // of it, the provider table
  ProgressMode progress = ProgressMode::kAuto;
  std::chrono::seconds resume_within{};
  std::uint64_t audited_names = 0;
};

std::expected<void, std::string> read_provider_table(const std::string& path,
                                                     PublishOptions& options) {
  options.provider_table = builtin_provider_table();
  options.provider_table_origin = "built-in";
  if (!path.empty()) {
    auto text = read_file(path);
    if (!text) return Failure(text.error());
    options.provider_table = std::move(*text);
    options.provider_table_origin = path;
  }
  const auto table = ProviderTable::parse(options.provider_table, options.provider_table_origin);
  if (!table) return Failure(table.error());
  return {};
}

std::expected<RunPlan, std::string> read_plan(const RawOptions& raw) {
  RunPlan plan;
  auto ingest_options = read_ingest_options(raw);
  if (!ingest_options) return Failure(ingest_options.error());
  plan.ingest = std::move(*ingest_options);
  auto scan_options = read_scan_texts(raw);
  if (!scan_options) return Failure(scan_options.error());
  plan.scan = std::move(*scan_options);
  const auto progress = progress_mode_from_word(raw.progress);
  if (!progress) return bad_value("--progress", raw.progress, "auto, plain, json or off");
  plan.progress = *progress;
  if (raw.out.empty()) return Failure("--out is needed: the folder for the lists");
  const auto resume_within = read_duration("--resume-within", raw.resume_within);
  if (!resume_within) return Failure(resume_within.error());
  plan.resume_within = std::chrono::duration_cast<std::chrono::seconds>(*resume_within);
  if (!raw.deadline.empty()) {
    const auto left = read_deadline("--deadline", raw.deadline, std::time(nullptr));
    if (!left) return Failure(left.error());
    plan.scan.deadline = std::chrono::steady_clock::now() + *left;
  }
  if (auto table = read_provider_table(raw.providers, plan.publish); !table)
    return Failure(table.error());
  const auto audited = read_count("--audit", raw.audit, kAuditedNamesMax);
  if (!audited) return Failure(audited.error());
  plan.audited_names = *audited;
  plan.scan.engine.every_verdict = *audited > 0;
  return plan;
}

// Nothing, or the exit status of a run that ends there.
using Step = std::expected<void, int>;

std::unexpected<int> ends(int status) {
  return std::unexpected(status);
}

// One start of a run. Its steps are called in their order, each once.
class Run {
 public:
  // `raw` and `stop` are borrowed.
  Run(const RawOptions& raw, RunPlan&& plan, const std::atomic<bool>& stop)
      : raw_(raw),
        plan_(std::move(plan)),
        stop_(stop),
        out_(raw.out),
        work_(raw.work.empty() ? out_ / ".work" : fs::path(raw.work)),
        journal_path_(work_ / kJournalFile),
        seed_(random_seed()),
        good_names_(plan_.audited_names, seed_) {}

  // The audit's resolver, so that it is known before the scan whether there can be one.
  Step prepare_audit();
  // The folders are this run's, and the journal is begun or goes on.
  Step open();
  // Every name that is read has its verdict in the journal.
  Step scan_names();
  // What was read and judged is whole enough to be published.
  Step settle();
  Step publish_set();
  // The set is published whatever comes of it.
  void audit();
  [[nodiscard]] int status() const {
    return plan_.publish.incomplete ? kExitIncomplete : kExitPublished;
  }

 private:
  void read_names();
  void sample_good_name(const DomainName& name, Outcome outcome);
  std::expected<void, std::string> carry_verdicts();
  void sample_earlier(const std::vector<DomainName>& batch, NameNumber first);
  [[nodiscard]] int interrupted() const;
  [[nodiscard]] std::uint64_t not_reached() const {
    return counts_.names_by_outcome[static_cast<std::size_t>(Outcome::kNotReached)];
  }

  const RawOptions& raw_;
  RunPlan plan_;
  const std::atomic<bool>& stop_;
  const fs::path out_, work_, journal_path_;
  const std::uint64_t seed_;
  std::optional<oracle::Oracle> oracle_;
  std::optional<RunLock> lock_;
  std::int64_t started_unix_s_ = 0;  // of the first start
  bool can_be_resumed_ = true;
  // What earlier starts have left.
  ScanCounts earlier_counts_;
  NameStates states_;
  std::vector<NamesMark> marks_;
  std::vector<FailedName> failed_;
  std::vector<AliveName> alive_;

  // Only with a deadline. The reader's, as `numbered_`, until its thread has ended.
  std::optional<EarlierVerdicts> before_;
  std::optional<JournalWriter> journal_;
  NameQueue queue_;
  IngestProgress ingest_progress_;
  ScanProgress scan_progress_;
  std::atomic<bool> stop_scan_{false}, ingest_done_{false};
  std::mutex good_names_mutex_;
  Reservoir<AuditedName> good_names_;
  // The reader's until its thread has ended.
  std::optional<NumberedNames> numbered_;
  std::expected<IngestCounts, std::string> ingested_;
  bool same_names_ = true;  // as at the earlier starts
  bool read_to_the_end_ = true;
  ScanCounts counts_;  // of all starts
};

Step Run::prepare_audit() {
  if (plan_.audited_names == 0) return {};
  auto made = make_oracle(plan_.scan);
  if (!made) return ends(usage_error("--audit: " + made.error()));
  oracle_.emplace(std::move(*made));
  return {};
}

Step Run::open() {
  std::error_code error;
  fs::create_directories(out_, error);
  if (error)
    return ends(failed(fmt::format("cannot create {}: {}", out_.string(), error.message())));
  const std::int64_t now_unix_s =
      std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  auto lock = RunLock::acquire(out_, now_unix_s);
  if (!lock) {
    spdlog::error("{}", lock.error().message);
    return ends(lock.error().held ? kExitLocked : kExitFailed);
  }
  lock_.emplace(std::move(*lock));
  const auto inputs = input_identity(plan_.ingest.ct_paths);
  can_be_resumed_ = inputs.has_value();
  const auto header = journal_header(raw_, plan_.ingest, inputs, now_unix_s);
  if (!header) return ends(failed(header.error()));
  auto earlier =
      earlier_start(journal_path_, *header, raw_.fresh, can_be_resumed_, plan_.resume_within);
  if (auto prepared = prepare_work(work_); !prepared) return ends(failed(prepared.error()));
  auto journal = earlier ? JournalWriter::resume(journal_path_, *earlier, now_unix_s)
                         : JournalWriter::create(journal_path_, *header, now_unix_s);
  if (!journal) return ends(failed(journal.error()));
  journal_.emplace(std::move(*journal));
  if (plan_.scan.deadline) {
    auto before = EarlierVerdicts::read(out_);
    if (before)
      before_ = std::move(*before);
    else
      spdlog::warn("no verdict of the last set can be carried over: {}", before.error());
  }
  started_unix_s_ = now_unix_s;
  if (!earlier) return {};
  started_unix_s_ = earlier->header.started_unix_s;
  plan_.ingest.at_unix_s = earlier->header.at_unix_s;
  plan_.publish.starts = earlier->starts + 1;
  plan_.publish.journal_damage = earlier->damage_count;
  earlier_counts_ = earlier->counts;
  states_ = std::move(earlier->states);
  marks_ = std::move(earlier->marks);
  failed_ = std::move(earlier->failed);
  alive_ = std::move(earlier->alive);
  return {};
}

void Run::sample_good_name(const DomainName& name, Outcome outcome) {
  const std::lock_guard guard(good_names_mutex_);
  good_names_.add({name, outcome});
}

// Those that ended well at earlier starts pass by here, and nowhere else.
void Run::sample_earlier(const std::vector<DomainName>& batch, NameNumber first) {
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const NameStates::State state = states_.at(first + i);
    if (state == NameStates::State::kFound) sample_good_name(batch[i], Outcome::kFound);
    if (state == NameStates::State::kEmpty) sample_good_name(batch[i], Outcome::kEmpty);
  }
}

// On a thread of its own.
void Run::read_names() {
  ingested_ = ingest(
      plan_.ingest,
      [&](std::vector<DomainName>&& batch) {
        const NameNumber first = numbered_->count();
        same_names_ = numbered_->take(batch);
        if (!same_names_) return false;
        if (oracle_ && first < states_.end()) sample_earlier(batch, first);
        if (before_) {
          for (std::size_t i = 0; i < batch.size(); ++i) before_->saw(batch[i].text(), first + i);
        }
        read_to_the_end_ = queue_.push(std::move(batch));
        return read_to_the_end_;
      },
      &ingest_progress_);
  if (ingested_ && read_to_the_end_) same_names_ = same_names_ && numbered_->complete();
  if (!ingested_ || !same_names_) stop_scan_ = true;
  ingest_done_ = true;
  queue_.close();
}

int Run::interrupted() const {
  spdlog::error("interrupted; nothing was published. The same command {}",
                can_be_resumed_ ? "goes on from here"
                                : "starts afresh, since its input cannot be read a second time");
  return kExitHeld;
}

Step Run::scan_names() {
  plan_.ingest.work_dir = work_;
  plan_.scan.put_away_folder = work_;
  numbered_.emplace(*journal_, marks_);
  std::jthread reader([this] { read_names(); });
  StatusLine status_line(
      plan_.progress,
      {.ingest = &ingest_progress_,
       .ingest_done = &ingest_done_,
       .scan = &scan_progress_,
       .journal = &*journal_,
       .queries_before = earlier_counts_.queries_udp + earlier_counts_.queries_tcp},
      [this] {
        if (stop_ || journal_->failed()) stop_scan_ = true;
      });
  const double qps = plan_.scan.engine.servers.global_qps;
  for (const std::string& warning :
       net::warnings_of(net::read_host_limits(), qps > 0 ? qps : net::kQuestionsPerSecondUsual))
    spdlog::warn("{}", warning);
  ScanJournal scan_journal{.writer = &*journal_,
                           .states = &states_,
                           .failed = std::move(failed_),
                           .alive = std::move(alive_)};
  const auto scanned = scan(
      plan_.scan, queue_,
      [this](engine::Verdict&& verdict) -> std::expected<void, std::string> {
        if (verdict.outcome == Outcome::kFound || verdict.outcome == Outcome::kEmpty)
          sample_good_name(verdict.name, verdict.outcome);
        return {};
      },
      &stop_scan_, &scan_progress_, &scan_journal);
  const auto journaled = journal_->close();
  status_line.end();
  if (scanned && scanned->interrupted && stop_) {
    // The reader may sit in a read of a pipe that nobody ends; it is not needed any more.
    if (!journaled) spdlog::error("{}", journaled.error());
    std::_Exit(interrupted());
  }
  reader.join();
  if (!journaled) return ends(failed(journaled.error()));
  if (!ingested_) return ends(failed(ingested_.error()));
  if (!same_names_) {
    std::error_code error;
    fs::remove(journal_path_, error);
    return ends(
        failed("the input looks as at the start of this run, but has other names in it; nothing "
               "was published. The same command starts afresh"));
  }
  report_ingest(*ingested_);
  if (!scanned) return ends(failed(scanned.error()));
  if (scanned->interrupted) return ends(interrupted());
  counts_ = counts_over_starts(earlier_counts_, scanned->counts);
  return {};
}

// What the last set says of names that this run has not reached.
std::expected<void, std::string> Run::carry_verdicts() {
  const auto contents = read_journal(journal_path_);
  if (!contents) return Failure(contents.error());
  const auto is_open = [&](NameNumber number) {
    return contents->states.at(number) == NameStates::State::kOpen;
  };
  const auto carried = before_->write(work_ / kCarriedFile, is_open, std::time(nullptr));
  if (!carried) return Failure(carried.error());
  if (*carried > 0) plan_.publish.carried_findings = work_ / kCarriedFile;
  return {};
}

Step Run::settle() {
  if (counts_.names_total != ingested_->names_unique) {
    return ends(failed(fmt::format("{} names were read, and {} have ended: a bug; keep {}",
                                   ingested_->names_unique, counts_.names_total, work_.string())));
  }
  const auto extracted = extract_journal(journal_path_, work_);
  if (!extracted) return ends(failed(extracted.error()));
  if (extracted->degraded > 0) {
    spdlog::info("{} zones answered although some of their servers did not: {}",
                 extracted->degraded, (work_ / "degraded.ndjson").string());
  }
  if (auto written = write_file(work_ / "scan.json", scan_counts_to_json(counts_)); !written)
    return ends(failed(written.error()));
  if (before_ && not_reached() > 0) {
    if (auto carried = carry_verdicts(); !carried) return ends(failed(carried.error()));
  }
  if (ingested_->damage_count > 0 && !raw_.skip_damaged) {
    return ends(
        failed("the dump is damaged; nothing was published (--skip-damaged publishes what could be "
               "read)"));
  }
  return {};
}

Step Run::publish_set() {
  PublishOptions& options = plan_.publish;
  options.out_dir = out_;
  options.work_dir = work_;
  options.at_unix_s = plan_.ingest.at_unix_s;
  options.started_unix_s = started_unix_s_;
  options.version = CAASCAN_VERSION;
  options.inputs = raw_.ct;
  options.effective_options = effective_options(raw_);
  options.ingest_counts = *ingested_;
  options.scan_counts = counts_;
  options.incomplete = ingested_->damage_count > 0 || not_reached() > 0;
  const auto published = publish(options);
  if (!published) return ends(failed(published.error()));
  // The run is over: the same command starts another one.
  std::error_code error;
  if (!fs::remove(journal_path_, error) || error)
    spdlog::warn("cannot remove {}: {}", journal_path_.string(), error.message());
  for (const std::string& warning : published->warnings) spdlog::warn("{}", warning);
  fmt::print("{}", summary_text(options, *published));
  const std::uint64_t past_deadline = counts_.names_past_deadline;
  if (past_deadline > 0)
    spdlog::warn("{} names have no verdict: the deadline had passed", past_deadline);
  if (not_reached() > past_deadline) {
    spdlog::warn("{} names have no verdict: the network or the resolver did not let us find one",
                 not_reached() - past_deadline);
  }
  return {};
}

void Run::audit() {
  if (!oracle_) return;
  auto set = read_set(out_);
  const auto audit = !set ? Failure(set.error())
                          : audit_set(std::move(*set),
                                      {.out = out_,
                                       .seed = seed_,
                                       .listed_max = plan_.audited_names,
                                       .others = good_names_.take()},
                                      *oracle_, stop_);
  if (!audit)
    spdlog::error("no audit: {}", audit.error());
  else if (!*audit)
    spdlog::error("the audit was interrupted");
  else
    fmt::print("{}", audit_text(**audit));
}

}  // namespace

int run_command(const RawOptions& raw, const std::atomic<bool>& stop) {
  auto plan = read_plan(raw);
  if (!plan) return usage_error(plan.error());
  Run run(raw, std::move(*plan), stop);
  for (const auto step :
       {&Run::prepare_audit, &Run::open, &Run::scan_names, &Run::settle, &Run::publish_set}) {
    if (const Step done = (run.*step)(); !done) return done.error();
  }
  run.audit();
  return run.status();
}

}  // namespace caascan
