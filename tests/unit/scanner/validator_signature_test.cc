// Signatures of sets, and what is remembered of them.
#include "tests/unit/scanner/validator_cases.h"

namespace caascan::engine {
namespace {

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

}  // namespace
}  // namespace caascan::engine
