// gzip and zstd, recognised by their magic numbers and never by a file's name.
#pragma once

#include <memory>
#include <string_view>

#include "ingest/byte_source.h"

namespace caascan::dump {

// Compressions peeled off one after the other (`.json.gz` inside `.zst`); more is damage.
inline constexpr int kCompressionLayersMax = 3;
// log2 of the largest zstd window that is accepted, in octets: 128 MiB, what `zstd --long` makes. A
// bound on memory.
inline constexpr int kZstdWindowLogMax = 27;

enum class Compression : std::uint8_t { kNone, kGzip, kZstd };

// By the first four octets: RFC 1952 §2.3.1; RFC 8878 §3.1.1 (frame) and §3.1.2 (skippable frame).
[[nodiscard]] Compression compression_of(std::string_view head);

// The uncompressed octets of all members or frames in `lower`, one after the other.
[[nodiscard]] std::unique_ptr<ByteSource> make_decompressor(Compression compression,
                                                            std::unique_ptr<Input> lower);

// Peels compressions off until none is left. An error where there are more than
// `kCompressionLayersMax`.
[[nodiscard]] std::expected<std::unique_ptr<Input>, StreamError> open_layers(
    std::unique_ptr<ByteSource> source);

}  // namespace caascan::dump
