// The progress of a run, on standard error.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caascan {

enum class ProgressMode : std::uint8_t {
  kAuto,   // one line, rewritten, on a terminal; otherwise as kPlain
  kPlain,  // a line now and then
  kJson,   // the same as a JSON object a line
  kOff,
};
[[nodiscard]] std::optional<ProgressMode> progress_mode_from_word(std::string_view text);

struct ProgressSnapshot {
  double elapsed_s = 0;
  std::uint64_t bytes_read = 0;   // of the dump, as stored
  std::uint64_t bytes_total = 0;  // 0 = not known
  std::uint64_t entries = 0;      // log entries read
  std::uint64_t names_known = 0;  // unique issued names so far
  std::uint64_t names_done = 0;   // with a verdict
  std::uint64_t queries = 0;
  double qps_now = 0;
  std::uint64_t failing = 0;          // affected so far
  std::uint64_t waiting_confirm = 0;  // failed once, waiting for the next round
  std::uint64_t put_away = 0;         // waiting for a slow server, outside of memory
  // Whose names take longest at their limit, the slowest first.
  struct Slow {
    std::string server;
    std::uint64_t names = 0;
    double qps = 0;
    double left_s = 0;
  };
  std::vector<Slow> slowest;
  std::string_view stage;  // "reading", "scanning", …; lives as long as the snapshot
};

// At most 120 columns, no line break.
[[nodiscard]] std::string progress_line(const ProgressSnapshot& snapshot);
[[nodiscard]] std::string progress_json(const ProgressSnapshot& snapshot);

// How many questions a second are sent now: over the last second, told anew each second, so that
// the figure can be read. One thread.
class QuestionRate {
 public:
  // `sent`: at the start, when `elapsed_s` is 0.
  explicit QuestionRate(std::uint64_t sent) : sent_(sent) {}

  // `elapsed_s` and `sent` do not go back. 0 in the first second.
  [[nodiscard]] double at(double elapsed_s, std::uint64_t sent);

 private:
  double at_s_ = 0;
  std::uint64_t sent_;
  double qps_ = 0;
};

inline constexpr std::chrono::milliseconds kStatusLineInterval{200};
inline constexpr std::chrono::seconds kPlainLineInterval{10};

// Writes to a descriptor, at most once an interval. What cannot be written is dropped: progress
// never stops a run. One thread.
class ProgressWriter {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // Asks whether `fd`, which stays the caller's, is a terminal.
  ProgressWriter(ProgressMode mode, int fd);
  ProgressWriter(ProgressMode mode, int fd, bool is_terminal);

  // Writes if it is time to; the first call always.
  void update(const ProgressSnapshot& snapshot, TimePoint now);
  // Clears the rewritten line, so that other text can follow. `update` may be called again.
  void clear();

 private:
  ProgressMode mode_;
  int fd_;
  bool rewrite_;
  bool line_shown_ = false;
  std::optional<TimePoint> last_;
};

}  // namespace caascan
