#include "scanner/engine/validator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/zone_signer.h"

namespace caascan::engine {

void PrintTo(const Proof& proof, std::ostream* out) {
  constexpr std::string_view words[] = {"secure", "insecure", "bogus", "unsigned", "signed-below"};
  *out << words[static_cast<std::size_t>(proof)];
}
void PrintTo(const DsState& state, std::ostream* out) {
  constexpr std::string_view words[] = {"secure",   "no-ds", "no-cut",
                                        "insecure", "bogus", "not-there"};
  *out << words[static_cast<std::size_t>(state)];
}

namespace {

using test::kNow_unix_s;
using test::Message;
using test::Rdata;
using test::Records;
using test::SignedZone;
using test::SigningKey;
using test::Validity;
using wire::DnsName;
using wire::Rcode;
using wire::RecordType;
using wire::Section;
using Claim = Validator::Claim;

constexpr std::size_t kCacheOctets = 1 << 16;

DnsName name(std::string_view text) {
  return DnsName::from_text(text).value();
}

Records records(std::string owner, RecordType type, std::vector<Rdata> rdatas) {
  return {.owner = std::move(owner), .type = type, .rdatas = std::move(rdatas)};
}

ZoneKeys keys_of(const std::vector<const SigningKey*>& keys) {
  ZoneKeys made{.zone = name(keys.front()->zone()), .keys = {}};
  for (const SigningKey* key : keys) made.keys.push_back(key->dnskey());
  return made;
}

// The answer or denial that `message` makes of itself.
Validation check(Validator& validator, const ZoneKeys& keys, std::string_view asked,
                 RecordType type, Claim claim, const Message& message,
                 std::int64_t now_unix_s = kNow_unix_s) {
  const auto bytes = message.bytes();
  return validator.check_answer(keys, name(asked), type, claim,
                                wire::MessageView::parse(bytes).value(), now_unix_s);
}
Validation check(const SigningKey& key, std::string_view asked, RecordType type, Claim claim,
                 const Message& message, std::int64_t now_unix_s = kNow_unix_s) {
  Validator validator(kCacheOctets);
  return check(validator, keys_of({&key}), asked, type, claim, message, now_unix_s);
}
DsAnswer check_ds(const SigningKey& key, std::string_view child, const Message& message,
                  std::int64_t now_unix_s = kNow_unix_s) {
  Validator validator(kCacheOctets);
  const auto bytes = message.bytes();
  return validator.check_ds(keys_of({&key}), name(child), wire::MessageView::parse(bytes).value(),
                            now_unix_s);
}

struct KeysResult {
  Validation validation;
  ZoneKeys keys;
};
KeysResult check_keys(std::string_view zone, const std::vector<wire::DsRecord>& ds,
                      const Message& message, std::int64_t now_unix_s = kNow_unix_s) {
  Validator validator(kCacheOctets);
  const auto bytes = message.bytes();
  KeysResult made;
  made.validation = validator.check_keys(name(zone), ds, wire::MessageView::parse(bytes).value(),
                                         now_unix_s, made.keys);
  return made;
}

#define EXPECT_PROOF(validation, wanted)              \
  do {                                                \
    const Validation got_ = (validation);             \
    EXPECT_EQ(got_.proof, wanted) << word(got_.kind); \
    EXPECT_EQ(got_.kind, BogusKind::kNone);           \
  } while (false)
#define EXPECT_BOGUS(validation, wanted)      \
  do {                                        \
    const Validation got_ = (validation);     \
    EXPECT_EQ(got_.proof, Proof::kBogus);     \
    EXPECT_EQ(word(got_.kind), word(wanted)); \
  } while (false)
#define EXPECT_DS(answer, wanted)                     \
  do {                                                \
    const DsAnswer got_ = (answer);                   \
    EXPECT_EQ(got_.state, wanted) << word(got_.kind); \
    EXPECT_EQ(got_.kind, BogusKind::kNone);           \
  } while (false)
#define EXPECT_DS_BOGUS(answer, wanted)       \
  do {                                        \
    const DsAnswer got_ = (answer);           \
    EXPECT_EQ(got_.state, DsState::kBogus);   \
    EXPECT_EQ(word(got_.kind), word(wanted)); \
  } while (false)

// Keys.

Message dnskey_answer(const Records& set) {
  return Message(set.owner, RecordType::kDnskey).add(Section::kAnswer, set);
}
Records key_set(const std::vector<const SigningKey*>& keys) {
  Records made = records(keys.front()->zone(), RecordType::kDnskey, {});
  for (const SigningKey* key : keys) made.rdatas.push_back(key->dnskey().rdata);
  return made;
}

class KeysOfAlgorithm : public testing::TestWithParam<test::KeyAlgorithm> {};
TEST_P(KeysOfAlgorithm, AreSecureUnderTheirDs) {
  const SigningKey key("example.com", "one", GetParam());
  for (const int digest : {1, 2, 4}) {
    const auto got = check_keys("example.com", {key.ds(static_cast<std::uint8_t>(digest))},
                                dnskey_answer(key.sign(key_set({&key}))));
    EXPECT_PROOF(got.validation, Proof::kSecure);
    EXPECT_EQ(got.keys.zone, name("example.com"));
    ASSERT_EQ(got.keys.keys.size(), 1u);
    EXPECT_EQ(got.keys.keys[0].rdata, key.dnskey().rdata);
    EXPECT_EQ(got.validation.ttl_s, 300u);
  }
}
INSTANTIATE_TEST_SUITE_P(All, KeysOfAlgorithm,
                         testing::Values(test::KeyAlgorithm::kRsaSha1,
                                         test::KeyAlgorithm::kRsaSha256,
                                         test::KeyAlgorithm::kRsaSha512,
                                         test::KeyAlgorithm::kEcdsaP256,
                                         test::KeyAlgorithm::kEcdsaP384,
                                         test::KeyAlgorithm::kEd25519, test::KeyAlgorithm::kEd448));

TEST(ValidatorKeys, KeysThatMayNotSignAreLeftOut) {
  const SigningKey good("example.com", "one");
  const SigningKey zsk("example.com", "zsk", test::KeyAlgorithm::kEd25519, 256);
  const SigningKey revoked("example.com", "two", test::KeyAlgorithm::kEd25519, 257 | 0x80);
  Records set = key_set({&revoked, &good, &zsk});
  set.rdatas.push_back({0, 1, 3, 15, 1});  // no zone key
  set.rdatas.push_back({1, 1, 2, 15, 1});  // another protocol
  set.rdatas.push_back({1, 1, 3, 12, 1});  // an algorithm that nobody here knows
  const auto got = check_keys("example.com", {good.ds()}, dnskey_answer(good.sign(set)));
  EXPECT_PROOF(got.validation, Proof::kSecure);
  std::vector<Rdata> kept;
  for (const wire::Dnskey& key : got.keys.keys) kept.push_back(key.rdata);
  EXPECT_EQ(kept, (std::vector<Rdata>{good.dnskey().rdata, zsk.dnskey().rdata}));
}

TEST(ValidatorKeys, ARevokedKeyIsNoWayIn) {
  const SigningKey revoked("example.com", "one", test::KeyAlgorithm::kEd25519, 257 | 0x80);
  const auto got =
      check_keys("example.com", {revoked.ds()}, dnskey_answer(revoked.sign(key_set({&revoked}))));
  EXPECT_BOGUS(got.validation, BogusKind::kDsMismatch);
  EXPECT_TRUE(got.keys.keys.empty());
}

TEST(ValidatorKeys, TheWaysInWhichTheyFail) {
  const SigningKey key("example.com", "one");
  const SigningKey other("example.com", "two");
  const Records set = key_set({&key, &other});
  const auto bogus = [&](const Message& message, const std::vector<wire::DsRecord>& ds,
                         std::int64_t now_unix_s = kNow_unix_s) {
    const auto got = check_keys("example.com", ds, message, now_unix_s);
    EXPECT_EQ(got.validation.proof, Proof::kBogus);
    EXPECT_TRUE(got.keys.keys.empty());
    return std::string(word(got.validation.kind));
  };
  const auto good = dnskey_answer(key.sign(set));
  EXPECT_EQ(bogus(Message("example.com", RecordType::kDnskey), {key.ds()}), "no-dnskey");
  EXPECT_EQ(
      bogus(dnskey_answer(records("www.example.com", RecordType::kDnskey, set.rdatas)), {key.ds()}),
      "no-dnskey");
  EXPECT_EQ(bogus(good, {SigningKey("example.com", "three").ds()}), "ds-mismatch");
  wire::DsRecord wrong = key.ds();
  wrong.digest[0] ^= 1;
  EXPECT_EQ(bogus(good, {wrong}), "ds-mismatch");
  EXPECT_EQ(bogus(good, {other.ds()}), "no-signature");
  EXPECT_EQ(bogus(dnskey_answer(set), {key.ds()}), "no-signature");
  Records damaged = key.sign(set);
  damaged.signatures[0].back() ^= 1;
  EXPECT_EQ(bogus(dnskey_answer(damaged), {key.ds()}), "bad-signature");
  EXPECT_EQ(bogus(good, {key.ds()}, Validity().expiration + 1), "expired");
  EXPECT_EQ(bogus(good, {key.ds()}, Validity().inception - 1), "not-yet-valid");
}

TEST(ValidatorKeys, OneGoodWayIsEnough) {
  const SigningKey key("example.com", "one");
  const SigningKey other("example.com", "two");
  wire::DsRecord unknown_algorithm = key.ds(), unknown_digest = key.ds(), wrong = key.ds();
  unknown_algorithm.algorithm = 200;
  unknown_digest.digest_type = 200;
  wrong.digest[0] ^= 1;
  const auto message = dnskey_answer(key.sign(key_set({&key, &other})));
  const auto got = check_keys(
      "example.com", {unknown_algorithm, unknown_digest, wrong, other.ds(), key.ds()}, message);
  EXPECT_PROOF(got.validation, Proof::kSecure);
}

TEST(ValidatorKeys, OnlyUnknownAlgorithmsOrDigestsAreInsecure) {
  const SigningKey key("example.com", "one");
  wire::DsRecord unknown_algorithm = key.ds(), unknown_digest = key.ds();
  unknown_algorithm.algorithm = 200;
  unknown_digest.digest_type = 200;
  const auto message = dnskey_answer(key.sign(key_set({&key})));
  EXPECT_PROOF(check_keys("example.com", {unknown_algorithm, unknown_digest}, message).validation,
               Proof::kInsecure);
  EXPECT_FALSE(is_usable({unknown_algorithm, unknown_digest}));
  EXPECT_FALSE(is_usable({}));
  EXPECT_TRUE(is_usable({unknown_algorithm, key.ds()}));
  // Beside a usable one that fails they do not help.
  EXPECT_BOGUS(
      check_keys("example.com", {unknown_digest, SigningKey("example.com", "two").ds()}, message)
          .validation,
      BogusKind::kDsMismatch);
}

TEST(ValidatorKeys, Sha1DoesNotCountBesideABetterDigest) {
  const SigningKey key("example.com", "one");
  const auto message = dnskey_answer(key.sign(key_set({&key})));
  for (const int digest : {2, 4}) {
    wire::DsRecord wrong = key.ds(static_cast<std::uint8_t>(digest));
    wrong.digest[0] ^= 1;
    EXPECT_BOGUS(check_keys("example.com", {key.ds(1), wrong}, message).validation,
                 BogusKind::kDsMismatch);
    wrong.algorithm = 200;  // one that nobody can use is not better
    EXPECT_PROOF(check_keys("example.com", {key.ds(1), wrong}, message).validation, Proof::kSecure);
  }
}

// Other keys with the tag of `key`, which is a sum of 16-bit words: in another order it is the
// same.
std::vector<Rdata> colliding(const wire::Dnskey& key, std::size_t count) {
  std::vector<Rdata> made;
  for (std::size_t i = 4; made.size() < count; i += 2) {
    Rdata other = key.rdata;
    std::swap(other[i], other[i + 2]);
    std::swap(other[i + 1], other[i + 3]);
    EXPECT_EQ(wire::parse_dnskey(other).value().key_tag, key.key_tag);
    EXPECT_NE(other, key.rdata);
    made.push_back(std::move(other));
  }
  return made;
}

TEST(ValidatorKeys, KeysOfOneTagAreTriedUpToABound) {
  const SigningKey key("example.com", "one");
  for (const std::size_t others : {kKeysPerTagMax - 1, kKeysPerTagMax, kKeysPerTagMax + 1}) {
    Records set = key_set({&key});
    for (const Rdata& other : colliding(key.dnskey(), others))
      set.rdatas.insert(set.rdatas.begin(), other);
    const auto got = check_keys("example.com", {key.ds()}, dnskey_answer(key.sign(set)));
    if (others < kKeysPerTagMax) {
      EXPECT_PROOF(got.validation, Proof::kSecure);
    } else {
      EXPECT_BOGUS(got.validation, BogusKind::kTooManyChecks);
    }
  }
}

TEST(ValidatorKeys, DsRecordsAreTriedUpToABound) {
  const SigningKey key("example.com", "one");
  const auto message = dnskey_answer(key.sign(key_set({&key})));
  for (const std::size_t others : {kDsTriedMax - 1, kDsTriedMax}) {
    std::vector<wire::DsRecord> ds(others, key.ds());
    for (std::size_t i = 0; i < others; ++i)
      ds[i].digest[0] = static_cast<std::uint8_t>(ds[i].digest[0] + i + 1);
    ds.push_back(key.ds());
    const auto got = check_keys("example.com", ds, message);
    if (others < kDsTriedMax) {
      EXPECT_PROOF(got.validation, Proof::kSecure);
    } else {
      EXPECT_BOGUS(got.validation, BogusKind::kTooManyChecks);
    }
  }
}

// Signatures of one set.

struct Answer {
  SigningKey key{"example.com", "one"};
  Records caa = records("www.example.com", RecordType::kCaa, {test::caa_rdata("a.test")});

  [[nodiscard]] Validation check(const Records& set, std::int64_t now_unix_s = kNow_unix_s) const {
    return engine::check(key, "www.example.com", RecordType::kCaa, Claim::kAnswer,
                         Message("www.example.com", RecordType::kCaa).add(Section::kAnswer, set),
                         now_unix_s);
  }
};

TEST(ValidatorSignature, AGoodOneMakesTheSetSecure) {
  const Answer answer;
  EXPECT_PROOF(answer.check(answer.key.sign(answer.caa)), Proof::kSecure);
}

TEST(ValidatorSignature, OneGoodOneIsEnough) {
  const Answer answer;
  Records set = answer.key.sign(answer.caa, {.inception = 1, .expiration = 2});
  set = SigningKey("example.com", "unknown").sign(set);
  set = answer.key.sign(set);
  EXPECT_PROOF(answer.check(set), Proof::kSecure);
}

TEST(ValidatorSignature, BothEndsBelongToItsTime) {
  const Answer answer;
  const Records set = answer.key.sign(answer.caa, {.inception = 1000, .expiration = 2000});
  EXPECT_BOGUS(answer.check(set, 999), BogusKind::kNotYetValid);
  EXPECT_PROOF(answer.check(set, 1000), Proof::kSecure);
  EXPECT_PROOF(answer.check(set, 2000), Proof::kSecure);
  EXPECT_BOGUS(answer.check(set, 2001), BogusKind::kExpired);
}

TEST(ValidatorSignature, ItsTimesAreSerialNumbers) {
  const Answer answer;
  // Over the end of the 32 bits, in 2106.
  const Records set = answer.key.sign(answer.caa, {.inception = 0xFFFFFFF0, .expiration = 0x10});
  const std::int64_t wrap_unix_s = std::int64_t{1} << 32;
  EXPECT_BOGUS(answer.check(set, wrap_unix_s - 17), BogusKind::kNotYetValid);
  EXPECT_PROOF(answer.check(set, wrap_unix_s - 16), Proof::kSecure);
  EXPECT_PROOF(answer.check(set, wrap_unix_s + 16), Proof::kSecure);
  EXPECT_BOGUS(answer.check(set, wrap_unix_s + 17), BogusKind::kExpired);
}

TEST(ValidatorSignature, OneThatEndsBeforeItBeginsIsNeverValid) {
  const Answer answer;
  const Records set = answer.key.sign(answer.caa, {.inception = 2000, .expiration = 1000});
  for (const int now_unix_s : {999, 1500, 2001})
    EXPECT_BOGUS(answer.check(set, now_unix_s), BogusKind::kNotYetValid);
}

TEST(ValidatorSignature, TheTtlIsTheLeastOfAllThatBoundIt) {
  const Answer answer;
  Records set = answer.key.sign(answer.caa, {.inception = 1000, .expiration = 2000});
  EXPECT_EQ(answer.check(set, 1000).ttl_s, 300u);  // the record's and the original one
  EXPECT_EQ(answer.check(set, 1990).ttl_s, 10u);
  EXPECT_EQ(answer.check(set, 2000).ttl_s, 0u);
  set.ttl_s = 7;
  EXPECT_EQ(answer.check(set, 1000).ttl_s, 7u);
  set.ttl_s = 100'000;
  EXPECT_EQ(answer.check(set, 1000).ttl_s, 300u);
}

TEST(ValidatorSignature, TheKindSaysWhatIsWrong) {
  const Answer answer;
  EXPECT_EQ(answer.check(answer.caa).proof, Proof::kUnsigned);
  EXPECT_EQ(answer.check(answer.caa).kind, BogusKind::kNoSignature);
  const Records unknown = SigningKey("example.com", "unknown").sign(answer.caa);
  EXPECT_BOGUS(answer.check(unknown), BogusKind::kBadSignature);
  Records damaged = answer.key.sign(answer.caa);
  damaged.signatures[0].back() ^= 1;
  EXPECT_BOGUS(answer.check(damaged), BogusKind::kBadSignature);
  Records changed = answer.key.sign(answer.caa);
  changed.rdatas[0].back() ^= 1;
  EXPECT_BOGUS(answer.check(changed), BogusKind::kBadSignature);
  // A zone with a usable DS must have a signature of an algorithm that is known.
  Records algorithm = answer.key.sign(answer.caa);
  algorithm.signatures[0][2] = 200;
  EXPECT_BOGUS(answer.check(algorithm), BogusKind::kBadSignature);
  Records labels = answer.key.sign(answer.caa);
  labels.signatures[0][3] = 4;
  EXPECT_BOGUS(answer.check(labels), BogusKind::kBadSignature);
  labels.signatures[0][3] = 1;  // fewer than the signer has
  EXPECT_BOGUS(answer.check(labels), BogusKind::kBadSignature);
  // A bad one beside one of the wrong time, and times of both kinds.
  EXPECT_BOGUS(
      answer.check(SigningKey("example.com", "unknown")
                       .sign(answer.key.sign(answer.caa, {.inception = 1, .expiration = 2}))),
      BogusKind::kExpired);
  EXPECT_BOGUS(
      answer.check(answer.key.sign(answer.key.sign(answer.caa, {.inception = 1, .expiration = 2}),
                                   {.inception = 1'900'000'000, .expiration = 1'950'000'000})),
      BogusKind::kNotYetValid);
}

TEST(ValidatorSignature, ASignerAboveTheZoneOrBesideItIsNone) {
  const Answer answer;
  for (const char* zone : {"com", "other.com", "ww.example.com"}) {
    const Records set = SigningKey(zone, "one").sign(answer.caa);
    const Validation got = answer.check(set);
    EXPECT_EQ(got.proof, Proof::kUnsigned) << zone;
    EXPECT_EQ(got.kind, BogusKind::kNoSignature) << zone;
  }
}

TEST(ValidatorSignature, ASignerBelowTheZoneIsNamed) {
  const Answer answer;
  const Records set = SigningKey("www.example.com", "one").sign(answer.caa);
  const Validation got = answer.check(set);
  EXPECT_PROOF(got, Proof::kSignedBelow);
  EXPECT_EQ(got.signer, name("www.example.com"));
}

TEST(ValidatorSignature, SignaturesOfOneSetAreTriedUpToABound) {
  const Answer answer;
  for (const std::size_t bad : {kSignaturesPerSetMax - 1, kSignaturesPerSetMax}) {
    Records set = answer.key.sign(answer.caa);
    const Rdata good = set.signatures[0];
    set.signatures.clear();
    for (std::size_t i = 0; i < bad; ++i) {
      set.signatures.push_back(good);
      set.signatures.back().back() ^= static_cast<std::uint8_t>(i + 1);
    }
    set.signatures.push_back(good);
    if (bad < kSignaturesPerSetMax) {
      EXPECT_PROOF(answer.check(set), Proof::kSecure);
    } else {
      EXPECT_BOGUS(answer.check(set), BogusKind::kTooManyChecks);
    }
  }
}

TEST(ValidatorSignature, SignaturesThatCannotBeGoodCountTowardsTheBound) {
  const Answer answer;
  Records set = answer.key.sign(answer.caa);
  const Rdata good = set.signatures[0];
  set.signatures.assign(kSignaturesPerSetMax, good);
  for (std::size_t i = 0; i < kSignaturesPerSetMax; ++i) {
    set.signatures[i][3] = 4;  // more labels than the name has
    set.signatures[i].back() ^= static_cast<std::uint8_t>(i);
  }
  set.signatures.push_back(good);
  EXPECT_BOGUS(answer.check(set), BogusKind::kTooManyChecks);
}

TEST(ValidatorSignature, KeysOfOneTagAreTriedUpToABound) {
  const Answer answer;
  for (const std::size_t others : {kKeysPerTagMax - 1, kKeysPerTagMax}) {
    ZoneKeys keys{.zone = name("example.com"), .keys = {}};
    for (const Rdata& other : colliding(answer.key.dnskey(), others))
      keys.keys.push_back(wire::parse_dnskey(other).value());
    keys.keys.push_back(answer.key.dnskey());
    Validator validator(kCacheOctets);
    const Validation got =
        check(validator, keys, "www.example.com", RecordType::kCaa, Claim::kAnswer,
              Message("www.example.com", RecordType::kCaa)
                  .add(Section::kAnswer, answer.key.sign(answer.caa)));
    if (others < kKeysPerTagMax) {
      EXPECT_PROOF(got, Proof::kSecure);
      EXPECT_EQ(validator.counts().checks_failed, others);
    } else {
      EXPECT_BOGUS(got, BogusKind::kTooManyChecks);
    }
  }
}

TEST(ValidatorSignature, AMessageMayFailABoundedNumberOfChecks) {
  const Answer answer;
  ZoneKeys keys{.zone = name("example.com"), .keys = {}};
  for (const Rdata& other : colliding(answer.key.dnskey(), kKeysPerTagMax))
    keys.keys.push_back(wire::parse_dnskey(other).value());
  Records set = answer.key.sign(answer.caa);
  for (int i = 1; i < 8; ++i) {
    set.signatures.push_back(set.signatures[0]);
    set.signatures.back().back() ^= static_cast<std::uint8_t>(i);
  }
  Validator validator(kCacheOctets);
  EXPECT_BOGUS(check(validator, keys, "www.example.com", RecordType::kCaa, Claim::kAnswer,
                     Message("www.example.com", RecordType::kCaa).add(Section::kAnswer, set)),
               BogusKind::kTooManyChecks);
  EXPECT_EQ(validator.counts().checks_failed, kFailedChecksMax);
  EXPECT_EQ(validator.counts().checks, kFailedChecksMax);
}

// What is remembered.

TEST(ValidatorMemory, EachDistinctSetIsComputedOnce) {
  const Answer answer;
  const ZoneKeys keys = keys_of({&answer.key});
  Validator validator(kCacheOctets);
  Records set = answer.caa;
  set.rdatas.push_back(test::caa_rdata("b.test"));
  set = answer.key.sign(set);
  const auto ask = [&](const Records& records) {
    return check(validator, keys, "www.example.com", RecordType::kCaa, Claim::kAnswer,
                 Message("www.example.com", RecordType::kCaa).add(Section::kAnswer, records));
  };
  EXPECT_PROOF(ask(set), Proof::kSecure);
  std::ranges::reverse(set.rdatas);
  set.ttl_s = 5;
  EXPECT_PROOF(ask(set), Proof::kSecure);
  EXPECT_EQ(validator.counts().checks, 1u);
  EXPECT_EQ(validator.counts().reused, 1u);
  // Whatever else differs is another set.
  Records other = set;
  other.rdatas.pop_back();
  EXPECT_BOGUS(ask(other), BogusKind::kBadSignature);
  EXPECT_EQ(validator.counts().checks, 2u);
  EXPECT_EQ(validator.counts().checks_failed, 1u);
  EXPECT_BOGUS(ask(other), BogusKind::kBadSignature);  // what is bad is not remembered
  EXPECT_EQ(validator.counts().checks, 3u);
  EXPECT_EQ(validator.counts().reused, 1u);
}

TEST(ValidatorMemory, WhatWasGoodOnceIsNotGoodForEver) {
  const Answer answer;
  const ZoneKeys keys = keys_of({&answer.key});
  Validator validator(kCacheOctets);
  const auto message =
      Message("www.example.com", RecordType::kCaa)
          .add(Section::kAnswer,
               answer.key.sign(answer.caa, {.inception = 1000, .expiration = 2000}));
  const auto at = [&](std::int64_t now_unix_s) {
    return check(validator, keys, "www.example.com", RecordType::kCaa, Claim::kAnswer, message,
                 now_unix_s);
  };
  EXPECT_PROOF(at(1000), Proof::kSecure);
  EXPECT_BOGUS(at(2001), BogusKind::kExpired);
  EXPECT_BOGUS(at(999), BogusKind::kNotYetValid);
  EXPECT_EQ(validator.counts().checks, 1u);
  EXPECT_EQ(validator.counts().reused, 2u);
}

TEST(ValidatorMemory, AnotherKeyOfTheZoneMustSignAnew) {
  const Answer answer;
  const SigningKey other("example.com", "two");
  Validator validator(kCacheOctets);
  const auto message = Message("www.example.com", RecordType::kCaa)
                           .add(Section::kAnswer, answer.key.sign(answer.caa));
  EXPECT_PROOF(check(validator, keys_of({&answer.key}), "www.example.com", RecordType::kCaa,
                     Claim::kAnswer, message),
               Proof::kSecure);
  EXPECT_BOGUS(check(validator, keys_of({&other}), "www.example.com", RecordType::kCaa,
                     Claim::kAnswer, message),
               BogusKind::kBadSignature);
}

TEST(ValidatorMemory, StaysWithinItsOctets) {
  const Answer answer;
  const ZoneKeys keys = keys_of({&answer.key});
  std::vector<Message> messages;
  for (int i = 0; i < 5; ++i) {
    messages.push_back(
        Message("www.example.com", RecordType::kCaa)
            .add(Section::kAnswer, answer.key.sign(records("www.example.com", RecordType::kCaa,
                                                           {test::caa_rdata(std::to_string(i))}))));
  }
  const auto reused = [&](std::size_t octets) {
    Validator validator(octets);
    for (int round = 0; round < 2; ++round) {
      for (const Message& message : messages) {
        EXPECT_PROOF(
            check(validator, keys, "www.example.com", RecordType::kCaa, Claim::kAnswer, message),
            Proof::kSecure);
      }
    }
    return validator.counts().reused;
  };
  EXPECT_EQ(reused(0), 0u);
  EXPECT_EQ(reused(256), 0u);  // two of five in each of two generations
  EXPECT_EQ(reused(kCacheOctets), 5u);
}

// Whole zones: every kind of answer, and what is left of it when a part is missing.

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

// Denials made by hand.

struct ByHand {
  SigningKey key{"example.com", "one"};
  Message message{"q.example.com", RecordType::kCaa};

  ByHand() { message.add(Section::kAuthority, soa()); }
  [[nodiscard]] Records soa() const {
    return key.sign(records("example.com", RecordType::kSoa, {test::soa_rdata("example.com")}));
  }
  ByHand& nsec(const std::string& owner, std::string_view next,
               const std::vector<RecordType>& types) {
    message.add(Section::kAuthority,
                key.sign(records(owner, RecordType::kNsec, {test::nsec_rdata(next, types)})));
    return *this;
  }
  // The record whose hash is that of `of`, moved by `step`, with its next hash likewise.
  ByHand& nsec3(std::string_view of, int step, std::string_view next_of, int next_step,
                const std::vector<RecordType>& types,
                const test::Nsec3Parameters& parameters = {}) {
    const auto hash = [&](std::string_view owner, int by) {
      const Rdata made = test::nsec3_hash_of(owner, parameters);
      return by == 0 ? made : test::hash_beside(made, by);
    };
    message.add(Section::kAuthority,
                key.sign(test::nsec3_records("example.com", hash(of, step),
                                             hash(next_of, next_step), types, parameters)));
    return *this;
  }
  [[nodiscard]] Validation nodata(std::string_view asked) const {
    return check(key, asked, RecordType::kCaa, Claim::kNodata, message);
  }
  [[nodiscard]] Validation nxdomain(std::string_view asked) const {
    return check(key, asked, RecordType::kCaa, Claim::kNxDomain, message);
  }
  [[nodiscard]] DsAnswer ds(std::string_view child) const { return check_ds(key, child, message); }
};
constexpr RecordType kA = RecordType::kA, kNs = RecordType::kNs, kSoa = RecordType::kSoa,
                     kCaa = RecordType::kCaa, kCname = RecordType::kCname,
                     kDname = RecordType::kDname, kDs = RecordType::kDs;
const std::vector<RecordType> kApex = {kNs, kSoa};

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
