// RFC 6962 get-entries JSON in all the ways in which dumps keep it.
#pragma once

#include <cstddef>

#include "ingest/byte_source.h"
#include "ingest/dump_handler.h"

namespace caascan::dump {

enum class JsonOutcome : std::uint8_t {
  kRead,
  kSkipped,  // a names tile or a log list: known, and without log entries
};

// Reads responses `{"entries":[…]}`, entries `{"leaf_input":…}`, and top-level arrays of either, to
// the end of `input`. Of an entry only `leaf_input` is decoded: all that is needed is in it. A
// document of another known kind is damage that names the kind. `memory_bytes` bounds what one
// entry may take.
[[nodiscard]] JsonOutcome read_get_entries(Input& input, DumpHandler& handler,
                                           std::size_t memory_bytes);

}  // namespace caascan::dump
