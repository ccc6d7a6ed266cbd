// What a server says that it is (`version.bind`), as far as conditions ask for it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "scanner/finding.h"

namespace caascan {

// "4.0.3" as {4, 0, 3}.
using VersionNumber = std::vector<unsigned>;

// Digits and dots only, a digit at either end of each dot; nothing for anything else. "4" is one.
[[nodiscard]] std::optional<VersionNumber> version_number(std::string_view text);

// A product, and perhaps which versions of it: "powerdns", "powerdns/4.0.0-4.0.3", and "powerdns/?"
// for one that does not say its version.
struct SoftwarePattern {
  std::string product;  // lower case
  bool without_version = false;
  std::optional<VersionNumber> first, last;  // both or none

  [[nodiscard]] static std::optional<SoftwarePattern> parse(std::string_view text);
  // `text` is what a server says; the case of letters does not matter. Its version is the first
  // number with a dot behind the product's name. It is compared as far as a bound is written out:
  // 4.0.3 is within 3-4.0.
  [[nodiscard]] bool matches(std::string_view text) const;
  // Whether any of the servers says so.
  [[nodiscard]] bool matches(std::span<const ServerVersion> versions) const;
};

// Whether any server says anything.
[[nodiscard]] bool says_anything(std::span<const ServerVersion> versions);

}  // namespace caascan
