// The list of issued names that are not sent to DNS. Format in docs/FORMATS.md, "rejects.tsv".
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>
#include <string_view>

#include "ingest/domain_name.h"
#include "ingest/output_file.h"

namespace caascan::dump {

class RejectLog {
 public:
  // More rejects are counted by the caller and not listed.
  static constexpr std::uint64_t kLinesMax = 1'000'000;

  [[nodiscard]] static std::expected<RejectLog, std::string> create(
      const std::filesystem::path& path);

  // `raw` and `input_path` may hold any bytes; they are written escaped.
  [[nodiscard]] std::expected<void, std::string> append(NameReject reason, std::string_view raw,
                                                        std::string_view input_path);
  [[nodiscard]] std::expected<void, std::string> close() { return file_.close(); }

 private:
  explicit RejectLog(OutputFile file) : file_(std::move(file)) {}

  OutputFile file_;
  std::uint64_t lines_ = 0;
  std::string line_;
};

}  // namespace caascan::dump
