#include "output/commands/run_identity.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <system_error>

#include "ingest/text_digest.h"
#include "output/time_text.h"

namespace caascan {

namespace fs = std::filesystem;
using Failure = std::unexpected<std::string>;

namespace {

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

}  // namespace

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

}  // namespace caascan
