// Lines: how many questions wait for each budget, and how many names wait outside for their turn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <vector>

#include "scanner/names_put_away.h"

namespace caascan::engine {

inline constexpr LineId kNoLine = std::numeric_limits<LineId>::max();

// A line is full with the questions of so many seconds at its rate; names that come then are put
// away, and come back where it is half empty.
inline constexpr double kLineTime_s = 1;
inline constexpr std::size_t kLineMin = 16, kLineMax = 1024;
// The less room there is in memory, the less of it a line may fill: this share of what is left, but
// so many in any case (dynamic thresholds, Choudhury and Hahne 1998). So memory is never full of
// names that wait for a few budgets.
inline constexpr std::size_t kLineShareOfRoom = 64;
inline constexpr std::size_t kLineLeast = 4;

// Counts only: the questions stand in the queues of Exchanges, the names in NamesPutAway. Nothing
// here looks at all lines. One thread.
class Lines {
 public:
  // The line of a budget of `rate_qps`.
  LineId add(double rate_qps);

  // A question waits in the line; it waits no longer. kNoLine is passed over, here only.
  void join(LineId line);
  void leave(LineId line);
  // One of its servers sleeps until a budget grants, or has slept. What has only not been sent yet
  // in this turn makes no line full.
  void sleep(LineId line) {
    if (line != kNoLine) ++lines_[line].asleep;
  }
  void wake(LineId line) {
    if (line != kNoLine) --lines_[line].asleep;
  }
  [[nodiscard]] bool is_full(LineId line) const {
    return line != kNoLine && lines_[line].asleep > 0 && lines_[line].waiting >= mark(lines_[line]);
  }
  // So many more names could be held in memory.
  void set_room(std::size_t names) { room_ = names; }

  // A name is put away. Not where nobody waits in the line: nobody would call it back.
  void put_away(LineId line);
  // Lines that are half empty, while names are put away for them, in the order in which they became
  // so.
  [[nodiscard]] std::size_t short_lines() const { return short_.size(); }
  [[nodiscard]] LineId take_short();
  // How many names such a line should have back now; they are counted as on their way to it.
  std::size_t call_back(LineId line);
  // At most so many will not be called back at all; how many.
  std::size_t give_up(LineId line, std::size_t names_max);
  // One of them is there, or will not come.
  void arrive(LineId line);

  [[nodiscard]] std::size_t waiting(LineId line) const { return lines_[line].waiting; }
  [[nodiscard]] std::uint64_t outside(LineId line) const { return lines_[line].outside; }
  [[nodiscard]] std::uint64_t outside() const { return outside_; }
  [[nodiscard]] std::uint64_t coming() const { return coming_; }
  [[nodiscard]] double rate_qps(LineId line) const { return lines_[line].rate_qps; }
  [[nodiscard]] std::size_t size() const { return lines_.size(); }

 private:
  struct Line {
    double rate_qps = 0;
    std::uint32_t mark = 0;  // full at so many
    std::uint32_t waiting = 0;
    std::uint32_t asleep = 0;  // servers
    std::uint32_t coming = 0;
    bool is_short = false;  // in short_
    std::uint64_t outside = 0;
  };
  [[nodiscard]] std::size_t mark(const Line& line) const;
  void look(LineId line);

  std::vector<Line> lines_;
  std::deque<LineId> short_;
  std::size_t room_ = std::numeric_limits<std::size_t>::max();
  std::uint64_t outside_ = 0, coming_ = 0;
};

}  // namespace caascan::engine
