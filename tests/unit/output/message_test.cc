#include "output/message.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "fixtures.h"

namespace caascan {
namespace {

using test::make_finding;

Finding asked_of_resolver(std::optional<std::uint16_t> extended_error, std::string text) {
  Finding out = make_finding({.name = "www.example.com", .failing_label = "example.com"});
  out.attempts[0].server_name.clear();
  out.attempts[0].extended_error = extended_error;
  out.attempts[0].extended_error_text = std::move(text);
  return out;
}

TEST(CaMessage, ServfailNamesTheLabelThatFailed) {
  const Finding finding = make_finding({.name = "www.example.com", .failing_label = "example.com"});
  EXPECT_EQ(ca_message("*.www.example.com", ca_problem(finding)),
            "While processing CAA for *.www.example.com: DNS problem: SERVFAIL looking up CAA for "
            "example.com - the domain's nameservers may be malfunctioning");
}

TEST(CaMessage, TimeoutHasNoAdvice) {
  const Finding finding = make_finding({.name = "a.example", .outcome = Outcome::kTimeout});
  EXPECT_EQ(ca_problem(finding), "DNS problem: query timed out looking up CAA for a.example");
}

TEST(CaMessage, ExtendedErrorOfAResolverTakesThePlaceOfTheRcode) {
  EXPECT_EQ(ca_problem(asked_of_resolver(6, "validation failure")),
            "DNS problem: looking up CAA for example.com: DNSSEC: Bogus: validation failure");
  EXPECT_EQ(ca_problem(asked_of_resolver(9, "")),
            "DNS problem: looking up CAA for example.com: DNSSEC: DNSKEY Missing");
  EXPECT_EQ(ca_problem(asked_of_resolver(24, "")),
            "DNS problem: looking up CAA for example.com: Invalid Data");
  EXPECT_EQ(ca_problem(asked_of_resolver(25, "x\ny")),
            "DNS problem: looking up CAA for example.com: Unknown Extended DNS Error code 25: "
            "x\\010y");
  EXPECT_EQ(ca_problem(asked_of_resolver(std::nullopt, "")),
            "DNS problem: SERVFAIL looking up CAA for example.com - the domain's nameservers may "
            "be malfunctioning");
}

TEST(CaMessage, ExtendedErrorOfAnAuthoritativeServerDoesNotReachTheSubscriber) {
  Finding finding = asked_of_resolver(6, "x");
  finding.attempts[0].server_name = "ns1.example.net";
  EXPECT_TRUE(ca_problem(finding).starts_with("DNS problem: SERVFAIL looking up"));
}

// The words are boulder's for the codes that Unbound gives.
TEST(CaMessage, BogusAnswerIsToldByItsExtendedError) {
  const std::pair<BogusKind, std::string> words[] = {
      {BogusKind::kNoSignature, "DNSSEC: RRSIGs Missing"},
      {BogusKind::kBadSignature, "DNSSEC: Bogus"},
      {BogusKind::kExpired, "DNSSEC: Signature Expired"},
      {BogusKind::kNotYetValid, "DNSSEC: Signature Not Yet Valid"},
      {BogusKind::kNoDenialProof, "DNSSEC: NSEC Missing"},
      {BogusKind::kWrongDenial, "DNSSEC: Bogus"},
      {BogusKind::kNoDnskey, "DNSSEC: DNSKEY Missing"},
      {BogusKind::kDsMismatch, "DNSSEC: DNSKEY Missing"},
      {BogusKind::kNoDsProof, "DNSSEC: Bogus"},
      {BogusKind::kTooManyChecks, "DNSSEC: Bogus"},
  };
  Finding finding = make_finding({.name = "www.example.com", .failing_label = "example.com"});
  finding.cause = Cause::kBogus;
  for (const auto& [kind, text] : words) {
    finding.bogus = kind;
    EXPECT_EQ(ca_problem(finding), "DNS problem: looking up CAA for example.com: " + text);
    EXPECT_EQ(ca_message_2017(finding), "DNS problem: SERVFAIL looking up CAA for example.com");
  }
}

TEST(CaMessage, The2017FormIsBare) {
  EXPECT_EQ(ca_message_2017(asked_of_resolver(6, "x")),
            "DNS problem: SERVFAIL looking up CAA for example.com");
  EXPECT_EQ(ca_message_2017(make_finding({.name = "a.example", .outcome = Outcome::kTimeout})),
            "DNS problem: query timed out looking up CAA for a.example");
}

}  // namespace
}  // namespace caascan
