// Where one stage hands names to the next: a bounded queue of batches between two threads.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "ingest/domain_name.h"
#include "scanner/run_progress.h"

namespace caascan {

// One producer, one consumer. A full queue makes the producer wait (back-pressure). A consumer that
// has a network to serve does not wait at an empty one, but is woken through `set_wake`.
template <typename Element>
class BatchQueue {
 public:
  using Batch = std::vector<Element>;
  static constexpr std::size_t kBatchesMax = 64;

  // Producer. Waits while the queue is full. False once the consumer has cancelled: stop producing.
  bool push(Batch&& batch) {
    std::unique_lock lock(mutex_);
    not_full_.wait(lock, [this] { return batches_.size() < kBatchesMax || cancelled_; });
    if (cancelled_) return false;
    batches_.push_back(std::move(batch));
    not_empty_.notify_one();
    if (wake_) wake_();
    return true;
  }
  // The same, but waits no longer than `time`. False where the queue is still full: `batch` is as
  // it was. A cancelled queue takes it and drops it.
  bool push_within(Batch& batch, std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    if (!not_full_.wait_for(lock, time,
                            [this] { return batches_.size() < kBatchesMax || cancelled_; })) {
      return false;
    }
    if (cancelled_) return true;
    batches_.push_back(std::move(batch));
    not_empty_.notify_one();
    if (wake_) wake_();
    return true;
  }
  // Producer: nothing will follow.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    not_empty_.notify_one();
    if (wake_) wake_();
  }

  // Consumer. The next batch, or nothing for now; `ended()` tells whether anything will follow.
  std::optional<Batch> try_pop() {
    const std::lock_guard lock(mutex_);
    return pop();
  }
  // The same, after a wait of at most `time` where the queue is empty and not closed.
  std::optional<Batch> pop_within(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    not_empty_.wait_for(lock, time, [this] { return !batches_.empty() || closed_ || cancelled_; });
    return pop();
  }
  [[nodiscard]] bool ended() const {
    const std::lock_guard lock(mutex_);
    return closed_ && batches_.empty();
  }
  void cancel() {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    batches_.clear();
    not_full_.notify_all();
    not_empty_.notify_all();
  }
  // `wake` is called from the producer's thread whenever something was pushed or the queue was
  // closed. It must not call back into the queue. An empty function takes it away; afterwards it is
  // not called any more.
  void set_wake(std::function<void()> wake) {
    const std::lock_guard lock(mutex_);
    wake_ = std::move(wake);
  }

 private:
  std::optional<Batch> pop() {
    if (batches_.empty()) return std::nullopt;
    Batch batch = std::move(batches_.front());
    batches_.pop_front();
    not_full_.notify_one();
    return batch;
  }

  mutable std::mutex mutex_;
  std::condition_variable not_full_, not_empty_;
  std::deque<Batch> batches_;
  std::function<void()> wake_;
  bool closed_ = false;
  bool cancelled_ = false;
};

// From ingest to the scan.
using NameQueue = BatchQueue<DomainName>;

// From the scan to a shard, which sees some of the names only.
using ShardQueue = BatchQueue<NumberedName>;

}  // namespace caascan
