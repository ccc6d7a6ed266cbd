#include "output/latent.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <span>
#include <tuple>
#include <utility>

#include "output/durable_file.h"
#include "output/evidence.h"
#include "scanner/finding.h"
#include "scanner/store/finding_store.h"
#include "scanner/store/json_text.h"

namespace caascan {
namespace {

// `line` with who runs the servers, and how to see it.
std::string with_derived(std::string line, std::span<const std::string> nameservers,
                         const Attempt* attempt, const ProviderTable& providers) {
  line.pop_back();  // the closing brace
  line += ",\"provider\":";
  append_json_string(providers.provider_of(nameservers), line);
  line += ",\"dig\":";
  append_json_string(attempt == nullptr ? std::string() : dig_line(*attempt), line);
  line += '}';
  return line;
}

bool is_answer(const Attempt& attempt) {
  constexpr std::uint8_t kNoerror = 0, kNxdomain = 3;
  return attempt.result == AttemptResult::kAnswer && !attempt.tc &&
         (attempt.rcode == kNoerror || attempt.rcode == kNxdomain);
}

// `publish` makes name and published line of a line, or says what is wrong with it.
template <typename Publish>
std::expected<std::vector<LatentLine>, std::string> read_lines(const std::filesystem::path& file,
                                                               FindingSpill& spill,
                                                               Publish publish) {
  std::vector<LatentLine> out;
  std::error_code error;
  if (!std::filesystem::exists(file, error) && !error) return out;
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::unexpected(file_error("read", file, errno));
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    const std::expected<std::pair<std::string, std::string>, std::string> published = publish(line);
    if (!published) {
      return std::unexpected(
          fmt::format("{}: line {}: {}", file.string(), number, published.error()));
    }
    const auto spilled = spill.append(published->second);
    if (!spilled) return std::unexpected(spilled.error());
    out.push_back({published->first, *spilled});
  }
  if (in.bad()) return std::unexpected(file_error("read", file, EIO));
  // Lines of one name stay in the order of the file, which is that of the spill.
  std::ranges::sort(out, {}, [](const LatentLine& entry) {
    return std::tuple<const std::string&, std::uint64_t>(entry.name, entry.line.offset_bytes);
  });
  const auto repeated = std::ranges::unique(out, {}, &LatentLine::name);
  out.erase(repeated.begin(), repeated.end());
  return out;
}

using Published = std::expected<std::pair<std::string, std::string>, std::string>;

}  // namespace

std::expected<std::vector<LatentLine>, std::string> read_degraded(const std::filesystem::path& file,
                                                                  const ProviderTable& providers,
                                                                  FindingSpill& spill) {
  return read_lines(file, spill, [&](std::string_view line) -> Published {
    const auto zone = degraded_zone_from_json(line);
    if (!zone) return std::unexpected(zone.error());
    // An answer that does not validate looks like one; it comes before the good one.
    auto bad = std::ranges::find_if_not(zone->attempts, is_answer);
    if (bad == zone->attempts.end()) bad = zone->attempts.begin();
    const Attempt* shown = bad == zone->attempts.end() ? nullptr : &*bad;
    return std::pair(
        printable_ascii(zone->zone),
        with_derived(degraded_zone_to_json(*zone), zone->nameservers, shown, providers));
  });
}

std::expected<std::vector<LatentLine>, std::string> read_hidden_caa(
    const std::filesystem::path& file, const ProviderTable& providers, FindingSpill& spill) {
  return read_lines(file, spill, [&](std::string_view line) -> Published {
    const auto hidden = hidden_caa_from_json(line);
    if (!hidden) return std::unexpected(hidden.error());
    const auto empty = std::ranges::find_if(hidden->attempts, [](const Attempt& attempt) {
      return attempt.result == AttemptResult::kAnswer && attempt.section_counts[0] == 0;
    });
    const Attempt* shown = empty == hidden->attempts.end() ? nullptr : &*empty;
    return std::pair(
        printable_ascii(hidden->name),
        with_derived(hidden_caa_to_json(*hidden), hidden->nameservers, shown, providers));
  });
}

}  // namespace caascan
