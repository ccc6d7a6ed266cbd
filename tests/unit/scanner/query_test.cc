#include "scanner/wire/query.h"

#include <gtest/gtest.h>

namespace caascan::wire {
namespace {

Query query_for(std::string_view name, std::uint64_t seed = 0x1234567) {
  Query query;
  query.name = DnsName::from_text(name).value();
  query.case_seed = seed;
  query.recursion_desired = true;
  return query;
}

std::vector<std::uint8_t> reply_to(const Query& query) {
  std::vector<std::uint8_t> message;
  append_query(query, 0xBEEF, message);
  message[2] |= 0x80;
  return message;
}

TEST(Query, IsTheBytesOfRfc1035AndRfc6891) {
  Query query = query_for("a.com", 0);
  query.dnssec_ok = true;
  std::vector<std::uint8_t> message;
  append_query(query, 0x0102, message);
  const std::vector<std::uint8_t> expected = {1, 2,   1, 0,    0,   1,   0,    0, 0, 0, 0, 1,
                                              1, 'a', 3, 'c',  'o', 'm', 0,    1, 1, 0, 1, 0,
                                              0, 41,  4, 0xD0, 0,   0,   0x80, 0, 0, 0};
  EXPECT_EQ(message, expected);
}

TEST(Query, WithoutEdnsHasNoAdditionalRecord) {
  Query query = query_for("a.com", 0);
  query.edns_size = 0;
  std::vector<std::uint8_t> message;
  append_query(query, 0x0102, message);
  EXPECT_EQ(message.size(), 12u + 7 + 4);
  EXPECT_EQ(message[11], 0);
}

TEST(Query, MixedCaseIsDeterministicAndKeepsTheName) {
  const Query query = query_for(
      "www.a-name-of-many-labels.that-has-more-than.sixty-four-letters.in-all-of-them.example.com");
  const std::string wire = mixed_case_wire(query);
  EXPECT_EQ(wire, mixed_case_wire(query));
  EXPECT_NE(wire, query.name.wire());
  Query other = query;
  other.case_seed += 2;
  EXPECT_NE(wire, mixed_case_wire(other));
  EXPECT_EQ(DnsName::from_text(mixed_case_text(query)).value(), query.name);
}

TEST(MatchReply, BelievesOnlyOurQuestionInOurCase) {
  const Query query = query_for("www.example.com");
  EXPECT_EQ(match_reply(query, reply_to(query)), Match::kReply);

  std::vector<std::uint8_t> not_reply = reply_to(query);
  not_reply[2] &= 0x7F;
  EXPECT_EQ(match_reply(query, not_reply), Match::kNotReply);

  std::vector<std::uint8_t> notify = reply_to(query);
  notify[2] |= 0x20;
  EXPECT_EQ(match_reply(query, notify), Match::kNotReply);

  EXPECT_EQ(match_reply(query, reply_to(query_for("www.example.com", 0))), Match::kCase);
  EXPECT_EQ(match_reply(query, reply_to(query_for("www.example.net"))), Match::kQuestion);

  Query other_type = query;
  other_type.type = RecordType::kA;
  EXPECT_EQ(match_reply(query, reply_to(other_type)), Match::kQuestion);

  std::vector<std::uint8_t> no_question = reply_to(query);
  no_question[5] = 0;
  EXPECT_EQ(match_reply(query, no_question), Match::kQuestion);

  std::vector<std::uint8_t> cut = reply_to(query);
  cut.resize(20);
  EXPECT_EQ(match_reply(query, cut), Match::kShort);
  cut.resize(11);
  EXPECT_EQ(match_reply(query, cut), Match::kShort);
}

}  // namespace
}  // namespace caascan::wire
