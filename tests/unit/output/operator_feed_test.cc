#include "output/operator_feed.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "affected_fixtures.h"

namespace caascan {
namespace {

using test::make_finding;

std::vector<boost::json::value> lines_of(const std::vector<Finding>& findings) {
  const AffectedNames affected = test::affected_by(findings);
  const std::vector<ProviderRow> ranking = rank_providers(affected);
  std::vector<boost::json::value> out;
  const auto done = for_each_operator_line(affected, ranking, [&](std::string_view line) {
    EXPECT_FALSE(line.contains('\n'));
    boost::system::error_code error;
    out.push_back(boost::json::parse(line, error));
    EXPECT_FALSE(error) << line;
    return std::expected<void, std::string>();
  });
  EXPECT_TRUE(done.has_value());
  return out;
}

Finding wrong_denial(std::string name, std::string zone) {
  Finding out = make_finding({.name = std::move(name),
                              .zone = std::move(zone),
                              .nameservers = {"ns1.namebrightdns.com", "ns2.namebrightdns.com"}});
  out.cause = Cause::kBogus;
  out.bogus = BogusKind::kWrongDenial;
  out.soa_contact = "dns.namebrightdns.com";
  out.versions = {{"192.0.2.1", "PowerDNS Authoritative Server 4.0.3"},
                  {"192.0.2.2", "PowerDNS Authoritative Server 4.0.3"},
                  {"192.0.2.3", ""}};
  return out;
}

TEST(OperatorFeed, LineHasWhatAnOperatorNeeds) {
  Finding silent = make_finding({.name = "dead.example",
                                 .outcome = Outcome::kTimeout,
                                 .nameservers = {"ns1.namebrightdns.com"}});
  silent.soa_contact = "a.other.example";
  silent.versions = {{"192.0.2.9", "NSD 4.6.1"}};
  const auto lines = lines_of({wrong_denial("www.b.example", "b.example"), silent,
                               wrong_denial("www.a.example", "a.example"),
                               wrong_denial("ftp.a.example", "a.example")});
  ASSERT_EQ(lines.size(), 1U);
  const boost::json::value& line = lines[0];
  std::string keys;
  for (const auto& member : line.as_object()) keys += std::string(member.key()) + ' ';
  EXPECT_EQ(keys, "provider servfail timeout zones nameservers contacts versions reasons ");
  EXPECT_EQ(line.at("provider"), "namebright");
  EXPECT_EQ(line.at("servfail"), 3);
  EXPECT_EQ(line.at("timeout"), 1);
  EXPECT_EQ(line.at("zones"), 3);
  EXPECT_EQ(line.at("nameservers"),
            (boost::json::array{"ns1.namebrightdns.com", "ns2.namebrightdns.com"}));
  EXPECT_EQ(line.at("contacts"), (boost::json::array{"a.other.example", "dns.namebrightdns.com"}));
  EXPECT_EQ(line.at("versions"),
            (boost::json::array{boost::json::object{{"text", "NSD 4.6.1"}, {"servers", 1}},
                                boost::json::object{{"text", "PowerDNS Authoritative Server 4.0.3"},
                                                    {"servers", 2}}}));
  const boost::json::array& reasons = line.at("reasons").as_array();
  ASSERT_EQ(reasons.size(), 2U);
  EXPECT_EQ(reasons[0].at("id"), "powerdns-wrong-denial");
  EXPECT_TRUE(reasons[0].at("likely").as_string().starts_with("The servers are likely PowerDNS"));
  EXPECT_TRUE(reasons[0].at("fix").as_string().starts_with("Upgrade PowerDNS"));
  EXPECT_EQ(reasons[0].at("servfail"), 3);
  EXPECT_EQ(reasons[0].at("timeout"), 0);
  EXPECT_EQ(reasons[0].at("zones"), (boost::json::array{"a.example", "b.example"}));
  const boost::json::value& example = reasons[0].at("example");
  EXPECT_EQ(example.at("name"), "ftp.a.example");
  EXPECT_EQ(example.at("failing_label"), "ftp.a.example");
  EXPECT_EQ(example.at("cause"), "bogus");
  EXPECT_EQ(example.at("nameserver"), "ns1.example-dns.net");
  EXPECT_EQ(example.at("answer"),
            "SERVFAIL, but the NSEC or NSEC3 records, though well signed, prove something else");
  EXPECT_EQ(example.at("message"),
            "While processing CAA for ftp.a.example: DNS problem: looking up CAA for "
            "ftp.a.example: DNSSEC: Bogus");
  EXPECT_EQ(example.at("dig"), "dig +norec +dnssec +bufsize=1232 @192.0.2.1 ftp.a.example CAA");
  EXPECT_EQ(reasons[1].at("id"), "nameservers-silent");
  EXPECT_EQ(reasons[1].at("timeout"), 1);
}

TEST(OperatorFeed, ProvidersStandAsInProvidersTsv) {
  const auto lines = lines_of({make_finding({.name = "a.example", .nameservers = {"ns.x.net"}}),
                               make_finding({.name = "b.example", .nameservers = {"ns.y.net"}}),
                               make_finding({.name = "c.example", .nameservers = {"ns.y.net"}}),
                               make_finding({.name = "d.example", .nameservers = {"=x"}})});
  std::string providers;
  for (const boost::json::value& line : lines) {
    providers += std::string(line.at("provider").as_string()) + ' ';
  }
  EXPECT_EQ(providers, "y.net unknown x.net ");
}

TEST(OperatorFeed, EqualReasonsGoByIdentifier) {
  std::vector<Finding> findings;
  for (const Cause cause : {Cause::kNotimp, Cause::kRefused, Cause::kLame}) {
    findings.push_back(make_finding({.name = std::string(word(cause)) + ".example"}));
    findings.back().cause = cause;
  }
  const auto lines = lines_of(findings);
  ASSERT_EQ(lines.size(), 1U);
  std::string ids;
  for (const boost::json::value& reason : lines[0].at("reasons").as_array()) {
    ids += std::string(reason.at("id").as_string()) + ' ';
  }
  EXPECT_EQ(ids, "lame-delegation notimp zone-refused ");
}

TEST(OperatorFeed, HostileTextComesOutAsPrintableAscii) {
  const std::string hostile("\x1b[2J\r\n\0\xff\"", 9);
  Finding finding = make_finding({.name = "a.example"});
  finding.zone = finding.soa_contact = finding.failing_label = hostile;
  finding.nameservers = {hostile, "ns.x.net"};
  finding.versions = {{"192.0.2.1", hostile}};
  const auto lines = lines_of({finding});
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].at("nameservers"), boost::json::array{"ns.x.net"});
  EXPECT_EQ(lines[0].at("contacts").at(0), "\\027[2J\\013\\010\\000\\255\"");
  EXPECT_EQ(lines[0].at("versions").at(0).at("text"), "\\027[2J\\013\\010\\000\\255\"");
  EXPECT_EQ(lines[0].at("reasons").at(0).at("zones"), boost::json::array{});
}

TEST(OperatorFeed, SinkErrorEndsTheWriting) {
  AffectedNames affected =
      test::make_affected({{.name = "a.example", .nameservers = {"ns.x.net"}},
                           {.name = "b.example", .nameservers = {"ns.y.net"}}});
  int calls = 0;
  const auto done =
      for_each_operator_line(affected, rank_providers(affected),
                             [&](std::string_view) -> std::expected<void, std::string> {
                               ++calls;
                               return std::unexpected("full");
                             });
  EXPECT_EQ(done.error(), "full");
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace caascan
