#include "output/commands/audit_command.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <random>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "ingest/domain_name.h"
#include "output/provider.h"
#include "output/reservoir.h"
#include "output/run_lock.h"
#include "scanner/net/udp_sockets.h"

namespace caascan {

namespace fs = std::filesystem;
using Failure = std::unexpected<std::string>;

std::expected<oracle::Oracle, std::string> make_oracle(const ScanOptions& options) {
  engine::EngineOptions made = options.engine;
  made.use_v4 = net::has_route(/*v6=*/false);
  made.use_v6 = net::has_route(/*v6=*/true);
  const auto oracle_options = oracle::oracle_options(made);
  if (!oracle_options) return Failure(oracle_options.error());
  return oracle::Oracle::create(*oracle_options);
}

std::expected<std::optional<Audit>, std::string> audit_set(PublishedSet set, AuditJob job,
                                                           oracle::Oracle& asked,
                                                           const std::atomic<bool>& stop) {
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
    auto told = asked.ask(std::move(questions), &stop);
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

namespace {

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

}  // namespace

int audit_command(const RawOptions& raw, const std::atomic<bool>& stop) {
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
  const auto audit = audit_set(std::move(*set), std::move(job), *oracle, stop);
  if (!audit) return failed(audit.error());
  if (!*audit) return kExitHeld;
  fmt::print("{}", raw.json ? audit_json(**audit) : audit_text(**audit));
  return kExitPublished;
}

}  // namespace caascan
