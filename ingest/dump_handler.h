// What the readers of the formats tell whoever has opened a file for them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ingest/leaf.h"

namespace caascan::dump {

// Views are valid during the call only. A reader calls from its own thread, in the order of the
// file.
class DumpHandler {
 public:
  DumpHandler() = default;
  DumpHandler(const DumpHandler&) = delete;
  DumpHandler& operator=(const DumpHandler&) = delete;
  virtual ~DumpHandler() = default;

  virtual void on_entry(const LogEntry& entry) = 0;
  // An entry of a type that cannot be read.
  virtual void on_unknown_entry() = 0;
  // A line of a list, neither blank nor a comment, without its end of line.
  virtual void on_list_line(std::string_view line) = 0;
  // Something at `offset_bytes` of the uncompressed stream is not as it should be.
  virtual void on_damage(std::uint64_t offset_bytes, std::string what) = 0;
  // The reader has used up what it had and waits for the disk or a pipe now.
  virtual void on_wait() = 0;
  // Whether reading should end.
  [[nodiscard]] virtual bool stopped() const = 0;
};

}  // namespace caascan::dump
