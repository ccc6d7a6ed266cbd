// Compressed bytes for tests of decompressors.
#pragma once

#include <string>
#include <string_view>

namespace caascan::test {

// One gzip member.
[[nodiscard]] std::string gzip(std::string_view bytes);
// One zstd frame with a checksum; `window_log` 0 leaves the window to zstd.
[[nodiscard]] std::string zstd(std::string_view bytes, int window_log = 0);

}  // namespace caascan::test
