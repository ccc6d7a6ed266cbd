// Files that are on disk once they are said to be. Errors are sentences such as
// "cannot write /x/y: No space left on device".
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>
#include <string_view>

namespace caascan {

// "cannot DOING PATH: what errno says".
[[nodiscard]] std::string file_error(std::string_view doing, const std::filesystem::path& path,
                                     int error_number);

// Writes a new file from front to back. Single owner, one thread.
class DurableFile {
 public:
  // Creates or truncates `path`.
  static std::expected<DurableFile, std::string> create(const std::filesystem::path& path);
  DurableFile(DurableFile&& other) noexcept;
  DurableFile& operator=(DurableFile&&) = delete;
  ~DurableFile();

  [[nodiscard]] std::expected<void, std::string> write(std::string_view text);
  // Writes what is buffered, fsyncs and closes.
  [[nodiscard]] std::expected<void, std::string> close();

 private:
  DurableFile(std::filesystem::path path, int fd);
  std::expected<void, std::string> flush();

  std::filesystem::path path_;
  int fd_;
  std::string buffer_;
};

// `create`, `write` and `close` in one.
[[nodiscard]] std::expected<void, std::string> write_durably(const std::filesystem::path& path,
                                                             std::string_view text);

// Makes the entries of a folder durable.
[[nodiscard]] std::expected<void, std::string> sync_folder(const std::filesystem::path& path);

struct FileDigest {
  std::uint64_t size_bytes = 0;
  std::string sha256;  // lower-case hex
};
[[nodiscard]] std::expected<FileDigest, std::string> digest_file(const std::filesystem::path& path);

}  // namespace caascan
