#include "output/issuance.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "fixtures.h"

namespace caascan {
namespace {

using test::make_finding;

std::string classes(Security security, std::size_t rounds, bool inherited = false) {
  Finding finding = make_finding({.name = "www.example.com"});
  finding.security = security;
  finding.observed_unix_ms.resize(rounds);
  finding.inherited = inherited;
  std::string out;
  for (const IssuanceClass issuance : issuance_classes(finding)) {
    out += std::string(word(issuance)) + ' ';
  }
  return out;
}

TEST(IssuanceClass, EveryFailureBlocksLetsEncrypt) {
  for (std::size_t i = 0; i < kSecurityCount; ++i) {
    for (const std::size_t rounds : {0U, 1U, 2U, 9U}) {
      EXPECT_TRUE(classes(static_cast<Security>(i), rounds).starts_with("blocks-le "));
    }
  }
}

TEST(IssuanceClass, DiscretionNeedsProvenInsecurityAndASecondLook) {
  EXPECT_EQ(classes(Security::kInsecure, 2), "blocks-le br-discretion ");
  EXPECT_EQ(classes(Security::kInsecure, 1), "blocks-le transient ");
  EXPECT_EQ(classes(Security::kInsecure, 0), "blocks-le transient ");
  for (const Security security : {Security::kSecure, Security::kBogus, Security::kIndeterminate}) {
    EXPECT_EQ(classes(security, 2), "blocks-le br-forbidden ");
    EXPECT_EQ(classes(security, 1), "blocks-le br-forbidden transient ");
  }
}

TEST(IssuanceClass, OfAResolversVerdictNothingIsSaidAboutTheRequirements) {
  EXPECT_EQ(classes(Security::kNotChecked, 2), "blocks-le ");
  EXPECT_EQ(classes(Security::kNotChecked, 1), "blocks-le transient ");
}

TEST(IssuanceClass, RegistrysFaultIsMarked) {
  EXPECT_EQ(classes(Security::kInsecure, 2, true), "blocks-le br-discretion inherited ");
  EXPECT_EQ(classes(Security::kBogus, 1, true), "blocks-le br-forbidden transient inherited ");
}

TEST(IssuanceClass, EveryWordIsDistinctAndDescribed) {
  std::set<std::string_view> words, meanings;
  for (std::size_t i = 0; i < kIssuanceClassCount; ++i) {
    EXPECT_TRUE(words.insert(word(static_cast<IssuanceClass>(i))).second);
    EXPECT_TRUE(meanings.insert(describe(static_cast<IssuanceClass>(i))).second);
  }
}

Finding wrong_denial(std::string zone = "example.com") {
  Finding out = make_finding({.name = "www.example.com", .zone = std::move(zone)});
  out.cause = Cause::kBogus;
  out.security = Security::kBogus;
  out.bogus = BogusKind::kWrongDenial;
  return out;
}

const Workaround kCaaAtWww{Workaround::Kind::kCaaRecord, "www.example.com"};
const Workaround kCnameAtWww{Workaround::Kind::kCname, "www.example.com"};
using Workarounds = std::vector<Workaround>;

TEST(Workaround, ExistsWhereOnlyEmptyAnswersAreAtFault) {
  for (std::size_t i = 0; i < kBogusKindCount; ++i) {
    Finding finding = wrong_denial();
    finding.bogus = static_cast<BogusKind>(i);
    const bool denial =
        finding.bogus == BogusKind::kWrongDenial || finding.bogus == BogusKind::kNoDenialProof;
    EXPECT_EQ(workarounds(finding), denial ? (Workarounds{kCaaAtWww, kCnameAtWww}) : Workarounds{})
        << word(finding.bogus);
  }
  // Servers that refuse the type refuse it with a record too.
  for (std::size_t i = 0; i < kCauseCount; ++i) {
    Finding finding = make_finding({.name = "www.example.com"});
    finding.cause = static_cast<Cause>(i);
    EXPECT_EQ(workarounds(finding), Workarounds{});
  }
}

TEST(Workaround, IsAtTheLabelThatFailsAndNotAtTheName) {
  Finding finding = wrong_denial();
  finding.name = DomainName::from_canonical("a.b.www.example.com");
  EXPECT_EQ(workarounds(finding), (Workarounds{kCaaAtWww, kCnameAtWww}));
}

TEST(Workaround, ApexHasNoRoomForACname) {
  EXPECT_EQ(workarounds(wrong_denial("www.example.com")), (Workarounds{kCaaAtWww}));
}

TEST(Workaround, AliasCanLeadElsewhereOnly) {
  Finding finding = wrong_denial("example.net");
  finding.alias_target = "target.example.net";
  EXPECT_EQ(workarounds(finding), (Workarounds{kCnameAtWww}));
}

TEST(Workaround, PowerDnsStoresCaaSinceFourOnly) {
  Finding finding = wrong_denial();
  finding.versions = {{"192.0.2.1", "PowerDNS Authoritative Server 3.4.11"}};
  EXPECT_EQ(workarounds(finding), (Workarounds{kCnameAtWww}));
  finding.versions = {{"192.0.2.1", "PowerDNS Authoritative Server 4.0.0"}};
  EXPECT_EQ(workarounds(finding), (Workarounds{kCaaAtWww, kCnameAtWww}));
}

TEST(Workaround, RegistrysLabelIsNobodysElse) {
  Finding finding = wrong_denial("com");
  finding.inherited = true;
  EXPECT_EQ(workarounds(finding), Workarounds{});
}

TEST(Workaround, IsDescribedInOneHarmlessSentence) {
  EXPECT_EQ(word(Workaround::Kind::kCaaRecord), "caa-record");
  EXPECT_EQ(word(Workaround::Kind::kCname), "cname");
  EXPECT_EQ(describe(kCaaAtWww),
            "A CAA record at www.example.com itself; one at a parent or at a wildcard does not "
            "help, and where the name exists by a wildcard only, its other records have to be "
            "repeated beside it.");
  EXPECT_EQ(describe({Workaround::Kind::kCname, "a\x1b.example"}),
            "A CNAME record at a\\027.example, in place of its other records, to a name whose zone "
            "another operator serves.");
}

}  // namespace
}  // namespace caascan
