// The bounds of resolution, each with its unit and reason. Where Unbound has the same bound the
// name it has there is given: the verdict is the verdict of an Unbound, so the bounds must be too.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "scanner/engine/time.h"

namespace caascan::engine {

// Waits of the first, second and third send to an address; an answer that comes later still counts.
inline constexpr std::array<Duration, 3> kSendWaits = {
    std::chrono::seconds(1), std::chrono::seconds(2), std::chrono::seconds(4)};
inline constexpr std::size_t kSendsPerAddressMax = kSendWaits.size();
// From the first send of a zone, pacing not counted: no CA waits longer for an answer.
inline constexpr Duration kZoneTimeMax = std::chrono::seconds(10);
// Where a zone has so many silent addresses that waits of a second would not reach them all, the
// first wait is shorter, but no shorter than this: most round trips of the world are below.
inline constexpr Duration kFirstWaitMin = std::chrono::milliseconds(400);
// So many waits in vain of one lookup at one zone that has said nothing at all, and its servers are
// asked in lower case: some drop what has capitals in it (Unbound: after three timeouts).
inline constexpr int kTimeoutsBeforeLowerCase = 3;
// TCP is a connection and an answer (Unbound: 3 s).
inline constexpr Duration kTcpWait = std::chrono::seconds(4);
// Where a zone has so many addresses that waits of four seconds would not reach them all.
inline constexpr Duration kTcpWaitMin = std::chrono::seconds(1);

inline constexpr int kAliasRestartsMax = 11;  // MAX_RESTART_COUNT: CNAME and DNAME hops of a lookup
inline constexpr int kReferralsMax = 130;    // MAX_REFERRAL_COUNT: delegations followed by a lookup
inline constexpr int kSendsPerZoneMax = 32;  // max-sent-count: of one lookup to one zone
inline constexpr int kSendsPerLookupMax =
    200;  // max-global-quota: of one lookup with all that it needed
inline constexpr int kDependencyDepthMax =
    4;  // target-fetch-policy: nameserver names within nameserver names
inline constexpr std::size_t kNameserversMax =
    20;  // of one delegation; the rest is not looked at (Unbound 1.21)
inline constexpr std::size_t kTargetsPerDelegationMax =
    16;  // MAX_TARGET_COUNT: names looked up for one delegation
inline constexpr std::size_t kTargetsPerLookupMax =
    64;  // MAX_TARGET_NX and global: names looked up for one lookup
inline constexpr std::size_t kFailedTargetsMax = 10;  // MAX_TARGET_NX with parent fallback
inline constexpr std::size_t kTargetsAtOnce =
    2;  // names looked up at a time: enough to ask, few if one answers
inline constexpr std::size_t kAddressesPerZoneMax = 64;  // 20 names with a few addresses each

// Per-zone economy: different names of a zone that every server of it has failed for in the same
// way, before others of the first pass are taken to fail too; of these, one in so many is asked.
inline constexpr std::uint8_t kFailuresToInfer = 2;
inline constexpr std::uint32_t kInferredAsked = 100;

static_assert(kTargetsPerDelegationMax <= kNameserversMax);
static_assert(kFailedTargetsMax <= kTargetsPerDelegationMax &&
              kTargetsPerDelegationMax <= kTargetsPerLookupMax);
static_assert(kSendsPerZoneMax <= kSendsPerLookupMax);

// Times to live: what a server says, within these.
inline constexpr std::uint32_t kTtlMin_s =
    60;  // a run that lasts minutes must not ask twice within one
inline constexpr std::uint32_t kTtlMax_s = 86400;         // Unbound's cache-max-ttl
inline constexpr std::uint32_t kNegativeTtlMax_s = 3600;  // Unbound's cache-max-negative-ttl

}  // namespace caascan::engine
