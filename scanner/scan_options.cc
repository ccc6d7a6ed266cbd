#include "scanner/scan_options.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>

#include "ingest/option_text.h"
#include "scanner/builtin_data.h"

namespace caascan {
namespace {

using Failure = std::unexpected<std::string>;

constexpr double kResolverQps = 1000;
constexpr double kQpsMax = 1e7;
// What a name under way may cost: its task and questions, and as much again as its zone's
// delegation and answers take in the caches, so that these hold what the names under way still
// need.
constexpr std::size_t kNameUnderWayBytes = 4096;

std::expected<double, std::string> read_rate(std::string_view option, std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value > 0) || value > kQpsMax) {
    return bad_value(option, text, "a number of queries a second above 0 (at most 10000000)");
  }
  return value;
}

// A nameserver-name suffix: a host name, a TLD included.
std::optional<wire::DnsName> read_suffix(const std::string& text) {
  if (!parse_issued_name("x." + text)) return std::nullopt;
  return wire::DnsName::from_text(text);
}

std::expected<void, std::string> read_limit(const std::string& text, bool iterative,
                                            engine::ServerDirectoryOptions& servers) {
  const std::size_t equals = text.find('=');
  const std::string key = text.substr(0, equals);
  const auto range = engine::AddressRange::parse(key);
  // A resolver has no nameserver name: there a suffix would be ignored, so it is refused.
  const auto suffix = range || !iterative ? std::nullopt : read_suffix(key);
  if (equals == std::string::npos || (!range && !suffix)) {
    return bad_value("--limit", text,
                     iterative
                         ? "RANGE=QPS or SUFFIX=QPS, such as 192.0.2.0/24=100 or ns.example.com=20"
                         : "RANGE=QPS, such as 192.0.2.0/24=100 (with --resolver, a range only)");
  }
  const auto rate = read_rate("--limit", text.substr(equals + 1));
  if (!rate) return Failure(rate.error());
  if (range) {
    servers.range_limits.push_back({*range, *rate});
  } else {
    servers.suffix_limits.push_back({*suffix, *rate});
  }
  return {};
}

std::expected<void, std::string> read_servers(const ScanOptionTexts& texts,
                                              engine::ServerDirectoryOptions& servers) {
  const bool iterative = texts.resolver.empty();
  if (!iterative) servers.server_qps = kResolverQps;
  if (!texts.server_qps.empty()) {
    const auto rate = read_rate("--server-qps", texts.server_qps);
    if (!rate) return Failure(rate.error());
    servers.server_qps = servers.infrastructure_qps = *rate;
  }
  if (!texts.qps.empty()) {
    const auto global = read_rate("--qps", texts.qps);
    if (!global) return Failure(global.error());
    servers.global_qps = *global;
  }
  for (const std::string& text : texts.limit) {
    if (auto read = read_limit(text, iterative, servers); !read) return read;
  }
  auto special = parse_ranges(builtin_special_use(), "built-in special-use ranges");
  if (!special) return Failure(special.error());
  servers.forbidden = std::move(*special);
  for (const std::string& text : texts.allow_address) {
    const auto range = engine::AddressRange::parse(text);
    if (!range) return bad_value("--allow-address", text, "an address range such as 127.0.0.0/8");
    servers.allowed.push_back(*range);
  }
  return {};
}

std::expected<std::uint32_t, std::string> read_rounds(std::string_view text) {
  std::uint32_t rounds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rounds);
  if (error != std::errc() || end != text.data() + text.size() ||
      rounds > engine::kConfirmRoundsMax) {
    return bad_value("--confirm-rounds", text,
                     fmt::format("a number from 0 to {}", engine::kConfirmRoundsMax));
  }
  return rounds;
}

// The cores that this process may run on, of which a machine may have more.
unsigned cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof set, &set) == 0 ? static_cast<unsigned>(CPU_COUNT(&set)) : 1;
}

// Not given: one a core.
std::expected<unsigned, std::string> read_threads(std::string_view text) {
  if (text.empty()) return std::clamp(cores(), 1U, kShardsMax);
  unsigned threads = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), threads);
  if (error != std::errc() || end != text.data() + text.size() || threads == 0 ||
      threads > kShardsMax) {
    return bad_value("--threads", text, fmt::format("a number from 1 to {}", kShardsMax));
  }
  return threads;
}

}  // namespace

std::expected<engine::Duration, std::string> read_duration(std::string_view option,
                                                           std::string_view text) {
  using std::chrono::nanoseconds;
  const auto ns = [](auto time) { return static_cast<std::uint64_t>(nanoseconds(time).count()); };
  const auto value = read_with_unit(option, text, "a time such as 500ms, 30s, 30min or 2h",
                                    {{"ms", ns(std::chrono::milliseconds(1))},
                                     {"s", ns(std::chrono::seconds(1))},
                                     {"min", ns(std::chrono::minutes(1))},
                                     {"h", ns(std::chrono::hours(1))}});
  if (!value) return Failure(value.error());
  if (*value > ns(std::chrono::days(7))) return bad_value(option, text, "at most seven days");
  return engine::Duration(static_cast<engine::Duration::rep>(*value));
}

std::expected<engine::Duration, std::string> read_deadline(std::string_view option,
                                                           std::string_view text, std::time_t now) {
  constexpr std::size_t kColon = 2, kOctets = 5;  // HH:MM
  if (!text.contains(':')) {
    auto time = read_duration(option, text);
    if (time && *time == engine::Duration{}) return bad_value(option, text, "above 0");
    return time;
  }
  const auto number = [&](std::size_t at, int max) -> std::optional<int> {
    int value = -1;
    const char* end = text.data() + at + 2;
    const auto read = std::from_chars(text.data() + at, end, value);
    if (read.ec != std::errc() || read.ptr != end || value < 0 || value > max) return std::nullopt;
    return value;
  };
  const bool looks_right = text.size() == kOctets && text[kColon] == ':';
  const auto hour = looks_right ? number(0, 23) : std::nullopt;
  const auto minute = looks_right ? number(kColon + 1, 59) : std::nullopt;
  if (!hour || !minute)
    return bad_value(option, text, "a time such as 6h, or a time of day such as 06:30");
  std::tm day{};
  ::localtime_r(&now, &day);
  for (int days = 0;; ++days) {
    std::tm moment = day;
    moment.tm_mday += days;
    moment.tm_hour = *hour;
    moment.tm_min = *minute;
    moment.tm_sec = 0;
    moment.tm_isdst = -1;
    if (const std::time_t at = std::mktime(&moment); at > now)
      return std::chrono::seconds(at - now);
  }
}

std::expected<ScanOptions, std::string> read_scan_options(const ScanOptionTexts& texts) {
  ScanOptions options;
  for (const std::string& text : texts.resolver) {
    const auto endpoint = engine::Endpoint::parse(text);
    if (!endpoint) {
      return bad_value("--resolver", text,
                       "an address such as 192.0.2.1, 192.0.2.1:5353 or [2001:db8::1]:53");
    }
    options.engine.resolvers.push_back(*endpoint);
  }
  if (auto read = read_servers(texts, options.engine.servers); !read) return Failure(read.error());
  auto root = texts.root_hints.empty()
                  ? root_from_hints(builtin_root_hints(), "built-in root hints")
                  : root_from_hints(texts.root_hints, texts.root_hints_origin);
  if (!root) return Failure(root.error());
  options.engine.root = std::move(*root);
  options.engine.infer = !texts.no_inference;
  const auto threads = read_threads(texts.threads);
  if (!threads) return Failure(threads.error());
  options.threads = *threads;
  if (!texts.no_dnssec) {
    auto anchors =
        texts.trust_anchor_origin.empty()
            ? wire::parse_trust_anchors(builtin_trust_anchors(), "built-in trust anchors")
            : wire::parse_trust_anchors(texts.trust_anchor, texts.trust_anchor_origin);
    if (!anchors) return Failure(anchors.error());
    options.engine.trust_anchors = std::move(*anchors);
  }
  const auto profile = engine::profile_from_word(texts.profile);
  if (!profile) {
    return Failure(
        fmt::format("--profile {}: not one of letsencrypt, letsencrypt-2018, "
                    "unbound-1.18, unbound-1.25",
                    texts.profile));
  }
  options.engine.profile = *profile;
  auto canaries = parse_names(texts.canary, texts.canary_origin);
  if (!canaries) return Failure(canaries.error());
  options.engine.canaries = std::move(*canaries);
  auto exclusions = parse_exclusions(texts.exclude, texts.exclude_origin);
  if (!exclusions) return Failure(exclusions.error());
  options.engine.servers.exclusions = std::move(*exclusions);
  const auto rounds = read_rounds(texts.confirm_rounds);
  if (!rounds) return Failure(rounds.error());
  options.engine.confirm_rounds = *rounds;
  const auto after = read_duration("--confirm-after", texts.confirm_after);
  if (!after) return Failure(after.error());
  options.engine.confirm_after = *after;
  const auto memory = read_size("--memory", texts.memory);
  if (!memory) return Failure(memory.error());
  // A quarter for the caches, an eighth for the names under way, a sixteenth for names put away
  // (the latest of each line; the rest is on disk); ingest has half.
  options.engine.cache_bytes_max = *memory / 4;
  options.put_away_bytes_max = *memory / 16;
  options.engine.names_held_max =
      std::clamp<std::size_t>(*memory / 8 / kNameUnderWayBytes, 1000, 200'000);
  return options;
}

}  // namespace caascan
