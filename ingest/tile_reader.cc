#include "ingest/tile_reader.h"

#include "ingest/leaf.h"

namespace caascan::dump {
namespace {

// The largest TileLeaf: both certificates, extensions and fingerprints at their limits.
constexpr std::size_t kTileLeafOctetsMax =
    8 + 2 + 32 + 2 * (3 + kCertificateOctetsMax) + 2 * (2 + 0xffff);

}  // namespace

void read_data_tile(Input& input, DumpHandler& handler) {
  while (!handler.stopped()) {
    ByteCursor cursor(input.view());
    LogEntry entry;
    const LeafStatus status = cursor.empty() ? LeafStatus::kCut : read_tile_leaf(cursor, entry);
    switch (status) {
      case LeafStatus::kEntry:
        handler.on_entry(entry);
        input.consume(input.view().size() - cursor.size());
        continue;
      case LeafStatus::kCut:
        handler.on_wait();
        // A frame that does not close within its own bound cannot happen: its lengths are bounded
        // by their widths.
        if (input.view().size() < kTileLeafOctetsMax && input.more()) continue;
        if (!input.view().empty() && !input.error()) {
          handler.on_damage(input.offset(), "data tile is cut inside an entry");
        }
        return;
      case LeafStatus::kUnknownType:
        handler.on_unknown_entry();
        handler.on_damage(input.offset(),
                          "data tile has an entry of unknown type; the rest cannot be framed");
        return;
      case LeafStatus::kCorrupt:
        handler.on_damage(input.offset(), "data tile is corrupt; the rest cannot be framed");
        return;
    }
  }
}

}  // namespace caascan::dump
