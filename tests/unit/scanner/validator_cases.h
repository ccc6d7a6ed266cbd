// What the tests of the validator share: what is put to it, and denials made by hand.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scanner/engine/validator.h"
#include "tests/support/zone_signer.h"

namespace caascan::engine {

inline void PrintTo(const Proof& proof, std::ostream* out) {
  constexpr std::string_view words[] = {"secure", "insecure", "bogus", "unsigned", "signed-below"};
  *out << words[static_cast<std::size_t>(proof)];
}
inline void PrintTo(const DsState& state, std::ostream* out) {
  constexpr std::string_view words[] = {"secure",   "no-ds", "no-cut",
                                        "insecure", "bogus", "not-there"};
  *out << words[static_cast<std::size_t>(state)];
}

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

inline DnsName name(std::string_view text) {
  return DnsName::from_text(text).value();
}

inline Records records(std::string owner, RecordType type, std::vector<Rdata> rdatas) {
  return {.owner = std::move(owner), .type = type, .rdatas = std::move(rdatas)};
}

inline ZoneKeys keys_of(const std::vector<const SigningKey*>& keys) {
  ZoneKeys made{.zone = name(keys.front()->zone()), .keys = {}};
  for (const SigningKey* key : keys) made.keys.push_back(key->dnskey());
  return made;
}

// The answer or denial that `message` makes of itself.
inline Validation check(Validator& validator, const ZoneKeys& keys, std::string_view asked,
                        RecordType type, Claim claim, const Message& message,
                        std::int64_t now_unix_s = kNow_unix_s) {
  const auto bytes = message.bytes();
  return validator.check_answer(keys, name(asked), type, claim,
                                wire::MessageView::parse(bytes).value(), now_unix_s);
}
inline Validation check(const SigningKey& key, std::string_view asked, RecordType type, Claim claim,
                        const Message& message, std::int64_t now_unix_s = kNow_unix_s) {
  Validator validator(kCacheOctets);
  return check(validator, keys_of({&key}), asked, type, claim, message, now_unix_s);
}
inline DsAnswer check_ds(const SigningKey& key, std::string_view child, const Message& message,
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
inline KeysResult check_keys(std::string_view zone, const std::vector<wire::DsRecord>& ds,
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

// Other keys with the tag of `key`, which is a sum of 16-bit words: in another order it is the
// same.
inline std::vector<Rdata> colliding(const wire::Dnskey& key, std::size_t count) {
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
inline constexpr RecordType kA = RecordType::kA, kNs = RecordType::kNs, kSoa = RecordType::kSoa,
                            kCaa = RecordType::kCaa, kCname = RecordType::kCname,
                            kDname = RecordType::kDname, kDs = RecordType::kDs;
inline const std::vector<RecordType> kApex = {kNs, kSoa};

}  // namespace caascan::engine
