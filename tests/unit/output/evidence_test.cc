#include "output/evidence.h"

#include <gtest/gtest.h>
#include <stdio.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fixtures.h"

namespace caascan {
namespace {

using test::answer;
using test::make_finding;

Finding with(Attempt attempt) {
  Finding out = make_finding({.name = "www.example.com"});
  out.attempts = {std::move(attempt)};
  return out;
}

TEST(DigLine, AsksAnAuthoritativeServerWhatWasAsked) {
  EXPECT_EQ(dig_line(with(answer("wWw.eXample.COM", 2))),
            "dig +norec +dnssec +bufsize=1232 @192.0.2.1 wWw.eXample.COM CAA");
}

TEST(DigLine, FollowsTransportPortAndEdns) {
  Attempt attempt = answer("www.example.com", 2);
  attempt.server_address = "2001:db8::53";
  attempt.server_port = 5353;
  attempt.tcp = true;
  attempt.edns_size = 0;
  attempt.dnssec_ok = false;
  EXPECT_EQ(dig_line(with(attempt)),
            "dig +norec +noedns +tcp -p 5353 @2001:db8::53 www.example.com CAA");
}

TEST(DigLine, AsksAResolverPlainly) {
  Attempt attempt = answer("wWw.eXample.com", 2);
  attempt.server_name.clear();
  attempt.edns_size = 4096;
  attempt.dnssec_ok = false;
  EXPECT_EQ(dig_line(with(attempt)), "dig +dnssec @192.0.2.1 www.example.com CAA");
  attempt.server_port = 5300;
  EXPECT_EQ(dig_line(with(attempt)), "dig +dnssec -p 5300 @192.0.2.1 www.example.com CAA");
}

TEST(DigLine, WithoutEvidenceAsksForTheFailingLabel) {
  Finding finding = make_finding({.name = "www.example.com", .failing_label = "example.com"});
  finding.attempts.clear();
  EXPECT_EQ(dig_line(finding), "dig example.com CAA");
}

// `dig mx CAA` would ask for the MX records of the root.
TEST(DigLine, NameThatDigWouldTakeForSomethingElseIsMarkedAsAName) {
  const auto name_part = [](std::string qname) {
    const std::string line = dig_line(with(answer(std::move(qname), 2)));
    return line.substr(line.find("@192.0.2.1 ") + 11);
  };
  EXPECT_EQ(name_part("mx"), "-q mx CAA");
  EXPECT_EQ(name_part("-f.example"), "-q -f.example CAA");
  EXPECT_EQ(name_part("+tcp.example"), "-q '+tcp.example' CAA");
  EXPECT_EQ(name_part("\\@evil.example"), "'\\@evil.example' CAA");
  EXPECT_EQ(name_part("."), ". CAA");
}

// What a shell makes of `line`, one argument a line.
std::string shell_arguments(const std::string& line) {
  const std::string command = "set -- " + line + "; printf '%s\\n' \"$@\"";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  EXPECT_NE(pipe, nullptr);
  std::string out;
  std::array<char, 1000> buffer{};
  while (pipe && ::fgets(buffer.data(), buffer.size(), pipe.get()) != nullptr) {
    out += buffer.data();
  }
  return out;
}

TEST(DigLine, PastingRunsNothingWhateverTheNameHolds) {
  for (const std::string name :
       {"$(touch x).example", "`id`.example", "a;b.example", "a'b.example", "a'\\''b.example",
        "a b.example", "a\\032b.example", "~.example", "*.example", "a>b.example", "a\"b.example",
        "#.example", "a&b|c.example", "!!.example", "{a,b}.example", "[ab].example",
        "$HOME.example", "%s.example"}) {
    EXPECT_EQ(shell_arguments(dig_line(with(answer(name, 2)))),
              "dig\n+norec\n+dnssec\n+bufsize=1232\n@192.0.2.1\n" + name + "\nCAA\n");
  }
  EXPECT_EQ(shell_arguments(dig_line(with(answer("a\nid\n.example", 2)))),
            "dig\n+norec\n+dnssec\n+bufsize=1232\n@192.0.2.1\na\\010id\\010.example\nCAA\n");
}

TEST(DecisiveAttempt, IsTheLastThatShowsTheCause) {
  Finding finding = make_finding({.name = "a.example"});
  finding.cause = Cause::kRefused;
  Attempt control = answer("a.example", 5);
  control.qtype = "A";
  finding.attempts = {answer("1", 5), answer("2", 5), answer("3", 2), control};
  EXPECT_EQ(decisive_attempt(finding)->qname, "2");
  finding.cause = Cause::kNotimp;  // nothing shows it
  EXPECT_EQ(decisive_attempt(finding)->qname, "3");
  finding.attempts = {control};
  EXPECT_EQ(decisive_attempt(finding)->qtype, "A");
  finding.attempts.clear();
  EXPECT_EQ(decisive_attempt(finding), nullptr);
}

TEST(DecisiveAttempt, ATruncatedAnswerLeadsToTheTcpAttempt) {
  Finding finding = make_finding({.name = "a.example"});
  finding.cause = Cause::kTruncatedNoTcp;
  Attempt tcp = answer("tcp", 0);
  tcp.tcp = true;
  tcp.result = AttemptResult::kTcpFailed;
  Attempt plain = answer("udp", 0);
  plain.tc = true;
  finding.attempts = {plain, tcp, answer("good", 0)};
  EXPECT_EQ(decisive_attempt(finding)->qname, "tcp");
}

Finding bogus(BogusKind kind, std::vector<Attempt> attempts) {
  Finding out = make_finding({.name = "www.example.com", .zone = "example.com"});
  out.cause = Cause::kBogus;
  out.bogus = kind;
  out.attempts = std::move(attempts);
  return out;
}

Attempt question(std::string qname, std::string qtype) {
  Attempt out = answer(std::move(qname), 0);
  out.qtype = std::move(qtype);
  return out;
}

TEST(DecisiveAttempt, IsTheCaseThatTriggersTheFault) {
  Finding finding = bogus(
      BogusKind::kWrongDenial,
      {answer("wWw.eXample.com", 0), answer("www.EXAMPLE.COM", 0), answer("www.example.com", 0)});
  EXPECT_EQ(decisive_attempt(finding)->qname, "www.example.com");
  finding.intermittent = true;
  EXPECT_EQ(decisive_attempt(finding)->qname, "wWw.eXample.com");
  finding.attempts.erase(finding.attempts.begin());
  EXPECT_EQ(decisive_attempt(finding)->qname, "www.example.com");  // nothing shows it
  // A fault of an alias target's zone: the name that was asked lies elsewhere.
  finding.zone = "example.net";
  EXPECT_EQ(decisive_attempt(finding)->qname, "www.EXAMPLE.COM");
}

TEST(DecisiveAttempt, IsTheQuestionThatTheSearchEndedWith) {
  Attempt silent = question("silent", "DNSKEY");
  silent.result = AttemptResult::kTimeout;
  const std::vector<Attempt> keys = {question("caa", "CAA"), question("key", "DNSKEY"), silent};
  EXPECT_EQ(decisive_attempt(bogus(BogusKind::kExpired, keys))->qname, "key");
  Finding finding = bogus(BogusKind::kNone, keys);
  finding.cause = Cause::kTimeout;
  EXPECT_EQ(decisive_attempt(finding)->qname, "silent");
  finding.cause = Cause::kRefused;  // nothing shows it
  EXPECT_EQ(decisive_attempt(finding)->qname, "silent");
  const std::vector<Attempt> delegation = {question("caa", "CAA"), question("ds", "DS")};
  EXPECT_EQ(decisive_attempt(bogus(BogusKind::kNoDsProof, delegation))->qname, "ds");
  // The keys were good in the end, the answer was not.
  const std::vector<Attempt> answers = {question("caa1", "CAA"), question("key", "DNSKEY"),
                                        question("caa2", "CAA"), question("control", "A")};
  EXPECT_EQ(decisive_attempt(bogus(BogusKind::kExpired, answers))->qname, "caa2");
}

TEST(DigLine, AlwaysAsksForDnssecWhereThatIsAtFault) {
  Attempt attempt = answer("wWw.example.com", 0);
  attempt.dnssec_ok = false;
  EXPECT_EQ(dig_line(attempt), "dig +norec +bufsize=1232 @192.0.2.1 wWw.example.com CAA");
  EXPECT_EQ(dig_line(bogus(BogusKind::kWrongDenial, {attempt})),
            "dig +norec +dnssec +bufsize=1232 @192.0.2.1 wWw.example.com CAA");
  attempt.edns_size = 0;  // without EDNS there is no DO bit
  EXPECT_EQ(dig_line(attempt), "dig +norec +noedns @192.0.2.1 wWw.example.com CAA");
  EXPECT_EQ(dig_line(bogus(BogusKind::kNoSignature, {attempt})),
            "dig +norec +dnssec @192.0.2.1 wWw.example.com CAA");
  EXPECT_EQ(dig_line(bogus(BogusKind::kNoDnskey, {question("example.com", "DNSKEY")})),
            "dig +norec +dnssec +bufsize=1232 @192.0.2.1 example.com DNSKEY");
  EXPECT_EQ(dig_line(bogus(BogusKind::kExpired, {})), "dig +dnssec www.example.com CAA");
}

TEST(FaultText, SaysWhatIsWrongWithAnAnswerThatLooksHealthy) {
  EXPECT_EQ(fault_text(bogus(BogusKind::kExpired, {answer("www.example.com", 0)})),
            "NOERROR, but the signatures have expired");
  EXPECT_EQ(fault_text(make_finding({.name = "a.example"})), "SERVFAIL");
  EXPECT_EQ(fault_text(bogus(BogusKind::kExpired, {})), "");
}

TEST(AnswerText, SaysWhatCameOfIt) {
  Attempt attempt = answer("x", 5);
  EXPECT_EQ(answer_text(attempt), "REFUSED");
  attempt.extended_error = 20;
  EXPECT_EQ(answer_text(attempt), "REFUSED (extended error 20)");
  attempt.extended_error_text = "go\x1b away";
  EXPECT_EQ(answer_text(attempt), "REFUSED (extended error 20: go\\027 away)");
  attempt = answer("x", 0);
  attempt.tc = true;
  EXPECT_EQ(answer_text(attempt), "NOERROR, truncated");
  attempt.result = AttemptResult::kTimeout;
  attempt.rtt_us = 4'000'000;
  EXPECT_EQ(answer_text(attempt), "no reply within 4.0 s");
  attempt.result = AttemptResult::kMalformed;
  EXPECT_EQ(answer_text(attempt), "a reply that cannot be read");
  attempt.result = AttemptResult::kTcpFailed;
  EXPECT_EQ(answer_text(attempt), "TCP connection failed");
  attempt.result = AttemptResult::kUnreachable;
  EXPECT_EQ(answer_text(attempt), "network unreachable");
}

TEST(RcodeText, EveryRcodeHasAWord) {
  EXPECT_EQ(rcode_text(0), "NOERROR");
  EXPECT_EQ(rcode_text(2), "SERVFAIL");
  EXPECT_EQ(rcode_text(9), "NOTAUTH");
  EXPECT_EQ(rcode_text(10), "NOTZONE");
  EXPECT_EQ(rcode_text(11), "RCODE11");
  EXPECT_EQ(rcode_text(16), "BADVERS");
  EXPECT_EQ(rcode_text(255), "RCODE255");
}

}  // namespace
}  // namespace caascan
