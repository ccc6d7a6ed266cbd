#include "scanner/wire/dnssec.h"
#include "scanner/wire/signature_checker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/zone_signer.h"

namespace caascan::wire {
namespace {

using test::KeyAlgorithm;
using test::Records;
using test::SigningKey;

DnsName name(std::string_view text) {
  return DnsName::from_text(text).value();
}

Rdata octets(std::string_view hex) {
  Rdata out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out.push_back(static_cast<std::uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return out;
}

// The sets of a message with these records in answer.
std::vector<RrSet> sets_of(const test::Message& message) {
  const auto bytes = message.bytes();
  const auto view = MessageView::parse(bytes);
  EXPECT_TRUE(view);
  auto sets = read_rrsets(*view);
  EXPECT_TRUE(sets);
  return sets.value_or(std::vector<RrSet>());
}
RrSet set_of(const Records& records) {
  const test::Message message =
      test::Message("q.test", records.type).add(Section::kAnswer, records);
  const auto sets = sets_of(message);
  return sets.empty() ? RrSet() : sets.front();
}

Dnskey key_from_text(std::string_view text) {
  return parse_dnskey(test::record_from_text(text).rdatas.front()).value();
}

constexpr std::string_view kRfc4509Key =
    "dskey.example.com. 86400 IN DNSKEY 256 3 5 AQOeiiR0GOMYkDshWoSKz9Xz"
    "fwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMzNXxeYCmZDRD99WYwYqUSdjMmmAphXdvx"
    "egXd/M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/r"
    "ljwvFw==";
constexpr std::string_view kRfc6605P256Key =
    "example.net. 3600 IN DNSKEY 257 3 13 GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edb"
    "krSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==";
constexpr std::string_view kRfc6605P384Key =
    "example.net. 3600 IN DNSKEY 257 3 14 xKYaNhWdGOfJ+nPrL8/arkwf2EY3MDJ+SErKivBVSum1"
    "w/egsXvSADtNJhyem5RCOpgQ6K8X1DRSEkrbYQ+OB+v8/uX45NBwY8rp65F6Glur8I/mlVNgF6W/qTI37m40";

constexpr std::string_view kRfc8080Key =
    "example.com. 3600 IN DNSKEY 257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=";

TEST(Dnskey, TagsAreThoseOfTheRfcs) {
  EXPECT_EQ(key_from_text(kRfc4509Key).key_tag, 60485);
  EXPECT_EQ(key_from_text(kRfc6605P256Key).key_tag, 55648);
  EXPECT_EQ(key_from_text(kRfc6605P384Key).key_tag, 10771);
  EXPECT_EQ(key_from_text(kRfc8080Key).key_tag, 3613);
}

TEST(Dnskey, FlagsSayWhatAKeyMayDo) {
  const auto with = [](std::uint8_t flags_high, std::uint8_t flags_low, std::uint8_t protocol) {
    return parse_dnskey({flags_high, flags_low, protocol, 15, 1}).value();
  };
  EXPECT_TRUE(with(1, 0, 3).is_zone_key());
  EXPECT_FALSE(with(0, 0, 3).is_zone_key());
  EXPECT_FALSE(with(1, 0, 2).is_zone_key());
  EXPECT_TRUE(with(1, 0x81, 3).is_revoked());
  EXPECT_FALSE(with(1, 1, 3).is_revoked());
}

struct DsVector {
  std::string_view key, ds;
};
class DsVectors : public testing::TestWithParam<DsVector> {};
TEST_P(DsVectors, MatchTheKeyAndNothingElse) {
  const Dnskey key = key_from_text(GetParam().key);
  const Records text = test::record_from_text(GetParam().ds);
  DsRecord ds = parse_ds(text.rdatas.front()).value();
  EXPECT_TRUE(ds_matches(name(text.owner), ds, key));
  EXPECT_FALSE(ds_matches(name("other.test"), ds, key));
  Dnskey other = key;
  other.rdata.back() ^= 1;
  EXPECT_FALSE(ds_matches(name(text.owner), ds, other));
  ds.digest.pop_back();
  EXPECT_FALSE(ds_matches(name(text.owner), ds, key));
}
INSTANTIATE_TEST_SUITE_P(
    Rfcs, DsVectors,
    testing::Values(
        DsVector{kRfc4509Key,
                 "dskey.example.com. 86400 IN DS 60485 5 1 "
                 "2BB183AF5F22588179A53B0A98631FAD1A292118"},
        DsVector{kRfc4509Key,
                 "dskey.example.com. 86400 IN DS 60485 5 2 "
                 "D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4469DA50A"},
        DsVector{kRfc6605P256Key,
                 "example.net. 3600 IN DS 55648 13 2 "
                 "b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17"},
        DsVector{kRfc8080Key,
                 "example.com. 3600 IN DS 3613 15 2 "
                 "3aa5ab37efce57f737fc1627013fee07bdf241bd10f3b1964ab55c78e79a304b"},
        DsVector{kRfc6605P384Key,
                 "example.net. 3600 IN DS 10771 14 4 "
                 "72d7b62976ce06438e9c0bf319013cf801f09ecc84b8d7e9495f27e305c6a9b0563a9b5f4d288405"
                 "c3008a946df983d6"}));

struct SignatureVector {
  std::string_view key, record, signature;
};
class SignatureVectors : public testing::TestWithParam<SignatureVector> {};
TEST_P(SignatureVectors, AreGoodAsPublished) {
  Records records = test::record_from_text(GetParam().record);
  records.signatures = test::record_from_text(GetParam().signature).rdatas;
  RrSet set = set_of(records);
  ASSERT_EQ(set.signatures.size(), 1u);
  const Dnskey key = key_from_text(GetParam().key);
  EXPECT_TRUE(SignatureChecker().verify(set, set.signatures[0], key));
  set.rdatas[0].back() ^= 1;
  EXPECT_FALSE(SignatureChecker().verify(set, set.signatures[0], key));
}
INSTANTIATE_TEST_SUITE_P(
    Rfcs, SignatureVectors,
    testing::Values(
        SignatureVector{kRfc6605P256Key, "www.example.net. 3600 IN A 192.0.2.1",
                        "www.example.net. 3600 IN RRSIG A 13 3 3600 20100909100439 20100812100439 "
                        "55648 example.net. qx6wLYqmh+l9oCKTN6qIc+bw6ya+KJ8oMz0YP107epXA"
                        "yGmt+3SNruPFKG7tZoLBLlUzGGus7ZwmwWep666VCw=="},
        SignatureVector{kRfc6605P384Key, "www.example.net. 3600 IN A 192.0.2.1",
                        "www.example.net. 3600 IN RRSIG A 14 3 3600 20100909102025 20100812102025 "
                        "10771 example.net. /L5hDKIvGDyI1fcARX3z65qrmPsVz73QD1Mr5CEqOiLP"
                        "95hxQouuroGCeZOvzFaxsT8Glr74hbavRKayJNuydCuzWTSSPdz7wnqXL5bdcJzusdnI0RSM"
                        "ROxxwGipWcJm"},
        // With the labels of erratum 4935.
        SignatureVector{kRfc8080Key, "example.com. 3600 IN MX 10 mail.example.com.",
                        "example.com. 3600 IN RRSIG MX 15 2 3600 1440021600 1438207200 3613 "
                        "example.com. oL9krJun7xfBOIWcGHi7mag5/hdZrKWw15jPGrHpjQeRAvTdszaPD+QLs3f"
                        "x8A4M3e23mRZ9VrbpMngwcrqNAg=="}));

// RFC 5155 appendix A: salt aabbccdd, 12 iterations.
TEST(Nsec3Hash, IsThatOfRfc5155) {
  const Rdata salt = octets("aabbccdd");
  const std::pair<std::string_view, std::string_view> vectors[] = {
      {"example", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"},
      {"a.example", "35mthgpgcu1qg68fab165klnsnk3dpvl"},
      {"ai.example", "gjeqe526plbf1g8mklp59enfd789njgi"},
      {"ns1.example", "2t7b4g4vsa5smi47k61mv5bv1a22bojr"},
      {"ns2.example", "q04jkcevqvmu85r014c7dkba38o0ji5r"},
      {"w.example", "k8udemvp1j2f7eg6jebps17vp3n8i58h"},
      {"*.w.example", "r53bq7cc2uvmubfu5ocmm6pers9tk9en"},
      {"x.w.example", "b4um86eghhds6nea196smvmlo4ors995"},
      {"y.w.example", "ji6neoaepv8b5o6k4ev33abha8ht9fgc"},
      {"x.y.w.example", "2vptu5timamqttgl4luu9kg21e0aor3s"},
      {"xx.example", "t644ebqk9bibcna874givr6joj62mlhv"},
  };
  for (const auto& [owner, label] : vectors) {
    const auto hash = nsec3_owner_hash(name(std::string(label) + ".example"));
    ASSERT_TRUE(hash) << owner;
    EXPECT_EQ(nsec3_hash(name(owner), salt, 12), *hash) << owner;
  }
}

TEST(Nsec3Hash, AnOwnerThatHoldsNoneHasNone) {
  EXPECT_FALSE(nsec3_owner_hash(name("example")));
  EXPECT_FALSE(nsec3_owner_hash(DnsName()));
  EXPECT_FALSE(nsec3_owner_hash(name("wp9mhaveqvm6t7vbl5lop2u3t2rp3tom.example")));   // no `w`
  EXPECT_FALSE(nsec3_owner_hash(name("0p9mhaveqvm6t7vbl5lop2u3t2rp3to.example")));    // 31
  EXPECT_FALSE(nsec3_owner_hash(name("0p9mhaveqvm6t7vbl5lop2u3t2rp3tom0.example")));  // 33
}

TEST(Bitmap, HoldsTheTypesOfItsWindowsOnly) {
  // RFC 4034 §4.3: A MX RRSIG NSEC TYPE1234.
  const Rdata bitmap = octets(
      "0006400100000003041b000000000000000000000000000000000000000000000000"
      "000020");
  for (const int type : {1, 15, 46, 47, 1234})
    EXPECT_TRUE(bitmap_holds(bitmap, static_cast<RecordType>(type))) << type;
  for (const int type : {0, 2, 5, 16, 48, 257, 1233, 1235, 65535})
    EXPECT_FALSE(bitmap_holds(bitmap, static_cast<RecordType>(type))) << type;
  EXPECT_TRUE(bitmap_holds(test::type_bitmap({RecordType::kCaa}), RecordType::kCaa));
  EXPECT_FALSE(bitmap_holds({}, RecordType::kA));
  EXPECT_FALSE(bitmap_holds(Rdata{0, 6, 0x40}, RecordType::kA));  // cut
}

TEST(Nsec, IsReadToItsEnd) {
  const Rdata rdata = test::nsec_rdata("Next.example.com", {RecordType::kA});
  const auto nsec = parse_nsec(rdata);
  ASSERT_TRUE(nsec);
  EXPECT_EQ(nsec->next, name("next.example.com"));
  EXPECT_TRUE(bitmap_holds(nsec->bitmap, RecordType::kA));
  EXPECT_FALSE(parse_nsec(Rdata(rdata.begin(), rdata.begin() + 10)));
}

TEST(Nsec3, IsReadToItsEnd) {
  const test::Nsec3Parameters parameters = {.iterations = 258, .salt = {1, 2, 3}, .opt_out = true};
  const Rdata hash = test::nsec3_hash_of("a.test", parameters);
  const Records records =
      test::nsec3_records("test", hash, test::hash_beside(hash, 1), {RecordType::kCaa}, parameters);
  const Rdata& rdata = records.rdatas[0];
  const auto nsec3 = parse_nsec3(rdata);
  ASSERT_TRUE(nsec3);
  EXPECT_EQ(nsec3->algorithm, 1);
  EXPECT_TRUE(nsec3->opt_out);
  EXPECT_EQ(nsec3->iterations, 258);
  EXPECT_TRUE(std::ranges::equal(nsec3->salt, Rdata{1, 2, 3}));
  EXPECT_TRUE(std::ranges::equal(nsec3->next_hash, test::hash_beside(hash, 1)));
  EXPECT_TRUE(bitmap_holds(nsec3->bitmap, RecordType::kCaa));
  EXPECT_TRUE(std::ranges::equal(nsec3_owner_hash(name(records.owner)).value(), hash));
  const std::size_t without_bitmap = 4 + 1 + 3 + 1 + 20;
  for (std::size_t size = 0; size < without_bitmap; ++size)
    EXPECT_FALSE(parse_nsec3(Rdata(rdata.begin(), rdata.begin() + static_cast<int>(size)))) << size;
}

class Algorithms : public testing::TestWithParam<KeyAlgorithm> {};
TEST_P(Algorithms, ASignatureIsGoodForItsRecordsAndItsKeyOnly) {
  const SigningKey key("example.com", "one", GetParam());
  const SigningKey other("example.com", "two", GetParam());
  const Records records =
      key.sign({.owner = "www.example.com",
                .type = RecordType::kCaa,
                .rdatas = {test::caa_rdata("b.test"), test::caa_rdata("a.test")}});
  const RrSet set = set_of(records);
  ASSERT_EQ(set.signatures.size(), 1u);
  EXPECT_TRUE(is_supported_algorithm(static_cast<std::uint8_t>(GetParam())));
  EXPECT_TRUE(SignatureChecker().verify(set, set.signatures[0], key.dnskey()));
  EXPECT_FALSE(SignatureChecker().verify(set, set.signatures[0], other.dnskey()));
  RrSet changed = set;
  changed.rdatas.pop_back();
  EXPECT_FALSE(SignatureChecker().verify(changed, set.signatures[0], key.dnskey()));
  changed = set;
  changed.owner = name("ww.example.com");
  EXPECT_FALSE(SignatureChecker().verify(changed, set.signatures[0], key.dnskey()));
  changed = set;
  changed.type = 16;
  EXPECT_FALSE(SignatureChecker().verify(changed, set.signatures[0], key.dnskey()));
  // Every octet of the signature record counts.
  for (std::size_t i = 0; i < set.signatures[0].rdata.size(); ++i) {
    Rdata rdata = set.signatures[0].rdata;
    rdata[i] ^= 1;
    Records damaged = records;
    damaged.signatures = {rdata};
    const auto bytes =
        test::Message("q.test", RecordType::kCaa).add(Section::kAnswer, damaged).bytes();
    const auto sets = read_rrsets(MessageView::parse(bytes).value());
    if (!sets || sets->empty() || (*sets)[0].signatures.empty()) continue;  // no signature any more
    EXPECT_FALSE(SignatureChecker().verify((*sets)[0], (*sets)[0].signatures[0], key.dnskey()))
        << i;
  }
}
TEST_P(Algorithms, AKeyOrSignatureOfAnyLengthIsOnlyWrong) {
  const SigningKey key("example.com", "one", GetParam());
  const RrSet set = set_of(key.sign(
      {.owner = "example.com", .type = RecordType::kCaa, .rdatas = {test::caa_rdata("a.test")}}));
  for (std::size_t size = 4; size < key.dnskey().rdata.size(); ++size) {
    Dnskey cut = key.dnskey();
    cut.rdata.resize(size);
    EXPECT_FALSE(SignatureChecker().verify(set, set.signatures[0], cut)) << size;
  }
  for (std::size_t size = 0; size < set.signatures[0].rdata.size(); ++size) {
    Rrsig cut = set.signatures[0];
    cut.rdata.resize(size);
    EXPECT_FALSE(SignatureChecker().verify(set, cut, key.dnskey())) << size;
  }
}
// A changed octet makes another key, or none: a point that is not on the curve, say.
TEST_P(Algorithms, EveryOctetOfTheKeyCounts) {
  const SigningKey key("example.com", "one", GetParam());
  const RrSet set = set_of(key.sign(
      {.owner = "example.com", .type = RecordType::kCaa, .rdatas = {test::caa_rdata("a.test")}}));
  SignatureChecker checker;
  ASSERT_TRUE(checker.verify(set, set.signatures[0], key.dnskey()));
  for (std::size_t i = 4; i < key.dnskey().rdata.size(); ++i) {
    Dnskey damaged = key.dnskey();
    damaged.rdata[i] ^= 1;
    EXPECT_FALSE(checker.verify(set, set.signatures[0], damaged)) << i;
  }
  EXPECT_TRUE(checker.verify(set, set.signatures[0], key.dnskey()));
}
INSTANTIATE_TEST_SUITE_P(All, Algorithms,
                         testing::Values(KeyAlgorithm::kRsaSha1, KeyAlgorithm::kRsaSha256,
                                         KeyAlgorithm::kRsaSha512, KeyAlgorithm::kEcdsaP256,
                                         KeyAlgorithm::kEcdsaP384, KeyAlgorithm::kEd25519,
                                         KeyAlgorithm::kEd448));

TEST(Algorithm, WhatIsNotKnownIsNotSupported) {
  for (const int algorithm : {0, 1, 3, 6, 9, 11, 12, 17, 253})
    EXPECT_FALSE(is_supported_algorithm(static_cast<std::uint8_t>(algorithm))) << algorithm;
  for (const int digest : {0, 3, 5, 6})
    EXPECT_FALSE(is_supported_digest(static_cast<std::uint8_t>(digest)));
  for (const int digest : {1, 2, 4})
    EXPECT_TRUE(is_supported_digest(static_cast<std::uint8_t>(digest)));
}

// Canonical form (RFC 4034 §6.2): names in the data of old types in lower case, the owner too, each
// record once, in order.
TEST(VerifySignature, LooksAtTheCanonicalForm) {
  const SigningKey key("example.com", "one");
  const std::vector<Records> sets = {
      {.owner = "x.example.com",
       .type = RecordType::kCname,
       .rdatas = {test::name_rdata("Target.Test")}},
      {.owner = "x.example.com",
       .type = RecordType::kNs,
       .rdatas = {test::name_rdata("B.test"), test::name_rdata("a.TEST")}},
      {.owner = "example.com",
       .type = RecordType::kSoa,
       .rdatas = {test::soa_rdata("Example.COM")}},
      {.owner = "x.example.com",
       .type = RecordType::kDname,
       .rdatas = {test::name_rdata("Target.Test")}},
      test::record_from_text("x.example.com. 300 IN MX 10 Mail.Example.COM."),
      test::record_from_text("x.example.com. 300 IN SRV 1 2 3 Mail.Example.COM."),
      test::record_from_text("x.example.com. 300 IN TXT \"As Sent\""),
      {.owner = "x.example.com",
       .type = RecordType::kNsec,
       .rdatas = {test::nsec_rdata("Z.example.com", {RecordType::kA})}},
  };
  for (Records records : sets) {
    records = key.sign(records);
    records.owner = "X." + records.owner.substr(records.owner.starts_with("x.") ? 2 : 0);
    if (!records.owner.ends_with("X.example.com") || records.type == RecordType::kSoa)
      records.owner = "EXAMPLE.com";
    records.rdatas.push_back(records.rdatas.front());  // twice
    const RrSet set = set_of(records);
    ASSERT_EQ(set.signatures.size(), 1u);
    EXPECT_TRUE(SignatureChecker().verify(set, set.signatures[0], key.dnskey()))
        << static_cast<int>(records.type);
  }
}

TEST(VerifySignature, TheCaseOfNsecNamesCounts) {
  const SigningKey key("example.com", "one");
  Records records = key.sign({.owner = "x.example.com",
                              .type = RecordType::kNsec,
                              .rdatas = {test::nsec_rdata("Z.example.com", {RecordType::kA})}});
  records.rdatas = {test::nsec_rdata("z.example.com", {RecordType::kA})};
  const RrSet set = set_of(records);
  EXPECT_FALSE(SignatureChecker().verify(set, set.signatures[0], key.dnskey()));
}

TEST(VerifySignature, AWildcardsSignatureIsGoodForNamesBelowIt) {
  const SigningKey key("example.com", "one");
  const Records wildcard = key.sign(
      {.owner = "*.example.com", .type = RecordType::kCaa, .rdatas = {test::caa_rdata("a.test")}});
  for (const char* owner : {"*.example.com", "a.example.com", "b.a.example.com"}) {
    const RrSet set = set_of(test::expanded(wildcard, owner));
    EXPECT_TRUE(SignatureChecker().verify(set, set.signatures[0], key.dnskey())) << owner;
  }
  for (const char* owner : {"example.com", "a.example.net", "com"}) {
    const RrSet set = set_of(test::expanded(wildcard, owner));
    EXPECT_FALSE(SignatureChecker().verify(set, set.signatures[0], key.dnskey())) << owner;
  }
}

TEST(VerifySignature, DataOfUnknownTypesAreOpaque) {
  const SigningKey key("example.com", "one");
  const Records records =
      key.sign(test::record_from_text("example.com. 300 IN TYPE65257 \\# 3 C00C41"));
  const RrSet set = set_of(records);
  ASSERT_EQ(set.rdatas.size(), 1u);
  EXPECT_EQ(set.rdatas[0], (Rdata{0xC0, 0x0C, 'A'}));
  EXPECT_TRUE(SignatureChecker().verify(set, set.signatures[0], key.dnskey()));
}

TEST(ReadRrsets, PutsSignaturesToTheSetsThatTheyCover) {
  const SigningKey key("example.com", "one");
  const Records caa = key.sign(
      {.owner = "example.com", .type = RecordType::kCaa, .rdatas = {test::caa_rdata("a.test")}});
  const Records soa = key.sign({.owner = "example.com",
                                .type = RecordType::kSoa,
                                .rdatas = {test::soa_rdata("example.com")}});
  Records stray = soa;
  stray.rdatas.clear();
  stray.owner = "other.example.com";
  const auto sets = sets_of(test::Message("example.com", RecordType::kCaa)
                                .add(Section::kAnswer, stray)
                                .add(Section::kAnswer, caa)
                                .add(Section::kAuthority, soa)
                                .add(Section::kAdditional, caa));
  ASSERT_EQ(sets.size(), 3u);
  EXPECT_EQ(sets[2].owner, name("other.example.com"));
  EXPECT_EQ(sets[2].type, static_cast<std::uint16_t>(RecordType::kRrsig));
  EXPECT_TRUE(sets[2].signatures.empty());
  EXPECT_EQ(sets[0].section, Section::kAnswer);
  EXPECT_EQ(sets[0].type, 257);
  ASSERT_EQ(sets[0].signatures.size(), 1u);
  EXPECT_EQ(sets[0].signatures[0].type_covered, 257);
  EXPECT_EQ(sets[0].signatures[0].signer, name("example.com"));
  EXPECT_EQ(sets[0].signatures[0].key_tag, key.dnskey().key_tag);
  EXPECT_EQ(sets[0].signatures[0].labels, 2);
  EXPECT_EQ(sets[0].signatures[0].original_ttl_s, 300u);
  EXPECT_EQ(sets[1].section, Section::kAuthority);
  EXPECT_EQ(sets[1].signatures.size(), 1u);
}

TEST(ReadRrsets, ExpandsCompressedNamesInTheCaseThatWasSent) {
  // A CNAME whose target is `Www` and a pointer to the question's name.
  const std::vector<std::uint8_t> bytes = {0,    0,   0x84, 0,   0,    1,   0,   1, 0, 0, 0, 0,  //
                                           1,    'A', 4,    't', 'E',  's', 't', 0, 0, 1, 0, 1,  //
                                           0xC0, 12,  0,    5,   0,    1,   0,   0, 1, 0, 0, 6,
                                           3,    'W', 'w',  'w', 0xC0, 14};
  const auto view = MessageView::parse(bytes);
  ASSERT_TRUE(view);
  const auto sets = read_rrsets(*view);
  ASSERT_TRUE(sets);
  EXPECT_EQ((*sets)[0].owner, name("a.test"));
  EXPECT_EQ((*sets)[0].rdatas[0], (Rdata{3, 'W', 'w', 'w', 4, 't', 'E', 's', 't', 0}));
  // One octet less of data: the pointer is cut.
  auto cut = bytes;
  cut[35] = 5;
  cut.pop_back();
  const auto cut_view = MessageView::parse(cut);
  ASSERT_TRUE(cut_view);
  EXPECT_EQ(read_rrsets(*cut_view).error(), ParseError::kBadRecordData);
}

TEST(ReadRrsets, LeavesOtherClassesOutAndTakesTheLeastTtl) {
  auto bytes = test::Message("a.test", RecordType::kCaa)
                   .add(Section::kAnswer, {.owner = "a.test",
                                           .type = RecordType::kCaa,
                                           .rdatas = {test::caa_rdata("a")},
                                           .ttl_s = 900})
                   .add(Section::kAnswer, {.owner = "a.test",
                                           .type = RecordType::kCaa,
                                           .rdatas = {test::caa_rdata("b")},
                                           .ttl_s = 30})
                   .bytes();
  const auto sets = read_rrsets(MessageView::parse(bytes).value());
  ASSERT_TRUE(sets);
  ASSERT_EQ(sets->size(), 1u);
  EXPECT_EQ((*sets)[0].ttl_s, 30u);
  EXPECT_EQ((*sets)[0].rdatas.size(), 2u);
  bytes[24 + 8 + 3] = 3;  // the class of the first record: CH
  const auto less = read_rrsets(MessageView::parse(bytes).value());
  ASSERT_TRUE(less);
  EXPECT_EQ((*less)[0].rdatas.size(), 1u);
}

constexpr std::string_view kRootDs =
    ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D";
constexpr std::string_view kRootKey =
    ". IN DNSKEY 257 3 8 AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvkMgJzkKTOiW1vkIbzxeF3+/4RgWOq7HrxRixHl"
    "FlExOLAJr5emLvN7SWXgnLh4+B5xQlNVz8Og8kvArMtNROxVQuCaSnIDdD5LKyWbRd2n9WGe2R8PzgCmr3EgVLrjyBxWe"
    "zF0jLHwVN8efS3rCj/EWgvIWgb9tarpVUDK/b58Da+sqqls3eNbuv7pr+eoZG+SrDK6nWeL3c6H5Apxz7LjVc1uTIdsIX"
    "xuOLYA4/ilBmSVIzuDWfdRUfhHdY6+cn8HFRm+2hM8AnXGXws9555KrUB5qihylGa8subX2Nn6UwNR1AkUTV74bU=";

TEST(TrustAnchors, DsAndDnskeyOfOneKeyAreTheSame) {
  const auto ds = parse_trust_anchors(kRootDs, "anchors");
  const auto key =
      parse_trust_anchors("; a comment\n\n" + std::string(kRootKey) + " ; state=2\r\n", "anchors");
  ASSERT_TRUE(ds) << ds.error();
  ASSERT_TRUE(key) << key.error();
  ASSERT_EQ(ds->size(), 1u);
  EXPECT_EQ(*ds, *key);
  EXPECT_EQ((*ds)[0].key_tag, 20326);
  EXPECT_EQ((*ds)[0].algorithm, 8);
  EXPECT_EQ((*ds)[0].digest_type, 2);
}

TEST(TrustAnchors, ErrorsNameTheLine) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"; nothing", "file: no DS or DNSKEY record"},
      {"example.com. IN DS 1 8 2 00", "file:1: the record is not of the root"},
      {". IN NS a.", "file:1: neither a DS nor a DNSKEY record"},
      {". IN DNSKEY 385 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=",
       "file:1: the DNSKEY is not a key that may sign a zone"},
      {". IN DNSKEY 1 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=",
       "file:1: the DNSKEY is not a key that may sign a zone"},
  };
  for (const auto& [text, error] : cases) {
    const auto anchors = parse_trust_anchors(text, "file");
    ASSERT_FALSE(anchors) << text;
    EXPECT_EQ(anchors.error(), error);
  }
  const auto second = parse_trust_anchors(std::string(kRootDs) + "\nnonsense\n", "file");
  ASSERT_FALSE(second);
  EXPECT_TRUE(second.error().starts_with("file:2: ")) << second.error();
}

TEST(Sha256, IsThatOfFips180) {
  const std::string text = "abc";
  const Bytes bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  const auto digest = sha256(bytes);
  EXPECT_EQ(Rdata(digest.begin(), digest.end()),
            octets("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
}

}  // namespace
}  // namespace caascan::wire
