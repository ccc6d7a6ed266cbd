#include <fmt/format.h>

#include <functional>

#include "ingest/domain_name.h"
#include "scanner/builtin_data.h"
#include "scanner/wire/hints.h"

namespace caascan {

std::expected<engine::Delegation, std::string> root_from_hints(std::string_view text,
                                                               std::string_view origin) {
  auto hints = wire::parse_root_hints(text, origin);
  if (!hints) return std::unexpected(hints.error());
  engine::Delegation root;
  for (wire::Hint& hint : *hints) {
    engine::Nameserver nameserver{std::move(hint.nameserver), {}};
    for (const wire::HintAddress& address : hint.addresses) {
      nameserver.glue.push_back({address.v6, address.octets});
    }
    root.nameservers.push_back(std::move(nameserver));
  }
  return root;
}

namespace {

// Calls `take` with each line that holds something, less its comment and outer blanks; false is an
// error.
std::expected<void, std::string> for_each_line(std::string_view text, std::string_view origin,
                                               std::string_view wanted,
                                               const std::function<bool(std::string_view)>& take) {
  int number = 0;
  while (!text.empty()) {
    ++number;
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    line = line.substr(0, line.find('#'));
    const std::size_t first = line.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) continue;
    line = line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
    if (!take(line)) return std::unexpected(fmt::format("{}:{}: not {}", origin, number, wanted));
  }
  return {};
}

// A domain of one label or more, in any case.
std::optional<wire::DnsName> read_domain(std::string_view text) {
  const auto name = parse_issued_name(fmt::format("x.{}", text));
  if (!name || name->wildcard) return std::nullopt;
  return wire::DnsName::from_text(name->name.parent());
}

}  // namespace

std::expected<std::vector<engine::AddressRange>, std::string> parse_ranges(
    std::string_view text, std::string_view origin) {
  std::vector<engine::AddressRange> ranges;
  const auto read = for_each_line(text, origin, "an address range", [&](std::string_view line) {
    const auto range = engine::AddressRange::parse(line);
    if (range) ranges.push_back(*range);
    return range.has_value();
  });
  if (!read) return std::unexpected(read.error());
  return ranges;
}

std::expected<std::vector<wire::DnsName>, std::string> parse_names(std::string_view text,
                                                                   std::string_view origin) {
  std::vector<wire::DnsName> names;
  const auto read = for_each_line(text, origin, "a domain name", [&](std::string_view line) {
    auto name = read_domain(line);
    if (name) names.push_back(std::move(*name));
    return name.has_value();
  });
  if (!read) return std::unexpected(read.error());
  return names;
}

std::expected<engine::Exclusions, std::string> parse_exclusions(std::string_view text,
                                                                std::string_view origin) {
  engine::Exclusions exclusions;
  const auto read = for_each_line(
      text, origin, "an address range, a domain, `zone DOMAIN` or `nameserver DOMAIN`",
      [&](std::string_view line) {
        if (const auto range = engine::AddressRange::parse(line)) {
          exclusions.ranges.push_back(*range);
          return true;
        }
        const std::size_t blank = line.find_first_of(" \t");
        const std::string_view kind = blank == std::string_view::npos ? "" : line.substr(0, blank);
        if (!kind.empty() && kind != "zone" && kind != "nameserver") return false;
        if (!kind.empty()) line = line.substr(line.find_first_not_of(" \t", blank));
        const auto domain = read_domain(line);
        if (!domain) return false;
        if (kind != "nameserver") exclusions.zones.insert(*domain);
        if (kind != "zone") exclusions.nameservers.insert(*domain);
        return true;
      });
  if (!read) return std::unexpected(read.error());
  return exclusions;
}

}  // namespace caascan
