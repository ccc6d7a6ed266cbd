#include "ingest/leaf.h"

#include "ingest/der_walk.h"

namespace caascan::dump {
namespace {

constexpr std::uint64_t kVersion1 = 0;
constexpr std::uint64_t kLeafTypeTimestampedEntry = 0;
constexpr std::uint64_t kTimestampOctets = 8;
constexpr std::uint64_t kIssuerKeyHashOctets = 32;
constexpr std::size_t kFingerprintOctets = 32;

// The common part of both forms: TimestampedEntry (RFC 6962 §3.4), without the extensions at its
// end.
LeafStatus read_timestamped_entry(ByteCursor& cursor, LogEntry& entry) {
  std::uint64_t type = 0;
  if (!cursor.skip(kTimestampOctets) || !cursor.read_uint(2, type)) return LeafStatus::kCut;
  if (type != kEntryTypeX509 && type != kEntryTypePrecert) return LeafStatus::kUnknownType;
  entry.precertificate = type == kEntryTypePrecert;
  if (entry.precertificate && !cursor.skip(kIssuerKeyHashOctets)) return LeafStatus::kCut;
  if (!cursor.read_vector(3, entry.certificate)) return LeafStatus::kCut;
  return LeafStatus::kEntry;
}

}  // namespace

LeafStatus read_merkle_tree_leaf(std::string_view leaf, LogEntry& entry) {
  ByteCursor cursor(leaf);
  std::uint64_t version = 0;
  std::uint64_t leaf_type = 0;
  if (!cursor.read_uint(1, version) || !cursor.read_uint(1, leaf_type)) return LeafStatus::kCut;
  if (version != kVersion1 || leaf_type != kLeafTypeTimestampedEntry) {
    return LeafStatus::kUnknownType;
  }
  return read_timestamped_entry(cursor, entry);
}

LeafStatus read_tile_leaf(ByteCursor& tile, LogEntry& entry) {
  ByteCursor cursor = tile;
  std::string_view ignored;
  if (const LeafStatus status = read_timestamped_entry(cursor, entry);
      status != LeafStatus::kEntry) {
    return status;
  }
  if (!cursor.read_vector(2, ignored)) return LeafStatus::kCut;  // extensions
  if (entry.precertificate && !cursor.read_vector(3, ignored)) return LeafStatus::kCut;
  std::uint64_t fingerprints_octets = 0;
  if (!cursor.read_uint(2, fingerprints_octets)) return LeafStatus::kCut;
  if (fingerprints_octets % kFingerprintOctets != 0) return LeafStatus::kCorrupt;
  if (!cursor.skip(fingerprints_octets)) return LeafStatus::kCut;
  tile = cursor;
  return LeafStatus::kEntry;
}

bool looks_like_tile_leaf(std::string_view head) {
  ByteCursor cursor(head);
  std::uint64_t timestamp_ms = 0;
  std::uint64_t type = 0;
  if (!cursor.read_uint(8, timestamp_ms) || !cursor.read_uint(2, type)) return false;
  if (timestamp_ms >> 40U != 1) return false;
  if (type == kEntryTypePrecert && !cursor.skip(kIssuerKeyHashOctets)) return false;
  if (type != kEntryTypeX509 && type != kEntryTypePrecert) return false;
  return cursor.skip(3) && next_is(cursor, kTagSequence);
}

}  // namespace caascan::dump
