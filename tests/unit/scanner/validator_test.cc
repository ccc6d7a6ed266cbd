// DS answers, aliases and answers.
#include "tests/unit/scanner/validator_cases.h"

namespace caascan::engine {
namespace {

TEST(ValidatorDs, AnOptOutSpanMayHoldAnUnsignedDelegation) {
  test::ZoneOptions options{.name = "example.com", .nsec3 = true, .parameters = {.opt_out = true}};
  SignedZone zone(options);
  zone.add("www.example.com", kA, {{192, 0, 2, 1}});
  zone.delegate("insecure.example.com", {});
  zone.delegate("secure.example.com", {SigningKey("secure.example.com", "s").ds()});
  for (const RecordType type : {kDs, kCaa}) {
    EXPECT_DS(
        check_ds(zone.key(), "insecure.example.com", zone.answer("insecure.example.com", type)),
        DsState::kNoDs);
    EXPECT_DS(check_ds(zone.key(), "secure.example.com", zone.answer("secure.example.com", type)),
              DsState::kSecure);
  }
  EXPECT_DS(check_ds(zone.key(), "www.example.com", zone.answer("www.example.com", kDs)),
            DsState::kNoCut);
  EXPECT_DS(check_ds(zone.key(), "nope.example.com", zone.answer("nope.example.com", kDs)),
            DsState::kNoDs);
  EXPECT_PROOF(check(zone.key(), "nope.example.com", kCaa, Claim::kNxDomain,
                     zone.answer("nope.example.com", kCaa)),
               Proof::kInsecure);
}

TEST(ValidatorDs, ASetMadeFromAWildcardIsNotBelieved) {
  const SigningKey key("example.com", "one");
  const Records wildcard = key.sign(
      records("*.example.com", kDs, {test::ds_rdata(SigningKey("w.example.com", "w").ds())}));
  EXPECT_DS_BOGUS(check_ds(key, "w.example.com",
                           Message("w.example.com", kDs)
                               .add(Section::kAnswer, test::expanded(wildcard, "w.example.com"))),
                  BogusKind::kBadSignature);
}

TEST(ValidatorDs, AWildcardThatIsADelegationProvesNothing) {
  EXPECT_DS_BOGUS(ByHand()
                      .nsec("*.b.example.com", "c.b.example.com", {kNs})
                      .nsec("c.b.example.com", "y.b.example.com", {kA})
                      .ds("x.b.example.com"),
                  BogusKind::kWrongDenial);
}

TEST(ValidatorDs, AnAliasIsNoCutWhereItIsSigned) {
  const SigningKey key("example.com", "one");
  const Records alias = records("w.example.com", kCname, {test::name_rdata("x.example.com")});
  const auto with = [&](const Records& set) {
    return check_ds(key, "w.example.com", Message("w.example.com", kDs).add(Section::kAnswer, set));
  };
  EXPECT_DS(with(key.sign(alias)), DsState::kNoCut);
  EXPECT_DS_BOGUS(with(alias), BogusKind::kNoSignature);
  EXPECT_DS_BOGUS(with(SigningKey("example.com", "two").sign(alias)), BogusKind::kBadSignature);
}

TEST(ValidatorAlias, WhatFollowsFromADnameNeedsNoSignature) {
  const SigningKey key("example.com", "one");
  const Records dname = key.sign(records("m.example.com", kDname, {test::name_rdata("t.test")}));
  const auto with = [&](const Records& redirect, std::string_view target) {
    return check(key, "x.y.m.example.com", kCaa, Claim::kAlias,
                 Message("x.y.m.example.com", kCaa)
                     .add(Section::kAnswer, redirect)
                     .add(Section::kAnswer,
                          records("x.y.m.example.com", kCname, {test::name_rdata(target)})));
  };
  EXPECT_PROOF(with(dname, "x.y.t.test"), Proof::kSecure);
  EXPECT_PROOF(with(dname, "X.Y.T.test"), Proof::kSecure);
  EXPECT_BOGUS(with(dname, "y.t.test"), BogusKind::kBadSignature);
  Records unsigned_dname = dname;
  unsigned_dname.signatures.clear();
  EXPECT_EQ(with(unsigned_dname, "x.y.t.test").proof, Proof::kUnsigned);
  // Without the CNAME it follows all the same.
  EXPECT_PROOF(check(key, "x.y.m.example.com", kCaa, Claim::kAlias,
                     Message("x.y.m.example.com", kCaa).add(Section::kAnswer, dname)),
               Proof::kSecure);
  // Which names a wildcard redirects is not defined.
  const Records wildcard = test::expanded(
      key.sign(records("*.example.com", kDname, {test::name_rdata("t.test")})), "m.example.com");
  EXPECT_BOGUS(with(wildcard, "x.y.t.test"), BogusKind::kBadSignature);
}

TEST(ValidatorAlias, ATargetThatIsTooLongIsBogus) {
  const SigningKey key("example.com", "one");
  const std::string label(63, 'a');
  const std::string asked = label + "." + label + "." + label + ".m.example.com";
  const Records dname =
      key.sign(records("m.example.com", kDname, {test::name_rdata(label + "." + label + ".test")}));
  EXPECT_BOGUS(
      check(key, asked, kCaa, Claim::kAlias, Message(asked, kCaa).add(Section::kAnswer, dname)),
      BogusKind::kBadSignature);
}

TEST(ValidatorAnswer, SignaturesThatDisagreeOnAWildcardAreBogus) {
  const SigningKey key("example.com", "one");
  Records set = test::expanded(
      key.sign(records("*.example.com", kCaa, {test::caa_rdata("a.test")})), "w.example.com");
  set = SigningKey("example.com", "two").sign(set);
  Message message("w.example.com", kCaa);
  message.add(Section::kAnswer, set);
  message.add(Section::kAuthority, key.sign(records("example.com", RecordType::kNsec,
                                                    {test::nsec_rdata("example.com", kApex)})));
  EXPECT_BOGUS(check(key, "w.example.com", kCaa, Claim::kAnswer, message),
               BogusKind::kBadSignature);
}

TEST(ValidatorAnswer, WhatTheZoneSignedBesideItMustBeRight) {
  const SigningKey key("example.com", "one");
  const Records caa = key.sign(records("w.example.com", kCaa, {test::caa_rdata("a.test")}));
  Records nsec = key.sign(
      records("w.example.com", RecordType::kNsec, {test::nsec_rdata("x.example.com", {kCaa})}));
  nsec.signatures[0].back() ^= 1;
  Records ns = key.sign(records("example.com", kNs, {test::name_rdata("ns.example.com")}));
  ns.signatures[0].back() ^= 1;
  const auto with = [&](const Records& beside) {
    return check(
        key, "w.example.com", kCaa, Claim::kAnswer,
        Message("w.example.com", kCaa).add(Section::kAnswer, caa).add(Section::kAuthority, beside));
  };
  EXPECT_BOGUS(with(nsec), BogusKind::kBadSignature);
  EXPECT_PROOF(with(ns), Proof::kSecure);
  nsec.signatures.clear();
  EXPECT_PROOF(with(nsec), Proof::kSecure);
}

TEST(ValidatorAnswer, AClaimThatTheMessageDoesNotHoldIsBogus) {
  const SigningKey key("example.com", "one");
  const Message empty("w.example.com", kCaa);
  EXPECT_BOGUS(check(key, "w.example.com", kCaa, Claim::kAnswer, empty), BogusKind::kNoSignature);
  EXPECT_BOGUS(check(key, "w.example.com", kCaa, Claim::kAlias, empty), BogusKind::kNoSignature);
}

TEST(ValidatorMessage, OneThatCannotBeReadIsBogus) {
  const SigningKey key("example.com", "one");
  Records set = key.sign(records("w.example.com", kCaa, {test::caa_rdata("a.test")}));
  set.signatures[0].resize(10);
  const Message message = Message("w.example.com", kCaa).add(Section::kAnswer, set);
  EXPECT_BOGUS(check(key, "w.example.com", kCaa, Claim::kAnswer, message),
               BogusKind::kBadSignature);
  EXPECT_BOGUS(check_keys("example.com", {key.ds()}, message).validation, BogusKind::kBadSignature);
}

TEST(ValidatorDs, OneThatCannotBeReadIsBogusAndWhatIsNotOfTheDelegationIsNotRead) {
  const SigningKey key("example.com", "one");
  const SigningKey child("w.example.com", "two");
  Records ds =
      key.sign(records("w.example.com", wire::RecordType::kDs, {test::ds_rdata(child.ds())}));
  Records caa = key.sign(records("w.example.com", kCaa, {test::caa_rdata("a.test")}));
  caa.signatures[0].resize(10);
  const Message good = Message("w.example.com", wire::RecordType::kDs)
                           .add(Section::kAnswer, ds)
                           .add(Section::kAuthority, caa);
  EXPECT_EQ(check_ds(key, "w.example.com", good).state, DsState::kSecure);
  ds.signatures[0].resize(10);
  const Message bad = Message("w.example.com", wire::RecordType::kDs).add(Section::kAnswer, ds);
  EXPECT_DS_BOGUS(check_ds(key, "w.example.com", bad), BogusKind::kBadSignature);
}

}  // namespace
}  // namespace caascan::engine
