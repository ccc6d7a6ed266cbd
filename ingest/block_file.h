// Files of checked blocks: what the certificate store and the runs of spilled names are made of.
// Format in docs/FORMATS.md, "Block files".
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "ingest/output_file.h"

namespace caascan::dump {

// Octets in front of a block's payload, inside its zstd frame: number of the block and CRC-32 of
// number and payload, 32 bits each, little-endian.
inline constexpr std::size_t kBlockHeaderOctets = 8;
// A reader takes no larger payload; a writer makes none, as one record is at most about 40 MiB.
inline constexpr std::size_t kBlockPayloadOctetsMax = std::size_t{128} << 20U;

class BlockFileWriter {
 public:
  // `format_line` tells what the payloads are; it is the payload of block 0.
  [[nodiscard]] static std::expected<BlockFileWriter, std::string> create(
      const std::filesystem::path& path, std::string_view format_line,
      std::size_t payload_octets_wanted);
  BlockFileWriter(BlockFileWriter&&) noexcept;
  BlockFileWriter& operator=(BlockFileWriter&&) noexcept;
  ~BlockFileWriter();

  // Appends a record, which is never divided between blocks; `record` is not empty.
  [[nodiscard]] std::expected<void, std::string> append(std::string_view record);
  // Writes the end mark.
  [[nodiscard]] std::expected<void, std::string> close();

 private:
  struct Impl;
  explicit BlockFileWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class BlockFileReader {
 public:
  // Fails where the file does not start with `format_line`.
  [[nodiscard]] static std::expected<BlockFileReader, std::string> open(
      const std::filesystem::path& path, std::string_view format_line);
  BlockFileReader(BlockFileReader&&) noexcept;
  BlockFileReader& operator=(BlockFileReader&&) noexcept;
  ~BlockFileReader();

  // Points `payload` at the next block, checked whole, until the next call; or returns false at the
  // end mark. Errors are "PATH: byte N: WHAT", N the start of the block at fault in the file.
  [[nodiscard]] std::expected<bool, std::string> next(std::string_view& payload);

  // An error in that form, for a payload that has passed its check but makes no sense to the
  // caller.
  [[nodiscard]] std::string error_here(std::string_view what) const;

 private:
  struct Impl;
  explicit BlockFileReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace caascan::dump
