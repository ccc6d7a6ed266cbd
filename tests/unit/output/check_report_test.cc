#include "output/check_report.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>

#include "fixtures.h"

namespace caascan {
namespace {

using test::answer;
using test::full_finding;

CheckReport failing_report() {
  CheckReport report;
  report.finding = full_finding();
  report.name = report.finding->name;
  report.outcome = report.finding->outcome;
  report.cause = report.finding->cause;
  report.failing_label = report.finding->failing_label;
  Attempt good = answer("wWw.shop.example", 3);
  good.server_name.clear();
  good.section_counts = {0, 1, 0};
  good.ad = true;
  Attempt bad = answer("sHop.example", 2);
  bad.round = 1;
  report.steps = {{"CAA for www.shop.example", {good}, "no CAA record"},
                  {"CAA for shop.example", {bad}, "failed: bogus"}};
  return report;
}

TEST(CheckText, ShowsWhatUnboundMakesOfItBesideOurs) {
  CheckReport report;
  report.name = DomainName::from_canonical("www.shop.example");
  report.oracle = OracleVerdict{.name = report.name,
                                .outcome = Outcome::kServfail,
                                .label = "shop.example",
                                .rcode = 2,
                                .why = "no signatures \033[2J from 192.0.2.1"};
  EXPECT_EQ(render_text(report),
            "www.shop.example has no CAA record: any CA may issue\n"
            "  Unbound      servfail at shop.example: no signatures \\027[2J from 192.0.2.1\n");
  const auto json = boost::json::parse(render_json(report)).as_object();
  EXPECT_EQ(json.at("outcome"), "empty");
  EXPECT_EQ(json.at("unbound"),
            (boost::json::object{{"outcome", "servfail"},
                                 {"label", "shop.example"},
                                 {"rcode", 2},
                                 {"why", "no signatures \\027[2J from 192.0.2.1"}}));
  report.oracle.reset();
  EXPECT_FALSE(boost::json::parse(render_json(report)).as_object().contains("unbound"));
}

TEST(CheckText, ExplainsEachStep) {
  EXPECT_EQ(
      render_text(failing_report()),
      "www.shop.example fails with SERVFAIL: a CA must refuse\n"
      "  failing at   shop.example\n"
      "  cause        bogus: DNSSEC validation failed: a signature or a proof of absence is "
      "missing or wrong\n"
      "  zone         example.net\n"
      "               the fault is a parent's or the registry's, not the name's own\n"
      "  alias of     target\\032x.example.net\n"
      "  nameservers  ns1.example-dns.net ns2.example-dns.net\n"
      "  contact      host\\.master.example.net\n"
      "  A question   NXDOMAIN\n"
      "  DNSSEC       bogus, no-denial-proof: an empty answer comes without the NSEC or NSEC3 "
      "records that prove it (extended error 12): net is proven to have no DS record; only "
      "where a letter of the name is asked in upper case; other resolvers may say something "
      "else\n"
      "  software     192.0.2.1: PowerDNS \"4.0.3\" \\ (built by nobody)\n"
      "  likely       The zone at fault is the registry's or the root's, not the domain's own, "
      "and such faults mostly pass. [registry]\n"
      "  fix          Try again later, and tell the registry where it stays: nothing in the "
      "domain's own zone can mend it.\n"
      "  issuance     Let's Encrypt refuses\n"
      "  issuance     no CA may issue: DNSSEC is at fault, or not proven absent\n"
      "  issuance     the fault is the registry's or the root's\n"
      "  CA says      While processing CAA for www.shop.example: DNS problem: looking up CAA "
      "for shop.example: DNSSEC: NSEC Missing\n"
      "  in 2017      DNS problem: SERVFAIL looking up CAA for shop.example\n"
      "  see it       dig +norec +dnssec +bufsize=1232 +tcp -p 5353 @192.0.2.1 sHoP.eXample "
      "CAA\n"
      "1. CAA for www.shop.example: no CAA record\n"
      "     192.0.2.1 UDP wWw.shop.example CAA: NXDOMAIN ad, 0 records, 12.3 ms\n"
      "2. CAA for shop.example: failed: bogus\n"
      "     192.0.2.1 (ns1.example-dns.net) UDP sHop.example CAA: SERVFAIL, 0 records, 12.3 "
      "ms [confirmation 1]\n");
}

TEST(CheckText, SaysWhatToDoUntilTheFaultIsMended) {
  CheckReport report = failing_report();
  report.finding->inherited = false;
  report.finding->alias_target.clear();
  const std::string text = render_text(report);
  EXPECT_TRUE(text.contains("  until then   A CAA record at shop.example itself; ")) << text;
  EXPECT_TRUE(text.contains("  until then   A CNAME record at shop.example, ")) << text;
}

TEST(CheckText, GoodNameHasNoFault) {
  CheckReport report;
  report.name = DomainName::from_canonical("a.example");
  report.outcome = Outcome::kFound;
  report.steps = {{"CAA for a.example", {}, "2 records"}};
  EXPECT_EQ(render_text(report),
            "a.example has a CAA record set\n"
            "1. CAA for a.example: 2 records\n");
}

CheckReport hostile_report() {
  const std::string hostile("\x1b[2J\r\n\0\xff\"", 9);
  CheckReport report = failing_report();
  report.name = DomainName::from_canonical(hostile);
  report.failing_label = hostile;
  report.finding->failing_label = report.finding->zone = report.finding->soa_contact = hostile;
  report.finding->alias_target = hostile;
  report.finding->nameservers = {hostile};
  report.finding->insecure_at = hostile;
  report.finding->versions = {{hostile, hostile}};
  for (CheckStep& step : report.steps) {
    step.what = step.result = hostile;
    for (Attempt& attempt : step.attempts) {
      attempt.server_name = attempt.server_address = attempt.qname = attempt.qtype = hostile;
      attempt.extended_error = 0;
      attempt.extended_error_text = hostile;
    }
  }
  return report;
}

TEST(CheckText, HostileTextCannotReachTheTerminal) {
  for (const char c : render_text(hostile_report())) {
    EXPECT_TRUE(c == '\n' || (c >= 0x20 && c < 0x7F)) << static_cast<int>(c);
  }
}

TEST(CheckJson, IsOneObjectWithEveryStep) {
  boost::system::error_code error;
  const boost::json::value report = boost::json::parse(render_json(failing_report()), error);
  ASSERT_FALSE(error);
  EXPECT_EQ(report.at("name"), "www.shop.example");
  EXPECT_EQ(report.at("outcome"), "servfail");
  EXPECT_EQ(report.at("cause"), "bogus");
  EXPECT_EQ(report.at("failing_label"), "shop.example");
  EXPECT_EQ(report.at("finding").at("attempts").as_array().size(), 2U);
  EXPECT_TRUE(report.at("message").as_string().starts_with("While processing CAA for"));
  EXPECT_EQ(report.at("message_2017"), "DNS problem: SERVFAIL looking up CAA for shop.example");
  EXPECT_TRUE(report.at("dig").as_string().starts_with("dig "));
  EXPECT_EQ(report.at("reason").at("id"), "registry");
  EXPECT_EQ(report.at("classes").at(1), "br-forbidden");
  EXPECT_TRUE(report.at("workarounds").as_array().empty());
  EXPECT_EQ(report.at("finding").at("bogus"), "no-denial-proof");
  EXPECT_EQ(report.at("finding").at("extended_error"), 12);
  ASSERT_EQ(report.at("steps").as_array().size(), 2U);
  EXPECT_EQ(report.at("steps").at(1).at("what"), "CAA for shop.example");
  EXPECT_EQ(report.at("steps").at(1).at("result"), "failed: bogus");
  EXPECT_EQ(report.at("steps").at(1).at("attempts").at(0).at("rcode"), 2);
}

TEST(CheckJson, HostileTextGivesJson) {
  boost::system::error_code error;
  boost::json::parse(render_json(hostile_report()), error);
  EXPECT_FALSE(error);
}

}  // namespace
}  // namespace caascan
