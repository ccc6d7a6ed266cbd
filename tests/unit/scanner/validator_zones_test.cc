// Whole zones: every kind of answer, and what is left of it when a part is missing.
#include "tests/unit/scanner/validator_cases.h"

namespace caascan::engine {
namespace {

enum class Kind { kNsec, kNsec3, kNsec3Salted };
void PrintTo(Kind kind, std::ostream* out) {
  constexpr std::string_view words[] = {"Nsec", "Nsec3", "Nsec3Salted"};
  *out << words[static_cast<std::size_t>(kind)];
}
class Zones : public testing::TestWithParam<Kind> {
 protected:
  static SignedZone make(bool opt_out = false, std::uint16_t iterations = 3,
                         Kind kind = GetParam()) {
    test::ZoneOptions options{.name = "example.com"};
    options.nsec3 = kind != Kind::kNsec;
    options.parameters.opt_out = opt_out;
    if (kind == Kind::kNsec3Salted) {
      options.parameters.iterations = iterations;
      options.parameters.salt = {0xAA, 0xBB};
    }
    SignedZone zone(options);
    zone.add("mail.example.com", RecordType::kA, {{192, 0, 2, 1}});
    zone.add("www.example.com", RecordType::kA, {{192, 0, 2, 1}});
    zone.add("www.example.com", RecordType::kCaa, {test::caa_rdata("a.test")});
    zone.add("alias.example.com", RecordType::kCname, {test::name_rdata("www.example.com")});
    zone.add("a.ent.example.com", RecordType::kA, {{192, 0, 2, 1}});
    zone.add("*.wild.example.com", RecordType::kCaa, {test::caa_rdata("a.test")});
    zone.add("b.wild.example.com", RecordType::kA, {{192, 0, 2, 1}});
    zone.add("*.walias.example.com", RecordType::kCname, {test::name_rdata("www.example.com")});
    zone.add("*.wempty.example.com", RecordType::kA, {{192, 0, 2, 1}});
    zone.add("moved.example.com", RecordType::kDname, {test::name_rdata("www.example.com")});
    zone.delegate("secure.example.com", {SigningKey("secure.example.com", "s").ds()});
    zone.delegate("insecure.example.com", {});
    return zone;
  }
};

struct Asked {
  std::string name;
  RecordType type;
  Claim claim;
};
const std::vector<Asked> kPresent = {
    {"example.com", RecordType::kSoa, Claim::kAnswer},
    {"www.example.com", RecordType::kCaa, Claim::kAnswer},
    {"WWW.Example.COM", RecordType::kCaa, Claim::kAnswer},
    {"alias.example.com", RecordType::kCaa, Claim::kAlias},
    {"x.wild.example.com", RecordType::kCaa, Claim::kAnswer},
    {"x.y.z.wild.example.com", RecordType::kCaa, Claim::kAnswer},
    {"*.wild.example.com", RecordType::kCaa, Claim::kAnswer},
    {"x.walias.example.com", RecordType::kCaa, Claim::kAlias},
    {"x.y.moved.example.com", RecordType::kCaa, Claim::kAlias},
};
const std::vector<Asked> kAbsent = {
    {"example.com", RecordType::kCaa, Claim::kNodata},
    {"mail.example.com", RecordType::kCaa, Claim::kNodata},
    {"moved.example.com", RecordType::kCaa, Claim::kNodata},
    {"ent.example.com", RecordType::kCaa, Claim::kNodata},
    {"b.wild.example.com", RecordType::kCaa, Claim::kNodata},
    {"*.wempty.example.com", RecordType::kCaa, Claim::kNodata},
    {"x.wempty.example.com", RecordType::kCaa, Claim::kNodata},
    {"x.y.wempty.example.com", RecordType::kCaa, Claim::kNodata},
    {"wild.example.com", RecordType::kCaa, Claim::kNodata},
    {"nope.example.com", RecordType::kCaa, Claim::kNxDomain},
    {"aaa.example.com", RecordType::kCaa, Claim::kNxDomain},
    {"zzz.example.com", RecordType::kCaa, Claim::kNxDomain},
    {"x.y.www.example.com", RecordType::kCaa, Claim::kNxDomain},
    {"b.ent.example.com", RecordType::kCaa, Claim::kNxDomain},
    {"x.b.wild.example.com", RecordType::kCaa, Claim::kNxDomain},
};

TEST_P(Zones, EveryAnswerIsSecure) {
  const SignedZone zone = make();
  for (const auto* list : {&kPresent, &kAbsent}) {
    for (const Asked& asked : *list) {
      SCOPED_TRACE(asked.name);
      const Message message = zone.answer(asked.name, asked.type);
      const Validation got = check(zone.key(), asked.name, asked.type, asked.claim, message);
      EXPECT_PROOF(got, Proof::kSecure);
      EXPECT_EQ(got.nsec, GetParam() == Kind::kNsec && !message.denials().empty());
      EXPECT_EQ(got.ttl_s, 300u);
    }
  }
}

TEST_P(Zones, NoPartOfAProofIsIdle) {
  const SignedZone zone = make();
  for (const auto* list : {&kPresent, &kAbsent}) {
    for (const Asked& asked : *list) {
      const Message message = zone.answer(asked.name, asked.type);
      for (const auto& [owner, type] : message.denials()) {
        SCOPED_TRACE(asked.name + " without that of " + owner);
        const Validation got =
            check(zone.key(), asked.name, asked.type, asked.claim, message.without(owner, type));
        EXPECT_EQ(got.proof, Proof::kBogus);
        EXPECT_EQ(word(got.kind), word(message.denials().size() == 1 ? BogusKind::kNoDenialProof
                                                                     : BogusKind::kWrongDenial));
      }
    }
  }
}

TEST_P(Zones, WithoutSignaturesAMessageSaysNothing) {
  const SignedZone zone = make();
  for (const auto* list : {&kPresent, &kAbsent}) {
    for (const Asked& asked : *list) {
      SCOPED_TRACE(asked.name);
      const Validation got = check(zone.key(), asked.name, asked.type, asked.claim,
                                   zone.answer(asked.name, asked.type).unsigned_copy());
      EXPECT_EQ(got.proof, Proof::kUnsigned);
      EXPECT_EQ(got.kind, BogusKind::kNoSignature);
    }
  }
}

TEST_P(Zones, TheProofOfOneNameIsNoneForAnother) {
  const SignedZone zone = make();
  for (const Asked& asked : kAbsent) {
    const Message message = zone.answer(asked.name, asked.type);
    for (const char* other : {"www.example.com", "alias.example.com", "x.wild.example.com"}) {
      SCOPED_TRACE(asked.name + " for " + other);
      const Validation got = check(zone.key(), other, RecordType::kCaa, asked.claim, message);
      EXPECT_EQ(got.proof, Proof::kBogus);
      EXPECT_EQ(got.kind, BogusKind::kWrongDenial);
      EXPECT_EQ(got.nsec, GetParam() == Kind::kNsec);
    }
  }
}

TEST_P(Zones, ADamagedProofIsBogus) {
  test::ZoneOptions options{
      .name = "example.com", .nsec3 = GetParam() != Kind::kNsec, .seed = "other"};
  SignedZone other(options);  // the same names, and another key
  other.add("mail.example.com", RecordType::kA, {{192, 0, 2, 1}});
  const SignedZone zone = make();
  EXPECT_BOGUS(check(zone.key(), "mail.example.com", RecordType::kCaa, Claim::kNodata,
                     other.answer("mail.example.com", RecordType::kCaa)),
               BogusKind::kBadSignature);
  EXPECT_BOGUS(check(zone.key(), "mail.example.com", RecordType::kCaa, Claim::kNodata,
                     zone.answer("mail.example.com", RecordType::kCaa), Validity().expiration + 1),
               BogusKind::kExpired);
}

TEST_P(Zones, WhatTheParentSaysOfADelegation) {
  const SignedZone zone = make();
  for (const RecordType type : {RecordType::kDs, RecordType::kCaa}) {  // an answer, and a referral
    const DsAnswer secure =
        check_ds(zone.key(), "secure.example.com", zone.answer("secure.example.com", type));
    EXPECT_DS(secure, DsState::kSecure);
    EXPECT_EQ(secure.records,
              std::vector<wire::DsRecord>{SigningKey("secure.example.com", "s").ds()});
    EXPECT_EQ(secure.ttl_s, 300u);
    const DsAnswer insecure =
        check_ds(zone.key(), "insecure.example.com", zone.answer("insecure.example.com", type));
    EXPECT_DS(insecure, DsState::kNoDs);
    EXPECT_EQ(insecure.nsec, GetParam() == Kind::kNsec);
  }
  for (const char* no_cut :
       {"www.example.com", "ent.example.com", "nope.example.com", "alias.example.com",
        "x.wempty.example.com", "x.walias.example.com", "b.ent.example.com"}) {
    SCOPED_TRACE(no_cut);
    EXPECT_DS(check_ds(zone.key(), no_cut, zone.answer(no_cut, RecordType::kDs)), DsState::kNoCut);
  }
}

TEST_P(Zones, WhatTheParentSaysWrongly) {
  const SignedZone zone = make();
  const Message insecure = zone.answer("insecure.example.com", RecordType::kCaa);
  EXPECT_DS(check_ds(zone.key(), "insecure.example.com", insecure.unsigned_copy()),
            DsState::kNotThere);
  EXPECT_DS(check_ds(zone.key(), "insecure.example.com",
                     Message("insecure.example.com", RecordType::kCaa)),
            DsState::kNotThere);
  EXPECT_DS_BOGUS(check_ds(zone.key(), "secure.example.com", insecure), BogusKind::kWrongDenial);
  EXPECT_DS_BOGUS(check_ds(zone.key(), "insecure.example.com", insecure, Validity().expiration + 1),
                  BogusKind::kExpired);
  const Message secure = zone.answer("secure.example.com", RecordType::kDs);
  EXPECT_DS_BOGUS(check_ds(zone.key(), "secure.example.com", secure.unsigned_copy()),
                  BogusKind::kNoSignature);
  EXPECT_DS_BOGUS(check_ds(SigningKey("example.com", "other"), "secure.example.com", secure),
                  BogusKind::kBadSignature);
  EXPECT_DS_BOGUS(check_ds(zone.key(), "secure.example.com", secure, Validity().inception - 1),
                  BogusKind::kNotYetValid);
  // The record says that there is a DS set.
  Message hidden("secure.example.com", RecordType::kDs);
  hidden.add(Section::kAuthority, GetParam() == Kind::kNsec ? zone.nsec_of("secure.example.com")
                                                            : zone.nsec3_of("secure.example.com"));
  EXPECT_DS_BOGUS(check_ds(zone.key(), "secure.example.com", hidden), BogusKind::kWrongDenial);
}

TEST_P(Zones, AChildsOwnRecordProvesNothingOfItsDs) {
  test::ZoneOptions options{.name = "child.example.com", .nsec3 = GetParam() != Kind::kNsec};
  const SignedZone child(options);
  Message message("child.example.com", RecordType::kDs);
  message.add(Section::kAuthority, child.set("child.example.com", RecordType::kSoa));
  message.add(Section::kAuthority, options.nsec3 ? child.nsec3_of("child.example.com")
                                                 : child.nsec_of("child.example.com"));
  EXPECT_DS(check_ds(make().key(), "child.example.com", message), DsState::kNotThere);
  // Nor where one key serves both.
  const SigningKey both("example.com", "both");
  Message abused("child.example.com", RecordType::kDs);
  if (options.nsec3) {
    const Rdata hash = test::nsec3_hash_of("child.example.com", {});
    abused.add(Section::kAuthority,
               both.sign(test::nsec3_records("example.com", hash, test::hash_beside(hash, 1),
                                             {RecordType::kNs, RecordType::kSoa}, {})));
  } else {
    abused.add(
        Section::kAuthority,
        both.sign(records("child.example.com", RecordType::kNsec,
                          {test::nsec_rdata("example.com", {RecordType::kNs, RecordType::kSoa})})));
  }
  EXPECT_DS_BOGUS(check_ds(both, "child.example.com", abused), BogusKind::kWrongDenial);
}

TEST_P(Zones, AnAnswerSignedBelowNamesTheZoneBelow) {
  const SignedZone zone = make();
  test::ZoneOptions options{
      .name = "secure.example.com", .nsec3 = GetParam() != Kind::kNsec, .seed = "s"};
  SignedZone child(options);
  for (const char* asked : {"secure.example.com", "x.secure.example.com"}) {
    const Claim claim =
        std::string_view(asked).starts_with('x') ? Claim::kNxDomain : Claim::kNodata;
    const Validation got =
        check(zone.key(), asked, RecordType::kCaa, claim, child.answer(asked, RecordType::kCaa));
    EXPECT_PROOF(got, Proof::kSignedBelow);
    EXPECT_EQ(got.signer, name("secure.example.com"));
  }
}

TEST_P(Zones, DataOfAnInsecureDelegationAreInsecure) {
  const SignedZone zone = make();
  // The parent's server denies what only the child knows.
  Message message("insecure.example.com", RecordType::kCaa);
  message.add(Section::kAuthority, zone.set("example.com", RecordType::kSoa));
  message.add(Section::kAuthority, GetParam() == Kind::kNsec
                                       ? zone.nsec_of("insecure.example.com")
                                       : zone.nsec3_of("insecure.example.com"));
  EXPECT_PROOF(check(zone.key(), "insecure.example.com", RecordType::kCaa, Claim::kNodata, message),
               Proof::kInsecure);
  Message secure("secure.example.com", RecordType::kCaa);
  secure.add(Section::kAuthority, zone.set("example.com", RecordType::kSoa));
  secure.add(Section::kAuthority, GetParam() == Kind::kNsec ? zone.nsec_of("secure.example.com")
                                                            : zone.nsec3_of("secure.example.com"));
  EXPECT_BOGUS(check(zone.key(), "secure.example.com", RecordType::kCaa, Claim::kNodata, secure),
               BogusKind::kWrongDenial);
}

INSTANTIATE_TEST_SUITE_P(Both, Zones,
                         testing::Values(Kind::kNsec, Kind::kNsec3, Kind::kNsec3Salted),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace caascan::engine
