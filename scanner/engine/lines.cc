#include "scanner/engine/lines.h"

#include <algorithm>

#include "ingest/assert.h"

namespace caascan::engine {

LineId Lines::add(double rate_qps) {
  const double names = std::clamp(rate_qps * kLineTime_s, static_cast<double>(kLineMin),
                                  static_cast<double>(kLineMax));
  lines_.push_back({.rate_qps = rate_qps, .mark = static_cast<std::uint32_t>(names)});
  return static_cast<LineId>(lines_.size() - 1);
}

std::size_t Lines::mark(const Line& line) const {
  return std::min<std::size_t>(line.mark, std::max(room_ / kLineShareOfRoom, kLineLeast));
}

void Lines::join(LineId line) {
  if (line != kNoLine) ++lines_[line].waiting;
}

void Lines::leave(LineId line) {
  if (line == kNoLine) return;
  CAASCAN_ASSERT(lines_[line].waiting > 0);
  --lines_[line].waiting;
  look(line);
}

void Lines::put_away(LineId line) {
  CAASCAN_ASSERT(lines_[line].waiting > 0);
  ++lines_[line].outside;
  ++outside_;
}

LineId Lines::take_short() {
  const LineId line = short_.front();
  short_.pop_front();
  lines_[line].is_short = false;
  return line;
}

std::size_t Lines::call_back(LineId line) {
  Line& it = lines_[line];
  const std::size_t there = it.waiting + it.coming;
  const std::size_t wanted = mark(it) > there ? mark(it) - there : 0;
  const auto names = static_cast<std::uint32_t>(std::min<std::uint64_t>(wanted, it.outside));
  it.outside -= names;
  outside_ -= names;
  it.coming += names;
  coming_ += names;
  return names;
}

std::size_t Lines::give_up(LineId line, std::size_t names_max) {
  const std::size_t names = std::min<std::uint64_t>(names_max, lines_[line].outside);
  lines_[line].outside -= names;
  outside_ -= names;
  return names;
}

void Lines::arrive(LineId line) {
  CAASCAN_ASSERT(lines_[line].coming > 0);
  --lines_[line].coming;
  --coming_;
  look(line);
}

void Lines::look(LineId line) {
  Line& it = lines_[line];
  if (it.outside == 0 || it.is_short || (it.waiting + it.coming) * 2 > mark(it)) return;
  it.is_short = true;
  short_.push_back(line);
}

}  // namespace caascan::engine
