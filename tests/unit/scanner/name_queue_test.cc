#include "scanner/name_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace caascan {
namespace {

std::vector<DomainName> batch_of(const std::string& text) {
  std::vector<DomainName> batch;
  batch.push_back(DomainName::from_canonical(text));
  return batch;
}

TEST(NameQueue, GivesBatchesInOrderAndThenEnds) {
  NameQueue queue;
  EXPECT_TRUE(queue.push(batch_of("a.com")));
  EXPECT_TRUE(queue.push(batch_of("b.com")));
  queue.close();
  EXPECT_FALSE(queue.ended());
  EXPECT_EQ(queue.try_pop()->front().text(), "a.com");
  EXPECT_EQ(queue.try_pop()->front().text(), "b.com");
  EXPECT_TRUE(queue.ended());
  EXPECT_FALSE(queue.try_pop());
}

TEST(NameQueue, AFullQueueHoldsTheProducerUntilThereIsRoom) {
  NameQueue queue;
  std::atomic<int> pushed{0};
  std::jthread producer([&] {
    for (std::size_t i = 0; i < NameQueue::kBatchesMax + 10; ++i) {
      ASSERT_TRUE(queue.push(batch_of("a.com")));
      ++pushed;
    }
    queue.close();
  });
  std::size_t popped = 0;
  while (!queue.ended()) {
    if (queue.try_pop()) ++popped;
    EXPECT_LE(static_cast<std::size_t>(pushed.load()), popped + NameQueue::kBatchesMax + 1);
  }
  EXPECT_EQ(popped, NameQueue::kBatchesMax + 10);
}

TEST(NameQueue, CancelFreesAWaitingProducer) {
  NameQueue queue;
  std::jthread producer([&] {
    while (queue.push(batch_of("a.com"))) {
    }
  });
  queue.cancel();
  producer.join();
  EXPECT_FALSE(queue.try_pop());
}

TEST(NameQueue, AFullQueueLeavesTheBatchToWhoDoesNotWait) {
  NameQueue queue;
  for (std::size_t i = 0; i < NameQueue::kBatchesMax; ++i)
    ASSERT_TRUE(queue.push(batch_of("a.com")));
  std::vector<DomainName> batch = batch_of("b.com");
  EXPECT_FALSE(queue.push_within(batch, std::chrono::milliseconds(0)));
  EXPECT_EQ(batch.size(), 1u);
  EXPECT_TRUE(queue.try_pop());
  EXPECT_TRUE(queue.push_within(batch, std::chrono::milliseconds(0)));
  queue.cancel();
  batch = batch_of("c.com");
  EXPECT_TRUE(queue.push_within(batch, std::chrono::milliseconds(0)));
  EXPECT_FALSE(queue.pop_within(std::chrono::milliseconds(0)));
}

TEST(NameQueue, AWaitingConsumerIsWokenByABatchAndByTheEnd) {
  NameQueue queue;
  std::jthread producer([&] {
    ASSERT_TRUE(queue.push(batch_of("a.com")));
    queue.close();
  });
  const auto batch = queue.pop_within(std::chrono::minutes(1));
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->front().text(), "a.com");
  EXPECT_FALSE(queue.pop_within(std::chrono::minutes(1)));
  EXPECT_TRUE(queue.ended());
}

TEST(NameQueue, WakesTheConsumerForEachPushAndForTheEnd) {
  NameQueue queue;
  int wakes = 0;
  queue.set_wake([&] { ++wakes; });
  EXPECT_TRUE(queue.push(batch_of("a.com")));
  queue.close();
  EXPECT_EQ(wakes, 2);
}

}  // namespace
}  // namespace caascan
