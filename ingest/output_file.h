// A file that ingest writes, buffered, whose every failure is told.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>
#include <string_view>

namespace caascan::dump {

// Single owner, one thread. What was written is on its way to the disk only after `close`.
class OutputFile {
 public:
  // Creates or truncates `path`; errors are "PATH: cannot be created: WHY".
  [[nodiscard]] static std::expected<OutputFile, std::string> create(
      const std::filesystem::path& path);
  // Writes to standard output, which stays open.
  [[nodiscard]] static OutputFile standard_output();

  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&& other) noexcept;
  ~OutputFile();

  [[nodiscard]] std::expected<void, std::string> write(std::string_view bytes);
  // Empties the buffer, waits for the disk where `durable`, and closes.
  [[nodiscard]] std::expected<void, std::string> close(bool durable = false);

 private:
  OutputFile(int descriptor, bool owned, std::string path);
  [[nodiscard]] std::expected<void, std::string> flush();

  int descriptor_ = -1;
  bool owned_ = false;
  std::string path_;
  std::string buffer_;
};

}  // namespace caascan::dump
