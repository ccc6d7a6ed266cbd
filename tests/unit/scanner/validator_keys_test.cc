// Keys under their DS records.
#include "tests/unit/scanner/validator_cases.h"

namespace caascan::engine {
namespace {

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

}  // namespace
}  // namespace caascan::engine
