// The scanner's options, from the words of the command line or of a configuration file.
#pragma once

#include <ctime>
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
  std::string threads;  // a number
  std::string profile = "letsencrypt";
  std::string canary, canary_origin;  // contents and name of the file
};

// "500ms", "30s", "30min" or "2h", at most seven days.
[[nodiscard]] std::expected<engine::Duration, std::string> read_duration(std::string_view option,
                                                                         std::string_view text);

// How long it is from `now` to a deadline: a time as above, but not 0, or a time of day such as
// "06:30", the next such moment by the local clock.
[[nodiscard]] std::expected<engine::Duration, std::string> read_deadline(std::string_view option,
                                                                         std::string_view text,
                                                                         std::time_t now);

// Reads them all; the first that cannot be read is the error, and names its option. With
// `--resolver` the cap of a server is 1000 queries a second unless given; without, 50 for a
// nameserver and 500 for a root or TLD server.
[[nodiscard]] std::expected<ScanOptions, std::string> read_scan_options(
    const ScanOptionTexts& texts);

}  // namespace caascan
