// Denials by NSEC3 records.
#include "tests/unit/scanner/validator_cases.h"

namespace caascan::engine {
namespace {

TEST(ValidatorNsec3, MatchesAndCoversByTheHashAlone) {
  EXPECT_PROOF(ByHand().nsec3("w.example.com", 0, "w.example.com", 1, {kA}).nodata("w.example.com"),
               Proof::kSecure);
  EXPECT_BOGUS(
      ByHand().nsec3("w.example.com", 0, "w.example.com", 1, {kCaa}).nodata("w.example.com"),
      BogusKind::kWrongDenial);
  EXPECT_BOGUS(
      ByHand().nsec3("w.example.com", 0, "w.example.com", 1, {kCname}).nodata("w.example.com"),
      BogusKind::kWrongDenial);
  EXPECT_PROOF(
      ByHand().nsec3("w.example.com", 0, "w.example.com", 1, {kNs}).nodata("w.example.com"),
      Proof::kInsecure);
  // The hash beside it says nothing: the parameters fit, the name does not.
  EXPECT_BOGUS(ByHand().nsec3("w.example.com", 1, "w.example.com", 2, {kA}).nodata("w.example.com"),
               BogusKind::kWrongDenial);
}

// A whole NXDOMAIN proof, with one record moved.
Validation nxdomain3(int cover_step, int cover_next_step, const test::Nsec3Parameters& cover = {},
                     const std::vector<RecordType>& encloser_types = kApex) {
  return ByHand()
      .nsec3("example.com", 0, "example.com", 1, encloser_types)
      .nsec3("w.example.com", cover_step, "w.example.com", cover_next_step, {kA}, cover)
      .nsec3("*.example.com", -1, "*.example.com", 1, {kA})
      .nxdomain("x.w.example.com");
}

TEST(ValidatorNsec3, ACoverIsStrictlyBetween) {
  EXPECT_PROOF(nxdomain3(-1, 1), Proof::kSecure);
  EXPECT_BOGUS(nxdomain3(0, 1), BogusKind::kWrongDenial);   // matches: `w` exists
  EXPECT_BOGUS(nxdomain3(-2, 0), BogusKind::kWrongDenial);  // ends at it
  EXPECT_BOGUS(nxdomain3(1, 2), BogusKind::kWrongDenial);
  // The last record of the chain: from behind `w` round to before it, and to behind it.
  EXPECT_BOGUS(nxdomain3(1, -1), BogusKind::kWrongDenial);
  EXPECT_PROOF(nxdomain3(2, 1), Proof::kSecure);
}

TEST(ValidatorNsec3, OptOutMakesWhatItCoversInsecure) {
  EXPECT_PROOF(nxdomain3(-1, 1, {.opt_out = true}), Proof::kInsecure);
  // NODATA for a name in an opt-out span: it may be an unsigned delegation.
  const auto nodata = [](bool opt_out) {
    return ByHand()
        .nsec3("example.com", 0, "example.com", 1, kApex)
        .nsec3("w.example.com", -1, "w.example.com", 1, {kA}, {.opt_out = opt_out})
        .nodata("w.example.com");
  };
  EXPECT_PROOF(nodata(true), Proof::kInsecure);
  EXPECT_BOGUS(nodata(false), BogusKind::kWrongDenial);
}

TEST(ValidatorNsec3, TheEncloserIsNeitherDelegationNorDname) {
  EXPECT_PROOF(nxdomain3(-1, 1, {}, {kNs}), Proof::kInsecure);
  EXPECT_BOGUS(nxdomain3(-1, 1, {}, {kNs, kDs}), BogusKind::kWrongDenial);
  EXPECT_BOGUS(nxdomain3(-1, 1, {}, {kNs, kSoa, kDname}), BogusKind::kWrongDenial);
}

TEST(ValidatorNsec3, NxdomainWithTheProofOfNodataIsBogus) {
  // Unlike with NSEC: Unbound asks these records for the rcode alone.
  EXPECT_BOGUS(
      ByHand().nsec3("w.example.com", 0, "w.example.com", 1, {kA}).nxdomain("w.example.com"),
      BogusKind::kWrongDenial);
}

TEST(ValidatorNsec3, RecordsOfTwoChainsProveNothingTogether) {
  EXPECT_BOGUS(nxdomain3(-1, 1, {.iterations = 1}), BogusKind::kWrongDenial);
  EXPECT_BOGUS(nxdomain3(-1, 1, {.salt = {1}}), BogusKind::kWrongDenial);
}

TEST(ValidatorNsec3, AnUnknownAlgorithmOrFlagIsNotThere) {
  const test::Nsec3Parameters unknown = {.algorithm = 2};
  EXPECT_BOGUS(
      ByHand().nsec3("w.example.com", 0, "w.example.com", 1, {kA}, unknown).nodata("w.example.com"),
      BogusKind::kNoDenialProof);
  // Beside records that are known it does no harm.
  EXPECT_PROOF(ByHand()
                   .nsec3("v.example.com", 0, "v.example.com", 1, {kA}, unknown)
                   .nsec3("w.example.com", 0, "w.example.com", 1, {kA})
                   .nodata("w.example.com"),
               Proof::kSecure);
  const SigningKey key("example.com", "one");
  const Rdata hash = test::nsec3_hash_of("w.example.com", {});
  Records flagged = test::nsec3_records("example.com", hash, test::hash_beside(hash, 1), {kA}, {});
  flagged.rdatas[0][1] = 2;
  EXPECT_BOGUS(check(key, "w.example.com", kCaa, Claim::kNodata,
                     Message("w.example.com", kCaa).add(Section::kAuthority, key.sign(flagged))),
               BogusKind::kNoDenialProof);
}

TEST(ValidatorNsec3, AnOwnerNotRightBelowTheApexIsNotBelieved) {
  const SigningKey key("example.com", "one");
  const Rdata hash = test::nsec3_hash_of("w.example.com", {});
  const Records deeper =
      test::nsec3_records("sub.example.com", hash, test::hash_beside(hash, 1), {kA}, {});
  EXPECT_BOGUS(check(key, "w.example.com", kCaa, Claim::kNodata,
                     Message("w.example.com", kCaa).add(Section::kAuthority, key.sign(deeper))),
               BogusKind::kBadSignature);
}

TEST(ValidatorNsec3, MoreIterationsThanTheBoundAreInsecure) {
  const auto with = [](std::uint16_t iterations) {
    return ByHand().nsec3("w.example.com", 0, "w.example.com", 1, {kNs},
                          {.iterations = iterations});
  };
  const auto nodata = [](std::uint16_t iterations, Claim claim) {
    const auto by_hand =
        ByHand().nsec3("w.example.com", 0, "w.example.com", 1, {kCaa}, {.iterations = iterations});
    return check(by_hand.key, "w.example.com", kCaa, claim, by_hand.message).proof;
  };
  for (const Claim claim : {Claim::kNodata, Claim::kNxDomain}) {
    EXPECT_EQ(nodata(kNsec3IterationsMax, claim), Proof::kBogus);
    EXPECT_EQ(nodata(kNsec3IterationsMax + 1, claim), Proof::kInsecure);
    EXPECT_EQ(nodata(0xFFFF, claim), Proof::kInsecure);
  }
  EXPECT_DS(with(kNsec3IterationsMax).ds("w.example.com"), DsState::kNoDs);
  EXPECT_DS(with(kNsec3IterationsMax + 1).ds("w.example.com"), DsState::kInsecure);
  EXPECT_DS(with(kNsec3IterationsMax + 1).ds("other.example.com"), DsState::kInsecure);
}

TEST(ValidatorNsec3, EachNameIsHashedOnceAMessage) {
  const auto by_hand = ByHand()
                           .nsec3("example.com", 0, "example.com", 1, kApex)
                           .nsec3("w.example.com", -1, "w.example.com", 1, {kA})
                           .nsec3("*.example.com", -1, "*.example.com", 1, {kA});
  Validator validator(kCacheOctets);
  EXPECT_PROOF(check(validator, keys_of({&by_hand.key}), "x.w.example.com", kCaa, Claim::kNxDomain,
                     by_hand.message),
               Proof::kSecure);
  // x.w, w, the apex and the wildcard.
  EXPECT_EQ(validator.counts().nsec3_hashes, 4u);
}

}  // namespace
}  // namespace caascan::engine
