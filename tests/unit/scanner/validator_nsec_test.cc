// Denials by NSEC records.
#include "tests/unit/scanner/validator_cases.h"

namespace caascan::engine {
namespace {

TEST(ValidatorNsec, TheApexRecordOfAServerThatSortsByCaseProvesNothing) {
  // PowerDNS before 4.0.4 sends the record of an earlier name where a letter is in upper case.
  const auto by_hand = ByHand().nsec("example.com", "aaa.example.com", kApex);
  const Validation nodata = by_hand.nodata("www.example.com");
  EXPECT_BOGUS(nodata, BogusKind::kWrongDenial);
  EXPECT_TRUE(nodata.nsec);
  const Validation nxdomain = by_hand.nxdomain("nope.example.com");
  EXPECT_BOGUS(nxdomain, BogusKind::kWrongDenial);
  EXPECT_TRUE(nxdomain.nsec);
  const DsAnswer ds = by_hand.ds("child.example.com");
  EXPECT_DS_BOGUS(ds, BogusKind::kWrongDenial);
  EXPECT_TRUE(ds.nsec);
  // It is right for the apex, and for the gap right behind it.
  EXPECT_PROOF(by_hand.nodata("example.com"), Proof::kSecure);
  EXPECT_PROOF(by_hand.nxdomain("a.example.com"), Proof::kSecure);
}

TEST(ValidatorNsec, AMatchMustLackTheTypeAndAnAlias) {
  EXPECT_PROOF(ByHand().nsec("w.example.com", "x.example.com", {kA}).nodata("w.example.com"),
               Proof::kSecure);
  EXPECT_BOGUS(ByHand().nsec("w.example.com", "x.example.com", {kA, kCaa}).nodata("w.example.com"),
               BogusKind::kWrongDenial);
  EXPECT_BOGUS(ByHand().nsec("w.example.com", "x.example.com", {kCname}).nodata("w.example.com"),
               BogusKind::kWrongDenial);
  EXPECT_PROOF(ByHand().nsec("w.example.com", "x.example.com", {kNs, kSoa}).nodata("w.example.com"),
               Proof::kSecure);
}

TEST(ValidatorNsec, TheParentsRecordDoesNotSpeakForTheChild) {
  EXPECT_PROOF(ByHand().nsec("w.example.com", "x.example.com", {kNs}).nodata("w.example.com"),
               Proof::kInsecure);
  EXPECT_PROOF(ByHand().nsec("w.example.com", "x.example.com", {kNs}).nxdomain("a.w.example.com"),
               Proof::kInsecure);
  EXPECT_BOGUS(ByHand().nsec("w.example.com", "x.example.com", {kNs, kDs}).nodata("w.example.com"),
               BogusKind::kWrongDenial);
  EXPECT_BOGUS(ByHand()
                   .nsec("w.example.com", "x.example.com", {kNs, kDs})
                   .nsec("example.com", "a.example.com", kApex)
                   .nxdomain("a.w.example.com"),
               BogusKind::kWrongDenial);
  EXPECT_BOGUS(ByHand()
                   .nsec("w.example.com", "x.example.com", {kDname})
                   .nsec("example.com", "a.example.com", kApex)
                   .nxdomain("a.w.example.com"),
               BogusKind::kWrongDenial);
}

TEST(ValidatorNsec, ACoverIsStrictlyBetween) {
  // `example.com NSEC a` covers the wildcard; the other record is the one under test.
  const auto covers = [](std::string_view owner, std::string_view next, std::string_view asked) {
    return ByHand()
        .nsec("example.com", "a.example.com", kApex)
        .nsec(std::string(owner), next, {kCaa})
        .nxdomain(asked);
  };
  EXPECT_PROOF(covers("b.example.com", "d.example.com", "c.example.com"), Proof::kSecure);
  EXPECT_PROOF(covers("b.example.com", "d.example.com", "z.b.example.com"), Proof::kSecure);
  EXPECT_BOGUS(covers("b.example.com", "d.example.com", "b.example.com"), BogusKind::kWrongDenial);
  EXPECT_BOGUS(covers("b.example.com", "d.example.com", "d.example.com"), BogusKind::kWrongDenial);
  EXPECT_BOGUS(covers("b.example.com", "d.example.com", "e.example.com"), BogusKind::kWrongDenial);
  // The last record of the zone leads back to its apex.
  EXPECT_PROOF(covers("y.example.com", "example.com", "z.example.com"), Proof::kSecure);
  EXPECT_BOGUS(covers("y.example.com", "example.com", "x.example.com"), BogusKind::kWrongDenial);
}

TEST(ValidatorNsec, TheOnlyRecordOfAZoneCoversAllOfIt) {
  const auto only = ByHand().nsec("example.com", "example.com", kApex);
  EXPECT_PROOF(only.nxdomain("x.example.com"), Proof::kSecure);
  EXPECT_PROOF(only.nxdomain("x.y.example.com"), Proof::kSecure);
  EXPECT_PROOF(only.nodata("example.com"), Proof::kSecure);
  EXPECT_BOGUS(only.nodata("x.example.com"), BogusKind::kWrongDenial);
}

TEST(ValidatorNsec, TheOrderIsThatOfLabelsFromTheRight) {
  // RFC 4034 §6.1, with the example's names.
  const std::vector<std::string_view> sorted = {
      "example", "a.example", "yljkjljk.a.example", "z.a.example", "zabc.a.example", "z.example"};
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    for (std::size_t j = 0; j < sorted.size(); ++j)
      EXPECT_EQ(canonical_order(name(sorted[i]), name(sorted[j])), i <=> j) << i << " " << j;
  }
  // Octets are without sign, and letters without case.
  EXPECT_EQ(canonical_order(name("\x01.a"), name("\xC8.a")), std::strong_ordering::less);
  EXPECT_EQ(canonical_order(name("B.a"), name("a.a")), std::strong_ordering::greater);
}

TEST(ValidatorNsec, AnEmptyNonTerminalLiesBeforeTheNextName) {
  EXPECT_PROOF(ByHand().nsec("d.example.com", "a.ent.example.com", {kA}).nodata("ent.example.com"),
               Proof::kSecure);
  EXPECT_BOGUS(ByHand().nsec("d.example.com", "a.ent.example.com", {kA}).nodata("nt.example.com"),
               BogusKind::kWrongDenial);
  // NXDOMAIN for it is wrong, and forgiven as Unbound does.
  EXPECT_PROOF(
      ByHand().nsec("d.example.com", "a.ent.example.com", {kA}).nxdomain("ent.example.com"),
      Proof::kSecure);
}

TEST(ValidatorNsec, NxdomainWithTheProofOfNodataIsForgiven) {
  const auto match = ByHand().nsec("w.example.com", "x.example.com", {kA});
  EXPECT_PROOF(match.nxdomain("w.example.com"), Proof::kSecure);
  // The other way round it is not: there is no such name.
  const auto none = ByHand().nsec("example.com", "z.example.com", kApex);
  EXPECT_PROOF(none.nxdomain("w.example.com"), Proof::kSecure);
  EXPECT_BOGUS(none.nodata("w.example.com"), BogusKind::kWrongDenial);
}

TEST(ValidatorNsec, TheWildcardMustBeThatOfTheClosestEncloser) {
  // `x.b` does not exist, nor does `*.b`; that `*` does not is beside the point.
  EXPECT_BOGUS(ByHand()
                   .nsec("example.com", "a.example.com", kApex)
                   .nsec("c.b.example.com", "y.b.example.com", {kA})
                   .nxdomain("x.b.example.com"),
               BogusKind::kWrongDenial);
  EXPECT_PROOF(ByHand()
                   .nsec("b.example.com", "c.b.example.com", {kA})
                   .nsec("c.b.example.com", "y.b.example.com", {kA})
                   .nxdomain("x.b.example.com"),
               Proof::kSecure);
  // The same for a wildcard without the type.
  EXPECT_BOGUS(ByHand()
                   .nsec("*.example.com", "a.example.com", {kA})
                   .nsec("c.b.example.com", "y.b.example.com", {kA})
                   .nodata("x.b.example.com"),
               BogusKind::kWrongDenial);
  EXPECT_PROOF(ByHand()
                   .nsec("*.b.example.com", "c.b.example.com", {kA})
                   .nsec("c.b.example.com", "y.b.example.com", {kA})
                   .nodata("x.b.example.com"),
               Proof::kSecure);
  for (const std::vector<RecordType>& types :
       {std::vector{kCaa}, std::vector{kCname}, std::vector{kNs}}) {
    EXPECT_EQ(ByHand()
                  .nsec("*.b.example.com", "c.b.example.com", types)
                  .nsec("c.b.example.com", "y.b.example.com", {kA})
                  .nodata("x.b.example.com")
                  .proof,
              Proof::kBogus);
  }
}

TEST(ValidatorNsec, AWildcardWithoutRecordsOfItsOwnIsNoAnswerEither) {
  // Below `*.b` there is a name, so `*.b` is an empty non-terminal, and `x.b` is made from it.
  EXPECT_PROOF(ByHand()
                   .nsec("b.example.com", "a.*.b.example.com", {kA})
                   .nsec("a.*.b.example.com", "y.b.example.com", {kA})
                   .nodata("x.b.example.com"),
               Proof::kSecure);
}

TEST(ValidatorNsec, ARecordMadeFromAWildcardIsThatOfTheWildcard) {
  const ByHand by_hand;
  // The server put another owner over it; the signature says `*.b`.
  const Records wildcard = by_hand.key.sign(
      records("*.b.example.com", RecordType::kNsec, {test::nsec_rdata("c.b.example.com", {kA})}));
  Message message("x.b.example.com", kCaa);
  message.add(Section::kAuthority, by_hand.soa())
      .add(Section::kAuthority, test::expanded(wildcard, "x.b.example.com"));
  EXPECT_BOGUS(check(by_hand.key, "x.b.example.com", kCaa, Claim::kNodata, message),
               BogusKind::kWrongDenial);
  // As the name's own it would make an insecure delegation of each name.
  const Records delegation = by_hand.key.sign(
      records("*.b.example.com", RecordType::kNsec, {test::nsec_rdata("c.b.example.com", {kNs})}));
  EXPECT_DS_BOGUS(
      check_ds(by_hand.key, "x.b.example.com",
               Message("x.b.example.com", kDs)
                   .add(Section::kAuthority, test::expanded(delegation, "x.b.example.com"))),
      BogusKind::kWrongDenial);
}

TEST(ValidatorNsec, ANextNameOutsideOfTheZoneIsNotBelieved) {
  EXPECT_BOGUS(ByHand().nsec("w.example.com", "x.example.net", {kA}).nodata("w.example.com"),
               BogusKind::kBadSignature);
}

// Everything in authority must be signed beside a proof that is.
TEST(ValidatorDenial, AnUnsignedSoaBesideASignedProofIsBogus) {
  SigningKey key("example.com", "one");
  Message message("w.example.com", kCaa);
  message.add(Section::kAuthority, records("example.com", kSoa, {test::soa_rdata("example.com")}));
  message.add(Section::kAuthority, key.sign(records("w.example.com", RecordType::kNsec,
                                                    {test::nsec_rdata("x.example.com", {kA})})));
  EXPECT_BOGUS(check(key, "w.example.com", kCaa, Claim::kNodata, message), BogusKind::kNoSignature);
}

TEST(ValidatorDenial, ASignedSoaAloneProvesNothing) {
  EXPECT_BOGUS(ByHand().nodata("w.example.com"), BogusKind::kNoDenialProof);
  EXPECT_BOGUS(ByHand().nxdomain("w.example.com"), BogusKind::kNoDenialProof);
  EXPECT_DS(ByHand().ds("w.example.com"), DsState::kNotThere);
}

TEST(ValidatorDenial, AnEmptyMessageIsUnsigned) {
  const SigningKey key("example.com", "one");
  const Validation got =
      check(key, "w.example.com", kCaa, Claim::kNodata, Message("w.example.com", kCaa));
  EXPECT_EQ(got.proof, Proof::kUnsigned);
  EXPECT_EQ(got.kind, BogusKind::kNoSignature);
}

TEST(ValidatorDenial, NsRecordsBesideAreNotLookedAt) {
  auto by_hand = ByHand().nsec("w.example.com", "x.example.com", {kA});
  by_hand.message.add(Section::kAuthority,
                      records("example.com", kNs, {test::name_rdata("ns.example.com")}));
  EXPECT_PROOF(by_hand.nodata("w.example.com"), Proof::kSecure);
}

}  // namespace
}  // namespace caascan::engine
