// What one reply means, row by row: a server of example.com has been asked.
#include "scanner/engine/reply_class.h"

#include <gtest/gtest.h>

#include "tests/sim/sim_internet.h"

namespace caascan::engine {
namespace {

using sim::add_record;
using sim::name_data;
using sim::name_of;
using wire::RecordType;
using wire::Section;

class ReplyClassTest : public testing::Test {
 protected:
  void ask(const char* name, RecordType type = RecordType::kCaa) {
    question_ = {name_of(name), type};
    query_ = {};
    wire::append_query({.name = question_.name, .type = type}, 7, query_.bytes);
  }
  ReplyClassTest() { ask("www.example.com"); }
  void reply(int rcode, bool aa = true, bool ra = false) {
    bytes_ = sim::make_reply(query_, static_cast<wire::Rcode>(rcode));
    sim::set_flags(bytes_, aa, ra);
  }
  void add(Section section, const char* owner, RecordType type, const char* target) {
    add_record(bytes_, section, owner, type, name_data(target));
  }
  void add_soa(const char* owner) {
    add_record(bytes_, Section::kAuthority, owner, RecordType::kSoa, sim::soa_data("mail.example"));
  }
  void add_address(Section section, const char* owner, const char* address) {
    const IpAddress parsed = IpAddress::parse(address).value();
    add_record(bytes_, section, owner, parsed.v6 ? RecordType::kAaaa : RecordType::kA,
               sim::address_data(parsed));
  }
  ReplyClass classified(bool recursion_desired = false) {
    const auto view = wire::MessageView::parse(bytes_);
    CAASCAN_ASSERT(view.has_value());
    return classify_reply(*view, name_of("example.com"), question_, recursion_desired);
  }
  Question question_;
  sim::SeenQuery query_;
  std::vector<std::uint8_t> bytes_;
};

TEST_F(ReplyClassTest, AnErrorRcodeIsAnErrorOfItsKind) {
  const std::pair<int, Cause> rows[] = {{1, Cause::kFormerr},    {2, Cause::kServfail},
                                        {4, Cause::kNotimp},     {5, Cause::kRefused},
                                        {6, Cause::kOtherRcode}, {9, Cause::kOtherRcode}};
  for (const auto& [rcode, cause] : rows) {
    reply(rcode);
    EXPECT_EQ(classified().kind, ReplyKind::kError) << rcode;
    EXPECT_EQ(classified().cause, cause) << rcode;
  }
}

TEST_F(ReplyClassTest, ASoaMakesNodataWithAndWithoutAuthority) {
  for (const bool aa : {true, false}) {
    reply(0, aa);
    add_soa("example.com");
    EXPECT_EQ(classified().kind, ReplyKind::kNodata);
    EXPECT_EQ(classified().ttl_s, 300u);
  }
}

TEST_F(ReplyClassTest, NothingAtAllIsNodata) {
  for (const bool aa : {true, false}) {
    reply(0, aa);
    EXPECT_EQ(classified().kind, ReplyKind::kNodata);
  }
}

TEST_F(ReplyClassTest, ASoaOfAnotherZoneIsNodata) {
  reply(0);
  add_soa("example.net");
  EXPECT_EQ(classified().kind, ReplyKind::kNodata);
}

TEST_F(ReplyClassTest, ASidewaysReferralIsNodata) {
  reply(0, false);
  add(Section::kAuthority, "other.com", RecordType::kNs, "ns1.other.com");
  EXPECT_EQ(classified().kind, ReplyKind::kNodata);
}

TEST_F(ReplyClassTest, ASelfReferralIsNodata) {
  reply(0, false);
  add(Section::kAuthority, "example.com", RecordType::kNs, "ns1.example.com");
  EXPECT_EQ(classified().kind, ReplyKind::kNodata);
}

TEST_F(ReplyClassTest, AReferralToTheRootOrTheTldIsLame) {
  for (const char* owner : {".", "com"}) {
    reply(0, false);
    add(Section::kAuthority, owner, RecordType::kNs, "a.nic.example");
    EXPECT_EQ(classified().kind, ReplyKind::kLame) << owner;
    EXPECT_EQ(classified().cause, Cause::kLame);
  }
}

TEST_F(ReplyClassTest, NxdomainIsNxdomain) {
  reply(3);
  add_soa("example.com");
  EXPECT_EQ(classified().kind, ReplyKind::kNxDomain);
}

TEST_F(ReplyClassTest, ACacheIsBelievedOnlyWhenItWasAskedAsOne) {
  for (const int rcode : {0, 3}) {
    reply(rcode, false, true);
    add_soa("example.com");
    EXPECT_EQ(classified().kind, ReplyKind::kRecursionLame) << rcode;
    EXPECT_EQ(classified(true).kind, rcode == 0 ? ReplyKind::kNodata : ReplyKind::kNxDomain);
  }
}

TEST_F(ReplyClassTest, ACacheWithAnAnswerIsRecursionLameToo) {
  reply(0, false, true);
  add_record(bytes_, Section::kAnswer, "", RecordType::kCaa, sim::caa_data("ca.example"));
  EXPECT_EQ(classified().kind, ReplyKind::kRecursionLame);
  EXPECT_EQ(classified(true).kind, ReplyKind::kAnswer);
}

TEST_F(ReplyClassTest, ASetAtTheNameIsAnAnswer) {
  reply(0);
  add_record(bytes_, Section::kAnswer, "", RecordType::kCaa, sim::caa_data("ca.example"));
  EXPECT_EQ(classified().kind, ReplyKind::kAnswer);
  EXPECT_TRUE(classified().target.is_root());
}

TEST_F(ReplyClassTest, ASetOfAnotherNameIsNoAnswer) {
  reply(0);
  add_record(bytes_, Section::kAnswer, "mail.example.com", RecordType::kCaa,
             sim::caa_data("ca.example"));
  EXPECT_EQ(classified().kind, ReplyKind::kNodata);
}

TEST_F(ReplyClassTest, CaaDataThatMakesNoSenseIsStillAnAnswer) {
  reply(0);
  add_record(bytes_, Section::kAnswer, "", RecordType::kCaa, {0xFF});
  EXPECT_EQ(classified().kind, ReplyKind::kAnswer);
}

TEST_F(ReplyClassTest, AnAliasLeadsOnToItsTarget) {
  reply(0);
  add(Section::kAnswer, "", RecordType::kCname, "host.example.net");
  EXPECT_EQ(classified().kind, ReplyKind::kAlias);
  EXPECT_EQ(classified().target.text(), "host.example.net");
}

TEST_F(ReplyClassTest, AChainWithinTheZoneIsFollowedToItsAnswer) {
  reply(0);
  add(Section::kAnswer, "", RecordType::kCname, "b.example.com");
  add(Section::kAnswer, "b.example.com", RecordType::kCname, "c.example.com");
  add_record(bytes_, Section::kAnswer, "c.example.com", RecordType::kCaa,
             sim::caa_data("ca.example"));
  EXPECT_EQ(classified().kind, ReplyKind::kAnswer);
  EXPECT_EQ(classified().target.text(), "c.example.com");
}

TEST_F(ReplyClassTest, WhatStandsBehindAnAliasOutOfTheZoneIsNotBelieved) {
  reply(0);
  add(Section::kAnswer, "", RecordType::kCname, "host.example.net");
  add_record(bytes_, Section::kAnswer, "host.example.net", RecordType::kCaa,
             sim::caa_data("evil.example"));
  EXPECT_EQ(classified().kind, ReplyKind::kAlias);
}

TEST_F(ReplyClassTest, AnAliasOutOfTheZoneWithNxdomainIsAskedForAllTheSame) {
  reply(3);
  add(Section::kAnswer, "", RecordType::kCname, "host.example.net");
  EXPECT_EQ(classified().kind, ReplyKind::kAlias);
}

TEST_F(ReplyClassTest, AnAliasedSubtreeReplacesTheEndingOfTheName) {
  ask("a.b.sub.example.com");
  reply(0);
  add(Section::kAnswer, "sub.example.com", RecordType::kDname, "example.net");
  EXPECT_EQ(classified().kind, ReplyKind::kAlias);
  EXPECT_EQ(classified().target.text(), "a.b.example.net");
}

TEST_F(ReplyClassTest, AnAliasThatCannotBeReadIsMalformed) {
  reply(0);
  add_record(bytes_, Section::kAnswer, "", RecordType::kCname, {63, 'x'});
  EXPECT_EQ(classified().kind, ReplyKind::kMalformed);
}

TEST_F(ReplyClassTest, AReferralHasItsNameserversAndTheGlueOfTheAnsweringZone) {
  ask("www.sub.example.com");
  reply(0, false);
  add(Section::kAuthority, "sub.example.com", RecordType::kNs, "ns1.sub.example.com");
  add(Section::kAuthority, "sub.example.com", RecordType::kNs, "ns2.example.net");
  add_address(Section::kAdditional, "ns1.sub.example.com", "5.0.0.1");
  add_address(Section::kAdditional, "ns1.sub.example.com", "2a01::1");
  add_address(Section::kAdditional, "ns2.example.net", "9.9.9.9");
  const ReplyClass found = classified();
  ASSERT_EQ(found.kind, ReplyKind::kReferral);
  EXPECT_EQ(found.delegation.zone.text(), "sub.example.com");
  ASSERT_EQ(found.delegation.nameservers.size(), 2u);
  EXPECT_EQ(found.delegation.nameservers[0].glue.size(), 2u);
  EXPECT_TRUE(found.delegation.nameservers[1].glue.empty());
}

TEST_F(ReplyClassTest, AReferralThatDoesNotLeadToTheNameIsNone) {
  reply(0, false);
  add(Section::kAuthority, "sub.example.com", RecordType::kNs, "ns1.sub.example.com");
  EXPECT_EQ(classified().kind, ReplyKind::kNodata);
}

TEST_F(ReplyClassTest, OfADelegationTwentyNameserversAreTakenAndNoneTwice) {
  ask("www.sub.example.com");
  reply(0, false);
  add(Section::kAuthority, "sub.example.com", RecordType::kNs, "ns0.example.net");
  for (int i = 0; i < 25; ++i) {
    add(Section::kAuthority, "sub.example.com", RecordType::kNs,
        ("ns" + std::to_string(i) + ".example.net").c_str());
  }
  EXPECT_EQ(classified().delegation.nameservers.size(), 20u);
}

TEST_F(ReplyClassTest, AddressesAreThoseAtTheEndOfTheChain) {
  ask("ns1.example.com", RecordType::kA);
  reply(0);
  add(Section::kAnswer, "", RecordType::kCname, "real.example.com");
  add_address(Section::kAnswer, "real.example.com", "5.0.0.1");
  add_address(Section::kAnswer, "other.example.com", "5.0.0.2");
  const ReplyClass found = classified();
  ASSERT_EQ(found.kind, ReplyKind::kAnswer);
  EXPECT_EQ(found.addresses, std::vector<IpAddress>{IpAddress::parse("5.0.0.1").value()});
}

TEST_F(ReplyClassTest, AnAddressOfTheWrongLengthIsMalformed) {
  ask("ns1.example.com", RecordType::kA);
  reply(0);
  add_record(bytes_, Section::kAnswer, "", RecordType::kA, {5, 0, 0});
  EXPECT_EQ(classified().kind, ReplyKind::kMalformed);
}

}  // namespace
}  // namespace caascan::engine
