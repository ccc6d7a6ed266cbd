// Files of data/ that are part of the program, so that it runs from any folder.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "scanner/engine/delegation.h"
#include "scanner/engine/exclusions.h"

namespace caascan {

[[nodiscard]] std::string_view builtin_root_hints();     // data/root.hints
[[nodiscard]] std::string_view builtin_special_use();    // data/special-use.txt
[[nodiscard]] std::string_view builtin_trust_anchors();  // data/root.ds

// The root's delegation from hints in zone-file form; `origin` names the text in errors.
[[nodiscard]] std::expected<engine::Delegation, std::string> root_from_hints(
    std::string_view text, std::string_view origin);
// Address ranges, one a line, comments after `#`; an error names origin and line.
[[nodiscard]] std::expected<std::vector<engine::AddressRange>, std::string> parse_ranges(
    std::string_view text, std::string_view origin);

// Domain names, one a line, comments after `#`; an error names origin and line.
[[nodiscard]] std::expected<std::vector<wire::DnsName>, std::string> parse_names(
    std::string_view text, std::string_view origin);

// Opt-outs, one a line, comments after `#`: an address range, `zone NAME`, `nameserver NAME`, or a
// NAME alone, which is both. An error names origin and line.
[[nodiscard]] std::expected<engine::Exclusions, std::string> parse_exclusions(
    std::string_view text, std::string_view origin);

}  // namespace caascan
