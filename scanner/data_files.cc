#include <fmt/format.h>

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

std::expected<std::vector<engine::AddressRange>, std::string> parse_ranges(
    std::string_view text, std::string_view origin) {
  std::vector<engine::AddressRange> ranges;
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
    const auto range = engine::AddressRange::parse(line);
    if (!range) return std::unexpected(fmt::format("{}:{}: not an address range", origin, number));
    ranges.push_back(*range);
  }
  return ranges;
}

}  // namespace caascan
