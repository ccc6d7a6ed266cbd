// The composition root: subcommands, options, signals, exit statuses. The only file that sees every
// folder, and the only one that ends the process.
#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <toml++/toml.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <limits>
#include <map>
#include <mutex>
#include <random>
#include <thread>
#include <unordered_set>

#include "ingest/ingest.h"
#include "ingest/option_text.h"
#include "ingest/text_digest.h"
#include "output/audit.h"
#include "output/check_report.h"
#include "output/progress.h"
#include "output/provider.h"
#include "output/publish.h"
#include "output/reservoir.h"
#include "output/run_lock.h"
#include "output/summary_text.h"
#include "output/time_text.h"
#include "scanner/net/host_network.h"
#include "scanner/net/udp_sockets.h"
#include "scanner/oracle/oracle.h"
#include "scanner/scan_options.h"
#include "scanner/store/finding_store.h"
#include "scanner/store/journal.h"
#include "scanner/store/numbered_names.h"

namespace caascan {
namespace {

namespace fs = std::filesystem;

// docs/OPERATIONS.md, "Exit statuses".
enum ExitStatus : int {
  kExitPublished = 0,
  kExitFailed = 1,
  kExitUsage = 2,
  kExitHeld = 3,
  kExitIncomplete = 4,
  kExitLocked = 11,
};

std::atomic<bool> stop_requested{false};

void on_signal(int) {
  stop_requested = true;
}

// Options as given, before they are read. One structure for all subcommands; each declares what it
// takes.
struct RawOptions {
  std::string config;
  std::vector<std::string> ct, issuer, names;
  std::string out, work, at = "now", names_file, providers, root_hints_file, trust_anchor_file,
                         exclude_file, canary_file;
  std::string progress = "auto";
  std::string audit = "0", sample = "100", listed, seed;
  std::string resume_within = "20h", deadline;
  bool include_expired = false, skip_damaged = false, json = false, oracle = false, fresh = false;
  ScanOptionTexts scan;  // `memory` is everybody's
};

using Failure = std::unexpected<std::string>;

std::expected<std::string, std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Failure(fmt::format("{}: {}", path, std::strerror(errno)));
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (file.bad()) return Failure(fmt::format("{}: cannot be read", path));
  return text;
}

std::expected<void, std::string> write_file(const fs::path& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) return Failure(fmt::format("cannot write {}", path.string()));
  return {};
}

// The scanner's options, with the files that they name read.
std::expected<ScanOptions, std::string> read_scan_texts(const RawOptions& raw) {
  ScanOptionTexts texts = raw.scan;
  const auto read_into = [](const std::string& path, std::string& text,
                            std::string& origin) -> std::expected<void, std::string> {
    if (path.empty()) return {};
    auto contents = read_file(path);
    if (!contents) return Failure(contents.error());
    text = std::move(*contents);
    origin = path;
    return {};
  };
  if (auto read = read_into(raw.root_hints_file, texts.root_hints, texts.root_hints_origin);
      !read) {
    return Failure(read.error());
  }
  if (auto read = read_into(raw.trust_anchor_file, texts.trust_anchor, texts.trust_anchor_origin);
      !read) {
    return Failure(read.error());
  }
  if (auto read = read_into(raw.canary_file, texts.canary, texts.canary_origin); !read)
    return Failure(read.error());
  if (auto read = read_into(raw.exclude_file, texts.exclude, texts.exclude_origin); !read) {
    return Failure(read.error());
  }
  return read_scan_options(texts);
}

std::expected<IngestOptions, std::string> read_ingest_options(const RawOptions& raw) {
  IngestOptions options;
  if (raw.ct.empty())
    return Failure("--ct is needed: a CT dump, a folder of dumps, a list of names, or -");
  options.ct_paths = raw.ct;
  const auto at = read_time("--at", raw.at,
                            std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()));
  if (!at) return Failure(at.error());
  options.at_unix_s = *at;
  options.include_expired = raw.include_expired;
  options.issuers = raw.issuer;
  const auto memory = read_size("--memory", raw.scan.memory);
  if (!memory) return Failure(memory.error());
  options.memory_bytes = *memory / 2;
  return options;
}

int usage_error(std::string_view message) {
  spdlog::error("{}", message);
  return kExitUsage;
}
int failed(std::string_view message) {
  spdlog::error("{}", message);
  return kExitFailed;
}

// Options that the command line leaves open are taken from the TOML file, key = option name without
// dashes.
std::expected<void, std::string> apply_config(CLI::App& command, const std::string& path) {
  std::ifstream file(path);
  if (!file) return Failure(fmt::format("{}: {}", path, std::strerror(errno)));
  const auto table = [&]() -> std::expected<toml::table, std::string> {
    try {
      return toml::parse(file, path);
    } catch (const toml::parse_error& error) {
      return Failure(fmt::format("{}:{}:{}: {}", path, error.source().begin.line,
                                 error.source().begin.column, error.description()));
    }
  }();
  if (!table) return Failure(table.error());
  for (const auto& [key, node] : *table) {
    const auto where = fmt::format("{}:{}", path, node.source().begin.line);
    CLI::Option* option = command.get_option_no_throw("--" + std::string(key.str()));
    if (option == nullptr || key.str() == "config") {
      return Failure(fmt::format("{}: unknown option '{}'", where, escape_for_print(key.str())));
    }
    if (option->count() > 0) continue;
    std::vector<std::string> values;
    const auto add = [&](const toml::node& value) {
      if (const auto text = value.value_exact<std::string>()) {
        values.push_back(*text);
      } else if (const auto number = value.value_exact<std::int64_t>()) {
        values.push_back(std::to_string(*number));
      } else if (const auto real = value.value_exact<double>()) {
        values.push_back(fmt::format("{}", *real));
      } else if (const auto flag = value.value_exact<bool>()) {
        values.push_back(*flag ? "true" : "false");
      } else {
        return false;
      }
      return true;
    };
    bool good = true;
    if (const toml::array* list = node.as_array()) {
      for (const toml::node& item : *list) good = good && add(item);
    } else {
      good = add(node);
    }
    if (!good)
      return Failure(
          fmt::format("{}: '{}' has a value of a kind that no option takes", where, key.str()));
    try {
      for (std::string& value : values) option->add_result(std::move(value));
      option->run_callback();
    } catch (const CLI::Error& error) {
      return Failure(fmt::format("{}: {}", where, error.what()));
    }
  }
  return {};
}

// What reading the dumps found, for people: damage first, then the rejects by reason.
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

std::string why_not(const std::error_code& error) {
  return error.message();
}

constexpr std::string_view kJournalFile = "journal";

// `work` without what an earlier run has made of its input. Names the folder on failure.
std::expected<void, std::string> prepare_work(const fs::path& work) {
  std::error_code error;
  fs::create_directories(work, error);
  if (error) return Failure(fmt::format("cannot create {}: {}", work.string(), why_not(error)));
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

// The options that shape the verdict and the set, for the manifest.
std::vector<std::pair<std::string, std::string>> effective_options(const RawOptions& raw) {
  std::vector<std::pair<std::string, std::string>> made = {
      {"at", raw.at},
      {"include-expired", raw.include_expired ? "true" : "false"},
      {"server-qps", raw.scan.server_qps},
      {"qps", raw.scan.qps},
      {"root-hints", raw.root_hints_file},
      {"trust-anchor", raw.trust_anchor_file},
      {"no-dnssec", raw.scan.no_dnssec ? "true" : "false"},
      {"exclude", raw.exclude_file},
      {"canary", raw.canary_file},
      {"profile", raw.scan.profile},
      {"no-inference", raw.scan.no_inference ? "true" : "false"},
      {"confirm-rounds", raw.scan.confirm_rounds},
      {"confirm-after", raw.scan.confirm_after},
      {"memory", raw.scan.memory},
      {"deadline", raw.deadline},
      {"skip-damaged", raw.skip_damaged ? "true" : "false"}};
  for (const std::string& value : raw.issuer) made.emplace_back("issuer", value);
  for (const std::string& value : raw.scan.resolver) made.emplace_back("resolver", value);
  for (const std::string& value : raw.scan.limit) made.emplace_back("limit", value);
  for (const std::string& value : raw.scan.allow_address) made.emplace_back("allow-address", value);
  return made;
}

constexpr std::uint64_t kAuditedNamesMax = 1'000'000;

std::expected<std::uint64_t, std::string> read_count(std::string_view option,
                                                     const std::string& text, std::uint64_t max) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > max)
    return bad_value(option, text, fmt::format("a number from 0 to {}", max));
  return value;
}

// libunbound, for what the options of a scan say. Sends nothing yet.
std::expected<oracle::Oracle, std::string> make_oracle(const ScanOptions& options) {
  engine::EngineOptions made = options.engine;
  made.use_v4 = net::has_route(/*v6=*/false);
  made.use_v6 = net::has_route(/*v6=*/true);
  const auto oracle_options = oracle::oracle_options(made);
  if (!oracle_options) return Failure(oracle_options.error());
  return oracle::Oracle::create(*oracle_options);
}

struct AuditJob {
  fs::path out;
  std::uint64_t seed = 0;
  std::uint64_t listed_max = kAuditedNamesMax;  // more are left to chance
  std::vector<AuditedName> others;
};

// Asks libunbound for names of the set and for the others, writes OUT/audit.json and returns what
// is in it; nothing where it was interrupted.
std::expected<std::optional<Audit>, std::string> audit_set(PublishedSet set, AuditJob job,
                                                           oracle::Oracle& asked) {
  const auto unix_now = [] {
    return std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  };
  Audit audit;
  audit.version = CAASCAN_VERSION;
  audit.resolver = oracle::version();
  audit.generation = set.generation;
  audit.started_unix_s = unix_now();
  audit.seed = job.seed;
  audit.listed = set.affected.size();
  Reservoir<AuditedName> sample(job.listed_max, job.seed);
  for (AuditedName& name : set.affected) sample.add(std::move(name));
  std::vector<AuditedName> names = sample.take();
  spdlog::info("audit: asking {} for {} listed names and {} others", audit.resolver, names.size(),
               job.others.size());
  std::vector<OracleVerdict> verdicts;
  // One after the other: whose servers are not known may have those of a listed name.
  for (std::vector<AuditedName>* part : {&names, &job.others}) {
    std::vector<oracle::Question> questions;
    for (const AuditedName& name : *part) questions.push_back({name.name, name.servers});
    auto told = asked.ask(std::move(questions), &stop_requested);
    if (!told) return Failure(told.error());
    if (told->interrupted) return std::nullopt;
    std::ranges::move(told->verdicts, std::back_inserter(verdicts));
  }
  std::ranges::move(job.others, std::back_inserter(names));
  audit.rows = pair_up(std::move(names), std::move(verdicts));
  audit.finished_unix_s = unix_now();
  if (auto written = write_audit(job.out, audit_json(audit)); !written)
    return Failure(written.error());
  return audit;
}

std::expected<PublishedSet, std::string> read_set(const fs::path& out) {
  const auto providers = ProviderTable::parse(builtin_provider_table(), "built-in");
  if (!providers) return Failure(providers.error());
  return read_published(out, *providers);
}

std::uint64_t random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

std::string hex(std::uint64_t value) {
  return fmt::format("{:016x}", value);
}

// What a file of options says, where one is named.
std::expected<std::string, std::string> digest_of_file(const std::string& path) {
  if (path.empty()) return std::string();
  const auto text = read_file(path);
  if (!text) return Failure(text.error());
  TextDigest digest;
  digest.add(*text);
  return hex(digest.value());
}

// What a run is, so that a later start knows whether it is the same one: the version, the input,
// and each option on which a verdict or the order of names hangs. Pace and what is made of the
// verdicts may change.
std::expected<JournalHeader, std::string> journal_header(const RawOptions& raw,
                                                         const IngestOptions& ingest_options,
                                                         const std::optional<InputIdentity>& inputs,
                                                         std::int64_t now_unix_s) {
  JournalHeader header;
  header.started_unix_s = now_unix_s;
  header.at_unix_s = ingest_options.at_unix_s;
  const auto put = [&](std::string name, std::string value) {
    header.fingerprint.emplace_back(std::move(name), std::move(value));
  };
  const auto put_list = [&](std::string name, const std::vector<std::string>& values) {
    std::string all;
    for (const std::string& value : values) all += fmt::format("{}:{},", value.size(), value);
    put(std::move(name), std::move(all));
  };
  put("version", CAASCAN_VERSION);
  put("inputs", inputs ? fmt::format("{} files {}", inputs->files, hex(inputs->digest)) : "");
  put("at", raw.at);
  put("include-expired", raw.include_expired ? "true" : "false");
  put_list("issuer", raw.issuer);
  put("memory", raw.scan.memory);
  put_list("resolver", raw.scan.resolver);
  put_list("allow-address", raw.scan.allow_address);
  put("no-dnssec", raw.scan.no_dnssec ? "true" : "false");
  put("profile", raw.scan.profile);
  put("no-inference", raw.scan.no_inference ? "true" : "false");
  put("confirm-rounds", raw.scan.confirm_rounds);
  put("confirm-after", raw.scan.confirm_after);
  for (const auto& [name, path] :
       {std::pair<std::string, const std::string&>("root-hints", raw.root_hints_file),
        {"trust-anchor", raw.trust_anchor_file},
        {"canary", raw.canary_file},
        {"exclude", raw.exclude_file}}) {
    auto digest = digest_of_file(path);
    if (!digest) return Failure(digest.error());
    put(name, std::move(*digest));
  }
  return header;
}

// What an earlier start has left in the journal, where this one is to go on with it. Says on
// standard error what becomes of it.
std::optional<JournalContents> earlier_start(const fs::path& journal, const JournalHeader& wanted,
                                             bool fresh, bool input_can_be_read_again,
                                             std::chrono::seconds resume_within) {
  std::error_code error;
  if (!fs::exists(journal, error)) return std::nullopt;
  const auto header = read_journal_header(journal);
  if (!header) {
    spdlog::warn("starting afresh: {}", header.error());
    return std::nullopt;
  }
  const std::string began = rfc3339(header->started_unix_s);
  if (fresh) {
    spdlog::info("starting afresh (--fresh): the run of {} is thrown away", began);
    return std::nullopt;
  }
  const auto why = input_can_be_read_again
                       ? why_not_resumed(*header, wanted, resume_within)
                       : std::optional<std::string>("the input cannot be read a second time");
  if (why) {
    spdlog::info("starting afresh: {}", *why);
    return std::nullopt;
  }
  auto contents = read_journal(journal);
  if (!contents) {
    spdlog::warn("starting afresh: {}", contents.error());
    return std::nullopt;
  }
  if (contents->end == JournalEnd::kCut) {
    spdlog::info("{}, as a run leaves it that was killed while it wrote; {} octets are dropped",
                 contents->end_message, contents->octets_dropped);
  } else if (contents->end == JournalEnd::kDamaged) {
    spdlog::error("{}; nothing from there on is believed ({} octets), its names are asked again",
                  contents->end_message, contents->octets_dropped);
  }
  spdlog::info(
      "going on with the run of {}: {} of its names have their verdict, {} have failed and "
      "wait for another round",
      began, contents->counts.names_total, contents->failed.size());
  return std::move(*contents);
}

int run_command(const RawOptions& raw) {
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
  if (error) return failed(fmt::format("cannot create {}: {}", out.string(), why_not(error)));
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
  std::jthread watcher([&](std::stop_token stop) {
    ProgressWriter writer(*progress_mode, STDERR_FILENO);
    constexpr double kRateEvery_s = 1;
    double qps_now = 0;
    double rate_at_s = 0;
    std::uint64_t queries_then = earlier_counts.queries_udp + earlier_counts.queries_tcp;
    while (!stop.stop_requested()) {
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
      if (stop_requested || journal->failed()) stop_scan = true;
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
  if (scanned && scanned->interrupted && stop_requested) {
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
    spdlog::warn("cannot remove {}: {}", journal_path.string(), why_not(error));
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
                                        *oracle);
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

// Names to draw the others from: one a line, comments after `#`.
std::expected<std::vector<AuditedName>, std::string> draw_others(const std::string& path,
                                                                 const PublishedSet& set,
                                                                 std::uint64_t count,
                                                                 std::uint64_t seed) {
  if (path.empty()) return std::vector<AuditedName>();
  std::ifstream file(path, std::ios::binary);
  if (!file) return Failure(fmt::format("{}: {}", path, std::strerror(errno)));
  std::unordered_set<std::string_view> listed;
  for (const AuditedName& name : set.affected) listed.insert(name.name.text());
  Reservoir<AuditedName> sample(count, seed);
  std::string line;
  std::uint64_t rejected = 0;
  while (std::getline(file, line)) {
    line.erase(line.find_last_not_of(" \t\r") + 1);
    if (line.empty() || line.starts_with('#')) continue;
    auto name = parse_issued_name(line);
    if (!name) {
      ++rejected;
      continue;
    }
    if (!listed.contains(name->name.text())) sample.add({std::move(name->name)});
  }
  if (file.bad()) return Failure(fmt::format("{}: cannot be read", path));
  if (rejected > 0) spdlog::warn("{}: {} lines are no issued names", path, rejected);
  return sample.take();
}

// What libunbound makes of a set that is published.
int audit_command(const RawOptions& raw) {
  if (raw.out.empty()) return usage_error("audit needs the folder of a published set");
  const auto options = read_scan_texts(raw);
  if (!options) return usage_error(options.error());
  const auto sample = read_count("--sample", raw.sample, kAuditedNamesMax);
  if (!sample) return usage_error(sample.error());
  AuditJob job{.out = raw.out, .seed = random_seed()};
  if (!raw.listed.empty()) {
    const auto listed = read_count("--listed", raw.listed, kAuditedNamesMax);
    if (!listed) return usage_error(listed.error());
    job.listed_max = *listed;
  }
  if (!raw.seed.empty()) {
    const auto seed = read_count("--seed", raw.seed, std::numeric_limits<std::uint64_t>::max());
    if (!seed) return usage_error(seed.error());
    job.seed = *seed;
  }
  auto oracle = make_oracle(*options);
  if (!oracle) return usage_error(oracle.error());
  auto set = read_set(raw.out);
  if (!set) return failed(set.error());
  // A run beside it would ask the same servers, at its own pace.
  const auto lock = RunLock::acquire(
      raw.out, std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()));
  if (!lock) {
    spdlog::error("{}", lock.error().message);
    return lock.error().held ? kExitLocked : kExitFailed;
  }
  auto others = draw_others(raw.names_file, *set, *sample, job.seed);
  if (!others) return failed(others.error());
  job.others = std::move(*others);
  const auto audit = audit_set(std::move(*set), std::move(job), *oracle);
  if (!audit) return failed(audit.error());
  if (!*audit) return kExitHeld;
  fmt::print("{}", raw.json ? audit_json(**audit) : audit_text(**audit));
  return kExitPublished;
}

// One name at a time, each step shown. Status 0: good; 1: affected or no verdict.
int check_command(const RawOptions& raw) {
  auto options = read_scan_texts(raw);
  if (!options) return usage_error(options.error());
  if (raw.names.empty()) return usage_error("check needs a name");
  options->engine.trace = true;
  options->engine.infer = false;  // every step is to be seen
  options->threads = 1;           // the names in their order
  NameQueue queue;
  std::vector<DomainName> batch;
  for (const std::string& text : raw.names) {
    const auto name = parse_issued_name(text);
    if (!name) {
      return usage_error(fmt::format("'{}' is no issued name: {}", escape_for_print(text),
                                     describe(name.error())));
    }
    batch.push_back(name->name);
  }
  std::map<DomainName, OracleVerdict> seen;
  if (raw.oracle) {
    auto oracle = make_oracle(*options);
    if (!oracle) return usage_error("--oracle: " + oracle.error());
    std::vector<oracle::Question> questions;
    for (const DomainName& name : batch) questions.push_back({name, ""});
    auto told = oracle->ask(std::move(questions), &stop_requested);
    if (!told) return failed(told.error());
    if (told->interrupted) return kExitHeld;
    for (OracleVerdict& verdict : told->verdicts) seen[verdict.name] = std::move(verdict);
  }
  if (queue.push(std::move(batch))) queue.close();
  bool all_good = true;
  const auto scanned = scan(
      *options, queue,
      [&](engine::Verdict&& verdict) -> std::expected<void, std::string> {
        CheckReport report;
        report.name = verdict.name;
        if (const auto at = seen.find(verdict.name); at != seen.end()) report.oracle = at->second;
        report.outcome = verdict.outcome;
        report.failing_label = is_affected(verdict.outcome) ? verdict.ended_at : "";
        for (engine::TraceStep& step : verdict.trace) {
          CheckStep made;
          made.what = fmt::format("{} {}", step.name.text(), wire::word(step.type));
          made.attempts = step.resolution.attempts;
          made.result = step.resolution.failed      ? std::string(word(step.resolution.cause))
                        : step.resolution.has_rrset ? "found"
                                                    : "empty";
          report.steps.push_back(std::move(made));
        }
        if (verdict.finding) {
          report.cause = verdict.finding->cause;
          report.finding = std::move(*verdict.finding);
        }
        all_good =
            all_good && (report.outcome == Outcome::kFound || report.outcome == Outcome::kEmpty);
        fmt::print("{}", raw.json ? render_json(report) : render_text(report));
        return {};
      },
      &stop_requested);
  if (!scanned) return failed(scanned.error());
  if (scanned->interrupted) return kExitHeld;
  return all_good ? kExitPublished : kExitFailed;
}

void add_ingest_options(CLI::App& command, RawOptions& raw) {
  command.add_option("--ct", raw.ct, "CT dump, folder of dumps, list of names, or - (repeatable)")
      ->type_name("PATH");
  command.add_option("--at", raw.at, "the moment for \"unexpired\", RFC 3339")
      ->type_name("TIME")
      ->capture_default_str();
  command.add_flag("--include-expired", raw.include_expired, "take expired certificates too");
  command.add_option("--issuer", raw.issuer, "only this issuer organisation, exact (repeatable)")
      ->type_name("ORG");
}

// Who is asked and how fast, whoever asks.
void add_server_options(CLI::App& command, RawOptions& raw) {
  command
      .add_option("--root-hints", raw.root_hints_file, "root servers, zone-file format (built in)")
      ->type_name("FILE");
  command
      .add_option("--trust-anchor", raw.trust_anchor_file,
                  "DS or DNSKEY records of the root, presentation form (built in)")
      ->type_name("FILE");
  command.add_flag("--no-dnssec", raw.scan.no_dnssec,
                   "validate nothing: zones with broken DNSSEC go unseen (for measurements)");
  command
      .add_option("--profile", raw.scan.profile,
                  "the CA's resolver: letsencrypt, letsencrypt-2018, unbound-1.18, unbound-1.25")
      ->type_name("NAME")
      ->capture_default_str();
  command
      .add_option("--canary", raw.canary_file,
                  "names that are alive for sure: a round in which none answers is void")
      ->type_name("FILE");
  command
      .add_option("--exclude", raw.exclude_file,
                  "opt-outs: zones, nameserver names, address ranges")
      ->type_name("FILE");
  command
      .add_option("--allow-address", raw.scan.allow_address,
                  "may be asked although special-use (repeatable)")
      ->type_name("CIDR");
  command
      .add_option("--server-qps", raw.scan.server_qps,
                  "cap for each server address (50; root and TLD servers 500; a --resolver 1000)")
      ->type_name("N");
  command
      .add_option("--limit", raw.scan.limit,
                  "cap shared by an address range or the servers below a name (repeatable)")
      ->type_name("KEY=QPS");
  command.add_option("--qps", raw.scan.qps, "cap over all servers (none)")->type_name("N");
}

void add_scan_options(CLI::App& command, RawOptions& raw) {
  command
      .add_option("--resolver", raw.scan.resolver,
                  "ask this recursive resolver instead of the nameservers (repeatable)")
      ->type_name("ADDR[:PORT]");
  add_server_options(command, raw);
  command
      .add_option("--confirm-rounds", raw.scan.confirm_rounds,
                  "rounds a failure must be seen in after the first")
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--confirm-after", raw.scan.confirm_after, "time between two rounds")
      ->type_name("TIME")
      ->capture_default_str();
  command.add_flag(
      "--no-inference", raw.scan.no_inference,
      "ask for every name in the first pass, even where others of its zone failed alike");
}

void add_config_option(CLI::App& command, RawOptions& raw) {
  command.add_option("--config", raw.config, "TOML file with any of these options")
      ->type_name("FILE");
}

void add_common_options(CLI::App& command, RawOptions& raw) {
  command.add_option("--memory", raw.scan.memory, "bound on resident memory")
      ->type_name("SIZE")
      ->capture_default_str();
  add_config_option(command, raw);
}

int run_main(int argc, char** argv) {
  spdlog::set_default_logger(spdlog::stderr_logger_st("caascan"));
  spdlog::set_pattern("caascan: %v");
  RawOptions raw;
  CLI::App app("Finds the issued names for which a CA's CAA lookup fails.", "caascan");
  app.set_version_flag("--version", fmt::format("caascan {}", CAASCAN_VERSION));
  app.require_subcommand(1);
  CLI::App& run = *app.add_subcommand("run", "read CT dumps, scan, publish the lists");
  add_ingest_options(run, raw);
  run.add_option("--out", raw.out, "folder for the published set")->type_name("DIR");
  run.add_option("--work", raw.work, "folder for what a run keeps (.work in the output folder)")
      ->type_name("DIR");
  run.add_option("--resume-within", raw.resume_within,
                 "go on with a run that was stopped, if it began so long ago at most")
      ->type_name("TIME")
      ->capture_default_str();
  run.add_option("--deadline", raw.deadline,
                 "then no name is begun any more; the set lacks what is left (status 4)")
      ->type_name("TIME|HH:MM");
  run.add_flag("--fresh", raw.fresh, "throw away what a run that was stopped has found");
  run.add_flag("--skip-damaged", raw.skip_damaged,
               "publish what could be read of a damaged dump (status 4)");
  run.add_option("--providers", raw.providers, "table of nameserver-name suffixes and providers")
      ->type_name("FILE");
  run.add_option("--progress", raw.progress, "progress on standard error: auto, plain, json or off")
      ->type_name("MODE")
      ->capture_default_str();
  run.add_option("--audit", raw.audit,
                 "afterwards ask libunbound for N of the listed names and N good ones")
      ->type_name("N")
      ->capture_default_str();
  add_scan_options(run, raw);
  run.add_option("--threads", raw.scan.threads, "shards of the scan (one a core)")->type_name("N");
  add_common_options(run, raw);
  CLI::App& ingest =
      *app.add_subcommand("ingest", "write the unique issued names of CT dumps, sorted");
  add_ingest_options(ingest, raw);
  ingest.add_option("--names", raw.names_file, "file to write, or -")->type_name("FILE");
  ingest.add_option("--work", raw.work, "folder for temporary files")->type_name("DIR");
  add_common_options(ingest, raw);
  CLI::App& check = *app.add_subcommand("check", "judge single names and explain each step");
  check.add_option("NAME", raw.names, "issued names");
  check.add_flag("--json", raw.json, "one JSON object a name");
  check.add_flag("--oracle", raw.oracle, "show what libunbound makes of the name too");
  add_scan_options(check, raw);
  add_common_options(check, raw);
  CLI::App& audit = *app.add_subcommand("audit", "ask libunbound for the names of a published set");
  audit.add_option("DIR", raw.out, "folder of the published set");
  audit.add_option("--names", raw.names_file, "issued names to draw the others from, one a line")
      ->type_name("FILE");
  audit.add_option("--sample", raw.sample, "how many of FILE that are not listed")
      ->type_name("N")
      ->capture_default_str();
  audit.add_option("--listed", raw.listed, "how many of the listed names (all)")->type_name("N");
  audit.add_option("--seed", raw.seed, "of both samples (by chance)")->type_name("N");
  audit.add_flag("--json", raw.json, "print audit.json instead of text");
  add_server_options(audit, raw);
  add_config_option(audit, raw);
  for (CLI::App* command : {&run, &ingest, &check, &audit}) {
    for (CLI::Option* option : command->get_options()) {
      if (option->get_items_expected_max() == 1) {
        option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
      } else if (!option->get_positional()) {
        option->allow_extra_args(false);  // repeatable: one value each time
      }
    }
  }

  const std::string_view first = argc > 1 ? argv[1] : "-";
  const auto commands = app.get_subcommands([](CLI::App*) { return true; });
  if (!first.starts_with('-') && std::ranges::none_of(commands, [&](CLI::App* command) {
        return command->get_name() == first;
      })) {
    return usage_error(
        fmt::format("unknown command '{}' (see caascan --help)", escape_for_print(first)));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ExtrasError&) {
    for (CLI::App* command : app.get_subcommands()) {
      for (const std::string& extra : command->remaining()) {
        return usage_error(fmt::format("unknown option '{}' (see caascan {} --help)",
                                       escape_for_print(extra), command->get_name()));
      }
    }
    return usage_error(
        fmt::format("unknown command or option '{}' (see caascan --help)",
                    escape_for_print(app.remaining().empty() ? "" : app.remaining().front())));
  } catch (const CLI::ParseError& error) {
    return usage_error(fmt::format("{} (see caascan --help)", error.what()));
  }
  CLI::App& command = *app.get_subcommands().front();
  if (!raw.config.empty()) {
    if (auto applied = apply_config(command, raw.config); !applied)
      return usage_error(applied.error());
  }
  std::signal(SIGPIPE, SIG_IGN);
  if (&command == &ingest) return ingest_command(raw);
  struct sigaction action{};
  action.sa_handler = on_signal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  if (&command == &run) return run_command(raw);
  if (&command == &audit) return audit_command(raw);
  return check_command(raw);
}

}  // namespace
}  // namespace caascan

int main(int argc, char** argv) {
  return caascan::run_main(argc, argv);
}
