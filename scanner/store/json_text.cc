#include "scanner/store/json_text.h"

#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <iterator>

namespace caascan {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

bool is_continuation(std::string_view text, std::size_t at, unsigned low, unsigned high) {
  if (at >= text.size()) return false;
  const auto octet = static_cast<unsigned char>(text[at]);
  return octet >= low && octet <= high;
}

// Length of the well-formed UTF-8 sequence at `at` (Unicode 15, table 3-7); 0 where there is none.
std::size_t sequence_length(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  if (lead < 0xE0) return is_continuation(text, at + 1, 0x80, 0xBF) ? 2 : 0;
  if (lead < 0xF0) {
    const unsigned low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = lead == 0xED ? 0x9F : 0xBF;
    return is_continuation(text, at + 1, low, high) && is_continuation(text, at + 2, 0x80, 0xBF)
               ? 3
               : 0;
  }
  const unsigned low = lead == 0xF0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xF4 ? 0x8F : 0xBF;
  return is_continuation(text, at + 1, low, high) && is_continuation(text, at + 2, 0x80, 0xBF) &&
                 is_continuation(text, at + 3, 0x80, 0xBF)
             ? 4
             : 0;
}

// Stands for itself in a JSON string.
bool is_plain(char c) {
  const auto octet = static_cast<unsigned char>(c);
  return octet >= 0x20 && octet < 0x7F && octet != '"' && octet != '\\';
}

class Printer {
 public:
  Printer(std::string& out, bool pretty) : out_(out), pretty_(pretty) {}

  // Recursion is bounded: we print what we have built, or what the parser's depth limit let in.
  void print(const boost::json::value& value) {
    switch (value.kind()) {
      case boost::json::kind::null:
        out_ += "null";
        return;
      case boost::json::kind::bool_:
        out_ += value.get_bool() ? "true" : "false";
        return;
      case boost::json::kind::int64:
        print_integer(value.get_int64());
        return;
      case boost::json::kind::uint64:
        print_integer(value.get_uint64());
        return;
      case boost::json::kind::double_:
        print_double(value.get_double());
        return;
      case boost::json::kind::string:
        append_json_string({value.get_string().data(), value.get_string().size()}, out_);
        return;
      case boost::json::kind::array:
        print_array(value.get_array());
        return;
      case boost::json::kind::object:
        print_object(value.get_object());
        return;
    }
  }

 private:
  void print_integer(auto number) {
    std::array<char, 24> digits;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    out_.append(digits.data(), std::to_chars(digits.begin(), digits.end(), number).ptr);
  }

  void print_double(double number) {
    if (std::isfinite(number)) {
      fmt::format_to(std::back_inserter(out_), "{}", number);
    } else {
      out_ += "null";  // RFC 8259 §6 has no infinity
    }
  }

  void print_array(const boost::json::array& array) {
    out_ += '[';
    ++depth_;
    bool first = true;
    for (const boost::json::value& element : array) {
      separate(first);
      print(element);
    }
    --depth_;
    if (!array.empty()) new_line();
    out_ += ']';
  }

  void print_object(const boost::json::object& object) {
    out_ += '{';
    ++depth_;
    bool first = true;
    for (const auto& member : object) {
      separate(first);
      append_json_string({member.key().data(), member.key().size()}, out_);
      out_ += pretty_ ? ": " : ":";
      print(member.value());
    }
    --depth_;
    if (!object.empty()) new_line();
    out_ += '}';
  }

  void separate(bool& first) {
    if (!first) out_ += ',';
    first = false;
    new_line();
  }

  void new_line() {
    if (!pretty_) return;
    out_ += '\n';
    out_.append(depth_ * 2, ' ');
  }

  std::string& out_;
  bool pretty_;
  std::size_t depth_ = 0;
};

}  // namespace

std::string printable_ascii(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet >= 0x20 && octet < 0x7F) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "\\{:03}", octet);
    }
  }
  return out;
}

void append_json_string(std::string_view text, std::string& out) {
  out += '"';
  for (std::size_t at = 0; at < text.size();) {
    std::size_t plain = at;
    while (plain < text.size() && is_plain(text[plain])) ++plain;
    out += text.substr(at, plain - at);
    at = plain;
    if (at == text.size()) break;
    const std::size_t length = sequence_length(text, at);
    if (length == 0) {
      out += kReplacement;
      ++at;
      continue;
    }
    const char c = text[at];
    const auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (octet < 0x20 || octet == 0x7F) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", octet);
    } else {
      out += text.substr(at, length);
    }
    at += length;
  }
  out += '"';
}

std::string json_line(const boost::json::value& value) {
  std::string out;
  Printer(out, false).print(value);
  return out;
}

std::string json_document(const boost::json::value& value) {
  std::string out;
  Printer(out, true).print(value);
  out += '\n';
  return out;
}

}  // namespace caascan
