// What a file holds, told by its first bytes once all compression is undone.
#pragma once

#include <string>
#include <string_view>

#include "ingest/byte_source.h"

namespace caascan::dump {

enum class Format : std::uint8_t {
  kEmpty,
  kDataTile,
  kJson,
  kList,
  kSkipped,      // hash tile, checkpoint, issuer certificate: known, and without names
  kUnsupported,  // known, not read yet
  kForeign,      // not of CT: HTML, binary data
};

struct Sniffed {
  Format format = Format::kForeign;
  std::string what;  // the damage to report for kEmpty, kUnsupported and kForeign
};

// Looks at up to 64 KiB of `input` and consumes nothing. `path` is used for two kinds only, whose
// bytes alone could be anything: hash tiles, which lie in a folder `LEVEL` under a tile's number,
// and issuer certificates, which are named by their SHA-256.
[[nodiscard]] Sniffed sniff(Input& input, std::string_view path);

}  // namespace caascan::dump
