#include "scanner/wire/message.h"

#include <gtest/gtest.h>

#include "tests/sim/sim_world.h"

namespace caascan::wire {
namespace {

sim::SeenQuery question(std::string_view name, RecordType type) {
  Query query;
  query.name = DnsName::from_text(name).value();
  query.type = type;
  sim::SeenQuery seen;
  append_query(query, 7, seen.bytes);
  seen.name = std::string(name);
  seen.type = type;
  return seen;
}

TEST(MessageView, ReadsEveryKeptKindOfRecord) {
  auto bytes = sim::make_reply(question("www.example.com", RecordType::kSoa), Rcode::kNoError);
  sim::add_record(bytes, Section::kAnswer, "", RecordType::kCname,
                  sim::name_data("target.example.net"));
  sim::add_record(bytes, Section::kAuthority, "example.net", RecordType::kSoa,
                  sim::soa_data("mail.example.net"));
  sim::add_record(bytes, Section::kAuthority, "example.net", RecordType::kNs,
                  sim::name_data("NS1.Example.ORG"));
  sim::add_record(bytes, Section::kAdditional, "ns1.example.org", RecordType::kA, {192, 0, 2, 1});
  const auto view = MessageView::parse(bytes);
  ASSERT_TRUE(view);
  ASSERT_EQ(view->records().size(), 4u);
  EXPECT_EQ(view->owner(view->records()[0])->text(), "www.example.com");
  EXPECT_EQ(view->target(view->records()[0])->text(), "target.example.net");
  EXPECT_EQ(view->soa(view->records()[1])->contact.text(), "mail.example.net");
  EXPECT_EQ(view->soa(view->records()[1])->serial, 300u);
  EXPECT_EQ(view->target(view->records()[2])->text(), "ns1.example.org");
  EXPECT_EQ(view->address(view->records()[3])->size(), 4u);
}

TEST(MessageView, RefusesEveryCut) {
  auto bytes = sim::make_reply(question("example.com", RecordType::kCaa), Rcode::kNoError);
  sim::add_record(bytes, Section::kAnswer, "", RecordType::kCaa, sim::caa_data("letsencrypt.org"));
  ASSERT_TRUE(MessageView::parse(bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(MessageView::parse(Bytes(bytes.data(), size))) << size;
  }
}

TEST(MessageView, RecordDataThatIsNotKeptIsOpaque) {
  auto bytes = sim::make_reply(question("example.com", RecordType::kCaa), Rcode::kNoError);
  sim::add_record(bytes, Section::kAnswer, "", RecordType::kCaa, {});  // no CAA data at all
  const auto view = MessageView::parse(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->records().size(), 1u);
}

TEST(MessageView, DataThatDoesNotHoldItsTypeIsAnError) {
  auto bytes = sim::make_reply(question("example.com", RecordType::kNs), Rcode::kNoError);
  sim::add_record(bytes, Section::kAnswer, "", RecordType::kNs, {5, 'x'});
  sim::add_record(bytes, Section::kAnswer, "", RecordType::kA, {1, 2, 3});
  sim::add_record(bytes, Section::kAnswer, "", RecordType::kSoa, {0, 0});
  const auto view = MessageView::parse(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->target(view->records()[0]).error(), ParseError::kBadRecordData);
  EXPECT_EQ(view->address(view->records()[1]).error(), ParseError::kBadRecordData);
  EXPECT_EQ(view->soa(view->records()[2]).error(), ParseError::kBadRecordData);
}

TEST(MessageView, ReadsTheExtendedError) {
  auto bytes = sim::make_reply(question("example.com", RecordType::kCaa), Rcode::kServFail);
  // Option 10 (a cookie) first, then RFC 8914: code 6, "no".
  sim::add_record(bytes, Section::kAdditional, ".", RecordType::kOpt,
                  {0, 10, 0, 1, 9, 0, 15, 0, 4, 0, 6, 'n', 'o'});
  const auto view = MessageView::parse(bytes);
  ASSERT_TRUE(view);
  ASSERT_TRUE(view->extended_error());
  EXPECT_EQ(view->extended_error()->code, 6);
  EXPECT_EQ(view->extended_error()->text, "no");
  EXPECT_TRUE(view->records().empty());
}

TEST(MessageView, ACutOptionIsNoExtendedError) {
  auto bytes = sim::make_reply(question("example.com", RecordType::kCaa), Rcode::kServFail);
  sim::add_record(bytes, Section::kAdditional, ".", RecordType::kOpt, {0, 15, 0, 9, 0, 6});
  const auto view = MessageView::parse(bytes);
  ASSERT_TRUE(view);
  EXPECT_FALSE(view->extended_error());
}

}  // namespace
}  // namespace caascan::wire
