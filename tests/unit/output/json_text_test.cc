#include "scanner/store/json_text.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cmath>
#include <limits>
#include <string>

namespace caascan {
namespace {

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(text, out);
  return out;
}

TEST(JsonText, EscapesWhatJsonAndTerminalsTakeForMore) {
  EXPECT_EQ(json_string("plain"), R"("plain")");
  EXPECT_EQ(json_string(R"(a"b\c)"), R"("a\"b\\c")");
  EXPECT_EQ(json_string(std::string_view("\0\n\x1b[31m\x7f", 8)),
            R"("\u0000\u000a\u001b[31m\u007f")");
}

struct Utf8Case {
  std::string_view octets, text;
};

TEST(JsonText, WellFormedUtf8StaysAndTheRestIsReplaced) {
  constexpr std::string_view kBad = "\xEF\xBF\xBD";
  const std::string bad2 = std::string(kBad) + std::string(kBad);
  const std::string bad3 = bad2 + std::string(kBad);
  const std::string bad4 = bad3 + std::string(kBad);
  const Utf8Case cases[] = {
      {"\xC3\xA4", "\xC3\xA4"},                  // U+00E4
      {"\xE2\x82\xAC", "\xE2\x82\xAC"},          // U+20AC
      {"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"},  // U+1F600
      {"\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF"},  // U+10FFFF
      {"\xF4\x90\x80\x80", bad4},                // above
      {"\xC0\xAF", bad2},                        // overlong
      {"\xE0\x80\xAF", bad3},                    // overlong
      {"\xED\xA0\x80", bad3},                    // surrogate
      {"\xC3", kBad},                            // cut
      {"\xE2\x82", bad2},                        // cut
      {"\xFF", kBad},
      {"\x80", kBad},
  };
  for (const Utf8Case& test : cases) {
    EXPECT_EQ(json_string(test.octets), '"' + std::string(test.text) + '"');
  }
}

TEST(JsonText, EverySingleOctetGivesJsonThatAStrictParserTakes) {
  for (int octet = 0; octet < 256; ++octet) {
    boost::system::error_code error;
    boost::json::parse(json_string(std::string(3, static_cast<char>(octet))), error);
    EXPECT_FALSE(error) << octet;
  }
}

TEST(JsonText, PrintableAsciiIsIdempotentAndKeepsPresentationForm) {
  EXPECT_EQ(printable_ascii("a\\032b"), "a\\032b");
  EXPECT_EQ(printable_ascii(std::string_view("\x00\x1f \x7e\x7f\xff", 6)),
            "\\000\\031 ~\\127\\255");
  const std::string once = printable_ascii("\n\\\x80");
  EXPECT_EQ(printable_ascii(once), once);
}

TEST(JsonText, MembersKeepTheirOrderAndNumbersTheirForm) {
  boost::json::object object;
  object["z"] = 1;
  object["a"] = std::numeric_limits<std::uint64_t>::max();
  object["m"] = boost::json::array{-5, 1.5, true, nullptr, 2.0};
  object["e"] = boost::json::array{};
  object["o"] = boost::json::object{};
  EXPECT_EQ(json_line(object),
            R"({"z":1,"a":18446744073709551615,"m":[-5,1.5,true,null,2],"e":[],"o":{}})");
  EXPECT_EQ(json_document(boost::json::object{{"a", boost::json::array{1}}, {"b", 2}}),
            "{\n  \"a\": [\n    1\n  ],\n  \"b\": 2\n}\n");
  EXPECT_EQ(json_line(std::nan("")), "null");
}

}  // namespace
}  // namespace caascan
