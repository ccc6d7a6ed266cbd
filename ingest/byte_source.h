// Where a reader gets its bytes: a file, or a decompressor over another input. Bounded memory, one
// thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace caascan::dump {

// Why a stream ended before its time. Offsets count stored bytes, or bytes of the uncompressed
// data.
struct StreamError {
  std::uint64_t offset_bytes = 0;
  bool offset_uncompressed = false;
  std::string what;
};

class ByteSource {
 public:
  ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;
  virtual ~ByteSource() = default;

  // Fills the front of `out` (not empty) and returns how many bytes; 0 at the end and after an
  // error.
  virtual std::size_t read(std::span<char> out) = 0;
  [[nodiscard]] const std::optional<StreamError>& error() const { return error_; }

 protected:
  std::optional<StreamError> error_;
};

// A file descriptor, closed at the end unless it is standard input.
class FileSource final : public ByteSource {
 public:
  // `-` is standard input. The error says why, without the path.
  [[nodiscard]] static std::expected<std::unique_ptr<FileSource>, std::string> open(
      const std::string& path);
  explicit FileSource(int descriptor, bool owned) : descriptor_(descriptor), owned_(owned) {}
  ~FileSource() override;
  std::size_t read(std::span<char> out) override;

  // Every byte read is added to `counter` too; it outlives this source.
  void count_into(std::uint64_t* total, std::atomic<std::uint64_t>* progress);

 private:
  int descriptor_;
  bool owned_;
  std::uint64_t offset_ = 0;
  std::uint64_t* total_ = nullptr;
  std::atomic<std::uint64_t>* progress_ = nullptr;
};

// A window on a stream: the bytes not yet consumed, contiguous, with room for a parser that reads
// beyond the end.
class Input {
 public:
  // Bytes that may be read, not used, beyond `view()`.
  static constexpr std::size_t kPaddingOctets = 64;
  // What is asked from the source at a time.
  static constexpr std::size_t kChunkOctets = std::size_t{256} << 10U;

  // `layers` is the number of decompressors below.
  Input(std::unique_ptr<ByteSource> source, int layers);

  [[nodiscard]] std::string_view view() const { return {buffer_.data() + start_, end_ - start_}; }
  // Of the first byte of `view()` in this stream.
  [[nodiscard]] std::uint64_t offset() const { return offset_; }
  [[nodiscard]] int layers() const { return layers_; }

  // Reads until `view()` holds `count` bytes. False where the stream ends before.
  bool fill(std::size_t count);
  // Reads at least one byte more. False where the stream has ended.
  bool more() { return fill(end_ - start_ + 1); }
  // Drops `count` bytes from the front of `view()`.
  void consume(std::size_t count);
  // Drops `count` bytes that may not have been read yet. False where the stream ends before.
  bool skip(std::uint64_t count);

  // Set once the stream has ended by an error, of this source or of one below.
  [[nodiscard]] const std::optional<StreamError>& error() const { return source_->error(); }

 private:
  std::unique_ptr<ByteSource> source_;
  int layers_;
  std::vector<char> buffer_;
  std::size_t start_ = 0;
  std::size_t end_ = 0;
  std::uint64_t offset_ = 0;
  bool ended_ = false;
};

}  // namespace caascan::dump
