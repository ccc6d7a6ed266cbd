// Who runs the nameservers of a zone.
#pragma once

#include <expected>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace caascan {

// The provider that half of the lists are named after.
inline constexpr std::string_view kNamebright = "namebright";
// The provider of a zone whose nameserver names are not known.
inline constexpr std::string_view kProviderUnknown = "unknown";

// Nameserver-name suffixes and their providers. Immutable once parsed; thread-safe.
class ProviderTable {
 public:
  // One `SUFFIX<TAB>PROVIDER` a line; blank lines and lines that begin with `#` are skipped. A
  // suffix is a host name, a provider a word of a-z, 0-9, `-`, `_` and `.`. An error names `origin`
  // and the line.
  [[nodiscard]] static std::expected<ProviderTable, std::string> parse(std::string_view text,
                                                                       std::string_view origin);

  // The provider of one nameserver name: that of the longest suffix of whole labels in the table;
  // without one, the registrable domain of the name; `unknown` for what is not a host name.
  [[nodiscard]] std::string provider_of_nameserver(std::string_view nameserver) const;

  // The provider of most of the names; among equals the bytewise first. `unknown` counts only where
  // there is no other.
  [[nodiscard]] std::string provider_of(std::span<const std::string> nameservers) const;

 private:
  std::map<std::string, std::string, std::less<>> providers_;
};

// Contents of data/providers.tsv as built in; lives as long as the program.
[[nodiscard]] std::string_view builtin_provider_table();

}  // namespace caascan
