// One seed makes one small zone, asks a few questions of it, damages the answers, and compares what
// classifier and validator say with what follows from how the messages were made.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace caascan::sim {

// What is done to a message, or to the keys and DS records that it is judged by.
enum class ZoneFault : std::uint8_t {
  kNone,
  kOneUnsigned,  // a set without its signatures
  kAllUnsigned,
  kSignatureFlipped,  // one octet
  kExpired,
  kAllExpired,
  kNotYetValid,
  kApexDenial,   // the apex's NSEC(3) record in place of the proof (PowerDNS <= 4.0.3)
  kOtherDenial,  // one or two other records of the chain
  kDenialMissing,
  kPartOfDenialMissing,
  kSoaMissing,
  kDsMismatch,
  kDsBesideMismatch,  // harmless: another DS record is right
  kSha1Beside,        // right by SHA-1, wrong by SHA-256
  kUnknownDs,         // algorithms or digests that nobody here knows
  kDnskeyMissing,
  kUnknownAlgorithm,  // of a signature
  kAnswerOfAnotherName,
  kNxdomainForAll,  // the rcode, whatever the message says
  kNoerrorForAll,
  kErrorRcode,
  kDataChanged,
  kReferralWithoutProof,
  kReferralUpwards,
  kSignedByParent,
  kSignedBySibling,
  kSignedByAnotherKey,  // of the zone's name, but not in its set
  kSignedBelow,
  kWildcardForAnyName,   // a wildcard's set where there is something closer
  kOnParentsServers,     // judged by the parent's keys
  kUnsignedZone,         // the same, and the zone is not signed at all
  kAnotherAliasFollows,  // than the DNAME says
  kBadSignatureBeside,   // harmless
  kTtlLowered,           // harmless
  kMoreProof,            // harmless: another NSEC3 record of the chain
};
inline constexpr std::size_t kZoneFaultCount = 36;
[[nodiscard]] std::string_view word(ZoneFault fault);

enum class ZoneState : std::uint8_t {
  kSecure,
  kInsecure,
  kBogus,
  kUnsigned,
  kSignedBelow,
  kDs,  // a DS set
  kNoDs,
  kNoCut,
  kDsNotThere,
  kNoVerdict  // an error, or lame
};
inline constexpr std::size_t kZoneStateCount = 10;
[[nodiscard]] std::string_view word(ZoneState state);

struct ZoneReport {
  std::uint64_t seed = 0;
  std::vector<std::string> differences;  // empty: clean
  std::array<std::uint64_t, kZoneFaultCount> faults{};
  std::array<std::uint64_t, kZoneStateCount> states{};  // expected
  std::array<std::uint64_t, 5> zones{};  // NSEC, NSEC3, opt-out, unsigned, more than 150 iterations
  std::uint64_t questions = 0;
  std::uint64_t checks = 0;  // signatures computed
};

// Pure but for the signatures themselves, which ECDSA draws: the same seed gives the same report.
// Any number may run at a time; a thread makes its keys once.
[[nodiscard]] ZoneReport run_zone(std::uint64_t seed);

}  // namespace caascan::sim
