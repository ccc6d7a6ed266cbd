// Names that wait for a server's budget outside of the engine, so that they hold up nobody else's.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "scanner/run_progress.h"

namespace caascan {

// A line: all who wait for one budget. Numbered from 0 in the order in which they are met.
using LineId = std::uint32_t;

// So many octets of what it knows does a name take with it.
inline constexpr std::size_t kPutAwayKnownMax = 2048;

struct NamePutAway {
  NameNumber number = 0;
  DomainName name;
  bool after_alias = false;  // an alias led to the server of the line
  // What its parents have said and it will need again, as octets of the engine's own.
  std::string known{};
};

// A line whose names will take a while.
struct SlowLine {
  std::string server;  // the address, or the first that was met of a limit group
  bool is_group = false;
  std::uint64_t names = 0;  // that have not been asked for
  double rate_qps = 0;
  // One question a name.
  [[nodiscard]] double left_s() const { return static_cast<double>(names) / rate_qps; }
};

// Leaves the slowest, in order.
inline void keep_slowest(std::vector<SlowLine>& lines, std::size_t lines_max) {
  std::ranges::sort(lines, [](const SlowLine& a, const SlowLine& b) {
    return a.left_s() != b.left_s() ? a.left_s() > b.left_s() : a.server < b.server;
  });
  if (lines.size() > lines_max) lines.resize(lines_max);
}

// Keeps them by line. What is kept is the engine's own count; a failure of the implementation is
// its owner's to look for. One thread.
class NamesPutAway {
 public:
  virtual ~NamesPutAway() = default;
  virtual void put(LineId line, NamePutAway&& name) = 0;
  // Appends up to `names_max` of the line's names to `out`; they are not kept any more. Fewer only
  // where the line has no more.
  virtual void take(LineId line, std::size_t names_max, std::vector<NamePutAway>& out) = 0;
};

}  // namespace caascan
