// The two kinds of DER values that need decoding: times and strings.
#include <chrono>

#include "ingest/der_walk.h"

namespace caascan::dump {
namespace {

// Takes `count` decimal digits.
bool read_decimal(std::string_view& text, std::size_t count, int& value) {
  if (text.size() < count) return false;
  value = 0;
  for (std::size_t at = 0; at < count; ++at) {
    if (text[at] < '0' || text[at] > '9') return false;
    value = value * 10 + (text[at] - '0');
  }
  text.remove_prefix(count);
  return true;
}

bool starts_with_digit(std::string_view text) {
  return !text.empty() && text.front() >= '0' && text.front() <= '9';
}

// What may follow the digits: nothing, `Z`, or an offset `+hhmm` or `-hhmm`.
std::optional<std::int64_t> read_offset_s(std::string_view text) {
  if (text.empty() || text == "Z" || text == "z") return 0;
  const char sign = text.front();
  if (sign != '+' && sign != '-') return std::nullopt;
  text.remove_prefix(1);
  int hours = 0;
  int minutes = 0;
  if (!read_decimal(text, 2, hours) || hours > 23) return std::nullopt;
  if (!text.empty() && (!read_decimal(text, 2, minutes) || minutes > 59)) return std::nullopt;
  if (!text.empty()) return std::nullopt;
  const std::int64_t offset_s = hours * 3600 + minutes * 60;
  return sign == '+' ? offset_s : -offset_s;
}

constexpr char32_t kReplacement = 0xfffd;

void append_utf8(std::string& text, char32_t code_point) {
  if (code_point > 0x10ffff || (code_point >= 0xd800 && code_point <= 0xdfff)) {
    code_point = kReplacement;
  }
  const auto byte = [&text](char32_t value) { text += static_cast<char>(value); };
  if (code_point < 0x80) {
    byte(code_point);
  } else if (code_point < 0x800) {
    byte(0xc0U | code_point >> 6U);
    byte(0x80U | (code_point & 0x3fU));
  } else if (code_point < 0x10000) {
    byte(0xe0U | code_point >> 12U);
    byte(0x80U | (code_point >> 6U & 0x3fU));
    byte(0x80U | (code_point & 0x3fU));
  } else {
    byte(0xf0U | code_point >> 18U);
    byte(0x80U | (code_point >> 12U & 0x3fU));
    byte(0x80U | (code_point >> 6U & 0x3fU));
    byte(0x80U | (code_point & 0x3fU));
  }
}

// The length of the well-formed UTF-8 sequence at the start of `text` (Unicode table 3-7), or 0.
std::size_t utf8_sequence_size(std::string_view text) {
  const auto at = [text](std::size_t index) -> unsigned {
    return index < text.size() ? static_cast<unsigned char>(text[index]) : 0U;
  };
  const auto continues = [at](std::size_t index) { return (at(index) & 0xc0U) == 0x80U; };
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return continues(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    if (!continues(1) || !continues(2)) return 0;
    if (lead == 0xe0 && at(1) < 0xa0) return 0;
    if (lead == 0xed && at(1) > 0x9f) return 0;
    return 3;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    if (!continues(1) || !continues(2) || !continues(3)) return 0;
    if (lead == 0xf0 && at(1) < 0x90) return 0;
    if (lead == 0xf4 && at(1) > 0x8f) return 0;
    return 4;
  }
  return 0;
}

void append_repaired_utf8(std::string& text, std::string_view raw) {
  // Nearly every value is ASCII to its end.
  std::size_t ascii = 0;
  while (ascii < raw.size() && static_cast<unsigned char>(raw[ascii]) < 0x80) ++ascii;
  text += raw.substr(0, ascii);
  raw.remove_prefix(ascii);
  while (!raw.empty()) {
    const std::size_t size = utf8_sequence_size(raw);
    if (size == 0) {
      append_utf8(text, kReplacement);
      raw.remove_prefix(1);
      continue;
    }
    text += raw.substr(0, size);
    raw.remove_prefix(size);
  }
}

}  // namespace

std::optional<std::int64_t> unix_seconds_of(const DerElement& element) {
  std::string_view text = element.contents;
  int year = 0;
  if (element.tag == kTagUtcTime) {
    if (!read_decimal(text, 2, year)) return std::nullopt;
    year += year < 50 ? 2000 : 1900;  // RFC 5280 §4.1.2.5.1
  } else if (element.tag != kTagGeneralizedTime || !read_decimal(text, 4, year)) {
    return std::nullopt;
  }
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (!read_decimal(text, 2, month) || !read_decimal(text, 2, day) ||
      !read_decimal(text, 2, hour)) {
    return std::nullopt;
  }
  // UTCTime has minutes always; GeneralizedTime may end after the hour (X.680 §46.2).
  if (element.tag == kTagUtcTime || starts_with_digit(text)) {
    if (!read_decimal(text, 2, minute)) return std::nullopt;
    if (starts_with_digit(text) && !read_decimal(text, 2, second)) return std::nullopt;
  }
  if (element.tag == kTagGeneralizedTime && (text.starts_with('.') || text.starts_with(','))) {
    text.remove_prefix(1);
    if (!starts_with_digit(text)) return std::nullopt;
    while (starts_with_digit(text)) text.remove_prefix(1);
  }
  const std::optional<std::int64_t> offset_s = read_offset_s(text);
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!offset_s || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return days * 86400 + hour * 3600 + minute * 60 + second - *offset_s;
}

void decode_string(const DerElement& element, std::string& text) {
  text.clear();
  const std::string_view raw = element.contents;
  const auto octet = [raw](std::size_t at) -> char32_t {
    return static_cast<unsigned char>(raw[at]);
  };
  switch (element.tag) {
    case kTagBmpString:  // UTF-16BE without surrogates (X.690 §8.23.7); pairs are joined all the
                         // same
      for (std::size_t at = 0; at + 1 < raw.size(); at += 2) {
        char32_t unit = octet(at) << 8U | octet(at + 1);
        if (unit >= 0xd800 && unit <= 0xdbff && at + 3 < raw.size()) {
          const char32_t low = octet(at + 2) << 8U | octet(at + 3);
          if (low >= 0xdc00 && low <= 0xdfff) {
            unit = 0x10000 + ((unit - 0xd800) << 10U) + (low - 0xdc00);
            at += 2;
          }
        }
        append_utf8(text, unit);
      }
      break;
    case kTagUniversalString:  // UTF-32BE
      for (std::size_t at = 0; at + 3 < raw.size(); at += 4) {
        append_utf8(text,
                    octet(at) << 24U | octet(at + 1) << 16U | octet(at + 2) << 8U | octet(at + 3));
      }
      break;
    case kTagTeletexString:  // in practice Latin-1
      for (std::size_t at = 0; at < raw.size(); ++at) append_utf8(text, octet(at));
      break;
    default:
      append_repaired_utf8(text, raw);
  }
}

}  // namespace caascan::dump
