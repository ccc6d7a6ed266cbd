// Data tiles of static-ct-api ("Data tiles"), alone or several one after the other.
#pragma once

#include "ingest/byte_source.h"
#include "ingest/dump_handler.h"

namespace caascan::dump {

// Reads TileLeaf after TileLeaf to the end of `input`. Framing that breaks costs the rest: there is
// nothing in a tile to find the next entry by.
void read_data_tile(Input& input, DumpHandler& handler);

}  // namespace caascan::dump
