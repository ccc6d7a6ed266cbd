// One log entry, in the two forms in which logs hand it out.
#pragma once

#include <cstdint>
#include <string_view>

#include "ingest/byte_cursor.h"

namespace caascan::dump {

// RFC 6962 §3.1 (entry_type); any other value cannot be read further.
inline constexpr std::uint64_t kEntryTypeX509 = 0;
inline constexpr std::uint64_t kEntryTypePrecert = 1;

// An ASN.1Cert or TBSCertificate has a 24-bit length.
inline constexpr std::size_t kCertificateOctetsMax = (std::size_t{1} << 24U) - 1;

struct LogEntry {
  std::string_view certificate;  // DER Certificate, or DER TBSCertificate of a pre-certificate
  bool precertificate = false;
};

enum class LeafStatus : std::uint8_t {
  kEntry,        // `entry` is filled
  kUnknownType,  // of a version, leaf type or entry type that RFC 6962 does not define
  kCut,          // the bytes end inside
  kCorrupt,      // the bytes contradict the format, whatever follows
};

// Reads a MerkleTreeLeaf (RFC 6962 §3.4), as in `leaf_input` of get-entries. Bytes behind its
// extensions are let be.
[[nodiscard]] LeafStatus read_merkle_tree_leaf(std::string_view leaf, LogEntry& entry);

// Takes one TileLeaf from the front of `tile` (static-ct-api, "Data tiles"). `tile` is moved only
// on kEntry. The copy of the pre-certificate is skipped by its length.
[[nodiscard]] LeafStatus read_tile_leaf(ByteCursor& tile, LogEntry& entry);

// Whether `head`, the first octets of some file, starts as a TileLeaf does: a timestamp between
// 2004 and 2039, a known entry type and a DER SEQUENCE at the place of the certificate.
[[nodiscard]] bool looks_like_tile_leaf(std::string_view head);
inline constexpr std::size_t kTileLeafHeadOctets = 46;

}  // namespace caascan::dump
