#include "output/provider.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "ingest/domain_name.h"
#include "output/list_name.h"

namespace caascan {
namespace {

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (out.size() > 1 && out.ends_with('.')) out.pop_back();
  return out;
}

}  // namespace

std::expected<ProviderTable, std::string> ProviderTable::parse(std::string_view text,
                                                               std::string_view origin) {
  ProviderTable table;
  std::size_t line_number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++line_number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    const auto fail = [&](std::string_view what) {
      return std::unexpected(fmt::format("{}: line {}: {}", origin, line_number, what));
    };
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos) return fail("not SUFFIX<TAB>PROVIDER");
    const std::string suffix = lower_case(line.substr(0, tab));
    const std::string_view provider = line.substr(tab + 1);
    if (!is_list_name(suffix)) return fail("the suffix is not a host name");
    if (!is_list_name(provider)) {
      return fail("the provider is not a word of a-z, 0-9, `-`, `_` and `.`");
    }
    if (!table.providers_.emplace(suffix, provider).second) {
      return fail("the suffix stands in the table already");
    }
  }
  return table;
}

std::string ProviderTable::provider_of_nameserver(std::string_view nameserver) const {
  const std::string name = lower_case(nameserver);
  if (!is_list_name(name)) return std::string(kProviderUnknown);
  // From the whole name upward, so the first suffix that is found is the longest.
  for (std::string_view suffix = name;;) {
    const auto found = providers_.find(suffix);
    if (found != providers_.end()) return found->second;
    const std::size_t dot = suffix.find('.');
    if (dot == std::string_view::npos) break;
    suffix.remove_prefix(dot + 1);
  }
  return std::string(registrable_domain(name));
}

std::string ProviderTable::provider_of(std::span<const std::string> nameservers) const {
  std::map<std::string, std::size_t> votes;
  for (const std::string& nameserver : nameservers) {
    std::string provider = provider_of_nameserver(nameserver);
    if (provider != kProviderUnknown) ++votes[std::move(provider)];
  }
  if (votes.empty()) return std::string(kProviderUnknown);
  // The map is in bytewise order, and max_element takes the first of equals.
  return std::ranges::max_element(votes, {}, [](const auto& vote) { return vote.second; })->first;
}

}  // namespace caascan
