#include "ingest/der_walk.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/der_builder.h"

namespace caascan::dump {
namespace {

using std::string_literals::operator""s;
using test::ber_indefinite;
using test::ber_long;
using test::der;

std::optional<std::string> contents_of(std::string_view bytes) {
  ByteCursor cursor(bytes);
  DerElement element;
  if (!read_element(cursor, element)) return std::nullopt;
  return std::string(element.contents);
}

TEST(ReadElement, TakesEveryFormOfLength) {
  EXPECT_EQ(contents_of(der(kTagOctetString, "abc")), "abc");
  EXPECT_EQ(contents_of(der(kTagOctetString, std::string(127, 'a'))), std::string(127, 'a'));
  EXPECT_EQ(contents_of(der(kTagOctetString, std::string(128, 'a'))), std::string(128, 'a'));
  EXPECT_EQ(contents_of(ber_long(kTagOctetString, "abc", 1)), "abc");
  EXPECT_EQ(contents_of(ber_long(kTagOctetString, "abc", 8)), "abc");
  EXPECT_EQ(contents_of("\x04\x8a" + std::string(9, '\0') + "\x01" + "a"), "a");
  EXPECT_EQ(contents_of(ber_indefinite(kTagSequence, der(kTagOid, "abc"))), der(kTagOid, "abc"));
  EXPECT_EQ(contents_of(ber_indefinite(
                kTagSequence, ber_indefinite(kTagSet, "") + der(kTagOid, std::string(3, '\0')))),
            ber_indefinite(kTagSet, "") + der(kTagOid, std::string(3, '\0')));
  EXPECT_EQ(contents_of("\x1f\x81\x01\x02xy"s), "xy");
}

TEST(ReadElement, FailsWhereTheElementIsNotComplete) {
  const std::string whole = der(kTagSequence, std::string(300, 'a'));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(contents_of(whole.substr(0, size))) << size;
  }
  const std::string indefinite = ber_indefinite(kTagSequence, der(kTagOid, "abc"));
  for (std::size_t size = 0; size < indefinite.size(); ++size) {
    EXPECT_FALSE(contents_of(indefinite.substr(0, size))) << size;
  }
  EXPECT_FALSE(contents_of("\x04\x89" + std::string(9, '\xff') + "a"));
  EXPECT_FALSE(
      contents_of("\x04\x80"
                  "a\0\0"s))
      << "a primitive element has a definite length";
}

TEST(ReadElement, BoundsTheDepthOfIndefiniteLengths) {
  const auto nested = [](std::size_t depth) {
    std::string bytes;
    for (std::size_t level = 0; level < depth; ++level) bytes += "\x30\x80";
    return bytes + std::string(2 * depth, '\0');
  };
  EXPECT_TRUE(contents_of(nested(kDerDepthMax)));
  EXPECT_TRUE(contents_of(nested(kDerDepthMax + 1)));
  EXPECT_FALSE(contents_of(nested(kDerDepthMax + 2)));
  EXPECT_FALSE(contents_of(nested(1'000'000)));
}

TEST(OctetsOf, JoinsThePiecesOfAConstructedString) {
  const std::string pieces = der(kTagOctetString, "ab") + der(kTagOctetString, "c");
  std::string scratch;
  EXPECT_EQ(octets_of({kTagOctetString, "abc"}, scratch), "abc");
  EXPECT_EQ(octets_of({kTagOctetString | kConstructedBit, pieces}, scratch), "abc");
  EXPECT_FALSE(octets_of({kTagSequence, pieces}, scratch));
}

struct TimeCase {
  std::uint8_t tag;
  const char* text;
  std::optional<std::int64_t> unix_s;
};
void PrintTo(const TimeCase& test, std::ostream* out) {
  *out << test.text;
}
class DerTime : public testing::TestWithParam<TimeCase> {};

TEST_P(DerTime, IsReadOrRefused) {
  EXPECT_EQ(unix_seconds_of({GetParam().tag, GetParam().text}), GetParam().unix_s);
}

INSTANTIATE_TEST_SUITE_P(
    Times, DerTime,
    testing::Values(TimeCase{kTagUtcTime, "700101000000Z", 0},
                    TimeCase{kTagUtcTime, "491231235959Z", 2524607999},
                    TimeCase{kTagUtcTime, "500101000000Z", -631152000},
                    TimeCase{kTagUtcTime, "7001010001Z", 60},
                    TimeCase{kTagUtcTime, "700101000000+0100", -3600},
                    TimeCase{kTagUtcTime, "7001010000-0130", 5400},
                    TimeCase{kTagUtcTime, "700101000000", 0},
                    TimeCase{kTagUtcTime, "240229000000Z", 1709164800},
                    TimeCase{kTagUtcTime, "230229000000Z", std::nullopt},
                    TimeCase{kTagUtcTime, "701301000000Z", std::nullopt},
                    TimeCase{kTagUtcTime, "700100000000Z", std::nullopt},
                    TimeCase{kTagUtcTime, "700101240000Z", std::nullopt},
                    TimeCase{kTagUtcTime, "700101006000Z", std::nullopt},
                    TimeCase{kTagUtcTime, "700101000061Z", std::nullopt},
                    TimeCase{kTagUtcTime, "70010100Z", std::nullopt},
                    TimeCase{kTagUtcTime, "700101000000Zx", std::nullopt},
                    TimeCase{kTagUtcTime, "700101000000.5Z", std::nullopt},
                    TimeCase{kTagUtcTime, "", std::nullopt},
                    TimeCase{kTagUtcTime, "7x0101000000Z", std::nullopt},
                    TimeCase{kTagGeneralizedTime, "19700101000000Z", 0},
                    TimeCase{kTagGeneralizedTime, "19700101000001.999Z", 1},
                    TimeCase{kTagGeneralizedTime, "19700101000001,5", 1},
                    TimeCase{kTagGeneralizedTime, "1970010101", 3600},
                    TimeCase{kTagGeneralizedTime, "197001010101Z", 3660},
                    TimeCase{kTagGeneralizedTime, "19700101000000+01", -3600},
                    TimeCase{kTagGeneralizedTime, "99991231235959Z", 253402300799},
                    TimeCase{kTagGeneralizedTime, "19700101000000.Z", std::nullopt},
                    TimeCase{kTagGeneralizedTime, "00000101000000", -62167219200},
                    TimeCase{kTagGeneralizedTime, "700101000000Z", std::nullopt},
                    TimeCase{kTagIa5String, "700101000000Z", std::nullopt}));

std::string decoded(std::uint8_t tag, std::string_view contents) {
  std::string text = "old";
  decode_string({tag, contents}, text);
  return text;
}

TEST(DecodeString, GivesUtf8ForEveryType) {
  EXPECT_EQ(decoded(kTagPrintableString, "Let's Encrypt"), "Let's Encrypt");
  EXPECT_EQ(decoded(kTagUtf8String, "M\xc3\xbc"), "M\xc3\xbc");
  EXPECT_EQ(decoded(kTagTeletexString, "M\xfc"), "M\xc3\xbc");
  EXPECT_EQ(decoded(kTagBmpString, "\0M\0\xfc"s), "M\xc3\xbc");
  EXPECT_EQ(decoded(kTagBmpString, "\xd8\x3d\xde\x00"s), "\xf0\x9f\x98\x80");
  EXPECT_EQ(decoded(kTagUniversalString, "\0\0\0M\0\x01\xf6\x00"s), "M\xf0\x9f\x98\x80");
}

TEST(DecodeString, ReplacesWhatIsNoText) {
  EXPECT_EQ(decoded(kTagUtf8String,
                    "a\xff"
                    "b"),
            "a\xef\xbf\xbd"
            "b");
  EXPECT_EQ(decoded(kTagUtf8String, "\xc0\x80"), "\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(decoded(kTagUtf8String, "\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(decoded(kTagBmpString, "\xd8\x00\0a"s),
            "\xef\xbf\xbd"
            "a");
  EXPECT_EQ(decoded(kTagUniversalString, "\x7f\xff\xff\xff"s), "\xef\xbf\xbd");
}

}  // namespace
}  // namespace caascan::dump
