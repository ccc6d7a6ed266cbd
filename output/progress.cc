#include "output/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "output/time_text.h"
#include "scanner/store/json_text.h"

namespace caascan {
namespace {

constexpr std::string_view kClearLine = "\r\x1b[K";
constexpr std::size_t kColumnsMax = 120;

// "12,345,678".
std::string grouped(std::uint64_t number) {
  std::string out = std::to_string(number);
  for (std::size_t at = out.size(); at > 3;) {
    at -= 3;
    out.insert(at, 1, ',');
  }
  return out;
}

void write_some(int fd, std::string_view text) {
  [[maybe_unused]] const ssize_t ignored = ::write(fd, text.data(), text.size());
}

}  // namespace

std::optional<ProgressMode> progress_mode_from_word(std::string_view text) {
  if (text == "auto") return ProgressMode::kAuto;
  if (text == "plain") return ProgressMode::kPlain;
  if (text == "json") return ProgressMode::kJson;
  if (text == "off") return ProgressMode::kOff;
  return std::nullopt;
}

double QuestionRate::at(double elapsed_s, std::uint64_t sent) {
  constexpr double kToldEvery_s = 1;
  if (elapsed_s - at_s_ < kToldEvery_s) return qps_;
  qps_ = static_cast<double>(sent - sent_) / (elapsed_s - at_s_);
  at_s_ = elapsed_s;
  sent_ = sent;
  return qps_;
}

std::string progress_line(const ProgressSnapshot& snapshot) {
  std::string out = fmt::format("{} {}", clock_text(snapshot.elapsed_s), snapshot.stage);
  if (snapshot.bytes_total > 0 && snapshot.bytes_read < snapshot.bytes_total) {
    // In integers, so that 100 % is never shown before the end.
    const auto percent = static_cast<unsigned>(static_cast<double>(snapshot.bytes_read) /
                                               static_cast<double>(snapshot.bytes_total) * 100);
    out += fmt::format(", {} % of the dump", std::min(percent, 99U));
  }
  out += fmt::format(": {} of {} names, {} q/s, {} failing", grouped(snapshot.names_done),
                     grouped(snapshot.names_known),
                     grouped(static_cast<std::uint64_t>(std::max(0.0, snapshot.qps_now))),
                     grouped(snapshot.failing));
  if (snapshot.waiting_confirm > 0) {
    out += fmt::format(", {} to confirm", grouped(snapshot.waiting_confirm));
  }
  if (snapshot.put_away > 0) out += fmt::format(", {} put away", grouped(snapshot.put_away));
  if (!snapshot.slowest.empty()) {
    const ProgressSnapshot::Slow& slow = snapshot.slowest.front();
    out += fmt::format(", {} takes {}", slow.server, clock_text(slow.left_s));
  }
  if (out.size() > kColumnsMax) out.resize(kColumnsMax);
  return out;
}

std::string progress_json(const ProgressSnapshot& snapshot) {
  boost::json::object out;
  out["stage"] = snapshot.stage;
  out["elapsed_s"] = std::round(snapshot.elapsed_s * 10) / 10;
  out["bytes_read"] = snapshot.bytes_read;
  out["bytes_total"] = snapshot.bytes_total;
  out["entries"] = snapshot.entries;
  out["names_known"] = snapshot.names_known;
  out["names_done"] = snapshot.names_done;
  out["queries"] = snapshot.queries;
  out["qps_now"] = std::round(snapshot.qps_now * 10) / 10;
  out["failing"] = snapshot.failing;
  out["waiting_confirm"] = snapshot.waiting_confirm;
  out["put_away"] = snapshot.put_away;
  boost::json::array slowest;
  for (const ProgressSnapshot::Slow& slow : snapshot.slowest) {
    slowest.push_back({{"server", slow.server},
                       {"names", slow.names},
                       {"qps", slow.qps},
                       {"left_s", std::round(slow.left_s)}});
  }
  out["slowest"] = std::move(slowest);
  return json_line(out);
}

ProgressWriter::ProgressWriter(ProgressMode mode, int fd)
    : ProgressWriter(mode, fd, ::isatty(fd) == 1) {}

ProgressWriter::ProgressWriter(ProgressMode mode, int fd, bool is_terminal)
    : mode_(mode), fd_(fd), rewrite_(mode == ProgressMode::kAuto && is_terminal) {}

void ProgressWriter::update(const ProgressSnapshot& snapshot, TimePoint now) {
  if (mode_ == ProgressMode::kOff) return;
  const auto interval = rewrite_ ? std::chrono::steady_clock::duration(kStatusLineInterval)
                                 : std::chrono::steady_clock::duration(kPlainLineInterval);
  if (last_ && now - *last_ < interval) return;
  last_ = now;
  if (rewrite_) {
    write_some(fd_, std::string(kClearLine) + progress_line(snapshot));
    line_shown_ = true;
  } else if (mode_ == ProgressMode::kJson) {
    write_some(fd_, progress_json(snapshot) + '\n');
  } else {
    write_some(fd_, progress_line(snapshot) + '\n');
  }
}

void ProgressWriter::clear() {
  if (line_shown_) write_some(fd_, kClearLine);
  line_shown_ = false;
}

}  // namespace caascan
