#include "ingest/option_text.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cstdio>

#include "ingest/domain_name.h"

namespace caascan {
namespace {

// Two digits, or -1.
int two_digits(std::string_view text) {
  if (text.size() != 2 || text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
    return -1;
  return (text[0] - '0') * 10 + (text[1] - '0');
}

// "+02:00" in seconds; nothing where it is no offset.
bool read_offset(std::string_view text, std::int64_t& seconds) {
  if (text == "Z" || text == "z") {
    seconds = 0;
    return true;
  }
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return false;
  const int hours = two_digits(text.substr(1, 2));
  const int minutes = two_digits(text.substr(4, 2));
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return false;
  seconds = (hours * 60 + minutes) * 60 * (text[0] == '-' ? -1 : 1);
  return true;
}

}  // namespace

std::unexpected<std::string> bad_value(std::string_view option, std::string_view value,
                                       std::string_view wanted) {
  return std::unexpected(
      fmt::format("{}: '{}' is not {}", option, escape_for_print(value), wanted));
}

std::expected<std::uint64_t, std::string> read_with_unit(
    std::string_view option, std::string_view text, std::string_view wanted,
    std::initializer_list<std::pair<std::string_view, std::uint64_t>> units) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return bad_value(option, text, wanted);
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const auto& [name, factor] : units) {
    if (unit == name && value <= (std::uint64_t{1} << 62) / factor) return value * factor;
  }
  return bad_value(option, text, wanted);
}

std::expected<std::uint64_t, std::string> read_size(std::string_view option,
                                                    std::string_view text) {
  const auto value =
      read_with_unit(option, text, "a size such as 256MiB or 2GiB",
                     {{"KiB", 1ULL << 10}, {"MiB", 1ULL << 20}, {"GiB", 1ULL << 30}});
  if (value && *value < (32ULL << 20)) return bad_value(option, text, "at least 32MiB");
  return value;
}

std::expected<std::int64_t, std::string> read_time(std::string_view option, std::string_view text,
                                                   std::int64_t now_unix_s) {
  if (text == "now") return now_unix_s;
  constexpr std::string_view kWanted = "a time such as 2026-11-01T00:00:00Z";
  const auto part = [text](std::size_t at) {
    return at + 2 <= text.size() ? two_digits(text.substr(at, 2)) : -1;
  };
  if (text.size() < 10 || text[4] != '-' || text[7] != '-') return bad_value(option, text, kWanted);
  const int century = part(0);
  const int year = part(2);
  const int month = part(5);
  const int day = part(8);
  if (century < 0 || year < 0 || month < 0 || day < 0) return bad_value(option, text, kWanted);
  const std::chrono::year_month_day date{std::chrono::year(century * 100 + year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  int hour = 0;
  int minute = 0;
  int second = 0;
  std::int64_t offset_s = 0;
  if (text.size() > 10) {
    if (text.size() < 20 || (text[10] != 'T' && text[10] != 't') || text[13] != ':' ||
        text[16] != ':' || !read_offset(text.substr(19), offset_s)) {
      return bad_value(option, text, kWanted);
    }
    hour = part(11);
    minute = part(14);
    second = part(17);
  }
  if (!date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
      second > 60) {
    return bad_value(option, text, kWanted);
  }
  const auto midnight = std::chrono::sys_days(date).time_since_epoch();
  return std::chrono::seconds(midnight).count() + hour * 3600 + minute * 60 + second - offset_s;
}

}  // namespace caascan
