#include "output/time_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace caascan {
namespace {

struct CivilTime {
  int year;
  unsigned month, day;
  std::int64_t hour, minute, second;
};

CivilTime civil_time(std::int64_t unix_s) {
  using std::chrono::sys_days;
  using std::chrono::sys_seconds;
  using std::chrono::year;
  constexpr sys_seconds kFirst = sys_days(year(0) / 1 / 1);
  constexpr sys_seconds kLast = sys_days(year(9999) / 12 / 31) + std::chrono::seconds(86'399);
  const sys_seconds time = std::clamp(sys_seconds(std::chrono::seconds(unix_s)), kFirst, kLast);
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::int64_t second = (time - day).count();
  return {static_cast<int>(date.year()),
          static_cast<unsigned>(date.month()),
          static_cast<unsigned>(date.day()),
          second / 3600,
          second / 60 % 60,
          second % 60};
}

}  // namespace

std::string rfc3339(std::int64_t unix_s) {
  const CivilTime time = civil_time(unix_s);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", time.year, time.month, time.day,
                     time.hour, time.minute, time.second);
}

std::string compact_time(std::int64_t unix_s) {
  const CivilTime time = civil_time(unix_s);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", time.year, time.month, time.day, time.hour,
                     time.minute, time.second);
}

std::string clock_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::clamp(seconds, 0.0, 1e9));
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

}  // namespace caascan
