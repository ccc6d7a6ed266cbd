// Random zones: classifier and validator against the oracle. `scripts/sweep --zones` runs a
// million.
#include <gtest/gtest.h>

#include "tests/sim/random_zones.h"

namespace caascan::sim {
namespace {

class RandomZones : public testing::TestWithParam<std::uint64_t> {};

constexpr std::uint64_t kSeedsPerTest = 100;

TEST_P(RandomZones, WhatIsProvenIsWhatFollowsFromTheirConstruction) {
  for (std::uint64_t seed = GetParam(); seed < GetParam() + kSeedsPerTest; ++seed) {
    const ZoneReport report = run_zone(seed);
    for (const std::string& difference : report.differences)
      ADD_FAILURE() << "seed " << seed << ": " << difference;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomZones, testing::Range<std::uint64_t>(1, 801, kSeedsPerTest));

}  // namespace
}  // namespace caascan::sim
