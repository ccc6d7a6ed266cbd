// Plain lists of names, one a line.
#pragma once

#include "ingest/byte_source.h"
#include "ingest/dump_handler.h"

namespace caascan::dump {

// A line is read up to this many octets; the rest of a longer one is skipped, as no name is that
// long.
inline constexpr std::size_t kListLineOctetsMax = std::size_t{64} << 10U;

// Reads to the end of `input`. Lines end in LF or CRLF; blanks around them are dropped; blank lines
// and lines that start with `#` are skipped. Where the stream ends by an error, the last line may
// be half a name and is not given.
void read_list(Input& input, DumpHandler& handler);

}  // namespace caascan::dump
