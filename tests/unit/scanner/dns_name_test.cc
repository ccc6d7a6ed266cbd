#include "scanner/wire/dns_name.h"

#include <gtest/gtest.h>

#include <vector>

namespace caascan::wire {
namespace {

DnsName name(std::string_view text) {
  return DnsName::from_text(text).value();
}

TEST(DnsName, ComparesWithoutCase) {
  EXPECT_EQ(name("WWW.Example.COM"), name("www.example.com."));
}

TEST(DnsName, LabelsEndAt63Octets) {
  EXPECT_TRUE(DnsName::from_text(std::string(63, 'a') + ".com"));
  EXPECT_FALSE(DnsName::from_text(std::string(64, 'a') + ".com"));
  EXPECT_FALSE(DnsName::from_text("a..com"));
}

TEST(DnsName, NamesEndAt255Octets) {
  // Three labels of 63 are 192 octets, the root is one: 61 octets and their length are left.
  const std::string three =
      std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(63, 'c') + ".";
  EXPECT_TRUE(DnsName::from_text(three + std::string(61, 'd')));
  EXPECT_FALSE(DnsName::from_text(three + std::string(62, 'd')));
}

TEST(DnsName, ParentDropsTheLeftmostLabelDownToTheRoot) {
  EXPECT_EQ(name("www.example.com").parent(), name("example.com"));
  EXPECT_TRUE(name("com").parent().is_root());
  EXPECT_TRUE(DnsName().parent().is_root());
  EXPECT_EQ(name("a.b.c").label_count(), 3u);
  EXPECT_EQ(DnsName().label_count(), 0u);
}

TEST(DnsName, IsWithinRespectsLabelBoundaries) {
  EXPECT_TRUE(name("www.example.com").is_within(name("example.com")));
  EXPECT_TRUE(name("example.com").is_within(name("example.com")));
  EXPECT_TRUE(name("example.com").is_within(DnsName()));
  EXPECT_FALSE(name("notexample.com").is_within(name("example.com")));
  EXPECT_FALSE(name("com").is_within(name("example.com")));
}

TEST(DnsName, TextEscapesWhatIsNotPlain) {
  const std::vector<std::uint8_t> wire = {4, 'a', '.', 0x1B, '\\', 3, 'c', 'o', 'm', 0};
  Cursor cursor(wire);
  EXPECT_EQ(DnsName::read(cursor).text(), "a\\.\\027\\\\.com");
  EXPECT_TRUE(cursor.ok());
  EXPECT_EQ(DnsName().text(), ".");
}

TEST(DnsName, ReadFollowsPointersAndStopsBehindTheFirst) {
  const std::vector<std::uint8_t> wire = {3, 'c', 'o', 'm', 0, 1, 'x', 0xC0, 0, 9};
  Cursor cursor(wire, 5);
  EXPECT_EQ(DnsName::read(cursor), name("x.com"));
  EXPECT_TRUE(cursor.ok());
  EXPECT_EQ(cursor.offset(), 9u);
}

TEST(DnsName, ReadRefusesLoopsForwardsRunsAndReservedLabels) {
  for (const std::vector<std::uint8_t>& wire : std::vector<std::vector<std::uint8_t>>{
           {0xC0, 0},          // points at itself
           {1, 'a', 0xC0, 0},  // runs in a ring until the name is too long
           {0xC0, 200},        // points out of the message
           {5, 'a', 'b'},      // the label is cut
           {0x41, 'a', 0},     // reserved label type 01
           {1, 'a'},           // no end
           {0xC0},             // half a pointer
       }) {
    Cursor cursor(wire);
    EXPECT_TRUE(DnsName::read(cursor).is_root());
    EXPECT_FALSE(cursor.ok());
  }
}

TEST(SkipName, NeverFollowsAPointer) {
  const std::vector<std::uint8_t> wire = {1, 'a', 0xC0, 0, 7};
  Cursor cursor(wire);
  skip_name(cursor);
  EXPECT_TRUE(cursor.ok());
  EXPECT_EQ(cursor.offset(), 4u);
}

}  // namespace
}  // namespace caascan::wire
