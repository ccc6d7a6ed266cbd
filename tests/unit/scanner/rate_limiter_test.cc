#include "scanner/engine/rate_limiter.h"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <thread>
#include <vector>

namespace caascan::engine {
namespace {

constexpr Duration kSecond = std::chrono::seconds(1);

// Asks for a send whenever one may be granted and gives the most sends in any half-open second.
std::size_t busiest_second(double qps, Duration idle_first, int sends) {
  Budget budget(qps);
  Instant now{};
  std::deque<Instant> window;
  std::size_t most = 0;
  for (int i = 0; i < sends; ++i) {
    if (i == 1) now += idle_first;
    while (true) {
      const Instant granted = budget.take(now);
      if (granted <= now) break;
      now = granted;
    }
    while (!window.empty() && now - window.front() >= kSecond) window.pop_front();
    window.push_back(now);
    most = std::max(most, window.size());
  }
  return most;
}

struct Rate {
  double qps;
  std::size_t most;
};
class BudgetWindow : public testing::TestWithParam<Rate> {};

TEST_P(BudgetWindow, NeverExceedsItsRateInAnySecondNorAfterLongIdle) {
  const auto [qps, most] = GetParam();
  for (const Duration idle : {Duration(0), kSecond * 3600}) {
    const std::size_t busiest = busiest_second(qps, idle, static_cast<int>(qps * 5) + 5);
    EXPECT_LE(busiest, most);
    EXPECT_GE(busiest, most - most / 20);  // and the limit is used
  }
}
INSTANTIATE_TEST_SUITE_P(Rates, BudgetWindow,
                         testing::Values(Rate{0.5, 1}, Rate{1, 1}, Rate{50, 50}, Rate{99, 99},
                                         Rate{100, 100}, Rate{200, 200}, Rate{1000, 1000},
                                         Rate{100000, 100000}),
                         [](const auto& rate) {
                           return "qps" + std::to_string(static_cast<int>(rate.param.qps * 10)) +
                                  "_tenths";
                         });

TEST(Budget, GrantsAtTheMomentItNames) {
  Budget budget(10);
  EXPECT_EQ(budget.take(Instant{}), Instant{});
  const Instant next = budget.take(Instant{});
  EXPECT_GE(next, Instant(kSecond / 10));
  EXPECT_LE(next, Instant((kSecond + kPaceSlack) / 10 + Duration(1)));
  EXPECT_GT(budget.take(next - Duration(1)), next - Duration(1));
  EXPECT_EQ(budget.take(next), next);
}

TEST(Budget, GivesBackWhatWasNotSent) {
  Budget budget(1);
  EXPECT_EQ(budget.take(Instant{}), Instant{});
  budget.give_back();
  EXPECT_EQ(budget.take(Instant{}), Instant{});
}

TEST(TakeAll, TakesFromEveryBudgetOrFromNone) {
  Budget own(1000);
  Budget global(1);
  const std::array<Budget*, 3> all = {&own, nullptr, &global};
  EXPECT_EQ(take_all(all, Instant{}), Instant{});
  EXPECT_EQ(take_all(all, Instant{}), Instant(kSecond + kPaceSlack));
  // The refused call has taken nothing from `own`: it still has its burst of ten, less one.
  for (int i = 0; i < 9; ++i) EXPECT_EQ(own.take(Instant{}), Instant{});
  EXPECT_GT(own.take(Instant{}), Instant{});
}

TEST(Budget, IsExactAcrossThreads) {
  // Four threads take at one frozen moment: only the burst may be granted.
  Budget budget(1000);
  std::array<int, 4> granted{};
  {
    std::vector<std::jthread> threads;
    for (int& count : granted) {
      threads.emplace_back([&budget, &count] {
        for (int i = 0; i < 1000; ++i)
          count += budget.take(Instant(kSecond)) <= Instant(kSecond) ? 1 : 0;
      });
    }
  }
  EXPECT_EQ(granted[0] + granted[1] + granted[2] + granted[3], 10);
}

}  // namespace
}  // namespace caascan::engine
