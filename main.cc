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
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <thread>

#include "ingest/ingest.h"
#include "ingest/option_text.h"
#include "output/check_report.h"
#include "output/progress.h"
#include "output/provider.h"
#include "output/publish.h"
#include "output/run_lock.h"
#include "output/summary_text.h"
#include "scanner/scan_options.h"
#include "scanner/store/finding_store.h"

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
                         exclude_file;
  std::string progress = "auto";
  bool include_expired = false, skip_damaged = false, json = false;
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

// `work` without the files of an earlier run. Names the folder on failure.
std::expected<void, std::string> prepare_work(const fs::path& work) {
  std::error_code error;
  fs::create_directories(work, error);
  if (error) return Failure(fmt::format("cannot create {}: {}", work.string(), why_not(error)));
  bool unfinished = false;
  for (const char* name : {"certificates.zst", "findings.ndjson.zst", "rejects.tsv", "scan.json",
                           "degraded.ndjson", "hidden-caa.ndjson"}) {
    unfinished = fs::remove(work / name, error) || unfinished;
  }
  if (unfinished) spdlog::info("{} holds an earlier run; starting afresh", work.string());
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
      {"confirm-rounds", raw.scan.confirm_rounds},
      {"confirm-after", raw.scan.confirm_after},
      {"memory", raw.scan.memory},
      {"skip-damaged", raw.skip_damaged ? "true" : "false"}};
  for (const std::string& value : raw.issuer) made.emplace_back("issuer", value);
  for (const std::string& value : raw.scan.resolver) made.emplace_back("resolver", value);
  for (const std::string& value : raw.scan.limit) made.emplace_back("limit", value);
  for (const std::string& value : raw.scan.allow_address) made.emplace_back("allow-address", value);
  return made;
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

  const fs::path out = raw.out;
  std::error_code error;
  fs::create_directories(out, error);
  if (error) return failed(fmt::format("cannot create {}: {}", out.string(), why_not(error)));
  const auto started = std::chrono::system_clock::now();
  const auto lock = RunLock::acquire(out, std::chrono::system_clock::to_time_t(started));
  if (!lock) {
    spdlog::error("{}", lock.error().message);
    return lock.error().held ? kExitLocked : kExitFailed;
  }
  const fs::path work = raw.work.empty() ? out / ".work" : fs::path(raw.work);
  if (auto prepared = prepare_work(work); !prepared) return failed(prepared.error());
  auto findings = FindingWriter::create(work / "findings.ndjson.zst");
  if (!findings) return failed(findings.error());

  std::ofstream degraded(work / "degraded.ndjson", std::ios::binary);
  std::uint64_t degraded_zones = 0;
  scan_options->on_degraded = [&](const DegradedZone& zone) {
    degraded << degraded_zone_to_json(zone) << '\n';
    ++degraded_zones;
  };
  std::ofstream hidden_caa(work / "hidden-caa.ndjson", std::ios::binary);
  scan_options->on_hidden_caa = [&](const HiddenCaa& found) {
    hidden_caa << hidden_caa_to_json(found) << '\n';
  };
  const auto started_steady = std::chrono::steady_clock::now();
  ingest_options->work_dir = work;
  NameQueue queue;
  IngestProgress ingest_progress;
  ScanProgress scan_progress;
  std::expected<IngestCounts, std::string> ingested;
  std::atomic<bool> stop_scan{false};
  std::atomic<bool> ingest_done{false};
  std::jthread reader([&] {
    ingested = ingest(
        *ingest_options,
        [&queue](std::vector<DomainName>&& batch) { return queue.push(std::move(batch)); },
        &ingest_progress);
    if (!ingested) stop_scan = true;
    ingest_done = true;
    queue.close();
  });
  // The progress line has a thread of its own: it must not wait for a slow dump nor for the
  // network.
  std::jthread watcher([&](std::stop_token stop) {
    ProgressWriter writer(*progress_mode, STDERR_FILENO);
    while (!stop.stop_requested()) {
      ProgressSnapshot shot;
      shot.elapsed_s =
          std::chrono::duration<double>(std::chrono::steady_clock::now() - started_steady).count();
      shot.bytes_read = ingest_progress.bytes_read;
      shot.bytes_total = ingest_progress.bytes_total;
      shot.entries = ingest_progress.entries;
      shot.names_known = ingest_progress.names_unique;
      shot.names_done = scan_progress.names_done;
      shot.queries = scan_progress.queries;
      shot.failing = scan_progress.findings;
      shot.waiting_confirm = scan_progress.names_failing;
      shot.stage = ingest_done ? "scanning" : "reading";
      writer.update(shot, std::chrono::steady_clock::now());
      if (stop_requested) stop_scan = true;
      std::this_thread::sleep_for(kStatusLineInterval / 2);
    }
    writer.clear();
  });
  const auto scanned = scan(
      *scan_options, queue,
      [&](engine::Verdict&& verdict) { return findings->append(*verdict.finding); }, &stop_scan,
      &scan_progress);
  watcher.request_stop();
  watcher.join();
  if (scanned && scanned->interrupted && stop_requested) {
    // The reader may sit in a read of a pipe that nobody ends; the work folder is started afresh
    // anyway.
    spdlog::error("interrupted; nothing was published. The same command starts again");
    std::_Exit(kExitHeld);
  }
  reader.join();
  if (!ingested) return failed(ingested.error());
  report_ingest(*ingested);
  if (!scanned) return failed(scanned.error());
  if (scanned->interrupted) {
    spdlog::error("interrupted; nothing was published. The same command starts again");
    return kExitHeld;
  }
  if (auto closed = findings->close(); !closed) return failed(closed.error());
  degraded.close();
  if (!degraded) return failed(fmt::format("cannot write {}", (work / "degraded.ndjson").string()));
  hidden_caa.close();
  if (!hidden_caa) {
    return failed(fmt::format("cannot write {}", (work / "hidden-caa.ndjson").string()));
  }
  if (degraded_zones > 0) {
    spdlog::info("{} zones answered although some of their servers did not: {}", degraded_zones,
                 (work / "degraded.ndjson").string());
  }
  if (auto written = write_file(work / "scan.json", scan_counts_to_json(scanned->counts));
      !written) {
    return failed(written.error());
  }
  if (ingested->damage_count > 0 && !raw.skip_damaged) {
    return failed(
        "the dump is damaged; nothing was published (--skip-damaged publishes what could be read)");
  }

  publish_options.out_dir = out;
  publish_options.work_dir = work;
  publish_options.at_unix_s = ingest_options->at_unix_s;
  publish_options.started_unix_s = std::chrono::system_clock::to_time_t(started);
  publish_options.version = CAASCAN_VERSION;
  publish_options.inputs = raw.ct;
  publish_options.effective_options = effective_options(raw);
  publish_options.ingest_counts = *ingested;
  publish_options.scan_counts = scanned->counts;
  const std::uint64_t not_reached =
      scanned->counts.names_by_outcome[static_cast<std::size_t>(Outcome::kNotReached)];
  publish_options.incomplete = ingested->damage_count > 0 || not_reached > 0;
  const auto published = publish(publish_options);
  if (!published) return failed(published.error());
  for (const std::string& warning : published->warnings) spdlog::warn("{}", warning);
  fmt::print("{}", summary_text(publish_options, *published));
  if (not_reached > 0) {
    spdlog::warn("{} names have no verdict: the network or the resolver did not let us find one",
                 not_reached);
  }
  return publish_options.incomplete ? kExitIncomplete : kExitPublished;
}

// One name at a time, each step shown. Status 0: good; 1: affected or no verdict.
int check_command(const RawOptions& raw) {
  auto options = read_scan_texts(raw);
  if (!options) return usage_error(options.error());
  if (raw.names.empty()) return usage_error("check needs a name");
  options->engine.trace = true;
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
  if (queue.push(std::move(batch))) queue.close();
  bool all_good = true;
  const auto scanned = scan(
      *options, queue,
      [&](engine::Verdict&& verdict) -> std::expected<void, std::string> {
        CheckReport report;
        report.name = verdict.name;
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

void add_scan_options(CLI::App& command, RawOptions& raw) {
  command
      .add_option("--resolver", raw.scan.resolver,
                  "ask this recursive resolver instead of the nameservers (repeatable)")
      ->type_name("ADDR[:PORT]");
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
  command
      .add_option("--confirm-rounds", raw.scan.confirm_rounds,
                  "rounds a failure must be seen in after the first")
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--confirm-after", raw.scan.confirm_after, "time between two rounds")
      ->type_name("TIME")
      ->capture_default_str();
}

void add_common_options(CLI::App& command, RawOptions& raw) {
  command.add_option("--memory", raw.scan.memory, "bound on resident memory")
      ->type_name("SIZE")
      ->capture_default_str();
  command.add_option("--config", raw.config, "TOML file with any of these options")
      ->type_name("FILE");
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
  run.add_flag("--skip-damaged", raw.skip_damaged,
               "publish what could be read of a damaged dump (status 4)");
  run.add_option("--providers", raw.providers, "table of nameserver-name suffixes and providers")
      ->type_name("FILE");
  run.add_option("--progress", raw.progress, "progress on standard error: auto, plain, json or off")
      ->type_name("MODE")
      ->capture_default_str();
  add_scan_options(run, raw);
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
  add_scan_options(check, raw);
  add_common_options(check, raw);
  for (CLI::App* command : {&run, &ingest, &check}) {
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
  return check_command(raw);
}

}  // namespace
}  // namespace caascan

int main(int argc, char** argv) {
  return caascan::run_main(argc, argv);
}
