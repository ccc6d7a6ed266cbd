// Lines of text in one zstd frame (RFC 8878) with checksum: how findings are stored and published.
// The frame's end is the end mark: a file that was cut anywhere is told from a whole one.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace caascan {

inline constexpr std::uint32_t kFlushLines = 256;  // lines between two flushed blocks
inline constexpr std::size_t kLineBytesMax = std::size_t{16} << 20;  // longer lines are damage
inline constexpr int kZstdWindowLogMax = 23;  // 8 MiB: what a reader is willing to hold

// Single owner, one thread. Errors name the file. Not closing leaves a file that reads as cut.
class ZstdLineWriter {
 public:
  // Creates or truncates `path`.
  static std::expected<ZstdLineWriter, std::string> create(const std::filesystem::path& path);
  ZstdLineWriter(ZstdLineWriter&&) noexcept;
  ZstdLineWriter& operator=(ZstdLineWriter&&) noexcept;
  ~ZstdLineWriter();

  // `line` has no line break; one is added.
  [[nodiscard]] std::expected<void, std::string> append(std::string_view line);
  // Ends the frame, fsyncs and closes the file. Nothing may be appended after it.
  [[nodiscard]] std::expected<void, std::string> close();

 private:
  struct Impl;
  explicit ZstdLineWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Delivers every line that can be read, then the damage. Single owner, one thread.
class ZstdLineReader {
 public:
  static std::expected<ZstdLineReader, std::string> open(const std::filesystem::path& path);
  ZstdLineReader(ZstdLineReader&&) noexcept;
  ZstdLineReader& operator=(ZstdLineReader&&) noexcept;
  ~ZstdLineReader();

  // Points `line` at the next line, valid until the next call, and returns true; or returns false
  // at the end. An error says file and line; it comes again at each further call.
  [[nodiscard]] std::expected<bool, std::string> next(std::string_view& line);

  // "FILE: line N: WHAT" for the line that `next` gave last.
  [[nodiscard]] std::string error_here(std::string_view what) const;

 private:
  struct Impl;
  explicit ZstdLineReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace caascan
