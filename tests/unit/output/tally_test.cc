#include "output/tally.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

#include "affected_fixtures.h"

namespace caascan {
namespace {

using test::make_finding;

TEST(Tally, CountsNamesOfEachKind) {
  Finding insecure = make_finding({.name = "a.example"});
  insecure.security = Security::kInsecure;
  insecure.observed_unix_ms = {1, 2};
  Finding expired = make_finding({.name = "www.b.example", .zone = "b.example"});
  expired.cause = Cause::kBogus;
  expired.security = Security::kBogus;
  expired.bogus = BogusKind::kExpired;
  Finding also = expired;
  also.name = DomainName::from_canonical("ftp.b.example");
  Finding elsewhere = make_finding(
      {.name = "c.example", .outcome = Outcome::kTimeout, .nameservers = {"ns.x.net"}});
  elsewhere.cause = Cause::kTimeout;
  Finding nobody = elsewhere;
  nobody.name = DomainName::from_canonical("d.example");
  nobody.zone.clear();
  nobody.nameservers.clear();
  const AffectedNames affected = test::affected_by({insecure, expired, also, elsewhere, nobody});
  const Tally tally = tally_of(affected);
  EXPECT_EQ(tally.names_by_security, (std::array<std::uint64_t, 5>{2, 0, 1, 2, 0}));
  EXPECT_EQ(tally.names_by_bogus[static_cast<std::size_t>(BogusKind::kExpired)], 2U);
  EXPECT_EQ(tally.names_by_bogus[0], 3U);
  EXPECT_EQ(tally.names_by_class, (std::array<std::uint64_t, 5>{5, 1, 2, 4, 0}));
  ASSERT_EQ(tally.reasons.size(), 3U);
  EXPECT_EQ(tally.reasons[0].reason->id, "nameservers-silent");
  EXPECT_EQ(tally.reasons[0].timeout, 2U);
  EXPECT_EQ(tally.reasons[0].servfail, 0U);
  EXPECT_EQ(tally.reasons[0].zones, 1U);
  EXPECT_EQ(tally.reasons[0].providers, 1U);
  EXPECT_EQ(tally.reasons[1].reason->id, "signatures-expired");
  EXPECT_EQ(tally.reasons[1].servfail, 2U);
  EXPECT_EQ(tally.reasons[1].zones, 1U);
  EXPECT_EQ(tally.reasons[2].reason->id, "zone-servfail");
}

TEST(Tally, OfNothingIsNothing) {
  EXPECT_TRUE(tally_of(test::affected_by({})).reasons.empty());
}

}  // namespace
}  // namespace caascan
