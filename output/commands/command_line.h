// What all subcommands share: their options as given, and how they are read and refused.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/ingest.h"
#include "scanner/scan_options.h"

namespace caascan {

// docs/OPERATIONS.md, "Exit statuses".
enum ExitStatus : int {
  kExitPublished = 0,
  kExitFailed = 1,
  kExitUsage = 2,
  kExitHeld = 3,
  kExitIncomplete = 4,
  kExitLocked = 11,
};

// Options as given, before they are read. One structure for all subcommands; each declares what it
// takes.
struct RawOptions {
  std::string config;
  std::vector<std::string> ct, issuer, names;
  std::string out, work, at = "now", names_file, providers, root_hints_file, trust_anchor_file,
                         exclude_file, canary_file;
  std::string progress = "auto";
  std::string audit = "0", sample = "100", listed, seed;
  std::string resume_within = "20h", deadline;
  bool include_expired = false, skip_damaged = false, json = false, oracle = false, fresh = false;
  ScanOptionTexts scan;  // `memory` is everybody's
};

// Declares the subcommands and their options, which are written to `raw`.
void declare_commands(CLI::App& app, RawOptions& raw);

// Options that the command line leaves open are taken from the TOML file, key = option name without
// dashes.
std::expected<void, std::string> apply_config(CLI::App& command, const std::string& path);

// The whole of a file; the error names it.
[[nodiscard]] std::expected<std::string, std::string> read_file(const std::string& path);
// The scanner's options, with the files that they name read.
[[nodiscard]] std::expected<ScanOptions, std::string> read_scan_texts(const RawOptions& raw);
[[nodiscard]] std::expected<IngestOptions, std::string> read_ingest_options(const RawOptions& raw);
// A whole number from 0 to `max`; the error names the option.
[[nodiscard]] std::expected<std::uint64_t, std::string> read_count(std::string_view option,
                                                                   const std::string& text,
                                                                   std::uint64_t max);

// Print the message, and give the exit status.
int usage_error(std::string_view message);
int failed(std::string_view message);

}  // namespace caascan
