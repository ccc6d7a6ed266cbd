#include "scanner/engine/version_probe.h"

#include <gtest/gtest.h>

#include "scanner/wire/query.h"

namespace caascan::engine {
namespace {

// The answer to CH TXT version.bind whose record holds `data`.
std::vector<std::uint8_t> answer(const std::vector<std::uint8_t>& data, std::uint8_t rcode = 0,
                                 std::uint8_t klass = 3) {
  wire::Query query;
  query.name = *wire::DnsName::from_text("version.bind");
  query.type = wire::RecordType::kTxt;
  query.chaos = true;
  query.edns_size = 0;
  std::vector<std::uint8_t> message;
  wire::append_query(query, 7, message);
  message[2] |= 0x84;
  message[3] = rcode;
  message[7] = 1;
  for (const int octet : {0xC0, 12, 0, 16, 0, static_cast<int>(klass), 0, 0, 0, 0, 0})
    message.push_back(static_cast<std::uint8_t>(octet));
  message.push_back(static_cast<std::uint8_t>(data.size()));
  message.insert(message.end(), data.begin(), data.end());
  return message;
}

std::string text_of(const std::vector<std::uint8_t>& message) {
  const auto view = wire::MessageView::parse(message);
  EXPECT_TRUE(view);
  return view ? version_text(*view) : "unreadable";
}

TEST(VersionText, JoinsTheStringsOfTheRecord) {
  EXPECT_EQ(text_of(answer({3, '9', '.', '1', 2, '8', '!'})), "9.18!");
  EXPECT_EQ(text_of(answer({0})), "");
}

TEST(VersionText, IsEmptyWhereTheServerWillNotSay) {
  EXPECT_EQ(text_of(answer({1, 'x'}, 5)), "");
  EXPECT_EQ(text_of(answer({1, 'x'}, 0, 1)), "");  // class IN
}

TEST(VersionText, LeavesNothingThatIsNotPrintableAndStaysWithinTheRecord) {
  EXPECT_EQ(text_of(answer({4, 27, '[', 0x80, 'a'})), "?[?a");
  EXPECT_EQ(text_of(answer({9, 'c', 'u', 't'})), "");
}

}  // namespace
}  // namespace caascan::engine
