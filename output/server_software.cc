#include "output/server_software.h"

#include <algorithm>
#include <cstddef>

namespace caascan {
namespace {

constexpr std::size_t kDigitsMax = 9;  // fits into an unsigned

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_product_character(char c) {
  return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_';
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// The longest version number at the beginning of `text`; empty where there is none.
VersionNumber leading_version(std::string_view text) {
  VersionNumber out;
  std::size_t at = 0;
  while (true) {
    unsigned number = 0;
    const std::size_t begin = at;
    while (at < text.size() && at - begin < kDigitsMax && is_digit(text[at])) {
      number = number * 10 + static_cast<unsigned>(text[at++] - '0');
    }
    if (at == begin) return out;
    out.push_back(number);
    if (at == text.size() || text[at] != '.') return out;
    ++at;
  }
}

// The first number with a dot in it. A build's date or the year of a copyright has none.
VersionNumber version_in(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!is_digit(text[at])) continue;
    VersionNumber found = leading_version(text.substr(at));
    if (found.size() > 1) return found;
    while (at + 1 < text.size() && is_digit(text[at + 1])) ++at;
  }
  return {};
}

// The sign of `version` - `bound`, as far as `bound` is written out.
int compare(const VersionNumber& version, const VersionNumber& bound) {
  for (std::size_t i = 0; i < bound.size(); ++i) {
    const unsigned part = i < version.size() ? version[i] : 0;
    if (part != bound[i]) return part < bound[i] ? -1 : 1;
  }
  return 0;
}

}  // namespace

std::optional<VersionNumber> version_number(std::string_view text) {
  VersionNumber out = leading_version(text);
  std::string again;
  for (const unsigned part : out) again += (again.empty() ? "" : ".") + std::to_string(part);
  // What does not come out as it went in had something else in it.
  if (out.empty() || again != text) return std::nullopt;
  return out;
}

std::optional<SoftwarePattern> SoftwarePattern::parse(std::string_view text) {
  SoftwarePattern out;
  const std::size_t slash = text.find('/');
  out.product = text.substr(0, slash);
  if (out.product.empty() || !std::ranges::all_of(out.product, is_product_character)) {
    return std::nullopt;
  }
  if (slash == std::string_view::npos) return out;
  const std::string_view versions = text.substr(slash + 1);
  if (versions == "?") {
    out.without_version = true;
    return out;
  }
  const std::size_t dash = versions.find('-');
  out.first = version_number(versions.substr(0, dash));
  out.last = dash == std::string_view::npos ? out.first : version_number(versions.substr(dash + 1));
  if (!out.first || !out.last || compare(*out.first, *out.last) > 0) return std::nullopt;
  return out;
}

bool SoftwarePattern::matches(std::string_view text) const {
  const std::string lower = lower_case(text);
  const std::size_t at = lower.find(product);
  if (at == std::string::npos) return false;
  if (!without_version && !first) return true;
  const VersionNumber version = version_in(std::string_view(lower).substr(at + product.size()));
  if (without_version) return version.empty();
  return !version.empty() && compare(version, *first) >= 0 && compare(version, *last) <= 0;
}

bool SoftwarePattern::matches(std::span<const ServerVersion> versions) const {
  return std::ranges::any_of(
      versions, [this](const ServerVersion& version) { return matches(version.text); });
}

bool says_anything(std::span<const ServerVersion> versions) {
  return std::ranges::any_of(versions,
                             [](const ServerVersion& version) { return !version.text.empty(); });
}

}  // namespace caascan
