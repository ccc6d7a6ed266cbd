#include "output/commands/command_line.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <toml++/toml.h>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include "ingest/option_text.h"

namespace caascan {

using Failure = std::unexpected<std::string>;

std::expected<std::string, std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Failure(fmt::format("{}: {}", path, std::strerror(errno)));
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (file.bad()) return Failure(fmt::format("{}: cannot be read", path));
  return text;
}

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

std::expected<std::uint64_t, std::string> read_count(std::string_view option,
                                                     const std::string& text, std::uint64_t max) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > max)
    return bad_value(option, text, fmt::format("a number from 0 to {}", max));
  return value;
}

int usage_error(std::string_view message) {
  spdlog::error("{}", message);
  return kExitUsage;
}
int failed(std::string_view message) {
  spdlog::error("{}", message);
  return kExitFailed;
}

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

namespace {

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

}  // namespace

void declare_commands(CLI::App& app, RawOptions& raw) {
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
}

}  // namespace caascan
