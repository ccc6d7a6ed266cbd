// The scanner's options, from the words of the command line or of a configuration file.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "scanner/scan.h"

namespace caascan {

// As given; empty means not given. Each member is the option of that name.
struct ScanOptionTexts {
  std::vector<std::string> resolver, limit, allow_address;
  std::string server_qps, qps, confirm_rounds = "1", confirm_after = "30s", memory = "1GiB";
  std::string root_hints;               // contents of the file
  std::string root_hints_origin;        // its name, for errors
  std::string exclude, exclude_origin;  // likewise
  std::string trust_anchor, trust_anchor_origin;
  bool no_dnssec = false, no_inference = false;
  std::string profile = "letsencrypt";
  std::string canary, canary_origin;  // contents and name of the file
};

// Reads them all; the first that cannot be read is the error, and names its option. With
// `--resolver` the cap of a server is 1000 queries a second unless given; without, 50 for a
// nameserver and 500 for a root or TLD server.
[[nodiscard]] std::expected<ScanOptions, std::string> read_scan_options(
    const ScanOptionTexts& texts);

}  // namespace caascan
