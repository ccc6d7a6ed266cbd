// Lines kept on disk while they wait to be sorted: evidence is some kilobytes a name, too much to
// hold for all of them.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace caascan {

// Where a line lies in its spill.
struct SpilledLine {
  std::uint64_t offset_bytes = 0;
  std::uint32_t stored_bytes = 0;
  std::uint32_t line_bytes = 0;
};

// A file without a name, gone when the spill is destroyed, however the process ends. Each line is
// compressed on its own. Single owner, one thread.
class FindingSpill {
 public:
  // Makes the file in `folder`, which must exist.
  static std::expected<FindingSpill, std::string> create(const std::filesystem::path& folder);
  FindingSpill(FindingSpill&&) noexcept;
  FindingSpill& operator=(FindingSpill&&) noexcept;
  ~FindingSpill();

  [[nodiscard]] std::expected<SpilledLine, std::string> append(std::string_view line);
  // Replaces `line` with what was appended. Any order, any number of times.
  [[nodiscard]] std::expected<void, std::string> read(const SpilledLine& where, std::string& line);

 private:
  struct Impl;
  explicit FindingSpill(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace caascan
