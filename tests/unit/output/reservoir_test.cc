#include "output/reservoir.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

namespace caascan {
namespace {

std::vector<int> draw(std::size_t size_max, std::uint64_t seed, int stream) {
  Reservoir<int> reservoir(size_max, seed);
  for (int i = 0; i < stream; ++i) reservoir.add(i);
  EXPECT_EQ(reservoir.seen(), static_cast<std::uint64_t>(stream));
  return reservoir.take();
}

TEST(Reservoir, TheSameSeedDrawsTheSame) {
  EXPECT_EQ(draw(10, 7, 1000), draw(10, 7, 1000));
  EXPECT_NE(draw(10, 7, 1000), draw(10, 8, 1000));
}

TEST(Reservoir, HoldsAllOfAStreamThatFits) {
  EXPECT_EQ(draw(3, 1, 0), std::vector<int>{});
  EXPECT_EQ(draw(3, 1, 2), (std::vector<int>{0, 1}));
  EXPECT_EQ(draw(3, 1, 3), (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(draw(3, 1, 4).size(), 3u);
  EXPECT_EQ(draw(0, 1, 4), std::vector<int>{});
}

// 20,000 samples of 5 out of 20: each element is expected 5,000 times with a deviation of 61, and
// five deviations are allowed.
TEST(Reservoir, EveryElementHasTheSameChance) {
  std::array<int, 20> drawn{};
  for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
    for (const int element : draw(5, seed, 20)) ++drawn[static_cast<std::size_t>(element)];
  }
  for (const int times : drawn) EXPECT_NEAR(times, 5000, 306);
}

}  // namespace
}  // namespace caascan
